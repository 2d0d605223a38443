"""Looking at pages again with a new checkpoint: what it finds, and misses, that the old one did not."""

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, Qt, QThreadPool, Signal

from app.domain.finetune_diff import PageDiff, compare_page
from app.domain.region import Region
from app.workers.messages import problem_of
from app.workers.reading import read_picture
from tcm_core.config.decode import DecodeSettings
from tcm_core.decode.maps import ImageMaps
from tcm_core.errors import BadImage, TcmError
from tcm_core.geometry.polygon import Points


class Detector(Protocol):
    """What is needed of a loaded checkpoint."""

    @property
    def checkpoint_name(self) -> str: ...
    @property
    def decode_settings(self) -> DecodeSettings: ...
    def maps(self, image: NDArray[np.uint8]) -> ImageMaps: ...


DetectorFactory = Callable[[str, str], Detector]
"""(checkpoint name or file, device) -> a loaded detector."""


class RecheckPage(NamedTuple):
    """A page with its labels."""

    key: str
    path: Path
    regions: tuple[Region, ...]


@dataclass(frozen=True)
class Recheck:
    """The outcome over all pages.

    Attributes:
        pages: one by one, in their order; those whose image cannot be read are not among them.
        old: name of the checkpoint before.
        new: name of the checkpoint after.
        unread: keys of pages whose image cannot be read.
    """

    pages: tuple[PageDiff, ...]
    old: str
    new: str
    unread: tuple[str, ...] = ()

    def count(self, what: str) -> int:
        """The sum of one of the counts of PageDiff, such as "fixed" or "false_now"."""
        return sum(int(getattr(page, f"{what}_count")) for page in self.pages)


class Stopped(Exception):
    """Nobody wants to know any more."""


def recheck(
    pages: Sequence[RecheckPage],
    checkpoints: tuple[str, str],
    device: str,
    factory: DetectorFactory,
    on_page: Callable[[int, int], bool],
) -> Recheck:
    """Detects pages with two checkpoints, one after the other, each as its own card recommends.

    Args:
        pages: with labels.
        checkpoints: before and after, names or files.
        device: "auto", "cpu" or "cuda".
        factory: loads a checkpoint.
        on_page: told (done, of so many) after each page; when it returns False the work ends.

    Raises:
        Stopped: on_page said so.
        TcmError: a checkpoint cannot be loaded.
    """
    from tcm_core.decode.decode import decode  # with OpenCV, after the window is there

    found: list[Mapping[str, list[Points]]] = []
    names = []
    for turn, checkpoint in enumerate(checkpoints):
        predictor = factory(checkpoint, device)
        names.append(predictor.checkpoint_name)
        detected: dict[str, list[Points]] = {}
        for number, page in enumerate(pages, 1):
            try:
                maps = predictor.maps(read_picture(page.path))
                detected[page.key] = [d.polygon for d in decode(maps, predictor.decode_settings)]
            except BadImage:
                pass  # it is told of as unread
            if not on_page(turn * len(pages) + number, 2 * len(pages)):
                raise Stopped
        del predictor  # one at a time in memory
        found.append(detected)
    before, after = found
    seen = [page for page in pages if page.key in before and page.key in after]
    diffs = tuple(compare_page(p.key, p.regions, before[p.key], after[p.key]) for p in seen)
    unread = tuple(page.key for page in pages if page.key not in {diff.key for diff in diffs})
    return Recheck(diffs, names[0], names[1], unread)


class RecheckJob(QObject):
    """One re-check in a thread of its own.

    Attributes:
        progress: (detections done, of so many).
        done: Recheck, or Problem; nothing when it was stopped.
    """

    progress = Signal(int, int)
    done = Signal(object)
    _ended = Signal(object)

    def __init__(self, factory: DetectorFactory, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._factory = factory
        self._stop = threading.Event()
        self._pool = QThreadPool(self)
        self._ended.connect(self.done, Qt.ConnectionType.QueuedConnection)

    def start(self, pages: Sequence[RecheckPage], checkpoints: tuple[str, str], device: str) -> None:
        """Begin; see recheck."""
        self._pool.start(lambda: self._work(list(pages), checkpoints, device))

    def stop(self) -> None:
        """End after the page in work, and wait for it."""
        self._stop.set()
        self._pool.waitForDone()

    def _work(self, pages: list[RecheckPage], checkpoints: tuple[str, str], device: str) -> None:
        try:
            answer: object = recheck(pages, checkpoints, device, self._factory, self._on_page)
        except Stopped:
            return
        except Exception as error:  # noqa: BLE001 the edge of a thread: reported as a problem
            known = isinstance(error, TcmError)
            what = str(error) if known else f"Looking at the pages again failed: {error}"
            remedy = "Your labels are not affected. Discard the checkpoint, or try again."
            answer = problem_of(error, what=what, where=checkpoints[1], remedy=remedy)
        self._ended.emit(answer)

    def _on_page(self, done: int, total: int) -> bool:
        self.progress.emit(done, total)
        return not self._stop.is_set()
