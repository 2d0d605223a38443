"""Images, labels and samples: reading, writing, transforming."""
