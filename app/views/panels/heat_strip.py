"""The heat strip: the review states of the whole folder in one row of pixels, to see and to jump."""

from collections import Counter
from typing import Final

import numpy as np
from PySide6.QtCore import QEvent, QRectF, QSize, Qt, QTimer, Signal, Slot
from PySide6.QtGui import (
    QColor,
    QHelpEvent,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QResizeEvent,
)
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from app.domain.letters import as_letters
from app.domain.review import REVIEW_STATES
from app.domain.review_strip import bin_counts, bin_of, strip_pixels
from app.services.workspace import Workspace
from app.views.theme import LIGHT, Colours

HEIGHT: Final = 18
REFRESH_MS: Final = 40
_NUMBERS: Final = {state: number for number, state in enumerate(REVIEW_STATES)}


class HeatStrip(QWidget):
    """One widget for any number of images; it never looks at a file.

    Attributes:
        page_chosen: the key of the image that was clicked.
    """

    page_chosen = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Review states of all images")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFixedHeight(HEIGHT)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self._workspace: Workspace | None = None
        self._states = np.zeros(0, np.uint8)
        self._colours = LIGHT
        self._image: QImage | None = None
        self._current: int | None = None
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(REFRESH_MS)
        self._timer.timeout.connect(self._draw_again)

    def follow(self, workspace: Workspace) -> None:
        """Show this workspace from now on."""
        self._workspace = workspace
        workspace.opened.connect(self._start_again)
        workspace.closing.connect(self._start_again)
        workspace.pages_added.connect(self._pages_added)
        workspace.summary_changed.connect(self._summary_changed)

    def show_current(self, key: str | None) -> None:
        """Mark where the open image is."""
        at = None if key is None or self._workspace is None else self._workspace.row_of(key)
        if at != self._current:
            self._current = at
            self.update()

    def set_colours(self, colours: Colours) -> None:
        """Paint in the theme's colours."""
        self._colours = colours
        self._draw_again()

    @property
    def image(self) -> QImage:
        """The strip as it is painted, one column for each bin."""
        if self._image is None:
            bins = min(max(self.width(), 1), max(len(self._states), 1))
            colours = [QColor(code) for code in self._state_colours()]
            rgb = [(colour.red(), colour.green(), colour.blue()) for colour in colours]
            pixels = np.ascontiguousarray(strip_pixels(bin_counts(self._states, bins), HEIGHT, rgb))
            row = pixels.shape[1] * 3
            self._image = QImage(
                pixels.data, pixels.shape[1], HEIGHT, row, QImage.Format.Format_RGB888
            ).copy()
        return self._image

    def sizeHint(self) -> QSize:
        return QSize(400, HEIGHT)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        if not len(self._states):
            painter.fillRect(self.rect(), QColor(self._colours.window))
            return
        painter.drawImage(QRectF(self.rect()), self.image)
        if self._current is not None and self._current < len(self._states):
            bins = min(self.width(), len(self._states))
            width = self.width() / bins
            left = (self._current * bins // len(self._states)) * width
            mark = QRectF(left, 0, max(width, 3.0), HEIGHT).adjusted(0, 0.5, 0, -0.5)
            painter.setPen(QPen(QColor(self._colours.base), 3))
            painter.drawRect(mark)
            painter.setPen(QPen(QColor(self._colours.text), 1))
            painter.drawRect(mark)

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._image = None

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self._jump(event.position().x())

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if event.buttons() & Qt.MouseButton.LeftButton:
            self._jump(event.position().x())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        steps = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}
        step = steps.get(Qt.Key(event.key()))
        if step is None or self._workspace is None or not self._workspace.keys:
            super().keyPressEvent(event)
            return
        at = (self._current or 0) + step
        if 0 <= at < len(self._workspace.keys):
            self.page_chosen.emit(self._workspace.keys[at])

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            QToolTip.showText(event.globalPos(), as_letters(self.words_at(event.pos().x())), self)
            return True
        return bool(super().event(event))

    def words_at(self, x: float) -> str:
        """What is under a place: the image, or how many of which states."""
        pages = bin_of(x, self.width(), len(self._states))
        if self._workspace is None or not pages:
            return ""
        first, last = self._workspace.keys[pages[0]], self._workspace.keys[pages[-1]]
        counts = Counter(REVIEW_STATES[self._states[page]] for page in pages)
        words = ", ".join(f"{counts[state]} {state}" for state in REVIEW_STATES if counts[state])
        return f"{first}\n{words.split(' ', 1)[1]}" if len(pages) == 1 else f"{first} to {last}\n{words}"

    def _jump(self, x: float) -> None:
        pages = bin_of(x, self.width(), len(self._states))
        if self._workspace is not None and pages:
            self.page_chosen.emit(self._workspace.keys[pages[0]])

    def _state_colours(self) -> list[str]:
        by_state = {
            "unseen": self._colours.border,
            "detected": self._colours.accent,
            "edited": self._colours.warn,
            "approved": self._colours.good,
            "rejected": self._colours.bad,
        }
        return [by_state[state] for state in REVIEW_STATES]

    @Slot()
    def _start_again(self) -> None:
        self._states, self._current = np.zeros(0, np.uint8), None
        self._draw_again()

    @Slot(list)
    def _pages_added(self, keys: list[str]) -> None:
        if self._workspace is None:
            return
        found = [_NUMBERS[self._workspace.summary(key).review] for key in keys]
        self._states = np.concatenate([self._states, np.array(found, np.uint8)])
        self._draw_soon()

    @Slot(str)
    def _summary_changed(self, key: str) -> None:
        at = None if self._workspace is None else self._workspace.row_of(key)
        if at is not None and self._workspace is not None and at < len(self._states):
            self._states[at] = _NUMBERS[self._workspace.summary(key).review]
            self._draw_soon()

    def _draw_soon(self) -> None:
        if not self._timer.isActive():
            self._timer.start()

    @Slot()
    def _draw_again(self) -> None:
        self._image = None
        self.update()
