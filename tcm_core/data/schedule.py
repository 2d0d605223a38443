"""In which order images are drawn, from one data set or from several mixed by weight."""

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

_ROUND_OF_SCENES: Final = 1000
"""Positions in a round when no source has a number of images."""


class Pick(NamedTuple):
    """What stands at a position."""

    source: int
    number: int  # how many were drawn from this source before


class Schedule:
    """An endless order over the images of several sources; a position always means the same image.

    Every round draws from each source in proportion to its weight, exactly so in the long run, and mixes the
    draws; a source's own images all come once before one comes again.

    Args:
        counts: images of each source; None for one that never ends.
        weights: how often each is drawn from, relative to the others; None: by the number of images.
        seed: of the order.

    Raises:
        ValueError: no source, a source without images, or a count that is missing while there are no weights.
    """

    def __init__(self, counts: Sequence[int | None], weights: Sequence[float] | None, seed: int) -> None:
        if not counts or 0 in counts:
            raise ValueError("no samples to learn from")
        if weights is None and len(counts) > 1 and None in counts:
            raise ValueError("sources without an end need weights")
        self._counts = tuple(counts)
        self._length = sum(count or 0 for count in counts) or _ROUND_OF_SCENES
        shares = np.array([count or 1 for count in counts] if weights is None else weights, dtype=np.float64)
        self._shares = shares / shares.sum()
        self._seed = seed
        self._rounds: dict[int, tuple[NDArray[np.int64], NDArray[np.int64]]] = {}
        self._orders: dict[int, tuple[int, NDArray[np.int64]]] = {}  # source -> its round and the order in it

    def pick(self, position: int) -> Pick:
        """The source at a position, and how many of its images came before."""
        if len(self._counts) == 1:
            return Pick(0, position)
        number, place = divmod(position, self._length)
        if number not in self._rounds:
            self._rounds = {number: self._make_round(number)}
        sources, before = self._rounds[number]
        return Pick(int(sources[place]), int(before[place]))

    def image(self, pick: Pick) -> int:
        """The index of the image in its source."""
        count = self._counts[pick.source]
        if count is None:
            return pick.number
        number, place = divmod(pick.number, count)
        known = self._orders.get(pick.source)
        if known is None or known[0] != number:
            chance = np.random.default_rng((self._seed, 0, pick.source, number))
            known = number, chance.permutation(count)
            self._orders[pick.source] = known
        return int(known[1][place])

    def _make_round(self, number: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """For each place of a round its source, and how many of that source came before in all rounds."""
        drawn, drawn_after = (self._drawn(number * self._length), self._drawn((number + 1) * self._length))
        sources = np.repeat(np.arange(len(self._counts)), drawn_after - drawn)
        np.random.default_rng((self._seed, 2, number)).shuffle(sources)
        before = np.empty_like(sources)
        for source, first in enumerate(drawn):
            here = sources == source
            before[here] = first + np.arange(int(here.sum()))
        return sources, before

    def _drawn(self, positions: int) -> NDArray[np.int64]:
        """How many of the first positions each source has; the sum is exact."""
        borders = np.floor(np.cumsum(self._shares) * positions + 1e-6).astype(np.int64)
        borders[-1] = positions
        return np.diff(borders, prepend=0)
