"""A polygon cut along a line; the parts have exactly its area together."""

import numpy as np
import shapely
from shapely.ops import polygonize

from app.domain.sides import sides, starting_where_read, without_repeats
from tcm_core.geometry.polygon import Points, clockwise


def cut(polygon: Points, line: Points) -> list[Points]:
    """The parts of a polygon that a line leaves, in reading order, each clockwise from its own upper left.

    Args:
        polygon: (N, 2), simple.
        line: (M, 2), M >= 2, the way of the knife; only what crosses the polygon from edge to edge cuts.

    Returns:
        One part, the polygon itself, when nothing is cut.
    """
    shape = shapely.Polygon(polygon)
    drawn = shapely.union_all([shapely.get_exterior_ring(shape), shapely.LineString(line)])
    found = [
        without_repeats(shapely.get_coordinates(shapely.get_exterior_ring(piece))[:-1])
        for piece in polygonize(shapely.get_parts(drawn))
        if shapely.intersects_xy(shape, *shapely.get_coordinates(shapely.point_on_surface(piece))[0])
    ]
    found = [piece for piece in found if len(piece) >= 3]
    if len(found) < 2:
        return [clockwise(polygon)]
    whole = sides(polygon)
    middle = whole.line
    parts = [starting_where_read(piece, whole) for piece in found]

    def place(part: Points) -> tuple[int, float]:
        """How far along the text, then how far down."""
        centre = part.mean(axis=0)
        nearest = int(np.argmin(np.hypot(*(middle - centre).T)))
        onwards = middle[-1] - middle[0]
        down = centre - middle[nearest]
        return nearest, float(onwards[0] * down[1] - onwards[1] * down[0])

    return sorted(parts, key=place)


def halves(polygon: Points) -> list[Points]:
    """The polygon cut across the middle of its line of reading."""
    whole = sides(polygon)
    first = whole.between(0.0, 0.5)
    upper, lower = first.top[-1], first.bottom[-1]
    beyond = (upper - lower) * 0.5
    return cut(polygon, np.stack([upper + beyond, lower - beyond]))
