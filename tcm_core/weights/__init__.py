"""Pretrained weights on this computer: what is known, what is there, how it comes here."""
