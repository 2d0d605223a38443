"""Augmentation of one image and its texts: one matrix, one warp, then colours."""
