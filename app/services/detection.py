"""Detection as the window sees it: ask for pages, see what was found, move the threshold, cancel, retry."""

import itertools
import time
from collections.abc import Iterable

from PySide6.QtCore import QObject, Signal, Slot

from app.services.all_pages import AllPages
from app.services.batch import Batch, BatchSummary, PageOutcome
from app.services.decoding import Decoding, in_use
from app.services.prediction_store import MEMORY_BYTES, PredictionSet, PredictionStore
from app.services.progress_tick import ProgressTick
from app.services.side_detection import SideDetection
from app.services.steadiness import Steadiness
from app.services.workspace import Workspace
from app.storage.map_cache import MapCache
from app.workers.gpu_thread import GpuThread
from app.workers.messages import (
    CheckpointFailed,
    CheckpointReady,
    DetectDone,
    DetectFailed,
    DetectRequest,
    LoadCheckpoint,
    Priority,
    Problem,
)
from app.workers.problems import detection_problem
from tcm_core.config.decode import DecodeSettings


class DetectionService(QObject):
    """Runs the detector over pages and keeps what it found beside them. It never touches regions.

    For the GUI thread. Every request has a number; a result whose number is not the newest of its page, or
    that is from another checkpoint than the one in use, is dropped.
    """

    checkpoint_ready = Signal(object)  # CheckpointReady
    checkpoint_failed = Signal(object)  # Problem
    settings_changed = Signal(object)  # DecodeSettings: of all images, or of the open one
    page_detected = Signal(str)  # key; also when the open page was decoded again
    page_failed = Signal(str, object)  # key, Problem
    page_noticed = Signal(str, object)  # key, Problem: done, but smaller or on another device than asked for
    predictions_changed = Signal(str, str)  # key, checkpoint's hash: by whatever checkpoint
    save_failed = Signal(object)  # Problem: results are in memory only; once for each batch
    queue_changed = Signal()  # pending or running changed
    pages_touched = Signal(list)  # keys that became pending, or were cancelled
    progress = Signal(int, int, float, int)  # pages settled, total, seconds left (-1 unknown), failed
    finished = Signal(object)  # BatchSummary

    def __init__(
        self,
        workspace: Workspace,
        gpu: GpuThread,
        map_cache: MapCache,
        *,
        memory_bytes: int = MEMORY_BYTES,
        parent: QObject | None = None,
    ) -> None:
        """Starts no thread; load_checkpoint does.

        Args:
            workspace: the project whose pages are done.
            gpu: the detector's thread; ended by shutdown.
            map_cache: keeps maps on disk.
            memory_bytes: how much memory maps of pages looked at lately may take.
            parent: owner.
        """
        super().__init__(parent)
        self._workspace, self._gpu = workspace, gpu
        self.store = PredictionStore(workspace, map_cache, memory_bytes)
        self._numbers = itertools.count(1)
        self.side = SideDetection(workspace, gpu, self.store, lambda: next(self._numbers), self)
        self.steadiness = Steadiness(workspace, gpu, lambda: next(self._numbers), self)
        self.decoding = Decoding(workspace, self.store, self)
        self.all_pages = AllPages(workspace, map_cache, self.decoding, self)
        self._checkpoint: CheckpointReady | None = None
        self._device = "auto"
        self._paused = False
        self._pending: dict[str, int] = {}  # key -> the number that counts
        self._outcomes: dict[str, PageOutcome] = {}
        self._batch: Batch | None = None
        self._said_unsaved = False
        self._tick = ProgressTick(self._tell_progress, self)
        self.decoding.settings_changed.connect(self.settings_changed)
        self.decoding.page_decoded.connect(self.page_detected)
        self.decoding.failed.connect(self._tell_unsaved)
        self.all_pages.failed.connect(self.save_failed)
        gpu.checkpoint_ready.connect(self._on_checkpoint_ready)
        gpu.checkpoint_failed.connect(self._on_checkpoint_failed)
        gpu.detect_done.connect(self._on_done)
        gpu.detect_failed.connect(self._on_failed)
        self.side.kept.connect(self._on_side_kept)
        self.side.noticed.connect(self.page_noticed)
        self.side.save_failed.connect(self._tell_unsaved)
        workspace.closing.connect(self._on_closing)

    @property
    def checkpoint(self) -> CheckpointReady | None:
        """The checkpoint in use, as the live detector describes itself."""
        return self._checkpoint

    @property
    def settings(self) -> DecodeSettings:
        """How the maps of images without settings of their own are decoded now."""
        return in_use(self.decoding.common)

    @property
    def recommended(self) -> DecodeSettings:
        """The values of the checkpoint in use: its file's, with a person's own in their place."""
        return self.settings if self._checkpoint is None else self.decoding.recommended(self._checkpoint)

    @property
    def running(self) -> bool:
        """Whether a batch is under way."""
        return self._batch is not None

    @property
    def busy(self) -> bool:
        """Whether the detector has work that can be cancelled, a batch or any other."""
        return self.running or self.side.busy or self.steadiness.pending > 0

    @property
    def outcomes(self) -> dict[str, PageOutcome]:
        """What became of every page asked for in this project; not to be changed."""
        return self._outcomes

    def is_pending(self, key: str) -> bool:
        """Whether a result of this page is awaited."""
        return key in self._pending

    def load_checkpoint(self, checkpoint: str, device: str = "auto") -> None:
        """Use another checkpoint; pages that wait are done with it.

        The answer is checkpoint_ready or checkpoint_failed; after a failure the old one stays in use.
        """
        if not self._gpu.running:
            self._gpu.start()
        self._device = device
        self._gpu.submit(LoadCheckpoint(checkpoint, device))
        self._request(list(self._pending))

    def detect_page(self, key: str, *, whole: bool = False) -> None:
        """Find the text of one page before all others; `whole`: with the maps that decoding does not need."""
        self._request([key], Priority.OPEN, whole=whole)
        self._tell_queue([key])

    def detect_all(self, keys: Iterable[str] | None = None) -> None:
        """Find the text of many pages, the open one first; joins a batch that is under way.

        Args:
            keys: in this order; None: all pages found so far.
        """
        wanted = list(self._workspace.keys if keys is None else keys)
        if not wanted:
            return
        if self._batch is None:
            self._batch = Batch(wanted, time.monotonic())
            self._said_unsaved = False
        else:
            self._batch.add(wanted)
        self._request(wanted)
        self._tell_queue(wanted)
        self._tick.something_happened()

    def detect_with(
        self, checkpoint: str, keys: Iterable[str], *, urgent: bool = False, scale: float = 1.0
    ) -> None:
        """Find the text of pages by another checkpoint, which is loaded beside the one in use.

        What it finds comes into `store` under its hash, told by `predictions_changed`; failures are told by
        `side.failed`. The pages' own predictions, their counts and regions stay as they are.

        Args:
            checkpoint: a shipped name or the path of a file.
            keys: in this order.
            urgent: before all others, as the open page is.
            scale: of the size that the checkpoint wants pictures in.
        """
        if not self._gpu.running:
            self._gpu.start()
        priority = Priority.OPEN if urgent else Priority.BATCH
        self.side.request(checkpoint, keys, priority, self._device, scale)

    def prioritise(self, keys: Iterable[str]) -> None:
        """Of the pages that wait, do these, which are seen in the list, before those that are not."""
        waiting = [self._pending[key] for key in keys if key in self._pending]
        if waiting:
            self._gpu.promote(waiting, Priority.VISIBLE)

    def prefetch(self, keys: Iterable[str]) -> None:
        """Find the text of pages that will be looked at soon, unless it is known or awaited."""
        known = self._workspace.summaries
        wanted = [
            key
            for key in keys
            if key not in self._pending and (key not in known or known[key].detection_count is None)
        ]
        if wanted:
            self._request(wanted, Priority.PREFETCH)
            self._tell_queue(wanted)

    @property
    def paused(self) -> bool:
        """Whether all but the open page waits."""
        return self._paused

    def pause(self, paused: bool) -> None:
        """Let all but the open page wait, or go on."""
        if paused != self._paused:
            self._paused = paused
            self._gpu.pause(paused)
            self.queue_changed.emit()

    def unload(self) -> None:
        """Free the memory of all checkpoints after the page in work; what is asked for later loads again."""
        if self._gpu.running:
            self._gpu.unload()

    def set_checkpoint_memory(self, limit_bytes: int) -> None:
        """How much memory the weights of checkpoints side by side may take."""
        self._gpu.set_limit(limit_bytes)

    def retry_failed(self) -> None:
        """Do the pages that failed once more."""
        self.detect_all([key for key, outcome in self._outcomes.items() if outcome.state == "failed"])

    def cancel(self) -> None:
        """Stop after the stage in work; pages that are not done keep what they had before."""
        self.pause(False)
        self.side.cancel()
        self.steadiness.cancel()
        if not self._pending:
            return
        self._gpu.cancel(list(self._pending.values()))
        keys = list(self._pending)
        self._pending.clear()
        for key in keys:
            self._settle(PageOutcome(key, "cancelled"))
        self._end_batch_if_over()
        self._tell_queue(keys)

    def predictions(self, key: str) -> PredictionSet | None:
        """What is known of a page, under the present settings where its maps are kept.

        Raises:
            StorageError: the database cannot be read.
        """
        return self.decoding.predictions(key)

    def set_settings(self, settings: DecodeSettings) -> None:
        """Decode by other settings from now on; the open page is decoded again before this returns."""
        self.decoding.set_common(settings)

    def shutdown(self) -> bool:
        """Cancel, end the detector's thread and finish writing maps.

        Returns:
            Whether the thread ended in time.
        """
        self.cancel()
        self.all_pages.shutdown()
        ended = self._gpu.stop()
        self.store.flush()
        return ended

    def _open_key(self) -> str | None:
        session = self._workspace.session
        return None if session is None else session.key

    def _request(self, keys: list[str], priority: Priority = Priority.BATCH, *, whole: bool = False) -> None:
        """Ask the detector; a request of the same page that is under way does not count any more."""
        open_key = self._open_key()
        requests = []
        for key in keys:
            number = self._pending[key] = next(self._numbers)
            self._outcomes[key] = PageOutcome(key, "waiting")
            path = self._workspace.path_of(key)
            first = Priority.OPEN if key == open_key else priority
            settings = self.decoding.settings_of(key)
            requests.append(DetectRequest(number, key, path, first, settings, whole=whole))
        self._gpu.submit(requests)

    @Slot(object)
    def _on_checkpoint_ready(self, ready: CheckpointReady) -> None:
        other = self._checkpoint is None or self._checkpoint.sha256 != ready.sha256
        self._checkpoint = ready
        self.store.use(ready.sha256)
        self.all_pages.use(ready)
        self.checkpoint_ready.emit(ready)
        if other:
            self.set_settings(self.recommended)

    @Slot(object)
    def _on_checkpoint_failed(self, failed: CheckpointFailed) -> None:
        if not failed.in_use:
            self._checkpoint = None
        self.checkpoint_failed.emit(failed.problem)

    @Slot(object)
    def _on_done(self, done: DetectDone) -> None:
        if self._is_late(done) or self._checkpoint is None:
            return
        if done.checkpoint_hash != self._checkpoint.sha256:
            return
        try:
            found = self._keep(done, self._checkpoint.name)
        except Exception as error:  # noqa: BLE001 the edge of a slot: this page fails, the batch goes on
            problem = detection_problem(error, self._workspace.path_of(done.key))
            self._on_failed(DetectFailed(done.number, done.key, problem))
            return
        del self._pending[done.key]
        self._settle(PageOutcome(done.key, "ok", done.notice, len(found.detections), done.seconds))
        self.page_detected.emit(done.key)
        self.predictions_changed.emit(done.key, found.checkpoint_hash)
        if done.notice is not None:
            self.page_noticed.emit(done.key, done.notice)
        self._end_batch_if_over()
        self.queue_changed.emit()

    @Slot(object)
    def _on_failed(self, failed: DetectFailed) -> None:
        if self._is_late(failed):
            return
        del self._pending[failed.key]
        self._settle(PageOutcome(failed.key, "failed", failed.problem))
        self.page_failed.emit(failed.key, failed.problem)
        self._end_batch_if_over()
        self.queue_changed.emit()

    def _is_late(self, answer: DetectDone | DetectFailed) -> bool:
        return bool(answer.checkpoint) or self._pending.get(answer.key) != answer.number

    def _keep(self, done: DetectDone, checkpoint_name: str) -> PredictionSet:
        found = PredictionSet(
            done.key,
            checkpoint_name,
            done.checkpoint_hash,
            done.settings,
            done.detections,
            done.maps,
            done.seconds,
        )
        settings = self.decoding.settings_of(done.key)
        if settings is not None:
            found = found.decoded_with(settings)
        problem = self.store.put(found)
        self._workspace.note_detections(done.key, len(found.detections))
        if problem is not None:
            self._tell_unsaved(problem)
        return found

    def _settle(self, outcome: PageOutcome) -> None:
        """Note what became of a page; before it is told, so that whoever hears of it can look it up."""
        self._outcomes[outcome.key] = outcome
        if self._batch is not None and self._batch.waits(outcome.key):
            self._batch.settle(outcome, time.monotonic())
            self._tick.something_happened()

    def _end_batch_if_over(self) -> None:
        if self._batch is None or not self._batch.over:
            return
        batch, self._batch = self._batch, None
        self._tick.stop()
        self.progress.emit(batch.settled, batch.total, 0.0, batch.failed)
        summary: BatchSummary = batch.summary(time.monotonic())
        self.finished.emit(summary)
        self.all_pages.count_soon()

    def _tell_queue(self, keys: list[str]) -> None:
        self.pages_touched.emit(keys)
        self.queue_changed.emit()

    def _tell_progress(self) -> None:
        if self._batch is not None:
            batch = self._batch
            self.progress.emit(batch.settled, batch.total, batch.eta_s(), batch.failed)

    @Slot(str, str)
    def _on_side_kept(self, key: str, checkpoint_hash: str) -> None:
        self.predictions_changed.emit(key, checkpoint_hash)
        if self._checkpoint is not None and checkpoint_hash == self._checkpoint.sha256:
            self.page_detected.emit(key)

    @Slot(object)
    def _tell_unsaved(self, problem: Problem) -> None:
        if not self._said_unsaved:
            self._said_unsaved = True
            self.save_failed.emit(problem)

    @Slot()
    def _on_closing(self) -> None:
        self.cancel()
        self.side.forget()
        self.store.clear()
        self._outcomes.clear()
