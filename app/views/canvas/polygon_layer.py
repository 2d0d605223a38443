"""Many polygons at rest: culled by their bounds, drawn once, kept as a picture until something changes."""

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRect, QRectF
from PySide6.QtGui import QPainter, QPolygonF, QTransform

from app.views.canvas.cached_layer import MOST_DIRTY_RECTS, CachedLayer
from app.views.canvas.outline import Surface, to_qpolygon
from app.views.canvas.style import PolygonStyle
from app.views.canvas.tags import Tag, TagPainter, TagRequest
from tcm_core.geometry.polygon import Points

MARGIN: Final = 4.0  # widget pixels that an outline reaches beyond its polygon
OUTLINE_US: Final = 30.0  # about what a small outline in full quality takes
OUTLINE_US_PER_PIXEL: Final = 0.2  # and what its length adds
FRAME_US: Final = 7000.0  # more than this is drawn roughly first


class PolygonEntry(NamedTuple):
    """One polygon to show. An entry with the same `source` object as before keeps its cached drawing data."""

    id: str
    source: object
    polygon: Points
    style: PolygonStyle
    tag: str = ""


Bounds = tuple[float, float, float, float]
"""The smallest x and y and the largest."""


class _Stored(NamedTuple):
    entry: PolygonEntry
    shape: QPolygonF
    bounds: Bounds


class PolygonLayer(CachedLayer):
    """Draws polygons with halo, fill, hatch and tag. Selected ones are left out: another layer shows them."""

    def __init__(self) -> None:
        super().__init__()
        self._stored: dict[str, _Stored] = {}
        self._order: list[_Stored] = []
        self._bounds: NDArray[np.float64] = np.zeros((0, 4))
        self._left_out: frozenset[str] = frozenset()
        self._tag_painter: TagPainter | None = None
        self._tags: list[Tag] = []
        self._tags_scale = 0.0

    def set_entries(self, entries: Sequence[PolygonEntry]) -> None:
        """Show exactly these, later ones on top. Only what differs from before is drawn again."""
        before = self._stored
        new = [entry for entry in entries if not _is_same(before.get(entry.id), entry)]
        made = {
            entry.id: _Stored(entry, to_qpolygon(entry.polygon), box)
            for entry, box in zip(new, _all_bounds([entry.polygon for entry in new]), strict=True)
        }
        stored = {entry.id: made.get(entry.id) or before[entry.id] for entry in entries}
        gone = [old for id_, old in before.items() if id_ in made or id_ not in stored]
        changed = [one.bounds for one in (*made.values(), *gone)]
        same_order = [id_ for id_ in before if id_ in stored] == [id_ for id_ in stored if id_ in before]
        if not changed and same_order:
            return
        self._stored = stored
        self._order = list(stored.values())
        self._bounds = np.array([one.bounds for one in self._order]).reshape(-1, 4)
        if not same_order:  # anything may overlap anything
            self.invalidate_all()
        if len(changed) > MOST_DIRTY_RECTS:  # they would be joined one by one
            corners = np.array(changed)
            low, high = corners[:, :2].min(axis=0).tolist(), corners[:, 2:].max(axis=0).tolist()
            changed = [(low[0], low[1], high[0], high[1])]
        self.invalidate([_rect(box) for box in changed], MARGIN)
        self._replace_tags()

    def near(self, x: float, y: float, reach: float) -> list[Points]:
        """The polygons whose bounds come within so many image pixels of a place, each way."""
        rect = QRectF(x - reach, y - reach, 2 * reach, 2 * reach)
        entries = [self._order[index].entry for index in self._inside(rect)]
        return [entry.polygon for entry in entries if entry.id not in self._left_out]

    def leave_out(self, ids: frozenset[str]) -> None:
        """Do not draw these for now."""
        if ids == self._left_out:
            return
        touched = ids ^ self._left_out
        self._left_out = ids
        self.invalidate([_rect(self._stored[id_].bounds) for id_ in touched if id_ in self._stored], MARGIN)
        self._replace_tags()

    def is_much_work(self, visible: QRectF, scale: float) -> bool:
        inside = self._bounds[self._inside(visible)]
        lengths = 2 * scale * float((inside[:, 2:] - inside[:, :2]).sum())
        return len(inside) * OUTLINE_US + lengths * OUTLINE_US_PER_PIXEL > FRAME_US

    def is_empty(self) -> bool:
        return not self._order

    def draw(self, painter: QPainter, placement: QTransform, part: QRect, ratio: float, rough: bool) -> None:
        margin = MARGIN * ratio + 1
        reach = QRectF(part).adjusted(-margin, -margin, margin, margin)
        shown = [
            self._order[index]
            for index in self._inside(placement.inverted()[0].mapRect(reach))
            if self._order[index].entry.id not in self._left_out
        ]
        surface = Surface(painter, placement, ratio, 1.0)
        by_style = {
            style: [one.shape for one in shown if one.entry.style is style]
            for style in sorted({one.entry.style for one in shown}, key=lambda style: style.height)
        }
        if not rough:
            for style, shapes in by_style.items():
                surface.fill(shapes, style)
        for style, shapes in by_style.items():
            surface.outline(shapes, style, rough=rough)
        painter.resetTransform()
        self._draw_tags(painter, placement, part, ratio)

    def _draw_tags(self, painter: QPainter, placement: QTransform, part: QRect, ratio: float) -> None:
        scale = placement.m11() / ratio
        if scale != self._tags_scale:
            self._tags = self._placed_tags(scale)
            self._tags_scale = scale
        if not self._tags or self._tag_painter is None:
            return
        origin = QPointF(placement.dx() / ratio, placement.dy() / ratio)
        reach = QRectF(part.x() / ratio, part.y() / ratio, part.width() / ratio, part.height() / ratio)
        painter.scale(ratio, ratio)
        for tag in self._tags:
            if tag.rect.translated(origin).adjusted(-1, -1, 1, 1).intersects(reach):
                self._tag_painter.draw(painter, tag, origin)

    def _placed_tags(self, scale: float) -> list[Tag]:
        if self._tag_painter is None:  # a font needs the application, which a layer may be made before
            self._tag_painter = TagPainter()
        requests = [
            TagRequest(one.entry.id, one.entry.tag, one.entry.style.line, *one.bounds[:3])
            for one in self._order
            if one.entry.tag and one.entry.id not in self._left_out
        ]
        return self._tag_painter.place(requests, scale)

    def _replace_tags(self) -> None:
        """Place the tags again for the last scale and redraw those that came, went or moved."""
        if self._tags_scale == 0.0:
            return
        before, self._tags = self._tags, self._placed_tags(self._tags_scale)
        old = {(tag.owner, tag.text, tag.rect.getRect()): tag.rect for tag in before}
        new = {(tag.owner, tag.text, tag.rect.getRect()): tag.rect for tag in self._tags}
        to_image = QTransform.fromScale(1 / self._tags_scale, 1 / self._tags_scale)
        differing = [(old | new)[key] for key in old.keys() ^ new.keys()]
        self.invalidate([to_image.mapRect(rect) for rect in differing], MARGIN)

    def _inside(self, rect: QRectF) -> NDArray[np.intp]:
        """The indices of the polygons whose bounds touch a rectangle in image pixels."""
        x0, y0, x1, y1 = self._bounds.T
        return np.flatnonzero(
            (x1 >= rect.left()) & (x0 <= rect.right()) & (y1 >= rect.top()) & (y0 <= rect.bottom())
        )


def _is_same(old: _Stored | None, entry: PolygonEntry) -> bool:
    """Whether an entry shows what was stored."""
    return old is not None and old.entry.source is entry.source and old.entry.style is entry.style


def _all_bounds(polygons: Sequence[Points]) -> list[Bounds]:
    """The bounds of polygons with a point at least, all at once."""
    if not polygons:
        return []
    points = np.concatenate(polygons)
    starts = np.cumsum([0, *(len(polygon) for polygon in polygons[:-1])])
    low, high = np.minimum.reduceat(points, starts), np.maximum.reduceat(points, starts)
    return [(x0, y0, x1, y1) for (x0, y0), (x1, y1) in zip(low.tolist(), high.tolist(), strict=True)]


def _rect(bounds: Bounds) -> QRectF:
    x0, y0, x1, y1 = bounds
    return QRectF(x0, y0, x1 - x0, y1 - y0)
