"""Other checkpoints than the one in use, side by side with it: what they find is kept to be compared."""

from collections.abc import Callable, Iterable

from PySide6.QtCore import QObject, Signal, Slot

from app.services.batch import PageOutcome
from app.services.prediction_store import PredictionSet, PredictionStore
from app.services.workspace import Workspace
from app.workers.gpu_thread import GpuThread
from app.workers.messages import DetectDone, DetectFailed, DetectRequest, Priority, at_scale
from app.workers.problems import detection_problem

Asked = tuple[str, str]
"""Page and checkpoint, as it was named, at its scale."""


class SideDetection(QObject):
    """Runs named checkpoints over pages. It changes neither regions nor what the one in use has found.

    Attributes:
        kept: a page has a new set of predictions: key, checkpoint's hash.
        failed: a page could not be done: key, checkpoint as it was named, Problem.
        noticed: a page was not done as asked for: key, Problem.
        pending_changed: pages became pending, or are not any more.
        save_failed: a Problem: the set is in memory only.
    """

    kept = Signal(str, str)
    failed = Signal(str, str, object)
    noticed = Signal(str, object)
    pending_changed = Signal()
    save_failed = Signal(object)

    def __init__(
        self,
        workspace: Workspace,
        gpu: GpuThread,
        store: PredictionStore,
        next_number: Callable[[], int],
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._workspace, self._gpu, self._store = workspace, gpu, store
        self._next_number = next_number
        self._pending: dict[Asked, int] = {}
        self._hashes: dict[str, str] = {}
        self.outcomes: dict[Asked, PageOutcome] = {}
        gpu.detect_done.connect(self._on_done)
        gpu.detect_failed.connect(self._on_failed)

    def hash_of(self, checkpoint: str) -> str | None:
        """The hash of a checkpoint that has been used by this name; None when it has not been yet."""
        return self._hashes.get(checkpoint)

    @property
    def busy(self) -> bool:
        """Whether any result is awaited."""
        return bool(self._pending)

    def pending(self, checkpoint: str) -> list[str]:
        """The pages whose results by this checkpoint, called as by `at_scale`, are awaited."""
        return [key for key, asked in self._pending if asked == checkpoint]

    def request(
        self, checkpoint: str, keys: Iterable[str], priority: Priority, device: str, scale: float = 1.0
    ) -> None:
        """Find the text of pages by a checkpoint; earlier requests of these pages do not count any more.

        Args:
            checkpoint: a shipped name or the path of a file.
            keys: in this order.
            priority: of all of them.
            device: where it is loaded.
            scale: of the size that it wants pictures in; at another than 1 the sets are kept as those of a
                checkpoint of its own.
        """
        requests, called = [], at_scale(checkpoint, scale)
        for key in keys:
            number = self._pending[key, called] = self._next_number()
            self.outcomes[key, called] = PageOutcome(key, "waiting")
            path = self._workspace.path_of(key)
            requests.append(DetectRequest(number, key, path, priority, None, checkpoint, device, scale))
        self._gpu.submit(requests)
        self.pending_changed.emit()

    def cancel(self, checkpoint: str | None = None) -> None:
        """Stop after the stage in work; None: of all checkpoints at all scales."""
        ended = [asked for asked in self._pending if checkpoint in (None, asked[1])]
        if not ended:
            return
        self._gpu.cancel([self._pending.pop(asked) for asked in ended])
        for asked in ended:
            self.outcomes[asked] = PageOutcome(asked[0], "cancelled")
        self.pending_changed.emit()

    def forget(self) -> None:
        """Cancel all; another project is opened."""
        self.cancel()
        self.outcomes.clear()

    @Slot(object)
    def _on_done(self, done: DetectDone) -> None:
        asked = (done.key, at_scale(done.checkpoint, done.scale))
        if not done.checkpoint or self._pending.get(asked) != done.number:
            return
        self._hashes[done.checkpoint] = done.checkpoint_hash
        found = PredictionSet(
            done.key,
            at_scale(done.checkpoint_name, done.scale),
            at_scale(done.checkpoint_hash, done.scale),
            done.settings,
            done.detections,
            done.maps,
            done.seconds,
        )
        try:
            problem = self._store.put(found)
        except Exception as error:  # noqa: BLE001 the edge of a slot: this page fails, the others go on
            problem = detection_problem(error, self._workspace.path_of(done.key))
            self._on_failed(DetectFailed(done.number, done.key, problem, done.checkpoint, done.scale))
            return
        del self._pending[asked]
        self.outcomes[asked] = PageOutcome(done.key, "ok", done.notice, len(done.detections), done.seconds)
        if problem is not None:
            self.save_failed.emit(problem)
        self.kept.emit(done.key, found.checkpoint_hash)
        if done.notice is not None:
            self.noticed.emit(done.key, done.notice)
        self.pending_changed.emit()

    @Slot(object)
    def _on_failed(self, failed: DetectFailed) -> None:
        asked = (failed.key, at_scale(failed.checkpoint, failed.scale))
        if not failed.checkpoint or self._pending.get(asked) != failed.number:
            return
        del self._pending[asked]
        self.outcomes[asked] = PageOutcome(failed.key, "failed", failed.problem)
        self.failed.emit(failed.key, failed.checkpoint, failed.problem)
        self.pending_changed.emit()
