"""One module a label format, read and write."""
