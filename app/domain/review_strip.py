"""The states of all pages as a strip of colours: one column of pixels for each bin of pages."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from app.domain.review import REVIEW_STATES, ReviewState

DRAWN_FROM_TOP: Final[tuple[ReviewState, ...]] = ("rejected", "unseen", "detected", "edited", "approved")
_ROWS: Final = tuple(REVIEW_STATES.index(state) for state in DRAWN_FROM_TOP)


def bin_counts(states: NDArray[np.uint8], bins: int) -> NDArray[np.int64]:
    """How many pages of each state are in each bin.

    Args:
        states: (N,) indices into REVIEW_STATES, in the order of the pages.
        bins: how many; more than N are of no use.

    Returns:
        (bins, number of states).
    """
    count = len(REVIEW_STATES)
    of_page = np.arange(len(states)) * bins // max(len(states), 1)
    flat = np.bincount(of_page * count + states, minlength=bins * count)
    return flat.reshape(bins, count)


def strip_pixels(
    counts: NDArray[np.int64], height: int, colours: Sequence[tuple[int, int, int]]
) -> NDArray[np.uint8]:
    """The strip: in each column the states have as much of the height as they have pages.

    A state that has any page in a bin has at least one pixel, so that a single rejected page is seen.

    Args:
        counts: (bins, states), see `bin_counts`.
        height: pixels, at least as many as there are states.
        colours: of the states in the order of REVIEW_STATES, RGB.

    Returns:
        (height, bins, 3); rejected pages on top, approved ones at the bottom.
    """
    ordered = counts[:, _ROWS]
    total = np.maximum(ordered.sum(axis=1, keepdims=True), 1)
    there = ordered > 0
    free = height - there.sum(axis=1, keepdims=True)
    ends = np.cumsum(ordered * free / total, axis=1).round() + np.cumsum(there, axis=1)
    drawn = (np.arange(height)[:, None, None] >= ends[None]).sum(axis=2)  # (height, bins): which state
    table = np.array([colours[row] for row in _ROWS] + [colours[_ROWS[-1]]], np.uint8)
    return table[drawn]


def bin_of(x: float, width: int, pages: int) -> range:
    """The pages under a place of the strip.

    Args:
        x: widget pixels from the left.
        width: of the strip.
        pages: how many there are.
    """
    if pages == 0 or width <= 0:
        return range(0)
    bins = min(width, pages)
    at = min(max(int(x * bins / width), 0), bins - 1)
    return range(-(-at * pages // bins), -(-(at + 1) * pages // bins))
