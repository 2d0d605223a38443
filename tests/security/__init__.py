"""What strangers may put into files, and that it stays without effect."""
