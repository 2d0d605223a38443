"""Where a crop's border may run: windows that cut no box in two."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Boxes = NDArray[np.float64]
"""(N, 4): x0, y0, x1, y1."""

_TOUCH = 1e-6  # boxes that share an edge neither overlap nor are cut


class Window(NamedTuple):
    """An upright rectangle."""

    x0: float
    y0: float
    x1: float
    y1: float

    @property
    def area(self) -> float:
        """Width times height."""
        return (self.x1 - self.x0) * (self.y1 - self.y0)


def cut_boxes(windows: Boxes, boxes: Boxes) -> NDArray[np.bool_]:
    """(W, N): whether a window's border runs through a box, so that a part of it lies on either side.

    Args:
        windows: (W, 4).
        boxes: (N, 4).
    """
    w, b = windows[:, None], boxes[None]
    overlap = (np.minimum(w[..., 2:], b[..., 2:]) - np.maximum(w[..., :2], b[..., :2]) > _TOUCH).all(-1)
    inside = ((b[..., :2] >= w[..., :2] - _TOUCH) & (b[..., 2:] <= w[..., 2:] + _TOUCH)).all(-1)
    return np.asarray(overlap & ~inside)


def settle(window: Window, boxes: Boxes, kept: NDArray[np.bool_], smallest: float) -> Window:
    """The window with its borders moved until they cut no box.

    A cut box is left outside by moving one border inwards, the one that costs least, as long as the kept
    boxes stay inside and enough is left; otherwise the window grows to take the box in, which is kept from
    then on. It ends, because a step inwards puts a box outside until another is taken in, and each box is
    taken in once.

    Args:
        window: to start from; the kept boxes lie inside.
        boxes: (N, 4).
        kept: (N,) boxes that must stay inside.
        smallest: area below which no border moves inwards.
    """
    kept = kept.copy()
    while True:
        cut = np.flatnonzero(cut_boxes(np.array([window]), boxes)[0])
        if not len(cut):
            return window
        index = int(cut[0])
        smaller = _without(window, boxes[index], boxes[kept])
        if smaller is not None and smaller.area >= smallest:
            window = smaller
        else:
            kept[index] = True
            x0, y0, x1, y1 = (float(value) for value in boxes[index])
            window = Window(min(window.x0, x0), min(window.y0, y0), max(window.x1, x1), max(window.y1, y1))


def _without(window: Window, box: NDArray[np.float64], kept: Boxes) -> Window | None:
    """The largest window inside this one that leaves the box outside and the kept boxes inside; or None."""
    x0, y0, x1, y1 = (float(value) for value in box)
    moved = (
        window._replace(x0=x1), window._replace(x1=x0), window._replace(y0=y1), window._replace(y1=y0),
    )  # fmt: skip
    possible = [
        smaller
        for smaller in moved
        if window.x0 <= smaller.x0 < smaller.x1 <= window.x1
        and window.y0 <= smaller.y0 < smaller.y1 <= window.y1
        and _holds(smaller, kept)
    ]
    return max(possible, key=lambda smaller: smaller.area, default=None)


def _holds(window: Window, boxes: Boxes) -> bool:
    low, high = np.array(window[:2]), np.array(window[2:])
    return bool((boxes[:, :2] >= low - _TOUCH).all() and (boxes[:, 2:] <= high + _TOUCH).all())
