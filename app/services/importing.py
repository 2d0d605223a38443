"""Import of labels: first a plan with a report to read, then the pages, as labels or as ground truth."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

from PySide6.QtCore import QObject, Qt, QThreadPool, QTimer, Signal, Slot

from app.domain.counted import counted
from app.domain.edits import EditRefused
from app.domain.imported import ImportRegions
from app.domain.region import Region
from app.services.workspace import Workspace
from app.storage.errors import StorageError
from app.storage.label_io import regions_of
from app.workers.messages import Problem, problem_of
from tcm_core.errors import BadImage, BadLabels, TcmError
from tcm_core.geometry.orientation import ReadFrame

if TYPE_CHECKING:
    from tcm_core.data.formats.labelled import LabelledImage
    from tcm_core.data.pairing import ImageNames

AUTO: Final = "auto"
SHOWN_LINES: Final = 200
PAGES_A_TURN: Final = 8  # each is on the disk before the next
_OWN_ENDING: Final = re.compile(r"_([A-Za-z]{3,4})$")  # gt_photo_jpg.txt, see label_io.plan_export

ImportMode = Literal["add", "replace", "empty", "truth"]
"""Over the regions that are there, in place of them, only where there are none, or as ground truth."""


@dataclass(frozen=True)
class ImportPlan:
    """What was read and where it belongs.

    Attributes:
        source: file or folder.
        format: a row of FORMATS.
        frame: that the coordinates were taken to be in.
        pages: key and regions, view frame, in the order of the pages.
        unmatched: images that the labels name and the folder does not have.
        ambiguous: why labels of one image could not be given to one page.
        problems: lines, files and regions that could not be read.
        turned: pages whose coordinates were turned into the frame that is shown.
    """

    source: Path
    format: str
    frame: ReadFrame
    pages: tuple[tuple[str, tuple[Region, ...]], ...]
    unmatched: tuple[str, ...] = ()
    ambiguous: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    turned: int = 0

    @property
    def region_count(self) -> int:
        """Regions of all pages."""
        return sum(len(regions) for _, regions in self.pages)

    def report(self, labelled: int = 0) -> str:
        """What was found, in words.

        Args:
            labelled: how many of the pages have regions of their own.
        """
        from tcm_core.data.formats.table import FORMATS

        lines = [
            f"Format: {FORMATS[self.format].title}.",
            f"{counted(self.region_count, 'region')} for {counted(len(self.pages), 'image')} of this folder.",
        ]
        if labelled:
            lines.append(f"With regions of their own already: {counted(labelled, 'image')}.")
        if self.turned:
            how = "stored" if self.frame == "stored" else "shown"
            lines.append(
                f"Shown in another orientation than stored (EXIF): {counted(self.turned, 'image')}. "
                f"The coordinates were taken as those of the picture as it is {how}."
            )
        parts = (
            ("Labels of images that are not in this folder", self.unmatched),
            ("Labels that fit several images, left out", self.ambiguous),
            ("Could not be read, left out", self.problems),
        )
        for title, names in parts:
            if names:
                lines += ["", f"{title}: {len(names)}", *(f"  {name}" for name in names[:SHOWN_LINES])]
                if len(names) > SHOWN_LINES:
                    lines.append(f"  ... and {len(names) - SHOWN_LINES} more")
        return "\n".join(lines)


@dataclass(frozen=True)
class ImportOutcome:
    """What an import did: pages changed, and left as they were."""

    pages: int
    left: int
    cancelled: bool = False


class ImportService(QObject):
    """Reads labels in a thread and puts them into the open project. For the GUI thread."""

    read = Signal(object)  # ImportPlan
    progress = Signal(int, int)  # pages done, pages in all
    finished = Signal(object)  # ImportOutcome
    failed = Signal(object)  # Problem
    _ended = Signal(int, object)

    def __init__(self, workspace: Workspace, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._workspace = workspace
        self._pool = QThreadPool()
        self._number = 0
        self._waiting: list[tuple[str, tuple[Region, ...]]] = []
        self._mode: ImportMode = "add"
        self._total = self._changed = 0
        self._timer = QTimer(self)
        self._timer.setInterval(0)
        self._timer.timeout.connect(self._turn)
        self._ended.connect(self._on_ended, Qt.ConnectionType.QueuedConnection)
        workspace.closing.connect(self.cancel)

    @property
    def running(self) -> bool:
        """Whether pages are being changed."""
        return self._timer.isActive()

    def start_reading(self, source: Path, name: str = AUTO, frame: ReadFrame | None = None) -> None:
        """Read labels in a thread; `read` or `failed` follows, unless another reading is started before.

        Args:
            source: file, folder or zip.
            name: a row of FORMATS, or AUTO: by the content.
            frame: of the coordinates; None: the one that is usual in the format.
        """
        folder = self._workspace.folder
        if folder is None:
            self.failed.emit(Problem("No folder is open.", "import", "Open a folder of images first."))
            return
        self._number += 1
        number, keys = self._number, tuple(self._workspace.keys)
        self._pool.start(lambda: self._ended.emit(number, plan_import(source, name, frame, folder, keys)))

    def start_import(self, plan: ImportPlan, mode: ImportMode) -> None:
        """Put the plan's regions into the project, a few pages at a time; `finished` or `failed` follows.

        Labels are edits: each page can be undone.
        """
        workspace = self._workspace
        if workspace.db is None or self.running:
            return
        if mode == "truth":
            try:
                workspace.db.truth.save(plan.pages, str(plan.source))
            except TcmError as error:
                self.failed.emit(_problem(error, plan.source))
                return
            self.finished.emit(ImportOutcome(len(plan.pages), 0))
            return
        self._waiting = list(reversed(plan.pages))
        self._mode, self._total, self._changed = mode, len(plan.pages), 0
        self._timer.start()

    @Slot()
    def cancel(self) -> None:
        """Stop; the pages that were changed stay so, each can be undone."""
        if self.running:
            self._finish(cancelled=True)

    def shutdown(self) -> None:
        """Wait for a reading that is under way."""
        self._number += 1
        self._timer.stop()
        self._pool.waitForDone()

    @Slot()
    def _turn(self) -> None:
        session = self._workspace.session
        for _ in range(PAGES_A_TURN):
            if not self._waiting or session is None:
                self._finish()
                return
            key, regions = self._waiting.pop()
            if self._mode == "empty" and self._workspace.summary(key).region_count:
                continue
            try:
                edit = ImportRegions(regions, replace=self._mode == "replace")
                changed = session.apply_to(key, edit)
            except (StorageError, EditRefused) as error:
                self._timer.stop()
                self.failed.emit(_problem(error, Path(key)))
                return
            if session.dirty:
                self._timer.stop()
                self.failed.emit(_unsaved(key, self._changed))
                return
            self._changed += changed
        self.progress.emit(self._total - len(self._waiting), self._total)

    def _finish(self, *, cancelled: bool = False) -> None:
        self._timer.stop()
        self._waiting = []
        self.finished.emit(ImportOutcome(self._changed, self._total - self._changed, cancelled))

    @Slot(int, object)
    def _on_ended(self, number: int, result: ImportPlan | Problem) -> None:
        if number != self._number:
            return
        if isinstance(result, Problem):
            self.failed.emit(result)
        else:
            self.read.emit(result)


def plan_import(
    source: Path, name: str, frame: ReadFrame | None, folder: Path, keys: Sequence[str]
) -> ImportPlan | Problem:
    """Read labels and find the pages that they belong to; for threads.

    Args:
        source: file, folder or zip.
        name: a row of FORMATS, or AUTO.
        frame: of the coordinates; None: the one that is usual in the format.
        folder: of the images.
        keys: of the pages.
    """
    from tcm_core.data.formats.table import format_named, recognise_format
    from tcm_core.data.pairing import ImageNames

    try:
        chosen = recognise_format(source) if name == AUTO else name
        label_format = format_named(chosen)
        reading = _Reading(folder, frame or label_format.frame)
        names = ImageNames([folder / key for key in keys], [folder])
        for image in label_format.read(source, lambda problem: reading.problems.append(str(problem))):
            reading.take(image, names)
    except (TcmError, OSError) as error:
        return _problem(error, source)
    except Exception as error:  # noqa: BLE001 the edge of a thread: reported as a problem
        return _problem(error, source)
    if not reading.pages and not reading.unmatched and not reading.ambiguous:
        what = reading.problems[0] if reading.problems else f"There are no labels in {source}."
        return Problem(what, str(source), "Choose the labels' folder or file, or name their format.")
    order = {key: place for place, key in enumerate(keys)}
    pages = tuple((key, reading.pages[key]) for key in sorted(reading.pages, key=order.__getitem__))
    return ImportPlan(
        source, chosen, reading.frame, pages, tuple(reading.unmatched), tuple(reading.ambiguous),
        tuple(reading.problems), reading.turned,
    )  # fmt: skip


class _Reading:
    """What has been read so far."""

    def __init__(self, folder: Path, frame: ReadFrame) -> None:
        self.frame = frame
        self.pages: dict[str, tuple[Region, ...]] = {}
        self.unmatched: list[str] = []
        self.ambiguous: list[str] = []
        self.problems: list[str] = []
        self.turned = 0
        self._folder = folder

    def take(self, image: "LabelledImage", names: "ImageNames") -> None:
        """Give the labels of an image to its page, turned into the view frame."""
        from tcm_core.data.image_io import read_header

        try:
            path = names.find(image.image) or names.find(_OWN_ENDING.sub(r".\1", image.image))
        except BadLabels as error:
            self.ambiguous.append(str(error))
            return
        if path is None:
            self.unmatched.append(image.image)
            return
        key = path.relative_to(self._folder).as_posix()
        if key in self.pages:
            self.ambiguous.append(f"{key}: there are labels for it twice, also as {image.image!r}")
            return
        try:
            header = read_header(path) if image.instances else None
        except BadImage as error:
            self.problems.append(f"{key}: {error} Its labels are left out, the orientation is not known.")
            return
        if header is not None and header.orientation != 1:
            self.turned += 1
        regions: list[Region] = []
        for index, instance in enumerate(image.instances):
            try:
                regions += regions_of([instance], header if self.frame == "stored" else None)
            except ValueError as error:
                self.problems.append(f"{key}: region {index + 1}: {error}")
        self.pages[key] = tuple(regions)


def _unsaved(key: str, changed: int) -> Problem:
    return Problem(
        "The import stopped, because labels could not be saved.",
        key,
        f"{counted(changed, 'image')} changed before are saved. Mend what the line over the picture names, "
        "press Save now, and import again.",
    )


def _problem(error: Exception, source: Path) -> Problem:
    known = isinstance(error, TcmError)
    return problem_of(
        error,
        what=str(error) if known else f"The labels could not be read: {error}",
        where=str(source),
        remedy="Nothing was changed. Choose another file or folder, or name the format.",
    )
