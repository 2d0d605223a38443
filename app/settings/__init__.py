"""What the user prefers: one typed tree with defaults, and the sparse file it is kept in."""
