"""The two long sides of a text in the direction of reading, and the line in their middle."""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tcm_core.geometry.polygon import Points, clockwise
from tcm_core.geometry.rails import rails

_RUNGS: Final = np.linspace(0.0, 1.0, 33)
_TINY: Final = 1e-9


class Sides(NamedTuple):
    """Both in the direction of reading; the first point of `top` is where reading begins."""

    top: Points  # (N, 2), N >= 2
    bottom: Points  # (M, 2), M >= 2

    @property
    def ring(self) -> Points:
        """(N + M, 2) the outline, clockwise, without points that repeat the one before."""
        return without_repeats(np.concatenate([self.top, self.bottom[::-1]]))

    @property
    def line(self) -> Points:
        """(33, 2) the middle of the text from head to tail."""
        return (along(self.top, _RUNGS) + along(self.bottom, _RUNGS)) / 2

    def between(self, start: float, end: float) -> "Sides":
        """The part between two fractions of the sides' lengths, 0 <= start < end <= 1."""
        return Sides(stretch(self.top, start, end), stretch(self.bottom, start, end))


def sides(polygon: Points) -> Sides:
    """Where the outline of a text falls apart into what is read along.

    A quad begins, as labels have it, at the upper left of its word. Of any other polygon the two ends are
    looked for, and reading begins at the end that is nearest to the first vertex.

    Args:
        polygon: (N, 2), N >= 3, simple, either orientation.
    """
    ring = clockwise(polygon)
    if len(ring) == 4:
        return Sides(ring[:2], ring[2:][::-1])
    one, other = rails(ring)
    candidates = (Sides(one, other), Sides(other[::-1], one[::-1]))
    return min(candidates, key=lambda found: float(np.hypot(*(found.top[0] - ring[0]))))


def starting_where_read(piece: Points, of: Sides) -> Points:
    """A part of a text, clockwise, beginning at its upper left as the whole text is read there.

    Args:
        piece: (N, 2), simple.
        of: the sides of the text that it is a part of.
    """
    ring = clockwise(piece)
    line = of.line
    nearest = int(np.argmin(np.hypot(*(line - ring.mean(axis=0)).T)))
    before, after = line[max(nearest - 1, 0)], line[min(nearest + 1, len(line) - 1)]
    onwards = (after - before) / max(float(np.hypot(*(after - before))), _TINY)
    downwards = np.array((-onwards[1], onwards[0]))
    first = int(np.argmin(ring @ (onwards + downwards)))
    return np.roll(ring, -first, axis=0)


def along(line: Points, fractions: NDArray[np.float64]) -> Points:
    """(K, 2) the points of an open line at fractions (K,) of its length."""
    at = _distances(line)
    wanted = fractions * at[-1]
    return np.stack([np.interp(wanted, at, line[:, 0]), np.interp(wanted, at, line[:, 1])], axis=1)


def stretch(line: Points, start: float, end: float) -> Points:
    """The part of an open line between two fractions of its length, with the vertices in between."""
    at = _distances(line)
    low, high = start * at[-1], end * at[-1]
    inner = line[(at > low + _TINY) & (at < high - _TINY)]
    first, last = along(line, np.array((start, end)))
    return np.concatenate([first[None], inner, last[None]])


def without_repeats(ring: Points) -> Points:
    """The closed outline without points that lie on the one before."""
    steps = np.hypot(*(ring - np.roll(ring, 1, axis=0)).T)
    return ring[steps > _TINY]


def _distances(line: Points) -> NDArray[np.float64]:
    """(N,) how far along the line each of its points is."""
    steps = np.hypot(*np.diff(line, axis=0).T)
    return np.concatenate([[0.0], np.cumsum(steps)])
