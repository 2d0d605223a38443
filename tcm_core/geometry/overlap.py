"""Overlap of polygons: intersection areas and intersection over union, by shapely, many pairs in one call."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from tcm_core.geometry.polygon import Points

Shapes = NDArray[Any]
"""(N,) shapely polygons; what had fewer than three points is empty."""


def to_raw_shapes(polygons: Sequence[Points]) -> Shapes:
    """The polygons as shapely geometries, made in one call; crossed ones are as they are, not valid."""
    shapes = np.full(len(polygons), shapely.Polygon(), dtype=object)
    usable = [index for index, polygon in enumerate(polygons) if len(polygon) >= 3]
    if not usable:
        return shapes
    lengths = [len(polygons[index]) for index in usable]
    rings = shapely.linearrings(
        np.concatenate([polygons[index] for index in usable]),
        indices=np.repeat(np.arange(len(usable)), lengths),
    )
    shapes[usable] = shapely.polygons(rings)
    return shapes


def to_shapes(polygons: Sequence[Points]) -> Shapes:
    """As to_raw_shapes, but crossed ones are repaired by buffer(0)."""
    shapes = to_raw_shapes(polygons)
    broken = ~shapely.is_valid(shapes)
    if broken.any():
        shapes[broken] = shapely.buffer(shapes[broken], 0.0)
    return shapes


def touching_pairs(
    boxes_a: NDArray[np.float64], boxes_b: NDArray[np.float64]
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """The indices (into a, into b) of all pairs of boxes that share area, in row order.

    Args:
        boxes_a: (N, 4) x0, y0, x1, y1, as shapely.bounds gives them; NaN (an empty shape) touches nothing.
        boxes_b: (M, 4), likewise.
    """
    a, b = boxes_a[:, None], boxes_b[None]
    near = (a[..., :2] < b[..., 2:]).all(axis=2) & (b[..., :2] < a[..., 2:]).all(axis=2)
    rows, columns = np.nonzero(near)
    return rows, columns


def intersection_matrix(polygons_a: Sequence[Points], polygons_b: Sequence[Points]) -> NDArray[np.float64]:
    """(len(a), len(b)) intersection areas in square pixels."""
    return _intersections(to_shapes(polygons_a), to_shapes(polygons_b))


def iou_matrix(polygons_a: Sequence[Points], polygons_b: Sequence[Points]) -> NDArray[np.float64]:
    """(len(a), len(b)) intersection over union in [0, 1]; 0 where the union has no area."""
    shapes_a, shapes_b = to_shapes(polygons_a), to_shapes(polygons_b)
    shared = _intersections(shapes_a, shapes_b)
    union = shapely.area(shapes_a)[:, None] + shapely.area(shapes_b)[None] - shared
    return np.divide(shared, union, out=np.zeros_like(shared), where=union > 0)


def iou(polygon_a: Points, polygon_b: Points) -> float:
    """Intersection over union in [0, 1]; 0 when the union has no area."""
    return float(iou_matrix([polygon_a], [polygon_b])[0, 0])


def _intersections(shapes_a: Shapes, shapes_b: Shapes) -> NDArray[np.float64]:
    shared = np.zeros((len(shapes_a), len(shapes_b)), dtype=np.float64)
    rows, columns = touching_pairs(shapely.bounds(shapes_a), shapely.bounds(shapes_b))
    shared[rows, columns] = shapely.area(shapely.intersection(shapes_a[rows], shapes_b[columns]))
    return shared
