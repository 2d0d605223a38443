"""What lies under the mouse: vectorised over all regions of a page."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from app.domain.region import Region


@dataclass(frozen=True)
class Hit:
    """What was hit. `index` is the vertex, or the edge from vertex `index` to the next one; -1 for a body."""

    kind: Literal["vertex", "edge", "body"]
    region_id: str
    index: int


class HitIndex:
    """All vertices of a page in flat arrays, built once for each page, asked at every mouse move."""

    def __init__(self, regions: Sequence[Region]) -> None:
        self._ids = [region.id for region in regions]
        counts = np.array([len(region.polygon) for region in regions], dtype=np.intp)
        self._starts = np.cumsum(counts) - counts  # (R,) first vertex of each region
        self._owner = np.repeat(np.arange(len(regions)), counts)  # (V,) region of each vertex
        polygons = [region.polygon for region in regions]
        self._points = np.concatenate(polygons) if polygons else np.zeros((0, 2))  # (V, 2) edge i starts here
        following = np.arange(len(self._points)) + 1
        if len(regions):
            following[self._starts + counts - 1] = self._starts
        self._ends = self._points[following]  # (V, 2) and ends here
        self._low, self._high, self._areas = self._extents()

    def _extents(self) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
        """(R, 2) lowest and highest corner and (R,) area of each region."""
        if not self._ids:
            return np.zeros((0, 2)), np.zeros((0, 2)), np.zeros(0)
        low = np.minimum.reduceat(self._points, self._starts, axis=0)
        high = np.maximum.reduceat(self._points, self._starts, axis=0)
        start, end = self._points - low[self._owner], self._ends - low[self._owner]
        twice = np.add.reduceat(start[:, 0] * end[:, 1] - end[:, 0] * start[:, 1], self._starts)
        return low, high, np.abs(twice) / 2

    def at(self, x: float, y: float, radius: float, selected: frozenset[str] = frozenset()) -> Hit | None:
        """What lies at (x, y), or None.

        Selected regions come first: their nearest vertex, then their nearest edge, both within the radius,
        then their body. Only when none of these is hit does another region count, always as a body: one that
        contains the point (the smallest of several, so that a word inside a line can be reached), else the
        one whose edge is nearest within the radius.

        Args:
            x: image pixels.
            y: image pixels.
            radius: how far a vertex or an edge can be, image pixels.
            selected: ids of the selected regions.
        """
        place = np.array((x, y))
        near = np.all((self._low - radius <= place) & (place <= self._high + radius), axis=1)
        if not near.any():
            return None
        chosen = (
            np.array([name in selected for name in self._ids], dtype=bool)
            if selected
            else np.zeros_like(near)
        )
        return self._at_selected(place, radius, near & chosen) or self._at_other(place, radius, near)

    def _at_selected(
        self, place: NDArray[np.float64], radius: float, regions: NDArray[np.bool_]
    ) -> Hit | None:
        edges = np.flatnonzero(regions[self._owner])
        if not len(edges):
            return None
        to_vertices = np.hypot(*(self._points[edges] - place).T)
        best = int(np.argmin(to_vertices))
        if to_vertices[best] <= radius:
            return self._hit("vertex", edges[best])
        to_edges = self._edge_distances(place, edges)
        best = int(np.argmin(to_edges))
        if to_edges[best] <= radius:
            return self._hit("edge", edges[best])
        return self._body(place, edges)

    def _at_other(self, place: NDArray[np.float64], radius: float, regions: NDArray[np.bool_]) -> Hit | None:
        edges = np.flatnonzero(regions[self._owner])
        if not len(edges):
            return None
        inside = self._body(place, edges)
        if inside is not None:
            return inside
        to_edges = self._edge_distances(place, edges)
        best = int(np.argmin(to_edges))
        if to_edges[best] > radius:
            return None
        return Hit("body", self._ids[self._owner[edges[best]]], -1)

    def _hit(self, kind: Literal["vertex", "edge"], vertex: np.intp) -> Hit:
        owner = self._owner[vertex]
        return Hit(kind, self._ids[owner], int(vertex - self._starts[owner]))

    def _body(self, place: NDArray[np.float64], edges: NDArray[np.intp]) -> Hit | None:
        """The smallest region among those of the edges that contains the place (even-odd rule)."""
        start, end = self._points[edges], self._ends[edges]
        crossing = (start[:, 1] > place[1]) != (end[:, 1] > place[1])
        start, end, owner = start[crossing], end[crossing], self._owner[edges][crossing]
        at_x = start[:, 0] + (place[1] - start[:, 1]) / (end[:, 1] - start[:, 1]) * (end[:, 0] - start[:, 0])
        crossings = np.bincount(owner[at_x > place[0]], minlength=len(self._ids))
        inside = np.flatnonzero(crossings % 2)
        if not len(inside):
            return None
        return Hit("body", self._ids[inside[np.argmin(self._areas[inside])]], -1)

    def _edge_distances(self, place: NDArray[np.float64], edges: NDArray[np.intp]) -> NDArray[np.float64]:
        start = self._points[edges]
        along = self._ends[edges] - start
        length = np.maximum(np.sum(along * along, axis=1), np.finfo(np.float64).tiny)
        share = np.clip(np.sum((place - start) * along, axis=1) / length, 0.0, 1.0)
        distances: NDArray[np.float64] = np.hypot(*(start + share[:, None] * along - place).T)
        return distances
