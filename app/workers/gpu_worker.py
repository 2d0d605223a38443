"""The worker that owns the network: a queue of pages, one picture for each turn of its event loop.

torch is imported here only, and late. Exceptions do not leave this module: they become messages.
"""

import gc
import itertools
import sys
import time
from collections import OrderedDict
from collections.abc import Callable, Collection, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from threading import Lock
from typing import Final, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, Qt, Signal, Slot

from app.workers.messages import (
    CheckpointFailed,
    CheckpointReady,
    DetectDone,
    DetectFailed,
    DetectRequest,
    LoadCheckpoint,
    Problem,
    problem_of,
)
from app.workers.reading import read_picture
from tcm_core.config.decode import DecodeSettings
from tcm_core.decode.maps import ImageMaps
from tcm_core.detection import Detection
from tcm_core.errors import BadImage, TcmError

READ_AHEAD: Final = 2
"""Pictures that are read while the network is busy with another."""

NO_CHECKPOINT: Final = Problem(
    "No checkpoint is loaded, so no text can be found.",
    "detection",
    "Choose a checkpoint in the Detect menu; if loading failed, its message says why.",
)


class PredictionLike(Protocol):
    """Detections and maps of one image."""

    @property
    def detections(self) -> tuple[Detection, ...]: ...
    @property
    def maps(self) -> ImageMaps: ...


class PredictorLike(Protocol):
    """A loaded detector; tcm_core.infer.predictor.Predictor is the real one."""

    @property
    def checkpoint_name(self) -> str: ...
    @property
    def checkpoint_hash(self) -> str: ...
    @property
    def device_text(self) -> str: ...
    @property
    def decode_settings(self) -> DecodeSettings: ...
    def predict(self, image: NDArray[np.uint8], settings: DecodeSettings | None = None) -> PredictionLike: ...


PredictorFactory = Callable[[str, str], PredictorLike]
"""(checkpoint name or file, device) -> a loaded detector; raises BadCheckpoint or DeviceUnavailable."""


def load_predictor(checkpoint: str, device: str) -> PredictorLike:
    """The real detector. Imports torch, which takes seconds the first time.

    Raises:
        BadCheckpoint, DeviceUnavailable: in words for a person.
    """
    from tcm_core.infer.predictor import Predictor

    return Predictor.load(checkpoint, device)


class _Loaded(NamedTuple):
    request: LoadCheckpoint
    predictor: PredictorLike


class GpuWorker(QObject):
    """Loads checkpoints and finds text; lives in the thread of GpuThread.

    submit, cancel and close may be called from any thread; everything else happens in the worker's thread.
    """

    checkpoint_ready = Signal(object)  # CheckpointReady
    checkpoint_failed = Signal(object)  # CheckpointFailed
    detect_done = Signal(object)  # DetectDone
    detect_failed = Signal(object)  # DetectFailed
    released = Signal()  # after close: the network is given back and the thread may end
    _wake = Signal()
    _closing = Signal()

    def __init__(self, predictor_factory: PredictorFactory = load_predictor) -> None:
        super().__init__()
        self._factory = predictor_factory
        self._lock = Lock()
        # guarded by the lock
        self._queue: OrderedDict[str, DetectRequest] = OrderedDict()
        self._load: LoadCheckpoint | None = None
        self._awake = False
        self._closed = False
        # the worker's thread only
        self._loaded: _Loaded | None = None
        self._reader: ThreadPoolExecutor | None = None
        self._ahead: dict[int, Future[NDArray[np.uint8]]] = {}
        self._wake.connect(self._turn, Qt.ConnectionType.QueuedConnection)
        self._closing.connect(self._release, Qt.ConnectionType.QueuedConnection)

    # any thread

    def submit(self, requests: LoadCheckpoint | Iterable[DetectRequest]) -> None:
        """Queue work. A newer checkpoint replaces one that waits, a newer request that of the same page.

        Urgent requests go first and the newest of them before all; the others keep their order.
        """
        with self._lock:
            if self._closed:
                return
            if isinstance(requests, LoadCheckpoint):
                self._load = requests
            else:
                for request in requests:
                    self._enqueue(request)
            if self._awake or not (self._queue or self._load):
                return
            self._awake = True
        self._wake.emit()

    def cancel(self, numbers: Collection[int]) -> None:
        """Forget waiting requests; one that is being worked on is finished and its result is sent."""
        wanted = frozenset(numbers)
        with self._lock:
            for key in [key for key, request in self._queue.items() if request.number in wanted]:
                del self._queue[key]

    def close(self) -> None:
        """Drop all that waits and give the network back after the picture in work; released follows."""
        with self._lock:
            self._closed = True
            self._queue.clear()
            self._load = None
        self._closing.emit()

    def _enqueue(self, request: DetectRequest) -> None:
        waiting = self._queue.get(request.key)
        self._queue[request.key] = request  # keeps the place of the one that it supersedes
        if request.urgent or (waiting is not None and waiting.urgent):
            self._queue.move_to_end(request.key, last=False)

    # the worker's thread

    @Slot()
    def _turn(self) -> None:
        """One checkpoint or one picture; what is left wakes the next turn."""
        with self._lock:
            load, self._load = self._load, None
            request = self._queue.popitem(last=False)[1] if load is None and self._queue else None
            coming = list(itertools.islice(self._queue.values(), READ_AHEAD)) if request else []
        if load is not None:
            self._load_checkpoint(load)
        elif request is not None:
            self._detect(request, coming)
        with self._lock:
            self._awake = bool(self._queue or self._load) and not self._closed
            again = self._awake
        if again:
            self._wake.emit()

    @Slot()
    def _release(self) -> None:
        if self._reader is not None:
            self._reader.shutdown(wait=True, cancel_futures=True)
            self._reader = None
        self._ahead.clear()
        self._free_network()
        self.released.emit()

    def _load_checkpoint(self, request: LoadCheckpoint) -> None:
        try:
            predictor = self._factory(request.checkpoint, request.device)
            ready = _ready(predictor)
        except Exception as error:  # noqa: BLE001 the edge of the thread: reported as a message
            in_use = self._loaded is not None
            self.checkpoint_failed.emit(CheckpointFailed(_load_problem(error, request), in_use))
            return
        self._free_network()
        self._loaded = _Loaded(request, predictor)
        self.checkpoint_ready.emit(ready)

    def _free_network(self) -> None:
        if self._loaded is None:
            return
        self._loaded = None
        gc.unfreeze()  # the start-up keeps what is loaded out of collections, and a network may be in a cycle
        gc.collect()
        torch = sys.modules.get("torch")
        if torch is not None and torch.cuda.is_available():
            torch.cuda.empty_cache()

    def _detect(self, request: DetectRequest, coming: list[DetectRequest]) -> None:
        started = time.perf_counter()
        try:
            if self._loaded is None:
                self.detect_failed.emit(DetectFailed(request.number, request.key, NO_CHECKPOINT))
                return
            image = self._image_of(request, coming)
            done = self._predict(request, image, started)
        except Exception as error:  # noqa: BLE001 the edge of the thread: reported as a message
            problem = detection_problem(error, request.path)
            self.detect_failed.emit(DetectFailed(request.number, request.key, problem))
        else:
            self.detect_done.emit(done)

    def _predict(self, request: DetectRequest, image: NDArray[np.uint8], started: float) -> DetectDone:
        assert self._loaded is not None
        predictor = self._loaded.predictor
        try:
            prediction = predictor.predict(image, request.settings)
        except Exception as error:
            if not is_out_of_memory(error) or predictor.device_text.startswith("cpu"):
                raise
            reason = f"{type(error).__name__}: {error}"
            del predictor
        else:
            return _done(request, prediction, predictor, started)
        # outside the except block, where the traceback would keep the network's tensors alive
        predictor = self._move_to_cpu(request.path, reason)
        return _done(request, predictor.predict(image, request.settings), predictor, started)

    def _move_to_cpu(self, path: Path, reason: str) -> PredictorLike:
        """The same checkpoint on the CPU; tells the receivers.

        Raises:
            Exception: whatever loading raises; the worker is then without a checkpoint and said so.
        """
        assert self._loaded is not None
        asked, name = self._loaded.request, self._loaded.predictor.device_text
        self._free_network()
        request = LoadCheckpoint(asked.checkpoint, "cpu")
        try:
            predictor = self._factory(request.checkpoint, request.device)
        except Exception as error:
            self.checkpoint_failed.emit(CheckpointFailed(_load_problem(error, request)))
            raise
        notice = Problem(
            f"The memory of {name} was not enough, so the detector runs on the CPU now.",
            str(path),
            "Close other programs that use the GPU, then load the checkpoint again to go back to it.",
            reason,
        )
        self._loaded = _Loaded(request, predictor)
        self.checkpoint_ready.emit(_ready(predictor, notice))
        return predictor

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


def is_out_of_memory(error: BaseException) -> bool:
    """Whether a device, not the machine, ran out of memory; torch need not be imported to know."""
    names = {kind.__name__ for kind in type(error).__mro__}
    return "OutOfMemoryError" in names or "CUDA out of memory" in str(error)


def detection_problem(error: BaseException, path: Path) -> Problem:
    """What a person is told when one page failed."""
    if isinstance(error, BadImage):
        remedy = "The other images are not affected. Repair or replace the file, then retry."
        return problem_of(error, what=str(error), where=str(path), remedy=remedy)
    if is_out_of_memory(error) or isinstance(error, MemoryError):
        return problem_of(
            error,
            what="There was not enough memory to find the text of this image.",
            where=str(path),
            remedy="Close other programs or make the image smaller, then retry.",
        )
    return problem_of(
        error,
        what=f"Finding the text of this image failed: {str(error) or type(error).__name__}",
        where=str(path),
        remedy="The other images are not affected. Retry it; if it fails again, report it with the details.",
    )


def _load_problem(error: BaseException, request: LoadCheckpoint) -> Problem:
    reason = str(error) if isinstance(error, TcmError) else f"{type(error).__name__}: {error}"
    return problem_of(
        error,
        what=f"The checkpoint could not be loaded: {reason}",
        where=f"{request.checkpoint} (device: {request.device})",
        remedy="Choose another checkpoint in the Detect menu.",
    )


def _ready(predictor: PredictorLike, notice: Problem | None = None) -> CheckpointReady:
    return CheckpointReady(
        predictor.checkpoint_name,
        predictor.checkpoint_hash,
        predictor.device_text,
        predictor.decode_settings,
        notice,
    )


def _done(
    request: DetectRequest, prediction: PredictionLike, predictor: PredictorLike, started: float
) -> DetectDone:
    return DetectDone(
        request.number,
        request.key,
        prediction.detections,
        prediction.maps,
        predictor.checkpoint_hash,
        request.settings or predictor.decode_settings,
        time.perf_counter() - started,
    )
