"""Progress that is told often enough to be seen and seldom enough to cost nothing."""

from collections.abc import Callable
from typing import Final

from PySide6.QtCore import QObject, QTimer, Slot

PROGRESS_MS: Final = 100


class ProgressTick(QObject):
    """Calls `tell` at most every PROGRESS_MS; what happens in between is told at the end of that time."""

    def __init__(self, tell: Callable[[], None], parent: QObject) -> None:
        super().__init__(parent)
        self._tell = tell
        self._due = False
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(PROGRESS_MS)
        self._timer.timeout.connect(self._on_timer)

    def something_happened(self) -> None:
        """Tell now, or as soon as it may be."""
        if self._timer.isActive():
            self._due = True
            return
        self._due = False
        self._timer.start()
        self._tell()

    def stop(self) -> None:
        """Tell nothing more."""
        self._timer.stop()
        self._due = False

    @Slot()
    def _on_timer(self) -> None:
        if self._due:
            self.something_happened()
