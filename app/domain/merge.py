"""Several polygons made one: those that touch exactly, words of a line along their sides."""

from collections.abc import Sequence

import numpy as np
import shapely

from app.domain.reshape import beginning_near, fitted_box
from app.domain.sides import Sides, sides, without_repeats
from tcm_core.geometry.polygon import Points, clockwise, is_simple

_ON_THE_LINE = 1e-6  # pixels


def merged(polygons: Sequence[Points]) -> Points | None:
    """The union of polygons that touch, clockwise, beginning where the first of them begins.

    Holes are filled. A vertex in which two of them met and that is no corner any more is dropped, so that
    merging undoes a cut.

    Returns:
        None when they do not all hang together by edges or area.
    """
    shapes = [shapely.make_valid(shapely.Polygon(polygon)) for polygon in polygons]
    union = shapely.union_all(shapes)
    if union.geom_type != "Polygon":
        return None
    ring = without_repeats(shapely.get_coordinates(shapely.get_exterior_ring(union))[:-1])
    shared = np.zeros(len(ring), dtype=np.intp)
    for polygon in polygons:
        distances = np.hypot(*(ring[:, None] - polygon[None]).transpose(2, 0, 1))
        shared += distances.min(axis=1) < _ON_THE_LINE
    before, after = np.roll(ring, 1, axis=0), np.roll(ring, -1, axis=0)
    chord = after - before
    away = np.abs(chord[:, 0] * (ring - before)[:, 1] - chord[:, 1] * (ring - before)[:, 0])
    straight = away < _ON_THE_LINE * np.maximum(np.hypot(*chord.T), _ON_THE_LINE)
    kept = ring[~(straight & (shared >= 2))]
    return beginning_near(kept if len(kept) >= 3 else ring, clockwise(polygons[0])[0])


def in_line(polygons: Sequence[Points]) -> list[int]:
    """The indices of the words of one line in reading order: along the mean direction of their reading."""
    found = [sides(polygon) for polygon in polygons]
    onwards = sum((word.line[-1] - word.line[0] for word in found), start=np.zeros(2))
    middles = np.array([word.line.mean(axis=0) for word in found])
    if len(found) > 1 and float(np.hypot(*onwards)) < _ON_THE_LINE:  # they cancel out: along their places
        onwards = middles[-1] - middles[0]
    return [int(index) for index in np.argsort(middles @ onwards, kind="stable")]


def joined(polygons: Sequence[Points]) -> Points | None:
    """One line of text from words in reading order: their upper sides one after the other, then the lower.

    A triangle has no two sides, so the box around it stands for it. Where words overlap, points that run
    backwards are left out.

    Returns:
        (N, 2) clockwise from the upper left of the first word; None when that outline would cross itself.
    """
    words = [sides(fitted_box(polygon) if len(polygon) == 3 else polygon) for polygon in polygons]
    top = np.concatenate([word.top for word in words])
    bottom = np.concatenate([word.bottom for word in words])
    onwards = np.concatenate([word.line[[0, -1]] for word in words])
    ring = Sides(_forwards(top, onwards), _forwards(bottom, onwards)).ring
    return clockwise(ring) if is_simple(ring) else None


def _forwards(side: Points, way: Points) -> Points:
    """The points of a side that get on along a way."""
    path = shapely.LineString(way)
    at = shapely.line_locate_point(path, shapely.points(side))
    furthest = np.maximum.accumulate(at)
    kept = np.concatenate([[True], at[1:] > furthest[:-1] - _ON_THE_LINE])
    kept[-1] = True
    return side[kept]
