"""The figures of several sources over all pages of the project, counted in the background."""

import time
from collections.abc import Sequence
from threading import Event
from typing import Final

from PySide6.QtCore import QObject, Qt, QThreadPool, QTimer, Signal, Slot

from app.domain.compare import Shape
from app.domain.compare_figures import PagePair, Stopped, folder_figures
from app.services.comparison import Comparison, Reference, Source
from app.storage.errors import StorageError
from tcm_core.errors import TcmError

SLICE_S: Final = 0.012
WAIT_MS: Final = 5000


class ComparisonRun(QObject):
    """One count. Pages are read in the pauses of the GUI thread, the figures are made in another thread.

    Attributes:
        pages: of each source, what was gathered, by key; whole when `gathered` has been told.
        without: of each source, how many pages with labels it has not looked at.
        advanced: pages read, and all there are.
        ready: index of the source and its FolderFigures.
        failed: the reason in words.
        finished: nothing more comes.
    """

    advanced = Signal(int, int)
    ready = Signal(int, object)
    failed = Signal(str)
    finished = Signal()
    _counted = Signal(int, object)  # FolderFigures, or the reason in words

    def __init__(
        self,
        comparison: Comparison,
        keys: Sequence[str],
        sources: Sequence[Source],
        against: Reference,
        protocol: str,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self.sources, self.against, self.protocol = tuple(sources), against, protocol
        self.pages: list[dict[str, PagePair]] = [{} for _ in self.sources]
        self.without = [0] * len(self.sources)
        self._thresholds = [0.0] * len(self.sources)
        self._comparison, self._keys = comparison, list(keys)
        self._at = 0
        self._open = len(self.sources)
        self._stop = Event()
        self._pool = QThreadPool()
        self._pool.setMaxThreadCount(1)
        self._timer = QTimer(self)
        self._timer.setInterval(0)
        self._timer.timeout.connect(self._go_on)
        self._counted.connect(self._on_counted, Qt.ConnectionType.QueuedConnection)

    def start(self) -> None:
        """Begin; the signals come later."""
        self._timer.start()

    def stop(self) -> None:
        """Count no more and wait for the thread; nothing is told afterwards."""
        self._timer.stop()
        self._stop.set()
        self._pool.waitForDone(WAIT_MS)

    @Slot()
    def _go_on(self) -> None:
        end = time.perf_counter() + SLICE_S
        try:
            while self._at < len(self._keys) and time.perf_counter() < end:
                self._gather(self._keys[self._at])
                self._at += 1
        except StorageError as error:
            self._timer.stop()
            self.failed.emit(str(error))
            return
        self.advanced.emit(self._at, len(self._keys))
        if self._at == len(self._keys):
            self._timer.stop()
            for index in range(len(self.sources)):
                self._pool.start(lambda index=index: self._count(index))

    def _gather(self, key: str) -> None:
        truth = self._comparison.reference(key, self.against)
        if truth is None:
            return
        for index, source in enumerate(self.sources):
            found = self._comparison.at_any_score(key, source)
            if found is None:
                self.without[index] += 1
                continue
            if found.settings is not None:
                shown = self._comparison.content(key, source)
                own = found.settings if shown is None or shown.settings is None else shown.settings
                self._thresholds[index] = own.score_threshold
            shapes: tuple[Shape, ...] = found.shapes
            self.pages[index][key] = PagePair(truth, shapes, found.seconds)

    def _count(self, index: int) -> None:
        """In the thread."""
        try:
            figures = folder_figures(
                self.pages[index], self.protocol, self._thresholds[index], lambda: not self._stop.is_set()
            )
        except Stopped:
            return
        except TcmError as error:
            self._counted.emit(index, str(error))
        except Exception as error:  # noqa: BLE001 the edge of a thread: told in the window
            self._counted.emit(index, f"{type(error).__name__}: {error}")
        else:
            self._counted.emit(index, figures)

    @Slot(int, object)
    def _on_counted(self, index: int, figures: object) -> None:
        if self._stop.is_set():
            return
        self._open -= 1
        if isinstance(figures, str):
            self.failed.emit(figures)
        else:
            self.ready.emit(index, figures)
        if self._open == 0:
            self.finished.emit()
