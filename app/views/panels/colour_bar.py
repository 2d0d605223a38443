"""The colours of a score map as a bar, with two levels that can be dragged."""

from typing import Final

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QBrush, QColor, QKeyEvent, QLinearGradient, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from app.i18n.translation import tr
from app.views.canvas.score_overlay import colour_table

LEAST_GAP: Final = 0.02
"""Between the levels."""
STEP: Final = 0.01
_EDGE: Final = 6
_HANDLE: Final = 5.0


class ColourBar(QWidget):
    """Below the lower level a map is clear, from the upper one on it has its last colour.

    Keys: Left and Right move the level in hand, Up and Down choose the other, Home puts both back.

    Attributes:
        levels_changed: the lower and the upper level, each 0 to 1.
        left: a drag has ended; the picture wants the focus back.
    """

    levels_changed = Signal(float, float)
    left = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._levels = [0.0, 1.0]
        self._in_hand = 0
        self._colour_map = "inferno"
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)  # the mouse leaves the keys to the picture
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName("Levels of the score map")
        self._say()

    @property
    def levels(self) -> tuple[float, float]:
        return self._levels[0], self._levels[1]

    def set_levels(self, low: float, high: float) -> None:
        """Show levels without announcing them."""
        low = min(max(low, 0.0), 1.0 - LEAST_GAP)
        self._levels = [low, min(max(high, low + LEAST_GAP), 1.0)]
        self._say()
        self.update()

    def set_colour_map(self, colour_map: str) -> None:
        """Show other colours."""
        self._colour_map = colour_map
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(160, self.fontMetrics().height() + 6)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            at = self._value(event.position())
            self._in_hand = min((0, 1), key=lambda level: abs(self._levels[level] - at))
            if abs(at - self._levels[0]) == abs(at - self._levels[1]):
                self._in_hand = int(at > self._levels[1])
            self._move(at)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if event.buttons() & Qt.MouseButton.LeftButton:
            self._move(self._value(event.position()))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self.left.emit()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        self._put_back()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        match event.key():
            case Qt.Key.Key_Left:
                self._move(self._levels[self._in_hand] - STEP)
            case Qt.Key.Key_Right:
                self._move(self._levels[self._in_hand] + STEP)
            case Qt.Key.Key_Up | Qt.Key.Key_Down:
                self._in_hand = 1 - self._in_hand
                self.update()
            case Qt.Key.Key_Home:
                self._put_back()
            case _:
                super().keyPressEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        bar = self._bar()
        gradient = QLinearGradient(bar.topLeft(), bar.topRight())
        colours = colour_table(self._colour_map, 1.0)[:, :3]
        low, high = self._levels
        for stop in range(17):
            at = stop / 16
            share = min(max((at - low) / (high - low), 0.0), 1.0)
            gradient.setColorAt(at, QColor(*(int(part) for part in colours[round(share * 255)])))
        painter.fillRect(bar, QBrush(gradient))
        clear = QRectF(bar.left(), bar.top(), bar.width() * low, bar.height())
        painter.fillRect(clear, QBrush(self.palette().window()))
        painter.setPen(QPen(self.palette().mid().color(), 1.0))
        painter.drawRect(bar)
        for level, value in enumerate(self._levels):
            middle = bar.left() + bar.width() * value
            held = self.hasFocus() and level == self._in_hand
            painter.setPen(QPen(self.palette().windowText().color(), 2.0 if held else 1.0))
            painter.setBrush(self.palette().highlight() if held else self.palette().button())
            handle = QRectF(middle - _HANDLE / 2, 1.0, _HANDLE, self.height() - 2.0)
            painter.drawRoundedRect(handle, 2.0, 2.0)

    def _bar(self) -> QRectF:
        return QRectF(_EDGE, 4.0, max(self.width() - 2 * _EDGE, 1), max(self.height() - 8.0, 1.0))

    def _value(self, place: QPointF) -> float:
        bar = self._bar()
        return (place.x() - bar.left()) / bar.width()

    def _move(self, value: float) -> None:
        """Put the level in hand there; it stops before the other one."""
        low, high = self._levels
        moved = round(value, 2)
        if self._in_hand == 0:
            low = min(max(moved, 0.0), high - LEAST_GAP)
        else:
            high = max(min(moved, 1.0), low + LEAST_GAP)
        self._announce(low, high)

    def _put_back(self) -> None:
        self._announce(0.0, 1.0)

    def _announce(self, low: float, high: float) -> None:
        if (low, high) == self.levels:
            return
        self._levels = [low, high]
        self._say()
        self.update()
        self.levels_changed.emit(low, high)

    def _say(self) -> None:
        low, high = self._levels
        self.setToolTip(
            tr(f"Clear below {low:.2f}, full from {high:.2f}: drag the levels, double click puts them back")
        )
