"""Polygons that cross or touch themselves, made simple."""

import numpy as np
import shapely

from tcm_core.geometry.polygon import Points, clockwise, is_simple


def repaired(polygon: Points) -> Points | None:
    """The polygon itself when it is simple, else its largest simple part; None when there is no area.

    Args:
        polygon: (N, 2), any.

    Returns:
        (M, 2) clockwise on the screen when it had to be repaired; holes are filled.
    """
    if len(polygon) < 3:
        return None
    if is_simple(polygon):
        return polygon
    return largest_part(shapely.make_valid(shapely.Polygon(polygon)))


def clipped(polygon: Points, size: tuple[int, int]) -> Points | None:
    """The largest part of a polygon inside a picture; None when it lies outside or has no area.

    Args:
        polygon: (N, 2), N >= 3, simple.
        size: (height, width).

    Returns:
        The polygon itself when it lies inside.
    """
    height, width = size
    if polygon.min() >= 0 and polygon[:, 0].max() <= width and polygon[:, 1].max() <= height:
        return polygon
    return largest_part(shapely.intersection(shapely.Polygon(polygon), shapely.box(0, 0, width, height)))


def largest_part(shape: shapely.Geometry) -> Points | None:
    """The outline, clockwise on the screen, of a geometry's largest polygon; None when it has none."""
    parts = shapely.get_parts(shapely.get_parts(shape))
    areas = shapely.area(parts)
    if not len(parts) or areas.max() <= 0:
        return None
    return clockwise(shapely.get_coordinates(shapely.get_exterior_ring(parts[np.argmax(areas)]))[:-1])
