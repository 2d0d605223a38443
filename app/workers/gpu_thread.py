"""The thread that the network lives in: started and ended here, and nowhere else."""

import logging
import sys
import traceback
from collections.abc import Collection, Iterable
from typing import Final

from PySide6.QtCore import QObject, Qt, QThread, Signal

from app.workers.gpu_worker import GpuWorker, PredictorFactory, load_predictor
from app.workers.messages import DetectRequest, LoadCheckpoint, Priority
from app.workers.network_job import NetworkJob

_log = logging.getLogger(__name__)

STOP_MS: Final = 5000

_PARKED: Final[list[tuple[QThread, GpuWorker]]] = []
"""Threads that did not end in time. Destroying a running QThread aborts the process, so they are kept."""


class GpuThread(QObject):
    """Owns the thread of a GpuWorker and passes its results on in the thread that this object lives in."""

    checkpoint_ready = Signal(object)  # CheckpointReady
    checkpoint_failed = Signal(object)  # CheckpointFailed
    detect_done = Signal(object)  # DetectDone
    detect_failed = Signal(object)  # DetectFailed
    job_done = Signal(object)  # JobDone
    unloaded = Signal()  # after unload

    def __init__(
        self, predictor_factory: PredictorFactory = load_predictor, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._worker = GpuWorker(predictor_factory)
        self._thread = QThread()
        self._thread.setObjectName("gpu")
        self._worker.moveToThread(self._thread)
        self._worker.checkpoint_ready.connect(self.checkpoint_ready)
        self._worker.checkpoint_failed.connect(self.checkpoint_failed)
        self._worker.detect_done.connect(self.detect_done)
        self._worker.detect_failed.connect(self.detect_failed)
        self._worker.job_done.connect(self.job_done)
        self._worker.unloaded.connect(self.unloaded)
        # direct: quit may be called from any thread, and this one may be waiting in stop
        self._worker.released.connect(self._thread.quit, Qt.ConnectionType.DirectConnection)

    @property
    def running(self) -> bool:
        """Whether the thread runs."""
        return self._thread.isRunning()

    def start(self) -> None:
        """Start the thread; what was submitted before is done now."""
        self._thread.start()

    def submit(self, requests: LoadCheckpoint | DetectRequest | Iterable[DetectRequest]) -> None:
        """Queue work; see GpuWorker.submit. Any thread."""
        self._worker.submit([requests] if isinstance(requests, DetectRequest) else requests)

    def submit_job(self, job: NetworkJob) -> None:
        """Do a job before all pages; see GpuWorker.submit_job. Any thread."""
        self._worker.submit_job(job)

    def cancel(self, numbers: Collection[int]) -> None:
        """Forget waiting requests; see GpuWorker.cancel. Any thread."""
        self._worker.cancel(numbers)

    def promote(self, numbers: Collection[int], priority: Priority) -> None:
        """Let requests that wait go sooner; see GpuWorker.promote. Any thread."""
        self._worker.promote(numbers, priority)

    def pause(self, paused: bool) -> None:
        """Let everything but the open page wait; see GpuWorker.pause. Any thread."""
        self._worker.pause(paused)

    def unload(self) -> None:
        """Free the memory of all checkpoints; see GpuWorker.unload. Any thread."""
        self._worker.unload()

    def set_limit(self, limit_bytes: int) -> None:
        """The memory that checkpoints side by side may take. Any thread."""
        self._worker.set_limit(limit_bytes)

    def stop(self, timeout_ms: int = STOP_MS) -> bool:
        """Drop what waits and end the thread after the picture in work.

        Returns:
            Whether it ended in time; if not, it is left alone and dies with the process.
        """
        if not self._thread.isRunning():
            return True
        self._worker.close()
        if self._thread.wait(timeout_ms):
            return True
        _log.warning(
            "the detection thread did not end within %d ms and is left behind:\n%s",
            timeout_ms,
            self._where(),
        )
        _PARKED.append((self._thread, self._worker))
        return False

    def _where(self) -> str:
        """What the thread is doing, as a traceback.

        An import (that of torch takes seconds, on a busy computer many) and a network's own code cannot be
        interrupted.
        """
        frame = sys._current_frames().get(self._worker.thread_number)
        return "" if frame is None else "".join(traceback.format_stack(frame))
