"""Synthetic text: words and lines rendered into photographs, with the polygons that the drawn ink has."""
