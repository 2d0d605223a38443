"""What a recogniser reads in a region, as a hint to the person who types. It needs the package rapidocr.

The package is an extra; it is imported with the first request, in a thread of its own.
"""

from collections.abc import Callable
from importlib.util import find_spec
from typing import Any, Final, NamedTuple

import cv2
from PySide6.QtCore import QObject, Qt, QThreadPool, Signal, Slot
from PySide6.QtGui import QImage

from app.domain.region import Region
from app.domain.strip import Pixels, rectified
from app.workers.messages import Problem, problem_of
from app.workers.strips import part_of

PACKAGE: Final = "rapidocr"
HOW_TO_INSTALL: Final = "Recognition hints need the package rapidocr: pip install 'tcm-studio[rapidocr]'"
LEAST_SCORE: Final = 0.5  # a reading below this is noise more often than not


class Reading(NamedTuple):
    """What is read in a strip."""

    text: str
    score: float  # 0 to 1

    @property
    def is_hint(self) -> bool:
        """Whether it is worth showing."""
        return bool(self.text) and self.score >= LEAST_SCORE


Reader = Callable[[Pixels], Reading]  # (h, w, 3) RGB -> what it says


def is_installed() -> bool:
    """Whether the package is there; it is not imported."""
    return find_spec(PACKAGE) is not None


def rapidocr_reader() -> Reader:
    """The recogniser of rapidocr with the model that the package brings along, on one core.

    Raises:
        ImportError: the package is missing.
    """
    from rapidocr import RapidOCR

    engine = RapidOCR(
        params={
            "Global.use_det": False,
            "Global.use_cls": False,
            "Global.log_level": "error",
            "EngineConfig.onnxruntime.intra_op_num_threads": 1,
        }
    )

    def read(strip: Pixels) -> Reading:
        found: Any = engine(
            cv2.cvtColor(strip, cv2.COLOR_RGB2BGR), use_det=False, use_cls=False, use_rec=True
        )
        texts, scores = found.txts or (), found.scores or ()
        return Reading(str(texts[0]), float(scores[0])) if texts and scores else Reading("", 0.0)

    return read


class Recogniser(QObject):
    """Reads the region asked for last, one at a time. All methods and signals are for the GUI thread.

    Attributes:
        read: the id of the region and what it probably says; not emitted when nothing can be made out.
        failed: a Problem; once, then nothing is read any more.
    """

    read = Signal(str, str)
    failed = Signal(object)
    _done = Signal(int, str, object, object)  # number, region, Reading or None, Problem or None

    def __init__(
        self, make_reader: Callable[[], Reader] = rapidocr_reader, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._make_reader = make_reader
        self._reader: Reader | None = None  # used in the pool's only thread
        self._pool = QThreadPool(self)
        self._pool.setMaxThreadCount(1)
        self._number = 0
        self._broken = False
        self._done.connect(self._on_done, Qt.ConnectionType.QueuedConnection)

    def request(self, image: QImage, region: Region) -> None:
        """Want to know what this region says, and no other any more."""
        if not self._broken:
            self._number = number = self._number + 1
            self._pool.start(lambda: _recognise(self, number, image, region))

    def shutdown(self) -> None:
        """Wait for what is under way; nothing is signalled afterwards."""
        self._number += 1
        self._pool.waitForDone()

    def is_newest(self, number: int) -> bool:
        """Whether anybody still wants that one; asked in the thread, before the work."""
        return number == self._number

    def read_region(self, image: QImage, region: Region) -> Reading | None:
        """In the pool's thread: what the region says; None when it lies outside the picture."""
        part = part_of(image, region)
        if part is None:
            return None
        if self._reader is None:
            self._reader = self._make_reader()
        return self._reader(rectified(*part))

    @Slot(int, str, object, object)
    def _on_done(self, number: int, region_id: str, reading: Reading | None, problem: Problem | None) -> None:
        if problem is not None and not self._broken:
            self._broken = True
            self.failed.emit(problem)
        elif number == self._number and reading is not None and reading.is_hint:
            self.read.emit(region_id, reading.text)


def _recognise(recogniser: Recogniser, number: int, image: QImage, region: Region) -> None:
    """In the pool's thread. No QRunnable: of those the bindings kept some for ever, with their pictures."""
    if not recogniser.is_newest(number):
        return
    reading: Reading | None = None
    problem: Problem | None = None
    try:
        reading = recogniser.read_region(image, region)
    except Exception as error:  # noqa: BLE001 the edge of the thread: reported as a problem
        problem = problem_of(
            error,
            what=f"Recognition hints do not work: {error}",
            where=PACKAGE,
            remedy=f"Typing goes on without them. {HOW_TO_INSTALL}; then switch the hints off and on.",
        )
    recogniser._done.emit(number, region.id, reading, problem)
