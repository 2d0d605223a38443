"""The worker that owns the networks: a queue of pages, one picture for each turn of its event loop.

Exceptions do not leave this module: they become messages.
"""

import time
from collections.abc import Collection, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from threading import Lock, get_ident
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, Qt, Signal, Slot

from app.workers.loaded_checkpoints import LIMIT_BYTES, Loaded, LoadedCheckpoints
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
from app.workers.network_job import JobDone, NetworkJob, job_problem
from app.workers.predictor import (
    Moved,
    PredictorLike,
    give_back_memory,
    is_device_lost,
    is_out_of_memory,
    moved_by,
)
from app.workers.predictor import PredictorFactory as PredictorFactory
from app.workers.predictor import load_predictor as load_predictor
from app.workers.problems import detection_problem, load_problem, moved_problem, smaller_problem
from app.workers.reading import read_picture
from app.workers.request_queue import RequestQueue, identity_of
from tcm_core.decode.decode import decode
from tcm_core.decode.maps import ImageMaps
from tcm_core.detection import Detection

READ_AHEAD: Final = 2
"""Pictures that are read while the network is busy with another."""

SMALLER: Final = (0.7, 0.5)
"""Of the checkpoint's own sides, when memory runs out."""

NO_CHECKPOINT: Final = Problem(
    "No checkpoint is loaded, so no text can be found.",
    "detection",
    "Choose a checkpoint in the Detect menu; if loading failed, its message says why.",
)


class _Dropped(Exception):
    """The page in work was cancelled or asked for again."""


class GpuWorker(QObject):
    """Loads checkpoints and finds text; lives in the thread of GpuThread.

    What is marked so may be called from any thread; everything else happens in the worker's thread.
    """

    checkpoint_ready = Signal(object)  # CheckpointReady
    checkpoint_failed = Signal(object)  # CheckpointFailed
    detect_done = Signal(object)  # DetectDone
    detect_failed = Signal(object)  # DetectFailed
    job_done = Signal(object)  # JobDone
    unloaded = Signal()  # after unload: no network is in memory
    released = Signal()  # after close: the networks are given back and the thread may end
    _wake = Signal()
    _closing = Signal()

    def __init__(
        self, predictor_factory: PredictorFactory = load_predictor, limit_bytes: int = LIMIT_BYTES
    ) -> None:
        super().__init__()
        self._lock = Lock()
        # guarded by the lock
        self._queue = RequestQueue()
        self._load: LoadCheckpoint | None = None
        self._jobs: dict[str, NetworkJob] = {}  # the newest of each slot
        self._limit: int | None = None  # a new one
        self._unload = False
        self._paused = False
        self._awake = False
        self._closed = False
        self._in_work: DetectRequest | None = None
        self._dropped = False  # nobody waits for the one in work
        self.thread_number = 0  # as threading.get_ident gives it; 0: nothing was done yet
        # the worker's thread only
        self._loaded = LoadedCheckpoints(predictor_factory, limit_bytes)
        self._in_use: LoadCheckpoint | None = None
        self._told: Loaded | None = None  # the one in use, as it was told of last
        self._reader: ThreadPoolExecutor | None = None
        self._ahead: dict[int, Future[NDArray[np.uint8]]] = {}
        self._wake.connect(self._turn, Qt.ConnectionType.QueuedConnection)
        self._closing.connect(self._release, Qt.ConnectionType.QueuedConnection)

    # any thread

    def submit(self, requests: LoadCheckpoint | Iterable[DetectRequest]) -> None:
        """Queue work. A newer checkpoint replaces one that waits, a newer request that of the same page.

        For the order of pages see RequestQueue. A page in work that is asked for again is given up.
        """
        with self._lock:
            if self._closed:
                return
            if isinstance(requests, LoadCheckpoint):
                self._load = requests
            else:
                requests = list(requests)
                self._queue.add(requests)
                at_work = None if self._in_work is None else identity_of(self._in_work)
                self._dropped |= any(identity_of(request) == at_work for request in requests)
        self._wake_up()

    def submit_job(self, job: NetworkJob) -> None:
        """Do a job before all pages, as a person waits for it; job_done follows unless a newer one comes."""
        with self._lock:
            if self._closed:
                return
            self._jobs[job.slot] = job
        self._wake_up()

    def cancel(self, numbers: Collection[int]) -> None:
        """Forget waiting requests; one in work ends after the stage that it is in, and nothing is sent."""
        wanted = frozenset(numbers)
        with self._lock:
            self._queue.forget(wanted)
            self._dropped |= self._in_work is not None and self._in_work.number in wanted

    def promote(self, numbers: Collection[int], priority: Priority) -> None:
        """Let requests that wait go sooner; one in work is not disturbed."""
        with self._lock:
            self._queue.promote(frozenset(numbers), priority)

    def pause(self, paused: bool) -> None:
        """Let everything but the open page wait, or go on."""
        with self._lock:
            self._paused = paused
        self._wake_up()

    def unload(self) -> None:
        """Free all checkpoints after the page in work; one that is asked for later is loaded again."""
        with self._lock:
            self._unload = True
        self._wake_up()

    def set_limit(self, limit_bytes: int) -> None:
        """How much memory the weights of checkpoints side by side may take."""
        with self._lock:
            self._limit = limit_bytes
        self._wake_up()

    def close(self) -> None:
        """Drop all that waits and give the networks back after the stage in work; released follows."""
        with self._lock:
            self._closed = True
            self._queue.clear()
            self._jobs.clear()
            self._load = None
            self._dropped = True
        self._closing.emit()

    def _wake_up(self) -> None:
        with self._lock:
            if self._awake or self._closed or not self._has_work():
                return
            self._awake = True
        self._wake.emit()

    def _has_work(self) -> bool:
        """With the lock held."""
        told = bool(self._load or self._jobs) or self._unload or self._limit is not None
        return told or self._queue.has_work(self._paused)

    # the worker's thread

    @Slot()
    def _turn(self) -> None:
        """One checkpoint or one picture; what is left wakes the next turn."""
        self.thread_number = get_ident()
        with self._lock:
            limit, self._limit = self._limit, None
            unload, self._unload = self._unload, False
            load, self._load = self._load, None
            job = self._jobs.pop(next(iter(self._jobs))) if self._jobs and load is None else None
            request = self._queue.pop(self._paused) if load is None and job is None else None
            coming = self._queue.coming(READ_AHEAD) if request and not self._paused else []
            self._in_work, self._dropped = request, False
        if limit is not None:
            self._loaded.set_limit(limit)
        if unload:
            self._loaded.clear()
            self.unloaded.emit()
        if load is not None:
            self._load_checkpoint(load)
        elif job is not None:
            self._do(job)
        elif request is not None:
            self._detect(request, coming)
        with self._lock:
            self._in_work = None
            self._awake = again = self._has_work() and not self._closed
        if again:
            self._wake.emit()

    def _do(self, job: NetworkJob) -> None:
        try:
            loaded = self._loaded.get(LoadCheckpoint(job.checkpoint, job.device))
            done = JobDone(job, job.run(loaded.predictor))
        except Exception as error:  # noqa: BLE001 the edge of the thread: reported as a message
            done = JobDone(job, problem=job_problem(error, job))
        self.job_done.emit(done)

    @Slot()
    def _release(self) -> None:
        if self._reader is not None:
            self._reader.shutdown(wait=True, cancel_futures=True)
            self._reader = None
        self._ahead.clear()
        self._loaded.clear()
        self.released.emit()

    def _load_checkpoint(self, request: LoadCheckpoint) -> None:
        try:
            loaded = self._loaded.get(request, anew=True)
            ready = _ready(loaded, request.checkpoint)
        except Exception as error:  # noqa: BLE001 the edge of the thread: reported as a message
            failed = CheckpointFailed(load_problem(error, request), self._in_use is not None)
            self.checkpoint_failed.emit(failed)
            return
        self._in_use, self._told = request, loaded
        self.checkpoint_ready.emit(ready)

    def _detect(self, request: DetectRequest, coming: list[DetectRequest]) -> None:
        started = time.perf_counter()
        asked = LoadCheckpoint(request.checkpoint, request.device) if request.checkpoint else self._in_use
        if asked is None:
            self._fail(request, NO_CHECKPOINT)
            return
        try:
            image = self._image_of(request, coming)
            if request.mirrored:
                image = np.ascontiguousarray(image[:, ::-1])
            self._stop_if_dropped()
            predictor, maps, notice = self._maps(request, asked, image)
            self._stop_if_dropped()
            settings = request.settings
            if settings is None or settings.head != maps.head:
                settings = predictor.decode_settings
            detections = decode(maps, settings)
            if request.mirrored:
                detections = mirrored(detections, image.shape[1])
            maps.remembered.clear()  # many pages wait in memory; the open one remembers anew
            self._stop_if_dropped()
        except _Dropped:
            return
        except Exception as error:  # noqa: BLE001 the edge of the thread: reported as a message
            self._fail(request, detection_problem(error, request.path))
        else:
            seconds = time.perf_counter() - started
            self.detect_done.emit(
                DetectDone(
                    request.number,
                    request.key,
                    detections,
                    maps,
                    predictor.checkpoint_hash,
                    settings,
                    seconds,
                    request.checkpoint,
                    predictor.checkpoint_name,
                    notice,
                    request.scale,
                )
            )

    def _fail(self, request: DetectRequest, problem: Problem) -> None:
        failed = DetectFailed(request.number, request.key, problem, request.checkpoint, request.scale)
        self.detect_failed.emit(failed)

    def _stop_if_dropped(self) -> None:
        with self._lock:
            if self._dropped:
                raise _Dropped

    def _maps(
        self, request: DetectRequest, asked: LoadCheckpoint, image: NDArray[np.uint8]
    ) -> tuple[PredictorLike, ImageMaps, Problem | None]:
        """The network's maps; when memory runs out: others freed, then a smaller picture, then the CPU.

        A device that does not answer any more is left for the CPU at once.

        Raises:
            Exception: whatever loading or the network raises.
        """
        predictor, notice = self._loaded_for(request, asked)
        maps = self._attempt(predictor, image, request)
        if isinstance(maps, Exception) and not is_device_lost(maps) and self._loaded.free_others(asked):
            maps = self._attempt(predictor, image, request)
        for scale in SMALLER:
            if isinstance(maps, Exception) and not is_device_lost(maps):
                error, maps = maps, self._attempt(predictor, image, request, scale)
                notice = smaller_problem(request.path, predictor.device_text, scale, error)
        if not isinstance(maps, Exception):
            return predictor, maps, notice
        if "cpu" in predictor.device_text:
            raise maps
        moved = moved_by(maps, predictor.device_text)
        del predictor
        predictor, notice = self._loaded_for(request, asked, moved)
        return predictor, _look(predictor, image, request), notice

    def _loaded_for(
        self, request: DetectRequest, asked: LoadCheckpoint, moved: Moved | None = None
    ) -> tuple[PredictorLike, Problem | None]:
        """The checkpoint, moved to the CPU when there is a reason; tells when the one in use changed.

        Raises:
            Exception: whatever loading raises; of the one in use it is told, and there is none then.
        """
        mine = not request.checkpoint
        try:
            loaded = self._loaded.get(asked) if moved is None else self._loaded.move_to_cpu(asked, moved)
        except Exception as error:
            if mine:
                self._in_use = self._told = None
                self.checkpoint_failed.emit(CheckpointFailed(load_problem(error, asked)))
            raise
        where = str(request.path)
        if mine and loaded is not self._told:
            self._told = loaded
            self.checkpoint_ready.emit(_ready(loaded, where))
        told = mine or loaded.moved is None
        return loaded.predictor, None if told or loaded.moved is None else moved_problem(loaded.moved, where)

    @staticmethod
    def _attempt(
        predictor: PredictorLike, image: NDArray[np.uint8], request: DetectRequest, scale: float = 1.0
    ) -> ImageMaps | Exception:
        """The maps, or the error when memory ran out or the device is lost.

        The error comes without its traceback, which keeps tensors alive.
        """
        try:
            return _look(predictor, image, request, scale)
        except Exception as error:
            if not (is_out_of_memory(error) or is_device_lost(error)):
                raise
            failed = error.with_traceback(None)
        give_back_memory()
        return failed

    def _image_of(self, request: DetectRequest, coming: list[DetectRequest]) -> NDArray[np.uint8]:
        """The picture, read ahead if it could be; starts reading those that come next."""
        expected = {request.number, *(other.number for other in coming)}
        for number in [number for number in self._ahead if number not in expected]:
            self._ahead.pop(number).cancel()
        future = self._ahead.pop(request.number, None)
        for other in coming:
            if other.number not in self._ahead:
                if self._reader is None:
                    self._reader = ThreadPoolExecutor(1, thread_name_prefix="read-ahead")
                self._ahead[other.number] = self._reader.submit(read_picture, other.path)
        return read_picture(request.path) if future is None else future.result()


def _look(
    predictor: PredictorLike, image: NDArray[np.uint8], request: DetectRequest, scale: float = 1.0
) -> ImageMaps:
    return predictor.maps(image, scale * request.scale, whole=request.whole)


def mirrored(detections: Iterable[Detection], width: int) -> tuple[Detection, ...]:
    """Detections in a picture that was turned over, as they are in the picture itself; still clockwise."""
    return tuple(
        replace(one, polygon=np.column_stack([width - one.polygon[::-1, 0], one.polygon[::-1, 1]]))
        for one in detections
    )


def _ready(loaded: Loaded, where: str) -> CheckpointReady:
    predictor = loaded.predictor
    return CheckpointReady(
        predictor.checkpoint_name,
        predictor.checkpoint_hash,
        predictor.device_text,
        predictor.decode_settings,
        None if loaded.moved is None else moved_problem(loaded.moved, where),
    )
