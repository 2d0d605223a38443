"""Straight strips of regions and how legible they are, made off the GUI thread."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import QObject, QRect, Qt, QThreadPool, Signal, Slot
from PySide6.QtGui import QImage

from app.domain.legibility import Legibility, legibility
from app.domain.region import Region
from app.domain.strip import Pixels, rectified, window_of
from app.workers.messages import Problem, problem_of
from app.workers.thumbnails import to_qimage
from tcm_core.geometry.polygon import Points


@dataclass(frozen=True, eq=False)
class _Job:
    number: int
    image: QImage
    regions: tuple[Region, ...]
    measure: bool  # legibility of all in place of the strip of the first


class StripMaker(QObject):
    """Makes the strip of the region asked for last. All methods and signals are for the GUI thread.

    Attributes:
        strip_ready: the id of the region and its strip as a QImage; a null one when it lies outside.
        measured: dict of region ids to their Legibility.
        failed: a Problem.
    """

    strip_ready = Signal(str, QImage)
    measured = Signal(object)
    failed = Signal(object)
    _done = Signal(int, object, object)  # number, result, Problem or None

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._pool = QThreadPool(self)
        self._pool.setMaxThreadCount(1)
        self._number = 0
        self._wanted: dict[bool, int] = {False: 0, True: 0}
        self._done.connect(self._on_done, Qt.ConnectionType.QueuedConnection)

    def request(self, image: QImage, region: Region) -> None:
        """Want the strip of this region, and no other's any more."""
        self._start(image, (region,), measure=False)

    def measure(self, image: QImage, regions: Sequence[Region]) -> None:
        """Want the legibility of these regions."""
        self._start(image, tuple(regions), measure=True)

    def forget(self) -> None:
        """Nothing is wanted any more; what is under way is dropped."""
        self._wanted = dict.fromkeys(self._wanted, 0)

    def shutdown(self) -> None:
        """Wait for what is under way."""
        self.forget()
        self._pool.waitForDone()

    def _start(self, image: QImage, regions: tuple[Region, ...], *, measure: bool) -> None:
        self._number += 1
        self._wanted[measure] = self._number
        job = _Job(self._number, image, regions, measure)
        self._pool.start(lambda: _make(self, job))

    def is_wanted(self, job: _Job) -> bool:
        """Whether the result of a job would be used; asked in the thread, before the work."""
        return self._wanted[job.measure] == job.number

    @Slot(int, object, object)
    def _on_done(self, number: int, result: object, problem: Problem | None) -> None:
        if number not in self._wanted.values():
            return
        if problem is not None:
            self.failed.emit(problem)
        elif isinstance(result, tuple):
            self.strip_ready.emit(*result)
        else:
            self.measured.emit(result)


def _make(maker: StripMaker, job: _Job) -> None:
    """In the pool's thread. No QRunnable: of those the bindings kept some for ever, with their pictures."""
    if not maker.is_wanted(job):
        return
    result: object = None
    problem: Problem | None = None
    try:
        result = _legibilities(job) if job.measure else _strip(job.image, job.regions[0])
    except Exception as error:  # noqa: BLE001 the edge of the thread: reported as a problem
        problem = problem_of(
            error,
            what=f"A region could not be laid straight: {error}",
            where="transcription",
            remedy="The labels are not affected; the picture itself shows the region.",
        )
    maker._done.emit(job.number, result, problem)


def _strip(image: QImage, region: Region) -> tuple[str, QImage]:
    part = part_of(image, region)
    return region.id, QImage() if part is None else to_qimage(rectified(part[0], part[1]))


def _legibilities(job: _Job) -> dict[str, Legibility]:
    found = {}
    for region in job.regions:
        part = part_of(job.image, region)
        if part is not None:
            found[region.id] = legibility(*part)
    return found


def part_of(image: QImage, region: Region) -> tuple[Pixels, Points] | None:
    """The (h, w, 3) RGB pixels around a region and its polygon in them; None when it lies outside."""
    window = window_of(region.polygon, (image.height(), image.width()))
    if window is None:
        return None
    part = image.copy(QRect(*window)).convertToFormat(QImage.Format.Format_RGB888)
    rows = np.frombuffer(part.constBits(), np.uint8).reshape(part.height(), part.bytesPerLine())
    pixels = rows[:, : part.width() * 3].reshape(part.height(), part.width(), 3).copy()
    return pixels, region.polygon - (window.left, window.top)
