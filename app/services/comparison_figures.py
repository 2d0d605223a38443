"""The figures of a run at the thresholds that are chosen now, made in a thread; the newest wish counts."""

from collections.abc import Sequence

from PySide6.QtCore import QObject, Qt, QThreadPool, Signal, Slot

from app.domain.compare_figures import figures_at
from app.services.comparison_run import RunResult


class FiguresMaker(QObject):
    """Makes FolderFigures of every source of a run.

    Attributes:
        ready: the RunResult, and a list of FolderFigures.
        failed: the reason in words.
    """

    ready = Signal(object, list)
    failed = Signal(str)
    _made = Signal(int, object, object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._number = 0
        self._pool = QThreadPool(self)
        self._pool.setMaxThreadCount(1)
        self._made.connect(self._on_made, Qt.ConnectionType.QueuedConnection)

    def request(self, result: RunResult, thresholds: Sequence[float]) -> None:
        """Make the figures; an older wish that waits is dropped."""
        self._number += 1
        number, wanted = self._number, list(thresholds)
        self._pool.clear()
        self._pool.start(lambda: self._make(number, result, wanted))

    def wait(self) -> None:
        """Drop what waits and wait for the thread; nothing is told afterwards."""
        self._number += 1
        self._pool.clear()
        self._pool.waitForDone()

    def _make(self, number: int, result: RunResult, thresholds: list[float]) -> None:
        """In the thread."""
        try:
            figures: object = [
                figures_at(folder, threshold)
                for folder, threshold in zip(result.folders, thresholds, strict=True)
            ]
        except Exception as error:  # noqa: BLE001 the edge of a thread: told in the window
            figures = f"{type(error).__name__}: {error}"
        self._made.emit(number, result, figures)

    @Slot(int, object, object)
    def _on_made(self, number: int, result: RunResult, figures: object) -> None:
        if number != self._number:
            return
        if isinstance(figures, list):
            self.ready.emit(result, figures)
        else:
            self.failed.emit(str(figures))
