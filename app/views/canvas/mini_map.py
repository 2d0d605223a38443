"""The mini-map: the whole photograph small, and what part of it is seen."""

from typing import Final

from PySide6.QtCore import QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPaintEvent, QPen, QPixmap
from PySide6.QtWidgets import QWidget

from app.views.canvas.sight import Guide, Sight

LONGEST: Final = 190  # widget pixels
MARGIN: Final = 12


class MiniMap(Guide):
    """In the lower right corner; a click or a drag looks there.

    Attributes:
        look_wanted: the image point to be in the middle.
    """

    look_wanted = Signal(float, float)

    def __init__(self, canvas: QWidget) -> None:
        super().__init__(canvas, "Mini-map")
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents, False)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self._small = QPixmap()
        self._of = 0  # which photograph the small one is of
        self._canvas_size = (0, 0)

    def lie_in(self, width: int, height: int) -> None:
        self._canvas_size = (width, height)
        self.move(width - self.width() - MARGIN, height - self.height() - MARGIN)

    def show_sight(self, sight: Sight) -> None:
        key = sight.photo.cacheKey()
        if key != self._of:
            self._of = key
            ratio = self.devicePixelRatioF()
            longest = round(LONGEST * ratio)
            self._small = (
                sight.photo
                if sight.photo.isNull()
                else sight.photo.scaled(
                    longest,
                    longest,
                    Qt.AspectRatioMode.KeepAspectRatio,
                    Qt.TransformationMode.SmoothTransformation,
                )
            )
            self._small.setDevicePixelRatio(ratio)
            size = self._small.deviceIndependentSize().toSize()
            self.resize(max(size.width(), 1), max(size.height(), 1))
            self.lie_in(*self._canvas_size)
        super().show_sight(sight)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.drawPixmap(0, 0, self._small)
        sight = self.sight
        if sight is not None and not sight.image.isEmpty():
            scale = self.width() / sight.image.width()
            seen = sight.visible & sight.image
            frame = QRectF(
                seen.x() * scale, seen.y() * scale, seen.width() * scale, seen.height() * scale
            ).adjusted(0.5, 0.5, -0.5, -0.5)
            painter.setPen(QPen(QColor(0, 0, 0, 170), 3.0))
            painter.drawRect(frame)
            painter.setPen(QPen(QColor(255, 138, 0), 1.4))
            painter.drawRect(frame)
        painter.setPen(QPen(QColor(255, 255, 255, 160), 1.0))
        painter.drawRect(self.rect().adjusted(0, 0, -1, -1))
        painter.end()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._look(event.position())
        event.accept()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._look(event.position())
        event.accept()

    def _look(self, place: QPointF) -> None:
        if self.sight is not None and not self.sight.image.isEmpty():
            scale = self.sight.image.width() / self.width()
            self.look_wanted.emit(place.x() * scale, place.y() * scale)
