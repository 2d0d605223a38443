"""DBNet's targets: the shrunk text map, the border map, and where each counts."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tcm_core.config.learning import DbTargetConfig
from tcm_core.data.sample import TextInstance
from tcm_core.geometry.offset import offset, shrink, shrink_distance
from tcm_core.geometry.polygon import Points
from tcm_core.targets.drawing import fill, is_learnable

_Window = tuple[slice, slice]
"""Rows and columns."""


class DbTargets(NamedTuple):
    """Targets of one crop of (H, W)."""

    probability: NDArray[np.uint8]  # (H, W) 1 inside a shrunk text
    mask: NDArray[np.uint8]  # (H, W) 0 where the probability map is not judged
    threshold: NDArray[np.float16]  # (H, W) the border map
    threshold_mask: NDArray[np.uint8]  # (H, W) 1 where the border map is judged


def db_targets(
    instances: Sequence[TextInstance], size: tuple[int, int], settings: DbTargetConfig
) -> DbTargets:
    """The targets of a crop.

    Args:
        instances: texts in crop pixels; what reaches beyond the crop is cut off by drawing.
        size: (height, width) of the crop.
        settings: shrink ratio, smallest side, range of the border map.

    Source: Liao et al. 2020, sections 3.3 and 3.4; ignored texts are masked with their unshrunk polygon.
    """
    probability = np.zeros(size, np.uint8)
    mask = np.ones(size, np.uint8)
    border = np.zeros(size, np.float32)
    threshold_mask = np.zeros(size, np.uint8)
    drawn: list[_Window] = []
    for instance in instances:
        kernel = (
            shrink(instance.polygon, settings.shrink_ratio)
            if is_learnable(instance, settings.min_side)
            else None
        )
        if kernel is None:
            if len(instance.polygon) >= 3:
                fill(mask, instance.polygon, 0)
            continue
        fill(probability, kernel, 1)
        distance = shrink_distance(instance.polygon, settings.shrink_ratio)
        drawn += _draw_border(border, threshold_mask, instance.polygon, distance)
    low, high = settings.threshold_range
    threshold = np.full(size, low, np.float16)
    for window in drawn:  # half precision is slow to convert to
        threshold[window] = low + border[window] * (high - low)
    return DbTargets(probability, mask, threshold, threshold_mask)


def _draw_border(
    border: NDArray[np.float32], judged: NDArray[np.uint8], polygon: Points, distance: float
) -> list[_Window]:
    """Draws 1 at the outline falling to 0 at a distance from it, and marks the dilated polygon as judged.

    Returns:
        The part of the border map that was drawn on, if any.
    """
    outer = offset(polygon, distance)
    if outer is None or distance <= 0:
        return []
    height, width = border.shape
    x0, y0 = np.maximum(np.floor(outer.min(axis=0)).astype(int), 0)
    x1, y1 = np.minimum(np.ceil(outer.max(axis=0)).astype(int) + 1, (width, height))
    if x0 >= x1 or y0 >= y1:
        return []
    fill(judged, outer, 1)
    nearest = _distance_to_outline((x0, y0, x1, y1), polygon.astype(np.float32), distance)
    nearest /= np.float32(distance)
    drawn = (slice(y0, y1), slice(x0, x1))
    np.maximum(border[drawn], np.subtract(1.0, nearest, out=nearest), out=border[drawn])
    return [drawn]


def _distance_to_outline(
    window: tuple[int, int, int, int], polygon: NDArray[np.float32], farthest: float
) -> NDArray[np.float32]:
    """(h, w): the distance of each pixel's centre to the nearest edge, at most the farthest, in pixels.

    Only pixels that can be nearer to an edge than the farthest are looked at.

    Args:
        window: x0, y0, x1, y1.
        polygon: (N, 2).
        farthest: what is farther away counts as so far.
    """
    x0, y0, x1, y1 = window
    nearest = np.full((y1 - y0, x1 - x0), farthest * farthest, np.float32)
    for start, end in zip(polygon, np.roll(polygon, -1, axis=0), strict=True):
        edge = end - start
        length_squared = float(edge @ edge)
        if length_squared == 0:
            continue
        low = np.floor(np.minimum(start, end) - farthest).astype(int)
        high = np.ceil(np.maximum(start, end) + farthest).astype(int)
        left, top, right, bottom = max(low[0], x0), max(low[1], y0), min(high[0], x1), min(high[1], y1)
        if left >= right or top >= bottom:
            continue
        across = np.arange(left, right, dtype=np.float32)[None] + np.float32(0.5) - start[0]
        down = np.arange(top, bottom, dtype=np.float32)[:, None] + np.float32(0.5) - start[1]
        along = across * edge[0] + down * edge[1]
        along /= np.float32(length_squared)
        np.clip(along, 0.0, 1.0, out=along)
        squared = np.square(across - along * edge[0])
        along *= edge[1]
        squared += np.square(np.subtract(down, along, out=along), out=along)
        part = nearest[top - y0 : bottom - y0, left - x0 : right - x0]
        np.minimum(part, squared, out=part)
    return np.sqrt(nearest, out=nearest)
