"""Curved text from a few points: through two sides, or around a line with a height."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from app.domain.sides import Sides, along, without_repeats
from tcm_core.geometry.polygon import Points, clockwise, signed_area

_STEPS: Final = 24  # between two given points
_TINY: Final = 1e-9
LEAST_POINTS: Final = 4
MOST_POINTS: Final = 60


def smooth(points: Points) -> Points:
    """A smooth line through the points, as a polyline of many short steps.

    Two points give the straight line between them. At its ends the line goes on bending as it did.

    Args:
        points: (N, 2), N >= 2, no two in a row the same.

    Source: Catmull and Rom 1974, in the centripetal form (Yuksel, Schaefer and Keyser 2011), which makes no
    loop between two points.
    """
    if len(points) == 2:
        return points.copy()
    padded = np.concatenate([[_before(*points[:3])], points, [_before(*points[:-4:-1])]])
    knots = np.concatenate([[0.0], np.cumsum(np.sqrt(np.hypot(*np.diff(padded, axis=0).T)))])
    pieces = [
        _segment(padded[index : index + 4], knots[index : index + 4]) for index in range(len(points) - 1)
    ]
    return np.concatenate([*pieces, points[-1:]])


def _before(
    first: NDArray[np.float64], second: NDArray[np.float64], third: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Where a line would come from that bends on evenly: the third point mirrored between the first two."""
    way = second - first
    way = way / max(float(np.hypot(*way)), _TINY)
    mirrored: NDArray[np.float64] = third - 2 * float((third - (first + second) / 2) @ way) * way
    return mirrored


def _segment(points: Points, knots: NDArray[np.float64]) -> Points:
    """(_STEPS, 2) the curve from the second of four points up to before the third."""
    at = np.linspace(knots[1], knots[2], _STEPS, endpoint=False)[:, None]
    level = list(points)
    for reach in (1, 2, 3):
        level = [
            _mixed(level[index], level[index + 1], at, *_ends(knots, index, reach))
            for index in range(4 - reach)
        ]
    return np.asarray(level[0])


def _ends(knots: NDArray[np.float64], index: int, reach: int) -> tuple[float, float]:
    """Between which knots a step of the pyramid mixes."""
    if reach == 3:
        return float(knots[1]), float(knots[2])
    return float(knots[index]), float(knots[index + reach])


def _mixed(
    one: NDArray[np.float64], other: NDArray[np.float64], at: NDArray[np.float64], start: float, end: float
) -> NDArray[np.float64]:
    share = (at - start) / max(end - start, _TINY)
    return one * (1 - share) + other * share


def band_between(top: Points, bottom: Points, count: int) -> Points:
    """The text between two lines that were drawn along it.

    The first line is the upper one as it is read, from where reading begins. The second may run either way.
    When the first turns out to lie below, the two change places.

    Args:
        top: (N, 2), N >= 2.
        bottom: (M, 2), M >= 2.
        count: of vertices; half of them on either side.

    Returns:
        (count, 2), clockwise from where reading begins.
    """
    ahead = np.hypot(*(bottom[0] - top[0])) + np.hypot(*(bottom[-1] - top[-1]))
    astern = np.hypot(*(bottom[-1] - top[0])) + np.hypot(*(bottom[0] - top[-1]))
    if astern < ahead:
        bottom = bottom[::-1]
    upper, lower = _evenly(top, count // 2), _evenly(bottom, count - count // 2)
    if signed_area(np.concatenate([upper, lower[::-1]])) < 0:
        upper, lower = _evenly(bottom, count // 2), _evenly(top, count - count // 2)
    return clockwise(without_repeats(Sides(upper, lower).ring))


def band_around(line: Points, height: float, count: int) -> Points:
    """The text of an even height around a line that was drawn through its middle in reading direction.

    Args:
        line: (N, 2), N >= 2.
        height: of the text, pixels.
        count: of vertices; half of them on either side.

    Returns:
        (count, 2), clockwise from where reading begins; it may cross itself where the line bends more
        tightly than the height allows.
    """
    middle = _evenly(line, 8 * count)
    onwards = np.gradient(middle, axis=0)
    onwards /= np.maximum(np.hypot(*onwards.T), _TINY)[:, None]
    half = np.stack([onwards[:, 1], -onwards[:, 0]], axis=1) * (height / 2)  # towards the upper side
    upper, lower = along(middle + half, _fractions(count // 2)), along(middle - half, _fractions(count // 2))
    if count % 2:
        lower = along(middle - half, _fractions(count - count // 2))
    return clockwise(Sides(upper, lower).ring)


def _evenly(line: Points, count: int) -> Points:
    return along(smooth(line), _fractions(count))


def _fractions(count: int) -> NDArray[np.float64]:
    return np.linspace(0.0, 1.0, max(count, 2))
