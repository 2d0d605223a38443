"""What changes with every move of the mouse: the selected regions, their handles, hovering, drafts."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen, QPolygonF, QTransform
from PySide6.QtWidgets import QStyleOptionGraphicsItem, QWidget

from app.domain.region import Region
from app.views.canvas import style
from app.views.canvas.cached_layer import CanvasLayer
from app.views.canvas.outline import Surface, to_qpolygon
from app.views.canvas.style import PolygonStyle
from app.views.canvas.tags import TagPainter, TagRequest
from app.views.canvas.tools.picking import MOST_WITH_HANDLES, ghosts
from app.views.canvas.tools.tool import NOTHING, Preview, Target
from app.views.canvas.tools.transform import Frame
from tcm_core.geometry.polygon import Points, bounds, signed_area

_REACH: Final = 40.0  # widget pixels that handles, arrow, knob and tag reach beyond a polygon
_TAG_REACH: Final = 260.0
_ARROW: Final = 22.0  # length of the reading arrow
_ARROW_GAP: Final = 7.0  # between the first edge and the arrow


@dataclass(frozen=True)
class ActiveContent:
    """What the active layer shows.

    Attributes:
        selected: the selected regions.
        vertices: chosen vertices of the only selected region.
        hovered: outline under the mouse that is not selected, with its tag.
        preview: of the tool: overrides polygons of selected regions, drafts, rubber band.
    """

    selected: Sequence[Region] = ()
    vertices: frozenset[int] = frozenset()
    hovered: Points | None = None
    hovered_tag: str = ""
    preview: Preview = field(default_factory=lambda: NOTHING)

    def polygon_of(self, region: Region) -> Points:
        """The region's polygon as it would become."""
        return self.preview.polygons.get(region.id, region.polygon)


class ActiveLayer(CanvasLayer):
    """Draws in widget pixels, so that handles and lines keep their size at any zoom."""

    def __init__(self) -> None:
        super().__init__()
        self._content = ActiveContent()
        self._rect = QRectF()
        self._tag_painter: TagPainter | None = None
        self.fill = style.USUAL_FILL

    @property
    def content(self) -> ActiveContent:
        """What is shown now."""
        return self._content

    def show_content(self, content: ActiveContent, scale: float) -> None:
        """Show this; repaints only what the old and the new content cover.

        Args:
            content: what to show.
            scale: widget pixels for one image pixel.
        """
        before = self._rect
        self._content = content
        self._rect = _covered(content, scale)
        if not before.isNull():
            self.update(before)
        if not self._rect.isNull() and self._rect != before:
            self.update(self._rect)

    def paint(
        self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None
    ) -> None:
        content, placement = self._content, painter.worldTransform()
        painter.save()
        painter.resetTransform()
        if self._tag_painter is None:
            self._tag_painter = TagPainter()
        if content.hovered is not None:
            self._draw_hovered(painter, placement, content)
        self._draw_selected(painter, placement, content)
        self._draw_preview(painter, placement, content.preview)
        if content.preview.band is not None:
            x0, y0, x1, y1 = content.preview.band
            band = np.array(((x0, y0), (x1, y0), (x1, y1), (x0, y1)))
            _draw_polygon(painter, to_qpolygon(_mapped(band, placement)), style.BAND)
        painter.restore()

    def _draw_preview(self, painter: QPainter, placement: QTransform, preview: Preview) -> None:
        """Drafts, lines and frames of the tool in use."""
        if preview.draft is not None:
            _draw_draft(painter, _mapped(preview.draft, placement), preview)
        for line in preview.lines:
            _surface(painter).outline([to_qpolygon(_mapped(line, placement))], style.DRAFT, closed=False)
        if preview.marks is not None:
            _draw_marks(painter, _mapped(preview.marks, placement))
        if preview.frame is not None:
            _draw_frame(painter, _mapped(preview.frame, placement))

    def _draw_hovered(self, painter: QPainter, placement: QTransform, content: ActiveContent) -> None:
        assert content.hovered is not None
        _draw_polygon(painter, to_qpolygon(_mapped(content.hovered, placement)), style.HOVERED)
        self._draw_tag(painter, placement, content.hovered, content.hovered_tag, style.HOVERED.line)

    def _draw_selected(self, painter: QPainter, placement: QTransform, content: ActiveContent) -> None:
        few = len(content.selected) <= MOST_WITH_HANDLES
        mapped = [_mapped(content.polygon_of(region), placement) for region in content.selected]
        for region, points in zip(content.selected, mapped, strict=True):
            look = style.filled(style.selected_style_of(region), self.fill)
            _draw_polygon(painter, to_qpolygon(points), look)
        if not few or content.preview.bare:
            return
        hover = content.preview.hover
        for region, points in zip(content.selected, mapped, strict=True):
            self._draw_tag(painter, placement, content.polygon_of(region), region.text, style.SELECTED.line)
            line = style.selected_style_of(region).line
            at = hover if hover is not None and hover.region_id == region.id else None
            backwards = signed_area(points) < 0
            _draw_reading_arrow(painter, points, style.WRONG_WAY if backwards else line)
            if not content.preview.polygons:
                _draw_ghosts(painter, points, line, at)
            chosen = content.vertices if len(content.selected) == 1 else frozenset()
            _draw_handles(painter, points, line, chosen, at)

    def _draw_tag(
        self, painter: QPainter, placement: QTransform, polygon: Points, text: str, colour: QColor
    ) -> None:
        if not text or self._tag_painter is None:
            return
        left, top, right, _ = bounds(polygon)
        scale = placement.m11()
        lifted = top - (_ARROW_GAP + 4) / scale
        wide = max(right, left + 1e4 / scale)  # the tag of a chosen region is shown however small it is
        for tag in self._tag_painter.place([TagRequest("", text, colour, left, lifted, wide)], scale):
            self._tag_painter.draw(painter, tag, QPointF(placement.dx(), placement.dy()))


def hidden_regions(content: ActiveContent) -> frozenset[str]:
    """The regions that the layer at rest must not draw, because this one does."""
    return frozenset(region.id for region in content.selected)


def _covered(content: ActiveContent, scale: float) -> QRectF:
    """The image rectangle that the content touches."""
    shapes: list[Points] = [content.polygon_of(region) for region in content.selected]
    if content.hovered is not None:
        shapes.append(content.hovered)
    if content.preview.draft is not None:
        shapes.append(content.preview.draft)
    if content.preview.band is not None:
        shapes.append(np.array(content.preview.band).reshape(2, 2))
    shapes.extend(line for line in content.preview.lines if len(line))
    shapes.extend(
        one for one in (content.preview.marks, content.preview.frame) if one is not None and len(one)
    )
    if not shapes:
        return QRectF()
    x0, y0, x1, y1 = bounds(np.concatenate(shapes))
    tagged = bool(content.hovered_tag) or any(region.text for region in content.selected)
    reach = _REACH / scale
    right = (_TAG_REACH if tagged else _REACH) / scale
    return QRectF(x0 - reach, y0 - reach, x1 - x0 + reach + right, y1 - y0 + 2 * reach)


def _mapped(points: Points, placement: QTransform) -> Points:
    return points * (placement.m11(), placement.m22()) + (placement.dx(), placement.dy())


def _surface(painter: QPainter) -> Surface:
    ratio = painter.device().devicePixelRatioF()
    return Surface(painter, QTransform(), ratio, ratio)


def _draw_polygon(painter: QPainter, shape: QPolygonF, look: PolygonStyle) -> None:
    surface = _surface(painter)
    surface.fill([shape], look)
    surface.outline([shape], look)


def _draw_reading_arrow(painter: QPainter, points: Points, colour: QColor) -> None:
    """An arrow beside the first edge, outside, from the first vertex in the direction of reading."""
    along = points[1] - points[0]
    length = float(np.hypot(*along))
    if length < 8:
        return
    along /= length
    outwards = np.array((along[1], -along[0]))
    middle = points.mean(axis=0)
    if (middle - points[0]) @ outwards > 0:
        outwards = -outwards
    start = points[0] + outwards * _ARROW_GAP
    tip = start + along * min(_ARROW, max(length, 12.0))
    head = [tip - along * 5 + outwards * 3.2, tip, tip - along * 5 - outwards * 3.2]
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    for pen in (QPen(QColor(255, 255, 255, 230), 4.0), QPen(colour, 1.8)):
        pen.setCapStyle(Qt.PenCapStyle.RoundCap)
        pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
        painter.setPen(pen)
        painter.drawLine(QLineF(QPointF(*start), QPointF(*tip)))
        painter.drawPolyline(to_qpolygon(np.array(head)))


def _draw_ghosts(painter: QPainter, points: Points, line: QColor, hover: Target | None) -> None:
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
    faint = QColor(line)
    faint.setAlpha(190)
    for edge, (x, y) in zip(*ghosts(points, 1.0), strict=True):
        hovered = hover is not None and hover.kind == "ghost" and hover.index == edge
        radius = (style.GHOST + (4 if hovered else 0)) / 2
        painter.setPen(QPen(line if hovered else faint, 1.2))
        painter.setBrush(QColor(255, 255, 255, 255 if hovered else 175))
        painter.drawEllipse(QPointF(x, y), radius, radius)
        if hovered:
            painter.drawLine(QLineF(x - 2, y, x + 2, y))
            painter.drawLine(QLineF(x, y - 2, x, y + 2))


def _draw_handles(
    painter: QPainter, points: Points, line: QColor, chosen: frozenset[int], hover: Target | None
) -> None:
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
    for index, (x, y) in enumerate(np.floor(points) + 0.5):  # on whole pixels they are crisp
        hovered = hover is not None and hover.kind == "vertex" and hover.index == index
        half = (style.HANDLE + (3 if hovered else 0)) / 2
        painter.setPen(QPen(line, 1.4))
        painter.setBrush(style.HANDLE_CHOSEN if index in chosen else style.HANDLE_FILL)
        if index == 0:  # the first vertex is where reading begins
            painter.drawEllipse(QPointF(x, y), half + 1.2, half + 1.2)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(line)
            painter.drawEllipse(QPointF(x, y), 2.0, 2.0)
        else:
            painter.drawRect(QRectF(x - half, y - half, 2 * half, 2 * half))


def _draw_draft(painter: QPainter, points: Points, preview: Preview) -> None:
    """The outline so far: solid between set points, dashed to the mouse and back to the first."""
    surface, shape = _surface(painter), to_qpolygon(points)
    if len(points) >= 3:
        surface.fill([shape], style.DRAFT)
    if preview.draft_points >= len(points):
        surface.outline([shape], style.DRAFT)
        return
    tail = points[preview.draft_points - 1 :]
    loose = np.concatenate([tail, points[:1]]) if len(points) > 2 else tail
    surface.outline([to_qpolygon(loose)], style.DRAFT_LOOSE, closed=False)
    surface.outline([to_qpolygon(points[: preview.draft_points])], style.DRAFT, closed=False)
    look = style.DRAFT
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
    for index, (x, y) in enumerate(points[: preview.draft_points]):
        first = index == 0
        half = style.HANDLE / 2 + (2.5 if first and preview.closing else 0.5 if first else -0.5)
        painter.setPen(QPen(look.line, 1.4))
        painter.setBrush(look.line if first and preview.closing else style.HANDLE_FILL)
        painter.drawEllipse(QPointF(x, y), half, half)


def _draw_marks(painter: QPainter, points: Points) -> None:
    """The points of a line that were set."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
    painter.setPen(QPen(style.DRAFT.line, 1.4))
    painter.setBrush(style.HANDLE_FILL)
    half = style.HANDLE / 2 - 0.5
    for x, y in points:
        painter.drawEllipse(QPointF(x, y), half, half)


def _draw_frame(painter: QPainter, corners: Points) -> None:
    """The frame whose handles scale and whose knob turns."""
    handles = Frame(corners).handles(1.0)
    surface = _surface(painter)
    surface.outline([to_qpolygon(corners)], style.FRAME)
    surface.outline([to_qpolygon(handles[[1, 8]])], style.FRAME, closed=False)
    painter.setPen(QPen(style.FRAME.line, 1.4))
    painter.setBrush(style.HANDLE_FILL)
    half = style.HANDLE / 2 + 0.5
    for x, y in np.floor(handles[:8]) + 0.5:
        painter.drawRect(QRectF(x - half, y - half, 2 * half, 2 * half))
    painter.drawEllipse(QPointF(*handles[8]), half + 1, half + 1)
