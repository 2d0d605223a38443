"""TCM, a text detector made from CLIP, as a library and a command line; importing it loads no torch."""
