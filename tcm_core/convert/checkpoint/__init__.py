"""Checkpoints of other text detectors into ours: TCM's released ones and those of mmocr."""
