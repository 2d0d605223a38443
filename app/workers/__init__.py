"""What runs outside the GUI thread: the network, and the reading of pictures."""
