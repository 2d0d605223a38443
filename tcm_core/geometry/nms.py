"""Non-maximum suppression of polygons."""

import numpy as np
import shapely
from numpy.typing import NDArray

from tcm_core.geometry.overlap import Shapes


def suppress(shapes: Shapes, scores: NDArray[np.floating], threshold: float) -> NDArray[np.intp]:
    """The indices of the polygons that stay, the best score first; of equal scores the earlier is better.

    A polygon goes when its intersection over union with a better one that stays exceeds the threshold. Only
    polygons whose bounds touch are compared, and only with those that stay.

    Args:
        shapes: (N,) valid, as overlap.to_shapes makes them.
        scores: (N,).
        threshold: in [0, 1].
    """
    order = np.argsort(-np.asarray(scores), kind="stable")
    shapes = shapes[order]
    areas = shapely.area(shapes)
    neighbours = _later_neighbours(shapes)
    alive = np.ones(len(order), dtype=bool)
    for place in range(len(order)):
        near = neighbours[place]
        if not len(near) or not alive[place]:
            continue
        near = near[alive[near]]
        if len(near):
            alive[near] = overlaps(shapes[place], areas[place], shapes[near], areas[near]) <= threshold
    return order[alive]


def overlaps(
    shape: Shapes | shapely.Geometry,
    area: NDArray[np.float64] | float,
    others: Shapes,
    areas: NDArray[np.float64],
) -> NDArray[np.float64]:
    """(N,): intersection over union with each of the others; 0 where the union has no area.

    Args:
        shape: one shape, or one for each of the others; valid.
        area: of it or of each.
        others: N valid shapes.
        areas: (N,), theirs.
    """
    shared = shapely.area(shapely.intersection(shape, others))
    union = area + areas - shared
    return np.divide(shared, union, out=np.zeros_like(areas), where=union > 0)


def _later_neighbours(shapes: Shapes) -> list[NDArray[np.intp]]:
    """For each shape the later ones whose bounds touch its own, in order."""
    first, second = shapely.STRtree(shapes).query(shapes)
    first, second = first[second > first], second[second > first]
    order = np.lexsort((second, first))
    later = second[order]
    ends = np.cumsum(np.bincount(first, minlength=len(shapes))).tolist()
    return [later[start:end] for start, end in zip([0, *ends], ends, strict=False)]
