"""Scripts that print the figures in the documents, each with its budget or its peer in the same run."""
