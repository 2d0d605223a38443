"""Outlines of texts with any number of vertices: straight, turned and bent, clockwise from the upper left."""

import numpy as np

COUNTS = (3, 4, 14, 40)


def text_outline(
    count: int,
    *,
    length: float = 120.0,
    height: float = 30.0,
    bend: float = 0.0,
    degrees: float = 0.0,
    at: tuple[float, float] = (150.0, 120.0),
) -> np.ndarray:
    """(count, 2) a band along an arc of `bend` radians; of three vertices a triangle on its base.

    Points lie evenly on the upper side and, one more where the number is odd, on the lower one.
    """
    if count == 3:
        ring = np.array(((-length / 2, -height / 2), (length / 2, -height / 2), (0.0, height / 2)))
    else:
        upper, lower = np.linspace(-0.5, 0.5, count // 2), np.linspace(0.5, -0.5, count - count // 2)
        ring = np.concatenate(
            [_side(upper, -height / 2, length, bend), _side(lower, height / 2, length, bend)]
        )
    angle = np.deg2rad(degrees)
    turn = np.array(((np.cos(angle), np.sin(angle)), (-np.sin(angle), np.cos(angle))))
    return ring @ turn + np.array(at)


def _side(share: np.ndarray, off: float, length: float, bend: float) -> np.ndarray:
    if abs(bend) < 1e-9:
        return np.stack([share * length, np.full_like(share, off)], axis=1)
    radius = length / bend
    angle = share * bend
    return np.stack([(radius - off) * np.sin(angle), radius - (radius - off) * np.cos(angle)], axis=1)
