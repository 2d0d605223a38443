"""Two thin lines through the mouse over the whole canvas."""

from typing import Final

from PySide6.QtCore import QLineF, QPointF, QRectF
from PySide6.QtGui import QColor, QPainter, QPen
from PySide6.QtWidgets import QStyleOptionGraphicsItem, QWidget

from app.views.canvas.cached_layer import EVERYWHERE, CanvasLayer

_DARK: Final = QColor(0, 0, 0, 150)
_LIGHT: Final = QColor(255, 255, 255, 210)
_HALF: Final = 2.0  # widget pixels that a line covers to either side


class CrossHair(CanvasLayer):
    """A light line on a dark one each way; a move repaints the old and the new lines only."""

    def __init__(self) -> None:
        super().__init__()
        self._place: tuple[float, float] | None = None
        self._half = 1.0

    def move_to(self, place: tuple[float, float] | None, scale: float) -> None:
        """Cross at a place in image pixels, or nowhere; `scale`: widget pixels for one image pixel."""
        before = self._strips()
        self._place, self._half = place, _HALF / scale
        for strip in (*before, *self._strips()):
            self.update(strip)

    def _strips(self) -> list[QRectF]:
        if self._place is None:
            return []
        (x, y), half = self._place, self._half
        return [
            QRectF(x - half, EVERYWHERE.top(), 2 * half, EVERYWHERE.height()),
            QRectF(EVERYWHERE.left(), y - half, EVERYWHERE.width(), 2 * half),
        ]

    def paint(
        self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None
    ) -> None:
        if self._place is None or widget is None:
            return
        at = painter.worldTransform().map(QPointF(*self._place))
        painter.save()
        painter.resetTransform()
        for colour, width in ((_DARK, 3.0), (_LIGHT, 1.0)):
            painter.setPen(QPen(colour, width))
            painter.drawLine(QLineF(at.x(), 0, at.x(), widget.height()))
            painter.drawLine(QLineF(0, at.y(), widget.width(), at.y()))
        painter.restore()
