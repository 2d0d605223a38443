"""The magnifier: the pixels around the mouse, large."""

from typing import Final

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from app.views.canvas.sight import Guide, Sight

SIDE: Final = 168  # widget pixels
MARGIN: Final = 26  # more than a ruler takes
LEAST_ZOOM: Final = 4.0  # widget pixels for one image pixel
STRONGER: Final = 3.0  # times the zoom of the canvas
_OUTLINE: Final = QColor(76, 194, 255)


class Magnifier(Guide):
    """A square in the upper right corner, in the left one while the mouse is there; lines mark the mouse."""

    def __init__(self, canvas: QWidget) -> None:
        super().__init__(canvas, "Magnifier")
        self.resize(SIDE, SIDE)
        self._width = 0

    def lie_in(self, width: int, height: int) -> None:
        self._width = width
        self.move(width - SIDE - MARGIN, MARGIN)

    def show_sight(self, sight: Sight) -> None:
        if sight.mouse is not None:
            x, y = ((sight.mouse - sight.visible.topLeft()) * sight.scale).toTuple()
            in_the_way = x > self._width - SIDE - 2 * MARGIN and y < SIDE + 2 * MARGIN
            self.move(MARGIN if in_the_way else self._width - SIDE - MARGIN, MARGIN)
        super().show_sight(sight)

    def zoom(self) -> float:
        """Widget pixels for one image pixel inside the magnifier."""
        scale = 1.0 if self.sight is None else self.sight.scale
        return max(scale * STRONGER, LEAST_ZOOM)

    def reach(self) -> float:
        """How far around the mouse it shows, image pixels."""
        return SIDE / 2 / self.zoom()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), QColor(24, 26, 30))
        sight = self.sight
        if sight is not None and sight.mouse is not None and not sight.photo.isNull():
            zoom, reach = self.zoom(), self.reach()
            painter.save()
            painter.translate(SIDE / 2, SIDE / 2)
            painter.scale(zoom, zoom)
            painter.translate(-sight.mouse)
            source = QRectF(sight.mouse - QPointF(reach, reach), sight.mouse + QPointF(reach, reach))
            source &= sight.image
            painter.drawPixmap(source, sight.photo, source)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            for colour, width in ((QColor(12, 14, 18, 165), 3.0), (_OUTLINE, 1.4)):
                pen = QPen(colour, width)
                pen.setCosmetic(True)
                painter.setPen(pen)
                for outline in sight.outlines:
                    painter.drawPolygon(outline)
            painter.restore()
        painter.setPen(QPen(QColor(255, 255, 255, 200), 1.0))
        middle = SIDE // 2
        for start, end in ((middle - 14, middle - 4), (middle + 4, middle + 14)):
            painter.drawLine(start, middle, end, middle)
            painter.drawLine(middle, start, middle, end)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRect(self.rect().adjusted(0, 0, -1, -1))
        painter.end()
