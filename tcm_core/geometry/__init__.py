"""Polygons, their offsets and overlaps, and the way between image and network pixels."""
