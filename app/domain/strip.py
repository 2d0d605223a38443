"""The picture of one region laid straight: perspective for quads, along the two sides for curved text."""

from typing import Final, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from app.domain.sides import Sides, along, sides
from tcm_core.geometry.polygon import Points, bounds

STRIP_SIDE: Final = 64  # pixels of a strip's shorter side
LONGEST: Final = 2048  # pixels of a strip's longer side at most
_ENOUGH: Final = 2.0  # so many pixels of the picture for one of the strip are enough; the rest is averaged

Pixels = NDArray[np.uint8]


class StripSize(NamedTuple):
    """How large a strip becomes."""

    width: int
    height: int


class Window(NamedTuple):
    """The part of a picture that a region lies in, whole pixels."""

    left: int
    top: int
    width: int
    height: int


def window_of(polygon: Points, image_size: tuple[int, int]) -> Window | None:
    """The part of a picture around a polygon; None when the polygon lies outside.

    Args:
        polygon: (N, 2), image pixels.
        image_size: (height, width).
    """
    x0, y0, x1, y1 = bounds(polygon)
    left, top = max(int(np.floor(x0)) - 1, 0), max(int(np.floor(y0)) - 1, 0)
    right = min(int(np.ceil(x1)) + 1, image_size[1])
    bottom = min(int(np.ceil(y1)) + 1, image_size[0])
    return Window(left, top, right - left, bottom - top) if right > left and bottom > top else None


def text_size(found: Sides) -> tuple[float, float]:
    """(height, length) of a text in image pixels: the mean distance and the mean length of its sides."""
    fractions = np.linspace(0.0, 1.0, 9)
    across = along(found.top, fractions) - along(found.bottom, fractions)
    lengths = [float(np.hypot(*np.diff(side, axis=0).T).sum()) for side in found]
    return float(np.hypot(*across.T).mean()), sum(lengths) / 2


def strip_size(height: float, length: float, side: int = STRIP_SIDE) -> StripSize:
    """The size of the strip of a text of that size; a text higher than long stays upright."""
    height, length = max(height, 1.0), max(length, 1.0)
    scale = side / min(height, length)
    return StripSize(
        min(max(round(length * scale), 1), LONGEST),
        min(max(round(height * scale), 1), LONGEST),
    )


def rectified(pixels: Pixels, polygon: Points, side: int = STRIP_SIDE) -> Pixels:
    """A region as a straight strip, read from left to right.

    Args:
        pixels: (H, W, C), the part of the picture that holds the polygon; more does no harm.
        polygon: (N, 2), pixels of that part.
        side: pixels of the strip's shorter side.

    Returns:
        (h, w, C); what lies outside the part repeats its edge.
    """
    found = sides(polygon)
    height, length = text_size(found)
    size = strip_size(height, length, side)
    pixels, shrunk = _averaged(pixels, min(height / size.height, length / size.width))
    found = Sides(found.top * shrunk, found.bottom * shrunk)
    if len(polygon) == 4 and (flat := _flattened(pixels, found, size)) is not None:
        return flat
    return _unrolled(pixels, found, size)


def _averaged(pixels: Pixels, pixels_per_one: float) -> tuple[Pixels, NDArray[np.float64]]:
    """The picture so small that reading it point by point skips nothing, and by how much (x, y)."""
    if pixels_per_one <= _ENOUGH:
        return pixels, np.ones(2)
    height, width = pixels.shape[:2]
    smaller = (
        max(round(width * _ENOUGH / pixels_per_one), 1),
        max(round(height * _ENOUGH / pixels_per_one), 1),
    )
    made = cv2.resize(pixels, smaller, interpolation=cv2.INTER_AREA)
    return np.asarray(made, np.uint8), np.array((smaller[0] / width, smaller[1] / height))


def _flattened(pixels: Pixels, found: Sides, size: StripSize) -> Pixels | None:
    """By the perspective that takes the four corners to those of the strip; None when there is none."""
    corners = np.concatenate([found.top, found.bottom[::-1]]).astype(np.float32) - 0.5
    if not cv2.isContourConvex(corners):
        return None
    right, bottom = size.width - 0.5, size.height - 0.5
    target = np.array([(-0.5, -0.5), (right, -0.5), (right, bottom), (-0.5, bottom)], np.float32)
    matrix = cv2.getPerspectiveTransform(corners, target)
    made = cv2.warpPerspective(pixels, matrix, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(made, np.uint8)


def _unrolled(pixels: Pixels, found: Sides, size: StripSize) -> Pixels:
    """By straight lines from side to side at equal fractions of their lengths."""
    fractions = (np.arange(size.width) + 0.5) / size.width
    down = ((np.arange(size.height) + 0.5) / size.height)[:, None, None]
    top, bottom = along(found.top, fractions), along(found.bottom, fractions)
    grid = (top * (1 - down) + bottom * down - 0.5).astype(np.float32)
    made = cv2.remap(pixels, grid[..., 0], grid[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(made, np.uint8)
