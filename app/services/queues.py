"""The scores of the pages in a queue: read in a thread when they are asked for, kept as they were then."""

from collections.abc import Mapping
from typing import Final

from PySide6.QtCore import QObject, Qt, QThreadPool, Signal, Slot

from app.domain.queue import QueueKind
from app.services.workspace import Workspace
from app.storage.queue_scores import read_scores

_NONE: Final[Mapping[str, float]] = {}


class Queues(QObject):
    """One queue at a time. Its order does not change under the hand: asking again reads again.

    Attributes:
        ready: the QueueKind whose scores are known now.
        failed: the StorageError.
    """

    ready = Signal(str)
    failed = Signal(object)
    _ended = Signal(int, object)

    def __init__(self, workspace: Workspace, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._workspace = workspace
        self._number = 0
        self.kind: QueueKind | None = None
        self.scores: Mapping[str, float] = _NONE
        self._pool = QThreadPool(self)
        self._ended.connect(self._on_ended, Qt.ConnectionType.QueuedConnection)
        workspace.closing.connect(self.forget)

    def request(self, kind: QueueKind) -> None:
        """Read the scores of a queue; `ready` or `failed` follows."""
        db = self._workspace.db
        if db is None:
            return
        self._number += 1
        self.kind, self.scores = kind, _NONE
        number, path = self._number, db.path

        def read() -> None:
            try:
                found: object = read_scores(path, kind, lambda: number == self._number)
            except Exception as error:  # noqa: BLE001 the edge of a thread: reported
                found = error
            self._ended.emit(number, found)

        self._pool.start(read)

    @Slot()
    def forget(self) -> None:
        """No queue; a reading under way ends."""
        self._number += 1
        self.kind, self.scores = None, _NONE

    def shutdown(self) -> None:
        """Drop the reading under way and wait for its thread, which must not outlive this object."""
        self.forget()
        self._pool.waitForDone()

    @Slot(int, object)
    def _on_ended(self, number: int, found: object) -> None:
        if number != self._number or self.kind is None:
            return
        if isinstance(found, dict):
            self.scores = found
            self.ready.emit(self.kind)
        else:
            self.failed.emit(found)
