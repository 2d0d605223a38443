"""Pictures and thumbnails read off the GUI thread, with a memory of the last ones bounded by bytes."""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, QRunnable, Qt, QThreadPool, Signal, Slot
from PySide6.QtGui import QImage

from app.workers.messages import Problem, problem_of
from app.workers.reading import read_picture
from app.workers.thumbnails import prune, read_thumbnail
from tcm_core.errors import BadImage

THUMBNAIL_EDGE: Final = 96
CACHE_BYTES: Final = 512_000_000
WAITING_THUMBNAILS: Final = 256
"""Older requests are forgotten: their rows have scrolled away and ask again when they come back."""

_Kind = Literal["image", "thumbnail"]


@dataclass(frozen=True)
class _Job:
    folder: int  # counts the folders: results for an older one are dropped
    kind: _Kind
    key: str
    path: Path


class _Read(QRunnable):
    """A turn of the pool: does whatever is most wanted by then.

    One serves for all turns: of those made for each turn the bindings kept some for ever.
    """

    def __init__(self, pool: "ImagePool") -> None:
        super().__init__()
        self.setAutoDelete(False)
        self._pool = pool

    def run(self) -> None:
        self._pool._read_next()


class ImagePool(QObject):
    """Reads pictures in the view frame. All methods are for the GUI thread; all signals arrive there.

    A picture that a person waits for goes first, then the pictures read ahead, then thumbnails, newest first.
    """

    image_ready = Signal(str, QImage)  # RGB32
    image_failed = Signal(str, object)  # Problem
    thumbnail_ready = Signal(str, QImage)  # fits THUMBNAIL_EDGE x THUMBNAIL_EDGE
    thumbnail_failed = Signal(str, object)  # Problem
    _read = Signal(object, QImage, object)  # _Job, image, Problem or None

    def __init__(
        self,
        *,
        cache_bytes: int = CACHE_BYTES,
        thumbnail_folder: Path | None = None,
        threads: int = 2,
        parent: QObject | None = None,
    ) -> None:
        """A pool of its own.

        Args:
            cache_bytes: how much memory the kept pictures may take; the one asked for last is always kept.
            thumbnail_folder: where thumbnails are kept between runs; None: nowhere.
            threads: pictures read at the same time.
            parent: owner.
        """
        super().__init__(parent)
        self._pool = QThreadPool()
        self._pool.setMaxThreadCount(threads)
        self._turn = _Read(self)  # outlives the pool, which waits for its threads
        self._cache: OrderedDict[str, QImage] = OrderedDict()
        self._cache_bytes, self._limit = 0, cache_bytes
        self._thumbnail_folder = thumbnail_folder
        self._wanted: str | None = None  # the page whose picture is shown as soon as it is there
        self._in_work: set[tuple[_Kind, str]] = set()
        self._folder = 0
        self._closed = False
        self._lock = Lock()
        # guarded by the lock; the end is taken first
        self._images: OrderedDict[str, _Job] = OrderedDict()
        self._thumbnails: OrderedDict[str, _Job] = OrderedDict()
        self._read.connect(self._on_read, Qt.ConnectionType.QueuedConnection)
        if thumbnail_folder is not None:
            self._pool.start(lambda: prune(thumbnail_folder))

    @property
    def cached_bytes(self) -> int:
        """Memory that the kept pictures take."""
        return self._cache_bytes

    def request(self, key: str, path: Path) -> None:
        """Want this page's picture, and no other's any more.

        A kept picture is signalled before this returns, another one later; a failure as image_failed.
        """
        self._wanted = key
        image = self._cache.get(key)
        if image is not None:
            self._cache.move_to_end(key)
            self.image_ready.emit(key, image)
            return
        self._submit(_Job(self._folder, "image", key, path))

    def prefetch(self, pages: Sequence[tuple[str, Path]]) -> None:
        """Read these (key, path) pages ahead, the first one first; replaces the earlier list."""
        with self._lock:
            dropped = [key for key in self._images if key != self._wanted]
            for key in dropped:
                del self._images[key]
        self._in_work.difference_update(("image", key) for key in dropped)
        for key, path in pages:
            if key not in self._cache:
                self._submit(_Job(self._folder, "image", key, path))

    def request_thumbnail(self, key: str, path: Path) -> None:
        """Want this page's thumbnail; asking again while it is on the way costs nothing."""
        self._submit(_Job(self._folder, "thumbnail", key, path))

    def clear(self) -> None:
        """Forget everything, as another folder is opened; results still under way are dropped."""
        self._folder += 1
        self._wanted = None
        self._cache.clear()
        self._cache_bytes = 0
        self._in_work.clear()
        with self._lock:
            self._images.clear()
            self._thumbnails.clear()

    def shutdown(self) -> None:
        """Drop what waits and wait for the pictures in work; nothing is signalled afterwards."""
        self._closed = True
        self.clear()
        self._pool.waitForDone()

    def _submit(self, job: _Job) -> None:
        if self._closed or (job.kind, job.key) in self._in_work:
            if job.kind == "image" and job.key == self._wanted:
                self._raise(job.key)
            return
        self._in_work.add((job.kind, job.key))
        with self._lock:
            if job.kind == "image":
                self._images[job.key] = job
                if job.key != self._wanted:
                    self._images.move_to_end(job.key, last=False)
            else:
                self._thumbnails[job.key] = job
                while len(self._thumbnails) > WAITING_THUMBNAILS:
                    forgotten, _ = self._thumbnails.popitem(last=False)
                    self._in_work.discard(("thumbnail", forgotten))
        self._pool.start(self._turn)

    def _raise(self, key: str) -> None:
        with self._lock:
            if key in self._images:
                self._images.move_to_end(key)

    def _read_next(self) -> None:
        """In a thread of the pool: take the most wanted job, do it, and signal what came of it."""
        with self._lock:
            waiting = self._images or self._thumbnails
            if not waiting:
                return
            job = waiting.popitem()[1]
        image, problem = QImage(), None
        try:
            if job.kind == "image":
                image = to_screen(read_picture(job.path))
            else:
                image = read_thumbnail(job.path, THUMBNAIL_EDGE, self._thumbnail_folder)
        except Exception as error:  # noqa: BLE001 the edge of the thread: reported as a problem
            problem = _reading_problem(error, job.path)
        self._read.emit(job, image, problem)

    @Slot(object, QImage, object)
    def _on_read(self, job: _Job, image: QImage, problem: Problem | None) -> None:
        if self._closed or job.folder != self._folder:
            return
        self._in_work.discard((job.kind, job.key))
        if job.kind == "thumbnail":
            if problem is None:
                self.thumbnail_ready.emit(job.key, image)
            else:
                self.thumbnail_failed.emit(job.key, problem)
            return
        if problem is None:
            self._remember(job.key, image)
        if job.key != self._wanted:
            return  # read ahead, or no longer looked at
        if problem is None:
            self.image_ready.emit(job.key, image)
        else:
            self.image_failed.emit(job.key, problem)

    def set_cache_bytes(self, limit: int) -> None:
        """Keep pictures in at most this much memory from now on."""
        self._limit = limit
        self._let_go(self._wanted)

    def _remember(self, key: str, image: QImage) -> None:
        old = self._cache.pop(key, None)
        self._cache[key] = image
        self._cache_bytes += image.sizeInBytes() - (old.sizeInBytes() if old is not None else 0)
        self._let_go(key)

    def _let_go(self, key: str | None) -> None:
        """Forget the oldest pictures beyond the limit, but neither `key` nor the one that is waited for."""
        for other in list(self._cache):
            if self._cache_bytes <= self._limit:
                break
            if other not in (key, self._wanted):
                self._cache_bytes -= self._cache.pop(other).sizeInBytes()


def to_screen(pixels: NDArray[np.uint8]) -> QImage:
    """A picture of (H, W, 3) RGB pixels in the format of the screen.

    A pixmap is made of it without touching a pixel; from RGB888 the window needs 20 ms for 12 megapixels.
    """
    height, width = pixels.shape[:2]
    packed = QImage(pixels.data, width, height, 3 * width, QImage.Format.Format_RGB888)
    return packed.convertToFormat(QImage.Format.Format_RGB32)


def _reading_problem(error: Exception, path: Path) -> Problem:
    what = str(error) if isinstance(error, BadImage) else f"The image could not be read: {error}"
    remedy = "The other images are not affected. Repair or replace the file, then open the image again."
    return problem_of(error, what=what, where=str(path), remedy=remedy)
