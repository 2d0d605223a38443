"""Where the panes lie: beside each other, one over the other with a line to swipe, or in turns."""

from collections.abc import Sequence
from typing import Final, Literal, Protocol

from PySide6.QtCore import QRect, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QMouseEvent, QResizeEvent
from PySide6.QtWidgets import QFrame, QWidget

from app.views.compare.canvas import PaneCanvas

Mode = Literal["beside", "swipe", "blink"]
MODES: Final[tuple[Mode, ...]] = ("beside", "swipe", "blink")
BLINK_MS: Final = 700  # slower than what troubles people who are sensitive to flashes
GAP: Final = 2
LEAST: Final = (320, 360)
HANDLE: Final = 7


class Laid(Protocol):
    """What is laid out: a heading and a picture, children of the area."""

    @property
    def header(self) -> QWidget: ...
    @property
    def canvas(self) -> PaneCanvas: ...
    def mark(self, *, marked: bool) -> None:
        """Let the heading stand out, or not."""
        ...


class Divider(QFrame):
    """The line between two pictures that lie over each other; it is dragged.

    Attributes:
        dragged: to this x of the area, widget pixels.
    """

    dragged = Signal(int)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setFrameShape(QFrame.Shape.Panel)
        self.setFrameShadow(QFrame.Shadow.Raised)
        self.setAutoFillBackground(True)
        self.setCursor(Qt.CursorShape.SplitHCursor)
        self.setToolTip("Drag to see more of the one or of the other")
        self.hide()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if event.buttons() & Qt.MouseButton.LeftButton:
            self.dragged.emit(self.mapToParent(event.position().toPoint()).x())


class PaneArea(QWidget):
    """Lays out two to four panes.

    Attributes:
        shown: in turns, the index of the pane that is seen; -1 when all are.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.shown = -1
        self.setMinimumSize(*LEAST)
        self._panes: list[Laid] = []
        self._mode: Mode = "beside"
        self._dividers: list[Divider] = []
        self._shares: list[float] = []  # of the width, where each divider lies
        self._blink = QTimer(self)
        self._blink.setInterval(BLINK_MS)
        self._blink.timeout.connect(self.next_turn)

    @property
    def mode(self) -> Mode:
        """How the panes lie."""
        return self._mode

    def set_panes(self, panes: Sequence[Laid]) -> None:
        """Show these panes, children of this area."""
        self._panes = list(panes)
        for divider in self._dividers:
            divider.deleteLater()
        self._dividers = [Divider(self) for _ in self._panes[1:]]
        self._shares = [at / len(self._panes) for at in range(1, len(self._panes))]
        for at, divider in enumerate(self._dividers):
            divider.dragged.connect(lambda x, at=at: self._drag(at, x))
        self.set_mode(self._mode)

    def set_mode(self, mode: Mode) -> None:
        """Lay the panes in another way."""
        self._mode = mode
        self.shown = 0 if mode == "blink" else -1
        if mode == "blink":
            self._blink.start()
        else:
            self._blink.stop()
        self.lay_out()

    @Slot()
    def next_turn(self) -> None:
        """In turns: show the next pane."""
        if self._mode == "blink" and self._panes:
            self.shown = (self.shown + 1) % len(self._panes)
            self._show_turn()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.lay_out()

    def lay_out(self) -> None:
        """Give every part its place."""
        for divider in self._dividers:
            divider.setVisible(self._mode == "swipe")
        for pane in self._panes:
            pane.canvas.show_part(None)
            pane.mark(marked=False)
            pane.header.show()
            pane.canvas.show()
        if not self._panes:
            return
        if self._mode == "beside":
            self._lay_beside()
        else:
            self._lay_over()

    def _lay_beside(self) -> None:
        columns = 2 if len(self._panes) in (2, 4) else len(self._panes)
        rows = -(-len(self._panes) // columns)
        for at, pane in enumerate(self._panes):
            row, column = divmod(at, columns)
            left, right = (
                self._edge(column, columns, self.width()),
                self._edge(column + 1, columns, self.width()),
            )
            top, bottom = self._edge(row, rows, self.height()), self._edge(row + 1, rows, self.height())
            self._place(pane, QRect(left, top, right - left - GAP, bottom - top - GAP))

    def _place(self, pane: Laid, cell: QRect) -> None:
        head = min(self._head_height(), cell.height())
        pane.header.setGeometry(cell.x(), cell.y(), cell.width(), head)
        pane.canvas.setGeometry(cell.x(), cell.y() + head, cell.width(), max(cell.height() - head, 1))

    def _lay_over(self) -> None:
        head = self._head_height()
        picture = QRect(0, head, self.width(), max(self.height() - head, 1))
        for at, pane in enumerate(self._panes):
            left = self._edge(at, len(self._panes), self.width())
            right = self._edge(at + 1, len(self._panes), self.width())
            pane.header.setGeometry(left, 0, right - left - GAP, head)
            pane.canvas.setGeometry(picture)
        if self._mode == "swipe":
            self._lay_dividers(picture)
        else:
            self._show_turn()

    def _lay_dividers(self, picture: QRect) -> None:
        edges = [0, *(round(share * picture.width()) for share in self._shares), picture.width()]
        for at, pane in enumerate(self._panes):
            strip = QRect(edges[at], 0, edges[at + 1] - edges[at], picture.height())
            pane.canvas.show_part(strip)
            pane.canvas.setVisible(not strip.isEmpty())
        for divider, edge in zip(self._dividers, edges[1:-1], strict=True):
            divider.setGeometry(edge - HANDLE // 2, picture.top(), HANDLE, picture.height())
            divider.raise_()

    def _show_turn(self) -> None:
        for at, pane in enumerate(self._panes):
            if at == self.shown:
                pane.canvas.raise_()
            pane.mark(marked=at == self.shown)

    def _drag(self, at: int, x: int) -> None:
        low = self._shares[at - 1] if at else 0.0
        high = self._shares[at + 1] if at + 1 < len(self._shares) else 1.0
        self._shares[at] = min(max(x / max(self.width(), 1), low), high)
        self.lay_out()

    def _head_height(self) -> int:
        return max(pane.header.sizeHint().height() for pane in self._panes)

    @staticmethod
    def _edge(at: int, count: int, length: int) -> int:
        return round(at * (length + GAP) / count)
