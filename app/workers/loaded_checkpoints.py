"""Checkpoints that are loaded side by side, as many as their memory allows. For the worker's thread."""

from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

from app.workers.messages import LoadCheckpoint
from app.workers.predictor import (
    Moved,
    PredictorFactory,
    PredictorLike,
    give_back_memory,
    is_device_lost,
    is_out_of_memory,
    moved_by,
)
from tcm_core.checkpoint_file import resolve_checkpoint
from tcm_core.errors import TcmError

LIMIT_BYTES: Final = 2_000_000_000


@dataclass(frozen=True, eq=False)
class Loaded:
    """A checkpoint in memory.

    Attributes:
        weights_bytes: size of its file, which is what its weights take.
        stamp: of its file; another one means that the file was replaced.
        moved: why it is not where it should be; None when it is.
    """

    predictor: PredictorLike
    weights_bytes: int = 0
    stamp: int = 0
    moved: Moved | None = None


class LoadedCheckpoints:
    """Loads on demand; the least recently used are freed when all take more than the limit.

    The one asked for last stays, however large it is.

    Args:
        factory: loads one.
        limit_bytes: how much memory the weights may take together.
    """

    def __init__(self, factory: PredictorFactory, limit_bytes: int = LIMIT_BYTES) -> None:
        self._factory = factory
        self._limit = limit_bytes
        self._loaded: OrderedDict[LoadCheckpoint, Loaded] = OrderedDict()

    @property
    def asked(self) -> tuple[LoadCheckpoint, ...]:
        """What is loaded, the least recently used first."""
        return tuple(self._loaded)

    @property
    def weights_bytes(self) -> int:
        """What all of them take."""
        return sum(one.weights_bytes for one in self._loaded.values())

    def set_limit(self, limit_bytes: int) -> None:
        """How much memory the weights may take from now on."""
        self._limit = limit_bytes
        self._trim()

    def get(self, asked: LoadCheckpoint, *, anew: bool = False) -> Loaded:
        """The checkpoint, loaded now unless it is already or its file was replaced.

        When the memory of the device is not enough, all others are freed; when it is not enough then
        either, the CPU is taken.

        Args:
            asked: file and device.
            anew: one that had to move to the CPU is tried where it should be.

        Raises:
            Exception: whatever the factory raises; what is loaded stays.
        """
        weights_bytes, stamp = _file_facts(asked.checkpoint)
        known = self._loaded.get(asked)
        if known is not None and known.stamp == stamp and not (anew and known.moved):
            self._loaded.move_to_end(asked)
            return known
        made = self._load(asked)
        self._loaded.pop(asked, None)
        self._loaded[asked] = Loaded(made.predictor, weights_bytes, stamp, made.moved)
        self._trim()
        return self._loaded[asked]

    def move_to_cpu(self, asked: LoadCheckpoint, moved: Moved) -> Loaded:
        """The checkpoint on the CPU, in place of where it is.

        Raises:
            Exception: whatever the factory raises; it is not loaded any more then.
        """
        self._loaded.pop(asked, None)
        give_back_memory()
        weights_bytes, stamp = _file_facts(asked.checkpoint)
        predictor = self._factory(asked.checkpoint, "cpu")
        self._loaded[asked] = Loaded(predictor, weights_bytes, stamp, moved)
        return self._loaded[asked]

    def free_others(self, asked: LoadCheckpoint) -> bool:
        """Free all but one; whether there were others."""
        others = [other for other in self._loaded if other != asked]
        for other in others:
            del self._loaded[other]
        if others:
            give_back_memory()
        return bool(others)

    def clear(self) -> None:
        """Free all."""
        self._loaded.clear()
        give_back_memory()

    def _load(self, asked: LoadCheckpoint) -> Loaded:
        made = self._attempt(asked)
        if isinstance(made, Moved) and self.free_others(asked):
            made = self._attempt(asked)
        if isinstance(made, Moved):
            return Loaded(self._factory(asked.checkpoint, "cpu"), moved=made)
        return made

    def _attempt(self, asked: LoadCheckpoint) -> Loaded | Moved:
        """Loaded, or why it has to move; no traceback is left that keeps tensors alive."""
        try:
            return Loaded(self._factory(asked.checkpoint, asked.device))
        except Exception as error:
            if asked.device == "cpu" or not (is_out_of_memory(error) or is_device_lost(error)):
                raise
            return moved_by(error, asked.device)

    def _trim(self) -> None:
        freed = False
        while len(self._loaded) > 1 and self.weights_bytes > self._limit:
            self._loaded.popitem(last=False)
            freed = True
        if freed:
            give_back_memory()


def _file_facts(checkpoint: str) -> tuple[int, int]:
    """Size and time of a checkpoint's file; zeros when there is none, which loading will say."""
    try:
        found = resolve_checkpoint(checkpoint).stat()
    except (TcmError, OSError):
        return 0, 0
    return found.st_size, found.st_mtime_ns
