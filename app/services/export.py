"""Export of labels: first a plan with a report to read, then the writing, in a thread."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt, QThreadPool, Signal, Slot

from app.domain.counted import counted
from app.domain.page import Page
from app.services.export_words import page_lines, single_lines
from app.services.format_export import FormatPlan, plan_format, write_format
from app.services.workspace import Workspace
from app.storage.export_profile import ExportProfile, load_profile, save_profile
from app.storage.label_io import ExportItem, plan_export, report_lines, write_export
from app.workers.messages import Problem, problem_of
from tcm_core.errors import BadImage, TcmError
from tcm_core.geometry.orientation import ReadFrame

if TYPE_CHECKING:
    from tcm_core.data.image_io import ImageHeader


@dataclass(frozen=True)
class ExportPlan:
    """What would be written.

    Attributes:
        items: one for each label file.
        untouched: pages left out: without regions, and not worked on or rejected.
        frame: of the coordinates.
        turned: pages whose image is shown in another orientation than it is stored in.
        unread: pages whose image cannot be read, so that its orientation is not known.
        format: a row of FORMATS.
    """

    items: tuple[ExportItem, ...]
    untouched: int = 0
    frame: ReadFrame = "view"
    turned: int = 0
    unread: tuple[str, ...] = ()

    format: str = "icdar2015"

    @property
    def image_count(self) -> int:
        """Images that will be written."""
        return len(self.items)

    @property
    def region_count(self) -> int:
        """Regions that will be written."""
        return sum(item.report.written for item in self.items)

    @property
    def changes(self) -> int:
        """Regions that the format cannot hold as they are: fitted to four points, or left out."""
        return sum(len(item.report.quads_fitted) + len(item.report.dropped) for item in self.items)

    def report(self, as_zip: bool = False) -> str:
        """What the format changes or leaves out, in words, to be read before writing."""
        regions, images = counted(self.region_count, "region"), counted(len(self.items), "image")
        lines = [f"{regions} of {images} will be written in ICDAR 2015 form."]
        lines += page_lines(self.untouched, self.turned, self.frame)
        fitted = sum(len(item.report.quads_fitted) for item in self.items)
        if fitted:
            lines.append(
                f"Without four corners, turned into the smallest rectangle: {counted(fitted, 'region')}."
            )
        dropped = sum(len(item.report.dropped) for item in self.items)
        if dropped:
            lines.append(f"Left out, because they cannot be written: {counted(dropped, 'region')}.")
        single = [
            f"{key}: the image cannot be read, so its orientation is not known; written as it was shown"
            for key in self.unread
        ]
        single += report_lines(self.items, as_zip)
        return "\n".join([*lines, *single_lines(single)])


class ExportService(QObject):
    """Plans and writes the labels of the open project. For the GUI thread."""

    planned = Signal(object)  # AnyPlan or Problem, after start_planning
    written = Signal(list)  # the files
    failed = Signal(object)  # Problem
    _ended = Signal(object)  # list of paths or Problem
    _tried = Signal(int, object)  # number, AnyPlan or Problem

    def __init__(self, workspace: Workspace, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._workspace = workspace
        self._pool = QThreadPool()
        self._writing = False
        self._number = 0  # of the newest trial
        self._tried.connect(self._on_tried, Qt.ConnectionType.QueuedConnection)
        self._ended.connect(self._on_ended, Qt.ConnectionType.QueuedConnection)

    @property
    def writing(self) -> bool:
        """Whether an export is under way."""
        return self._writing

    @property
    def profile(self) -> ExportProfile:
        """How the open project was exported last, or is by default."""
        db = self._workspace.db
        return ExportProfile() if db is None else load_profile(db)[0]

    @property
    def frame(self) -> ReadFrame:
        """The frame of the coordinates that the open project was exported in last, or is by default."""
        return self.profile.frame

    def remember(self, profile: ExportProfile) -> None:
        """Keep the profile with the project; `failed` is emitted when that cannot be done."""
        try:
            if self._workspace.db is not None and profile != self.profile:
                save_profile(self._workspace.db, profile)
        except TcmError as error:
            self.failed.emit(_problem(error, str(self._workspace.folder)))

    def start_planning(self, keys: Sequence[str] | None, name: str, frame: ReadFrame) -> None:
        """Find out what would be written in a format; `planned` follows, for the newest call only.

        Args:
            keys: of the pages; None: all.
            name: a row of FORMATS.
            frame: of the coordinates.
        """
        self._number += 1
        folder = self._workspace.folder
        if name == "icdar2015" or folder is None:
            self.planned.emit(self.plan(keys, frame))
            return
        try:
            pages, untouched = self.gather(keys)
        except TcmError as error:
            self.planned.emit(_problem(error, str(folder)))
            return
        number = self._number
        self._pool.start(lambda: self._tried.emit(number, try_format(pages, folder, name, frame, untouched)))

    @Slot(int, object)
    def _on_tried(self, number: int, plan: "AnyPlan | Problem") -> None:
        if number == self._number:
            self.planned.emit(plan)

    def gather(self, keys: Sequence[str] | None) -> tuple[list[tuple[str, Page]], int]:
        """The pages of these keys (None: all) that belong into an export, and how many do not.

        Raises:
            StorageError: they cannot be read.
        """
        workspace = self._workspace
        session, db = workspace.session, workspace.db
        if session is None or db is None:
            return [], 0
        pages: list[tuple[str, Page]] = []
        untouched = 0
        for key in workspace.keys if keys is None else keys:
            summary = workspace.summary(key)
            if summary.region_count == 0 and summary.review in ("unseen", "detected", "rejected"):
                untouched += 1
            else:
                pages.append((key, session.page if key == session.key else db.load_page(key)))
        return pages, untouched

    def plan(self, keys: Sequence[str] | None = None, frame: ReadFrame | None = None) -> ExportPlan | Problem:
        """What would be written for these pages (None: all) in a frame (None: the project's); nothing is.

        Pages without regions that nobody has worked on, or that were rejected, are left out; a page that a
        person left without regions otherwise gets an empty file, which says that there is no text.
        """
        workspace = self._workspace
        if workspace.db is None or workspace.session is None:
            return Problem("No folder is open.", "export", "Open a folder of images first.")
        try:
            pages, untouched = self.gather(keys)
            headers, unread = self._headers([key for key, page in pages if page.regions])
            frame = frame or self.profile.frame
            items = tuple(plan_export(pages, headers if frame == "stored" else None))
        except TcmError as error:
            return _problem(error, str(workspace.folder))
        turned = sum(header.orientation != 1 for header in headers.values())
        return ExportPlan(items, untouched, frame, turned, unread)

    def _headers(self, keys: Sequence[str]) -> "tuple[dict[str, ImageHeader], tuple[str, ...]]":
        """How the images of these pages are stored, and the pages of which that cannot be read."""
        from tcm_core.data.image_io import read_header  # decoders are imported after the window is there

        headers: dict[str, ImageHeader] = {}
        unread: list[str] = []
        for key in keys:
            try:
                headers[key] = read_header(self._workspace.path_of(key))
            except BadImage:
                unread.append(key)
        return headers, tuple(unread)

    def write(self, plan: "AnyPlan", out: Path, as_zip: bool = False, scope: str = "") -> None:
        """Write in a thread; written or failed follows. An export that is under way makes this fail.

        The project remembers format, frame, place and scope for the next export.

        Args:
            plan: from plan or start_planning.
            out: the folder, or the file when as_zip.
            as_zip: one archive in place of files.
            scope: which pages the plan is about, in the words of the choice.
        """
        if self._writing:
            problem = Problem(
                "An export is still being written.", str(out), "Wait for its end, then try again."
            )
            self.failed.emit(problem)
            return
        kept = {
            "format": plan.format,
            "frame": plan.frame,
            "scope": scope,
            "folder": str(out.parent if as_zip else out),
            "as_zip": as_zip,
        }
        self.remember(self.profile.model_copy(update=kept))
        self._writing = True
        self._pool.start(lambda: self._ended.emit(write_plan(plan, out, as_zip)))

    def shutdown(self) -> None:
        """Wait for an export that is being written."""
        self._pool.waitForDone()

    @Slot(object)
    def _on_ended(self, end: list[Path] | Problem) -> None:
        self._writing = False
        if isinstance(end, Problem):
            self.failed.emit(end)
        else:
            self.written.emit(end)


AnyPlan = ExportPlan | FormatPlan


def try_format(
    pages: Sequence[tuple[str, Page]], folder: Path, name: str, frame: ReadFrame, untouched: int
) -> FormatPlan | Problem:
    """See plan_format; what goes wrong is a problem, for use in threads."""
    try:
        return plan_format(pages, folder, name, frame, untouched)
    except (TcmError, OSError) as error:
        return _problem(error, str(folder))
    except Exception as error:  # noqa: BLE001 the edge of a thread: reported as a problem
        return _problem(error, str(folder))


def write_plan(plan: AnyPlan, out: Path, as_zip: bool = False) -> list[Path] | Problem:
    """Write the files of a plan and wait for it; for use without a window and in threads."""
    try:
        if isinstance(plan, FormatPlan):
            return write_format(plan, out)
        return list(write_export(plan.items, out, as_zip))
    except (TcmError, OSError) as error:
        return _problem(error, str(out))
    except Exception as error:  # noqa: BLE001 the edge of a thread: reported as a problem
        return _problem(error, str(out))


def _problem(error: Exception, where: str) -> Problem:
    known = isinstance(error, TcmError)
    return problem_of(
        error,
        what=str(error) if known else f"The export failed: {error}",
        where=where,
        remedy="Your labels are safe in the project. Choose another place or make room, then export again.",
    )
