"""Simple measures of one polygon: area, direction, perimeter, bounds."""

import math
from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
import shapely
from numpy.typing import NDArray

Points: TypeAlias = NDArray[np.float64]
"""(N, 2), x right and y down, (0, 0) the top-left corner of the top-left pixel."""


def as_points(values: Any) -> Points:
    """The values as a fresh (N, 2) float64 array.

    Args:
        values: anything numpy reads as (N, 2), or as a flat row x1, y1, x2, y2 and so on.

    Raises:
        ValueError: another shape, or a value that is not finite.
    """
    points = np.array(values, dtype=np.float64)
    if points.ndim == 1 and points.size % 2 == 0:
        points = points.reshape(-1, 2)
    if points.ndim != 2 or points.shape[1] != 2:
        raise ValueError(f"expected points of shape (N, 2), got {points.shape}")
    if not np.isfinite(points).all():
        raise ValueError("a coordinate is not a finite number")
    return points


def signed_area(polygon: Points) -> float:
    """The shoelace area in square pixels, positive when the vertices run clockwise as seen on the screen."""
    x, y = polygon[:, 0], polygon[:, 1]
    inner = x[:-1] @ y[1:] - x[1:] @ y[:-1]
    return float(0.5 * (inner + x[-1] * y[0] - x[0] * y[-1]))


def area(polygon: Points) -> float:
    """The absolute shoelace area in square pixels."""
    return abs(signed_area(polygon))


def clockwise(polygon: Points) -> Points:
    """The polygon with its vertices clockwise on the screen; the first vertex stays first."""
    if signed_area(polygon) >= 0:
        return polygon
    return np.concatenate([polygon[:1], polygon[:0:-1]])


def all_clockwise(polygons: Sequence[Points]) -> list[Points]:
    """As `clockwise`, of many polygons at once."""
    if not polygons:
        return []
    areas, _ = areas_and_perimeters(np.concatenate(polygons), np.array([len(one) for one in polygons]))
    return [
        one if size >= 0 else np.concatenate([one[:1], one[:0:-1]])
        for one, size in zip(polygons, areas.tolist(), strict=True)
    ]


def perimeter(polygon: Points) -> float:
    """The length of the closed outline in pixels."""
    x, y = polygon[:, 0], polygon[:, 1]
    inner = np.hypot(x[1:] - x[:-1], y[1:] - y[:-1]).sum()  # without np.roll, which takes most of the time
    return float(inner + math.hypot(x[0] - x[-1], y[0] - y[-1]))


def areas_and_perimeters(
    points: Points, corners: NDArray[np.intp]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Of N polygons at once: their signed areas, see signed_area, and the lengths of their outlines.

    Args:
        points: (M, 2), the vertices of all polygons, one polygon after the other.
        corners: (N,) how many vertices each has, at least one; they sum up to M.
    """
    ends = np.cumsum(corners)
    starts = ends - corners
    following = np.arange(1, len(points) + 1)
    following[ends - 1] = starts
    after = points[following]
    shoelace = points[:, 0] * after[:, 1] - after[:, 0] * points[:, 1]
    edges = np.hypot(after[:, 0] - points[:, 0], after[:, 1] - points[:, 1])
    return 0.5 * np.add.reduceat(shoelace, starts), np.add.reduceat(edges, starts)


def bounds(polygon: Points) -> tuple[float, float, float, float]:
    """The smallest and largest coordinates as x0, y0, x1, y1."""
    (x0, y0), (x1, y1) = polygon.min(axis=0), polygon.max(axis=0)
    return float(x0), float(y0), float(x1), float(y1)


def is_simple(polygon: Points) -> bool:
    """Whether the outline has at least three vertices, some area, and does not cross or touch itself."""
    return len(polygon) >= 3 and area(polygon) > 0 and bool(shapely.Polygon(polygon).is_valid)
