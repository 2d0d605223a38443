"""Whether a detector finds the same again in the mirrored and in the smaller picture, when that is asked."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Final

from PySide6.QtCore import QObject, Signal, Slot

from app.domain.queue import disagreement
from app.services.decoding import settings_from
from app.services.workspace import Workspace
from app.storage.errors import StorageError
from app.workers.gpu_thread import GpuThread
from app.workers.messages import (
    CheckpointReady,
    DetectDone,
    DetectFailed,
    DetectRequest,
    Priority,
    problem_of,
)

SMALLER: Final = 0.75
"""Of the size that the checkpoint wants."""
_LOOKS: Final = ((1.0, True), (SMALLER, False))  # scale, mirrored


@dataclass(eq=False)
class _Asked:
    """One page: what it was looked at with before, and the looks that are still to come."""

    checkpoint_hash: str
    settings_json: str
    numbers: set[int] = field(default_factory=set)
    score: float = 0.0


class Steadiness(QObject):
    """Looks at pages again and keeps how far the texts differ as a part of their doubt, for a queue.

    What was found, counts and labels stay as they are. Detecting a page again forgets the number.

    Attributes:
        went_on: how many pages are still to come.
        failed: a Problem, once: why pages were left out.
    """

    went_on = Signal(int)
    failed = Signal(object)

    def __init__(
        self,
        workspace: Workspace,
        gpu: GpuThread,
        next_number: Callable[[], int],
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._workspace, self._gpu, self._next_number = workspace, gpu, next_number
        self._pages: dict[str, _Asked] = {}
        self._said = False
        gpu.detect_done.connect(self._on_done)
        gpu.detect_failed.connect(self._on_failed)

    @property
    def pending(self) -> int:
        """Pages that are still to come."""
        return len(self._pages)

    def request(self, checkpoint: CheckpointReady, keys: Iterable[str]) -> int:
        """Look again at those of the pages that the checkpoint has looked at; how many they are.

        Args:
            checkpoint: in use.
            keys: in this order.

        Raises:
            StorageError: the project cannot be read.
        """
        db = self._workspace.db
        known = {} if db is None else db.traces.settings(checkpoint.sha256)
        requests = []
        self._said = False
        for key in keys:
            if key not in known:
                continue
            asked = self._pages[key] = _Asked(checkpoint.sha256, known[key])
            settings = settings_from(known[key])
            for scale, mirrored in _LOOKS:
                number = self._next_number()
                asked.numbers.add(number)
                path = self._workspace.path_of(key)
                requests.append(
                    DetectRequest(number, key, path, Priority.BATCH, settings, scale=scale, mirrored=mirrored)
                )
        self._gpu.submit(requests)
        self.went_on.emit(self.pending)
        return self.pending

    def cancel(self) -> None:
        """Stop after the stage in work; pages that are done keep their number."""
        if self._pages:
            self._gpu.cancel([number for asked in self._pages.values() for number in asked.numbers])
            self._pages.clear()
            self.went_on.emit(0)

    @Slot(object)
    def _on_done(self, done: DetectDone) -> None:
        asked = self._pages.get(done.key)
        if asked is None or done.number not in asked.numbers:
            return
        try:
            self._compare(done, asked)
        except StorageError as error:
            remedy = "Your labels are not affected. Mend what the message names and try again."
            self._tell(problem_of(error, what=str(error), where=done.key, remedy=remedy))
            self.cancel()

    def _compare(self, done: DetectDone, asked: _Asked) -> None:
        """Note how far a look differs from what is kept, unless one of them is of something else by now."""
        db, same = self._workspace.db, done.checkpoint_hash == asked.checkpoint_hash
        row = db.load_predictions(done.key, asked.checkpoint_hash) if db is not None and same else None
        if db is None or row is None or row.settings_json != asked.settings_json:
            self._drop(done.key)
            return
        asked.numbers.discard(done.number)
        asked.score += disagreement(row.detections, done.detections)
        if not asked.numbers:
            db.note_doubt(done.key, asked.checkpoint_hash, "unsteady", asked.score)
            del self._pages[done.key]
            self.went_on.emit(self.pending)

    @Slot(object)
    def _on_failed(self, failed: DetectFailed) -> None:
        asked = self._pages.get(failed.key)
        if asked is not None and failed.number in asked.numbers:
            self._drop(failed.key)
            self._tell(failed.problem)

    def _drop(self, key: str) -> None:
        """Leave a page out, with what is still to come of it."""
        self._gpu.cancel(list(self._pages.pop(key).numbers))
        self.went_on.emit(self.pending)

    def _tell(self, problem: object) -> None:
        if not self._said:
            self._said = True
            self.failed.emit(problem)
