"""The training engine: configuration to checkpoint."""
