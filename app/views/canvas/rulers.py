"""Rulers in image pixels along the upper and the left side of the canvas."""

import math
from typing import Final, Literal

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QFont, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from app.views.canvas.sight import Guide

BREADTH: Final = 18  # widget pixels
LEAST_GAP: Final = 60.0  # widget pixels between two numbers
_BACK: Final = QColor(24, 26, 30, 225)
_INK: Final = QColor(214, 218, 226)
_MARK: Final = QColor(255, 138, 0)


def step_of(scale: float) -> int:
    """Image pixels between two numbers: 1, 2 or 5 times a power of ten, far enough apart to be read."""
    least = max(LEAST_GAP / scale, 1.0)
    power = 10 ** math.floor(math.log10(least))
    return int(next(power * factor for factor in (1, 2, 5, 10) if power * factor >= least - 1e-9))


class Ruler(Guide):
    """One ruler; a mark goes with the mouse."""

    def __init__(self, canvas: QWidget, way: Literal["across", "down"]) -> None:
        super().__init__(canvas, "Ruler across" if way == "across" else "Ruler down")
        self._across = way == "across"

    def lie_in(self, width: int, height: int) -> None:
        if self._across:
            self.setGeometry(0, 0, width, BREADTH)
        else:
            self.setGeometry(0, BREADTH, BREADTH, height - BREADTH)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), _BACK)
        if self.sight is not None:
            font = QFont()
            font.setPixelSize(9)
            painter.setFont(font)
            if not self._across:  # drawn as if across, then turned
                painter.translate(0, self.height())
                painter.rotate(-90)
            self._draw(painter)
        painter.end()

    def _draw(self, painter: QPainter) -> None:
        sight = self.sight
        assert sight is not None
        length = self.width() if self._across else self.height()
        start = sight.visible.left() if self._across else sight.visible.top() + BREADTH / sight.scale
        end = start + length / sight.scale
        step = step_of(sight.scale)
        painter.setPen(QPen(_INK, 1.0))
        for number in range(math.floor(start / step), math.ceil(end / step) + 1):
            at = self._along((number * step - start) * sight.scale, length)
            painter.drawLine(round(at), BREADTH - 7, round(at), BREADTH)
            painter.drawText(
                QRectF(at + 3, 1, 60, BREADTH - 5), Qt.AlignmentFlag.AlignLeft, str(number * step)
            )
            for tenth in range(1, 10):
                small = self._along(((number + tenth / 10) * step - start) * sight.scale, length)
                painter.drawLine(round(small), BREADTH - 3, round(small), BREADTH)
        if sight.mouse is not None:
            mouse = sight.mouse.x() if self._across else sight.mouse.y()
            at = self._along((mouse - start) * sight.scale, length)
            painter.setPen(QPen(_MARK, 1.6))
            painter.drawLine(round(at), 0, round(at), BREADTH)

    def _along(self, place: float, length: int) -> float:
        """Where a place lies on the ruler as it is drawn: the left one is turned, so backwards."""
        return place if self._across else length - place
