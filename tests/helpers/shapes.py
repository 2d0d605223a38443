"""Shapes of sets that are compared."""

import numpy as np

from app.domain.compare import Shape


def box(x: float, y: float, width: float = 100.0, height: float = 20.0, **more: object) -> Shape:
    """A rectangle by its upper left corner; `more` as Shape has it."""
    corners = ((x, y), (x + width, y), (x + width, y + height), (x, y + height))
    return Shape(np.array(corners, dtype=np.float64), **more)
