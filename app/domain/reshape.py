"""A polygon made larger, simpler, straighter or turned. Every result is clockwise and begins where it did."""

from typing import Final

import numpy as np
import shapely
from numpy.typing import NDArray

from tcm_core.geometry.polygon import Points, area, clockwise, is_simple, signed_area
from tcm_core.geometry.quad import min_area_quad
from tcm_core.geometry.repair import largest_part

_SHARPEST: Final = 0.05  # 1 + cosine between two edge normals: a corner of 18 degrees moves 6 times as far
_MITRE_LIMIT: Final = 2.5
_TINY: Final = 1e-9


def beginning_near(ring: Points, place: NDArray[np.float64]) -> Points:
    """The outline clockwise, beginning with the vertex nearest to a place."""
    ring = clockwise(ring)
    first = int(np.argmin(np.hypot(*(ring - place).T)))
    return np.roll(ring, -first, axis=0)


def grown(polygon: Points, distance: float) -> Points | None:
    """The polygon with its edges moved outwards, or inwards by a negative distance, in pixels.

    As long as no edge vanishes and no corner is a needle the vertices stay as many as they were: each goes
    along the bisector of its corner. Otherwise the outline is offset as a whole and may have other vertices.

    Returns:
        (M, 2); None when nothing is left.
    """
    ring = clockwise(polygon)
    edges = np.roll(ring, -1, axis=0) - ring
    lengths = np.hypot(*edges.T)
    normals = np.stack([edges[:, 1], -edges[:, 0]], axis=1) / np.maximum(lengths, _TINY)[:, None]
    before = np.roll(normals, 1, axis=0)
    widths = 1.0 + np.sum(normals * before, axis=1)
    moved = ring + distance * (normals + before) / np.maximum(widths, _SHARPEST)[:, None]
    new_edges = np.roll(moved, -1, axis=0) - moved
    kept = bool(np.all(np.sum(edges * new_edges, axis=1) > 0)) and widths.min() >= _SHARPEST
    if kept and signed_area(moved) > 0 and is_simple(moved):
        return moved
    shape = shapely.buffer(
        shapely.make_valid(shapely.Polygon(ring)), distance, join_style="mitre", mitre_limit=_MITRE_LIMIT
    )
    part = largest_part(shape)
    return None if part is None else beginning_near(part, ring[0])


def fitted_box(polygon: Points) -> Points:
    """(4, 2) the smallest rectangle around the polygon; its first corner is the one nearest to the first."""
    return beginning_near(min_area_quad(polygon), clockwise(polygon)[0])


def fitted_quad(polygon: Points) -> Points:
    """(4, 2) a tight quadrilateral around the polygon, as perspective leaves of a sign.

    Edges of the convex hull are taken away one after the other, the two beside each prolonged until they
    meet: always the edge that adds least area. Where that ends in something larger than the smallest
    rectangle, the rectangle is the answer. A quadrilateral is answered as it is.
    """
    if len(polygon) == 4 and is_simple(polygon):
        return clockwise(polygon)
    box = fitted_box(polygon)
    hull = largest_part(shapely.convex_hull(shapely.MultiPoint(polygon)))
    while hull is not None and len(hull) > 4:
        hull = _without_cheapest_edge(hull)
    if hull is None or len(hull) < 4 or area(hull) > area(box):
        return box
    return beginning_near(hull, clockwise(polygon)[0])


def _without_cheapest_edge(hull: Points) -> Points | None:
    """The convex outline with one edge less; None when no edge can go."""
    best: tuple[float, int, NDArray[np.float64]] | None = None
    count = len(hull)
    for edge in range(count):
        start, end = hull[edge], hull[(edge + 1) % count]
        one, other = start - hull[edge - 1], end - hull[(edge + 2) % count]
        turn = _cross(one, other)
        if abs(turn) < _TINY:
            continue
        share = _cross(end - start, other) / turn
        if share <= 0 or _cross(one, end - start) * _cross(one, -other) <= 0:
            continue  # they part: prolonging never closes the gap
        corner = start + share * one
        added = abs(_cross(end - start, corner - start)) / 2
        if best is None or added < best[0]:
            best = added, edge, corner
    if best is None:
        return None
    _, edge, corner = best
    ring = hull.copy()
    ring[edge] = corner
    return np.delete(ring, (edge + 1) % count, axis=0)


def simplified(polygon: Points, count: int) -> Points:
    """The polygon with at most `count` vertices, its first among them.

    The vertex whose triangle with its neighbours is smallest goes first, unless the outline would cross
    itself then. Fewer than `count` may not be reached when every removal would.

    Args:
        polygon: (N, 2), simple.
        count: at least 3.

    Source: Visvalingam and Whyatt, Line generalisation by repeated elimination of points, 1993.
    """
    ring = clockwise(polygon)
    while len(ring) > max(count, 3):
        before, after = np.roll(ring, 1, axis=0) - ring, np.roll(ring, -1, axis=0) - ring
        triangles = np.abs(before[:, 0] * after[:, 1] - before[:, 1] * after[:, 0]) / 2
        triangles[0] = np.inf  # reading begins there
        for index in np.argsort(triangles, kind="stable")[:-1]:
            thinner = np.delete(ring, int(index), axis=0)
            if is_simple(thinner):
                break
        else:
            return ring
        ring = thinner
    return ring


def turned(points: Points, degrees: float, centre: NDArray[np.float64]) -> Points:
    """The points turned clockwise on the screen around a centre."""
    angle = np.deg2rad(degrees)
    cosine, sine = float(np.cos(angle)), float(np.sin(angle))
    turn = np.array(((cosine, sine), (-sine, cosine)))
    return (points - centre) @ turn + centre


def scaled(points: Points, factors: tuple[float, float], anchor: NDArray[np.float64]) -> Points:
    """The points scaled along x and y; the anchor stays."""
    return (points - anchor) * np.array(factors) + anchor


def starting_at(polygon: Points, index: int) -> Points:
    """The same outline beginning with another vertex."""
    return np.roll(polygon, -index, axis=0)


def drawn_towards(polygon: Points, target: Points, *, inwards: bool) -> Points:
    """The polygon with its vertices moved to the nearest point of a target outline.

    Args:
        polygon: (N, 2), simple.
        target: (M, 2), simple.
        inwards: move only the vertices outside the target; else only those inside.
    """
    ring = clockwise(polygon)
    shape = shapely.Polygon(target)
    outline = shapely.get_exterior_ring(shape)
    points = shapely.points(ring)
    outside = ~shapely.intersects(shape, points)
    moving = outside if inwards else ~outside
    if not moving.any():
        return ring
    result = ring.copy()
    places = shapely.line_interpolate_point(outline, shapely.line_locate_point(outline, points[moving]))
    result[moving] = shapely.get_coordinates(places)
    return result


def _cross(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    return float(one[0] * other[1] - one[1] * other[0])
