"""The two long sides of a text, and the band around its centre line."""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tcm_core.geometry.fourier import resample
from tcm_core.geometry.polygon import Points

_MOST_VERTICES: Final = 48  # finer outlines are resampled: every pair of edges is compared
_RUNGS: Final = np.linspace(0.0, 1.0, 13)
_TINY: Final = 1e-12


class CentreBand(NamedTuple):
    """The middle of a text."""

    outline: Points  # (2N, 2) the band around the line
    line: Points  # (N, 2) from head to tail, both cut


def rails(polygon: Points) -> tuple[Points, Points]:
    """The two sides along a text, from its head to its tail: where its outline falls apart at its two ends.

    The ends are those two edges for which the sides between them run most nearly parallel and close together,
    compared at equal fractions of their lengths. So a rectangle's ends are its shorter edges, and of a curved
    label with n points above and n below they are the two edges between the rows; the vertex that a label
    begins with does not matter.

    Args:
        polygon: (N, 2), N >= 3.

    Returns:
        Two polylines of at least two points each, running the same way; which is which is not said.
    """
    if len(polygon) > _MOST_VERTICES:
        polygon = resample(polygon, _MOST_VERTICES)
    if len(polygon) == 3:  # the vertex opposite to the shortest edge is one of the ends
        lengths = np.linalg.norm(polygon - np.roll(polygon, -1, axis=0), axis=1)
        opposite = (int(np.argmin(lengths)) + 2) % 3
        polygon = np.insert(polygon, opposite, polygon[opposite], axis=0)
    count = len(polygon)
    head, tail = np.triu_indices(count, 2)  # edge i leads from vertex i to vertex i + 1
    apart = (head > 0) | (tail < count - 1)
    head, tail = head[apart], tail[apart]
    cost = _unlikeness(polygon, head, tail)
    best = len(cost) - 1 - int(np.argmin(cost[::-1]))  # the later of equals: a square is read like a word
    first, second = int(head[best]), int(tail[best])
    turned = np.roll(polygon, -(first + 1), axis=0)
    return turned[: second - first], turned[second - first :][::-1]


def centre_band(polygon: Points, shrink: float, step: float) -> CentreBand:
    """A text's centre line without its ends, and the band around it.

    Args:
        polygon: (N, 2), N >= 3.
        shrink: half height of the band over the text's half height.
        step: distance of the line's points at most, pixels.

    Source: Zhu et al. 2021, section 3.3, after Long et al. 2018 (TextSnake): a quarter of the width of an
    end is cut off there.
    """
    one, other = rails(polygon)
    head, tail = np.linalg.norm(one[0] - other[0]) / 4, np.linalg.norm(one[-1] - other[-1]) / 4
    length = max(_length(one), _length(other))
    start, end = (head / length, 1 - tail / length) if length > head + tail else (0.0, 1.0)
    count = max(2, int(np.ceil(length * (end - start) / step)) + 1)
    fractions = np.linspace(start, end, count)
    one, other = _along(one, fractions), _along(other, fractions)
    line = (one + other) / 2
    half = (one - line) * shrink
    return CentreBand(np.concatenate([line + half, (line - half)[::-1]]), line)


def _unlikeness(polygon: Points, head: NDArray[np.intp], tail: NDArray[np.intp]) -> NDArray[np.float64]:
    """How little the sides between each pair of edges look like a text's: directions, then distance.

    The mean difference of their unit directions, over 2, plus their mean distance over the perimeter; each is
    0 to 1. Distance alone would let the sides begin and end in the middle of a short text's ends.
    """
    twice = np.concatenate([polygon, polygon, polygon[:1]])
    at = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(twice, axis=0), axis=1))])
    whole = max(at[len(polygon)], _TINY)
    one = at[head + 1, None] + _RUNGS * (at[tail] - at[head + 1])[:, None]
    other = whole + at[head, None] + _RUNGS * (at[tail + 1] - whole - at[head])[:, None]
    sides = [np.stack([np.interp(x, at, twice[:, axis]) for axis in (0, 1)], axis=2) for x in (one, other)]
    distance = np.linalg.norm(sides[0] - sides[1], axis=2).mean(axis=1)
    steps = [np.diff(side, axis=1) for side in sides]
    directions = [step / np.maximum(np.linalg.norm(step, axis=2, keepdims=True), _TINY) for step in steps]
    turned = np.linalg.norm(directions[0] - directions[1], axis=2).mean(axis=1)
    return turned / 2 + distance / whole


def _length(line: Points) -> float:
    return float(np.linalg.norm(np.diff(line, axis=0), axis=1).sum())


def _along(line: Points, fractions: NDArray[np.float64]) -> Points:
    """The points of an open line at fractions of its length."""
    at = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(line, axis=0), axis=1))])
    wanted = fractions * at[-1]
    return np.stack([np.interp(wanted, at, line[:, 0]), np.interp(wanted, at, line[:, 1])], axis=1)
