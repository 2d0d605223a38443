"""Polygons drawn into maps, and which texts are drawn as texts at all."""

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from tcm_core.data.sample import TextInstance
from tcm_core.geometry.polygon import Points, area


def fill(canvas: NDArray[np.uint8] | NDArray[np.int16], polygon: Points, value: int) -> None:
    """Fills a polygon in place: exactly the pixels whose centre lies inside (OpenCV also draws the outline).

    Args:
        canvas: (H, W).
        polygon: (N, 2) canvas pixels, the corner of the first pixel at (0, 0); where it crosses itself, the
            even-odd rule holds.
        value: written inside.
    """
    height, width = canvas.shape
    (left, top), (right, bottom) = polygon.min(axis=0).tolist(), polygon.max(axis=0).tolist()
    x0, y0 = max(math.floor(left), 0), max(math.floor(top), 0)
    x1, y1 = min(math.ceil(right), width), min(math.ceil(bottom), height)
    if x0 >= x1 or y0 >= y1:
        return
    centres = np.arange(y0, y1) + 0.5
    start, end = polygon, np.concatenate([polygon[1:], polygon[:1]])
    row, edge = np.nonzero((start[:, 1] <= centres[:, None]) != (end[:, 1] <= centres[:, None]))
    along = (centres[row] - start[edge, 1]) / (end[edge, 1] - start[edge, 1])
    crossing = start[edge, 0] + along * (end[edge, 0] - start[edge, 0])
    column = np.minimum(np.maximum(np.ceil(crossing - 0.5), x0), x1).astype(int) - x0
    columns = x1 - x0 + 1
    crossings = np.bincount(row * columns + column, minlength=(y1 - y0) * columns).reshape(-1, columns)
    inside = np.cumsum(crossings[:, :-1], axis=1, dtype=np.uint8)
    inside &= 1  # an even number of crossings to the left: outside
    np.copyto(canvas[y0:y1, x0:x1], value, where=inside.view(np.bool_))


def is_learnable(instance: TextInstance, min_side: float) -> bool:
    """Whether a text is legible and its minimum-area rectangle no thinner than so many pixels."""
    if instance.ignore or len(instance.polygon) < 3 or area(instance.polygon) < 1.0:
        return False
    _, (width, height), _ = cv2.minAreaRect(instance.polygon.astype(np.float32))
    return bool(min(width, height) >= min_side)
