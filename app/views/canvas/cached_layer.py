"""A layer that keeps its last drawing: panning moves it, an edit redraws only the touched part."""

import math
from abc import abstractmethod
from collections.abc import Iterable
from typing import Final

from PySide6.QtCore import QPoint, QPointF, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPainterPath, QPixmap, QRegion, QTransform
from PySide6.QtWidgets import QGraphicsObject, QStyleOptionGraphicsItem, QWidget

EVERYWHERE: Final = QRectF(
    -1e6, -1e6, 2e6, 2e6
)  # polygons may leave the image, so layers have no real bounds
_SHIFT_TOLERANCE: Final = 0.02  # device pixels
MOST_DIRTY_RECTS: Final = 48  # more than this are joined into one


class CanvasLayer(QGraphicsObject):
    """A layer over the whole canvas that never takes part in Qt's search for items under the mouse."""

    def boundingRect(self) -> QRectF:
        return EVERYWHERE

    def shape(self) -> QPainterPath:
        return QPainterPath()


class CachedLayer(CanvasLayer):
    """Keeps a pixmap of what is seen of the widget. Subclasses draw a rectangle of it on demand.

    The pixmap is scrolled when the view is moved by whole device pixels, and only the uncovered strips are
    drawn. Another scale draws it all: roughly at first when that is much work, fully when `refine` is called.
    """

    def __init__(self) -> None:
        super().__init__()
        self._pixmap = QPixmap()
        self._part: QRect | None = None  # widget pixels
        self._placement = QTransform()  # image pixels to pixels of the pixmap
        self._dirty: list[QRectF] = []  # image pixels
        self._dirty_margin = 0.0  # device pixels to add around them
        self._rough = False

    @abstractmethod
    def draw(self, painter: QPainter, placement: QTransform, part: QRect, ratio: float, rough: bool) -> None:
        """Draw what touches `part`; it has been cleared and the painter is clipped to it.

        Args:
            painter: with the identity transform, in pixels of the pixmap.
            placement: image pixels to pixels of the pixmap; a scale and a shift.
            part: pixels of the pixmap.
            ratio: pixels of the pixmap for one widget pixel.
            rough: quality may suffer for speed.
        """

    @abstractmethod
    def is_empty(self) -> bool:
        """Whether there is nothing to draw at all."""

    @abstractmethod
    def is_much_work(self, visible: QRectF, scale: float) -> bool:
        """Whether drawing all that is visible takes longer than a frame.

        Args:
            visible: image pixels.
            scale: pixels of the pixmap for one image pixel.
        """

    def show_part(self, part: QRect | None) -> None:
        """Draw only this rectangle of the widget, the rest of it is not seen; None: all of it."""
        if part != self._part:
            self._part = part
            self.update()

    def invalidate(self, rects: Iterable[QRectF], margin: float) -> None:
        """Draw these image rectangles again, each with a margin in widget pixels around it."""
        self._dirty.extend(rects)
        self._dirty_margin = max(self._dirty_margin, margin)
        if len(self._dirty) > MOST_DIRTY_RECTS:
            joined = QRectF()
            for rect in self._dirty:
                joined = joined.united(rect)
            self._dirty = [joined]
        if self._dirty:
            self.update()

    def invalidate_all(self) -> None:
        """Draw everything again."""
        self._pixmap = QPixmap()
        self._dirty.clear()
        self.update()

    def refine(self) -> None:
        """Replace a rough drawing by a full one."""
        if self._rough:
            self.invalidate_all()
            self._rough = False

    @property
    def is_rough(self) -> bool:
        """Whether the drawing on the screen is a rough one that `refine` would improve."""
        return self._rough

    def paint(
        self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None
    ) -> None:
        if widget is None:
            return
        if self.is_empty():
            self._pixmap = QPixmap()
            return
        ratio = widget.devicePixelRatioF()
        seen = QRect(QPoint(0, 0), widget.size() * ratio)
        if self._part is not None:
            seen &= QTransform.fromScale(ratio, ratio).mapRect(QRectF(self._part)).toAlignedRect()
        if seen.isEmpty():
            return
        placement = painter.worldTransform() * QTransform.fromScale(ratio, ratio)
        self._bring_up_to_date(placement * QTransform.fromTranslate(-seen.x(), -seen.y()), seen.size(), ratio)
        painter.save()
        painter.resetTransform()
        self._pixmap.setDevicePixelRatio(ratio)
        painter.drawPixmap(QPointF(seen.topLeft()) / ratio, self._pixmap)
        self._pixmap.setDevicePixelRatio(1.0)
        painter.restore()

    def _bring_up_to_date(self, placement: QTransform, size: QSize, ratio: float) -> None:
        whole = QRect(0, 0, size.width(), size.height())
        shift = None if self._pixmap.isNull() else self._whole_shift(placement)
        if shift is None:
            if self._pixmap.size() != size:
                self._pixmap = _clear(size)
            visible = placement.inverted()[0].mapRect(QRectF(whole))
            rescaled = not self._has_scale_of(placement) and not self._placement.isIdentity()
            self._rough = rescaled and self.is_much_work(visible, placement.m11())
            region = QRegion(whole)
        else:
            region = self._moved(shift, whole) | self._dirty_region(placement, ratio)
        self._placement = placement
        self._dirty.clear()
        self._dirty_margin = 0.0
        self._redraw(region & QRegion(whole), placement, ratio)

    def _whole_shift(self, placement: QTransform) -> tuple[int, int] | None:
        """How far the view was moved since the last drawing; None unless it is a move by whole pixels."""
        old = self._placement
        if not self._has_scale_of(placement):
            return None
        dx, dy = placement.dx() - old.dx(), placement.dy() - old.dy()
        if abs(dx - round(dx)) > _SHIFT_TOLERANCE or abs(dy - round(dy)) > _SHIFT_TOLERANCE:
            return None
        return round(dx), round(dy)

    def _has_scale_of(self, placement: QTransform) -> bool:
        return math.isclose(self._placement.m11(), placement.m11(), rel_tol=1e-9)

    def _moved(self, shift: tuple[int, int], whole: QRect) -> QRegion:
        """Move what is there to its new place in a pixmap as large as `whole`; what is to be drawn now."""
        before = self._pixmap.rect()
        if before.size() != whole.size():
            old, self._pixmap = self._pixmap, _clear(whole.size())
            painter = QPainter(self._pixmap)
            painter.setCompositionMode(QPainter.CompositionMode.CompositionMode_Source)
            painter.drawPixmap(QPoint(*shift), old)
            painter.end()
        elif shift != (0, 0) and before.intersects(before.translated(*shift)):
            self._pixmap.scroll(*shift, before)
        return QRegion(whole) - QRegion(before.translated(*shift))

    def _dirty_region(self, placement: QTransform, ratio: float) -> QRegion:
        region = QRegion()
        margin = math.ceil(self._dirty_margin * ratio) + 2
        for rect in self._dirty:
            region |= QRegion(
                placement.mapRect(rect).toAlignedRect().adjusted(-margin, -margin, margin, margin)
            )
        return region

    def _redraw(self, region: QRegion, placement: QTransform, ratio: float) -> None:
        if region.isEmpty():
            return
        painter = QPainter(self._pixmap)
        try:
            for part in iter(region):  # type: ignore[call-overload]  # Qt's own annotations leave this out
                painter.setClipRect(part)
                painter.setCompositionMode(QPainter.CompositionMode.CompositionMode_Source)
                painter.fillRect(part, Qt.GlobalColor.transparent)
                painter.setCompositionMode(QPainter.CompositionMode.CompositionMode_SourceOver)
                painter.save()
                self.draw(painter, placement, part, ratio, self._rough)
                painter.restore()
        finally:
            painter.end()  # a painter left on the pixmap would crash the program later


def _clear(size: QSize) -> QPixmap:
    pixmap = QPixmap(size)
    pixmap.fill(Qt.GlobalColor.transparent)  # gives it an alpha channel
    return pixmap
