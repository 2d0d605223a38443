"""Two thin lines through the mouse over the whole canvas; a move repaints little."""

from typing import Final, Literal

from PySide6.QtCore import QLineF, QPointF, QRectF
from PySide6.QtGui import QColor, QPainter, QPen
from PySide6.QtWidgets import QStyleOptionGraphicsItem, QWidget

from app.views.canvas.cached_layer import EVERYWHERE, CanvasLayer

_DARK: Final = QColor(0, 0, 0, 150)
_LIGHT: Final = QColor(255, 255, 255, 210)
_HALF: Final = 2.0  # widget pixels that a line covers to either side


class CrossLine(CanvasLayer):
    """A light line on a dark one. A layer for each, because Qt repaints all that lies between two updates."""

    def __init__(self, way: Literal["across", "down"]) -> None:
        super().__init__()
        self._across = way == "across"
        self._at: float | None = None  # image pixels
        self._half = 1.0

    def move_to(self, at: float | None, scale: float) -> None:
        """Lie at a place in image pixels, or nowhere; `scale`: widget pixels for one image pixel."""
        before = self._strip()
        self._at, self._half = at, _HALF / scale
        for strip in (before, self._strip()):
            if not strip.isNull():
                self.update(strip)

    def _strip(self) -> QRectF:
        if self._at is None:
            return QRectF()
        low, breadth = self._at - self._half, 2 * self._half
        if self._across:
            return QRectF(EVERYWHERE.left(), low, EVERYWHERE.width(), breadth)
        return QRectF(low, EVERYWHERE.top(), breadth, EVERYWHERE.height())

    def paint(
        self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None
    ) -> None:
        if self._at is None or widget is None:
            return
        place = painter.worldTransform().map(QPointF(self._at, self._at))
        painter.save()
        painter.resetTransform()
        if self._across:
            line = QLineF(0, place.y(), widget.width(), place.y())
        else:
            line = QLineF(place.x(), 0, place.x(), widget.height())
        for colour, width in ((_DARK, 3.0), (_LIGHT, 1.0)):
            painter.setPen(QPen(colour, width))
            painter.drawLine(line)
        painter.restore()


class CrossHair:
    """A line each way."""

    def __init__(self) -> None:
        self.lines = CrossLine("across"), CrossLine("down")
        self.set_visible(False)

    def set_visible(self, visible: bool) -> None:
        """Show the lines, or take them away."""
        for line in self.lines:
            line.setVisible(visible)

    def move_to(self, place: tuple[float, float] | None, scale: float) -> None:
        """Cross at a place in image pixels, or nowhere; `scale`: widget pixels for one image pixel."""
        across, down = self.lines
        across.move_to(None if place is None else place[1], scale)
        down.move_to(None if place is None else place[0], scale)
