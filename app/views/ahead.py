"""What is detected sooner: pages whose rows are seen in the list, and the next ones when that is wished."""

from typing import Final

from PySide6.QtCore import QModelIndex, QObject, QPoint, QTimer, Slot

from app.views.main_window import MainWindow
from app.views.open_page import OpenPage
from app.views.parts import Parts

AHEAD: Final = 3
"""Pages after the open one, in the order of the list."""
SETTLE_MS: Final = 150
"""The list is looked at when it has not been scrolled for so long."""


class Ahead(QObject):
    """Tells the detector what will be looked at next."""

    def __init__(self, parts: Parts, window: MainWindow, open_page: OpenPage) -> None:
        super().__init__(window)
        self._parts, self._window, self._open_page = parts, window, open_page
        self._key: str | None = None
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(SETTLE_MS)
        self._timer.timeout.connect(self._look)
        window.pages.view.verticalScrollBar().valueChanged.connect(self._soon)
        open_page.changed.connect(self._page_changed)
        parts.detection.pages_touched.connect(self._soon)

    def seen_keys(self) -> list[str]:
        """The pages whose rows are seen in the list."""
        view, model = self._window.pages.view, self._window.page_model
        first = view.indexAt(QPoint(1, 1))
        if not first.isValid():
            return []
        last: QModelIndex = view.indexAt(QPoint(1, view.viewport().height() - 2))
        end = last.row() + 1 if last.isValid() else model.rowCount()
        return list(self._window.listed_keys()[first.row() : end])

    @Slot()
    def _soon(self) -> None:
        self._timer.start()

    @Slot()
    def _look(self) -> None:
        if self._parts.detection.running:
            self._parts.detection.prioritise(self.seen_keys())

    @Slot()
    def _page_changed(self) -> None:
        key, detection = self._open_page.key, self._parts.detection
        if key == self._key:
            return
        self._key = key
        if key is None or detection.checkpoint is None or not self._parts.settings.settings.detection.ahead:
            return
        row, listed = self._window.page_model.row_of(key), self._window.listed_keys()
        if row is not None:
            detection.prefetch(listed[row : row + 1 + AHEAD])
