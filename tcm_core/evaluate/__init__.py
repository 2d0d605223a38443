"""The evaluation protocols and the reading of label and result folders for them; no torch, no network."""
