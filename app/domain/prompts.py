"""What an instance-language score map is worth on a page: its mass, and its agreement with the labels."""

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from app.domain.region import Region
from tcm_core.decode.maps import Plane
from tcm_core.geometry.frame import ImageFrame

EVEN: Final = 128
"""In a map of differences: no difference."""


class MapFigures(NamedTuple):
    """A score map in figures.

    Attributes:
        mass: the mean of its values, 0 to 1, over the image without padding.
        inside: which share of all its values lies within labelled texts; None: there are no labels.
        average_precision: area under the curve of precision over recall when pixels are taken by their value,
            those of labelled texts being right and ignored ones left out; None: there are no labels.
    """

    mass: float
    inside: float | None = None
    average_precision: float | None = None


def map_figures(plane: Plane, frame: ImageFrame, regions: Sequence[Region]) -> MapFigures:
    """The figures of a map.

    Args:
        plane: (h, w), it covers the frame's network input.
        frame: how the image lies in it.
        regions: the page's labels, image pixels.
    """
    text, judged = _labelled(plane, frame, regions)
    seen = _content(plane, frame)
    values = plane / 255.0
    mass = float(values[seen].mean())
    right, counted = text[seen & judged], values[seen & judged]
    if not right.any():
        return MapFigures(mass)
    total = float(counted.sum())
    inside = float(counted[right].sum() / total) if total else 0.0
    return MapFigures(mass, inside, average_precision(plane[seen & judged], right))


def average_precision(scores: NDArray[np.uint8], right: NDArray[np.bool_]) -> float:
    """The mean of precision over the recall that each step down through the scores brings.

    Args:
        scores: (n,), equal ones are taken together.
        right: (n,), at least one.
    """
    hits = np.bincount(scores[right], minlength=256)[::-1].cumsum()
    taken = np.bincount(scores, minlength=256)[::-1].cumsum()
    precision = hits / np.maximum(taken, 1)
    gained = np.diff(hits, prepend=0)
    return float((precision * gained).sum() / hits[-1])


def stretched(plane: Plane, low: float, high: float) -> Plane:
    """A map between two levels, 0 to 1: up to the low one it is 0, from the high one on 255."""
    span = max(high - low, 1 / 255)
    return np.clip((plane / 255.0 - low) / span * 255.0, 0, 255).round().astype(np.uint8)


def difference(new: Plane, old: Plane, low: float, high: float) -> Plane:
    """Where a map has more (above EVEN) or less (below) than another.

    Args:
        new: (h, w).
        old: (h, w).
        low: differences up to so much, 0 to 1, do not count.
        high: the difference that is shown at full strength.
    """
    change = (new.astype(np.float64) - old) / 255.0
    share = np.clip((np.abs(change) - low) / max(high - low, 1 / 255), 0.0, 1.0)
    return (EVEN + np.sign(change) * share * (EVEN - 1)).round().astype(np.uint8)


def _content(plane: Plane, frame: ImageFrame) -> NDArray[np.bool_]:
    """The cells whose middle lies in the image, not in the padding."""
    rows, columns = (np.arange(count) + 0.5 for count in plane.shape)
    height = frame.network_size[0] / plane.shape[0]
    width = frame.network_size[1] / plane.shape[1]
    within = (rows * height < frame.content_size[0])[:, None] & (columns * width < frame.content_size[1])
    return within if within.any() else np.ones(plane.shape, np.bool_)


def _labelled(
    plane: Plane, frame: ImageFrame, regions: Sequence[Region]
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """The cells that labelled texts cover by half or more, and those that are judged at all."""
    import cv2  # only where it is asked for: the window should open quickly

    masks = []
    for ignored in (False, True):
        drawn = np.zeros(frame.network_size, np.uint8)
        for region in regions:
            if region.ignore == ignored:
                corners = np.rint(frame.to_network(region.polygon)).astype(np.int32)
                cv2.fillPoly(drawn, [corners], (255,))
        small = cv2.resize(drawn, plane.shape[::-1], interpolation=cv2.INTER_AREA)
        masks.append(np.asarray(small).reshape(plane.shape) >= EVEN)
    text, ignored_cells = masks
    return text, text | ~ignored_cells
