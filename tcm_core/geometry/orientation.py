"""The two frames of an image file: its pixels as they are stored, and as a viewer turns them (EXIF).

The ground truth of public benchmarks is in the stored frame; what a person sees and draws on is in the view
frame. The EXIF orientation, 1 to 8, leads from one to the other.
"""

from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from tcm_core.geometry.polygon import Points

ReadFrame = Literal["view", "stored"]
"""Pixels as a viewer turns the picture, or as the file holds them."""

# orientation -> view x and y as multiples of stored x, y, width and height
_TURNS: Final[dict[int, tuple[tuple[int, int, int, int], tuple[int, int, int, int]]]] = {
    1: ((1, 0, 0, 0), (0, 1, 0, 0)),
    2: ((-1, 0, 1, 0), (0, 1, 0, 0)),
    3: ((-1, 0, 1, 0), (0, -1, 0, 1)),
    4: ((1, 0, 0, 0), (0, -1, 0, 1)),
    5: ((0, 1, 0, 0), (1, 0, 0, 0)),
    6: ((0, -1, 0, 1), (1, 0, 0, 0)),
    7: ((0, -1, 0, 1), (-1, 0, 1, 0)),
    8: ((0, 1, 0, 0), (-1, 0, 1, 0)),
}
_MIRRORED: Final = frozenset({2, 4, 5, 7})


def view_size(stored_size: tuple[int, int], orientation: int) -> tuple[int, int]:
    """(height, width) in the view frame, from that in the stored frame; or the other way round."""
    height, width = stored_size
    return (width, height) if orientation >= 5 else (height, width)


def stored_to_view(stored_size: tuple[int, int], orientation: int) -> NDArray[np.float64]:
    """(3, 3): homogeneous pixels of the stored frame to those of the view frame.

    Args:
        stored_size: (height, width) as stored.
        orientation: the EXIF tag, 1 to 8.

    Raises:
        ValueError: another orientation.

    Source: EXIF 2.3 (JEITA CP-3451C), section 4.6.4, tag Orientation.
    """
    if orientation not in _TURNS:
        raise ValueError(f"an EXIF orientation is 1 to 8, got {orientation}")
    height, width = stored_size
    matrix = np.eye(3)
    for row, (of_x, of_y, of_width, of_height) in enumerate(_TURNS[orientation]):
        matrix[row] = of_x, of_y, of_width * width + of_height * height
    return matrix


def turn_polygon(polygon: Points, stored_size: tuple[int, int], orientation: int, *, to: ReadFrame) -> Points:
    """The polygon in the other frame; turning it there and back gives the same numbers.

    Its first vertex stays the first. Where the turn mirrors, the others are taken in reverse, so that what
    ran clockwise still does.

    Args:
        polygon: (N, 2) in the view frame when `to` is "stored", and the other way round.
        stored_size: (height, width) as stored.
        orientation: the EXIF tag, 1 to 8.
        to: the frame wanted.

    Raises:
        ValueError: another orientation.
    """
    matrix = stored_to_view(stored_size, orientation)
    if to == "view":
        turned = polygon @ matrix[:2, :2].T + matrix[:2, 2]
    else:
        turned = (polygon - matrix[:2, 2]) @ matrix[:2, :2]  # a turn's inverse is its transpose
    if orientation in _MIRRORED:
        return np.concatenate([turned[:1], turned[:0:-1]])
    return turned
