"""What the window asks for: the open folder, detection, checkpoints, export. Lives in the GUI thread."""
