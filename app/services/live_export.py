"""Live export: a page is written again into the export's folder a moment after it was approved."""

from pathlib import Path, PurePosixPath
from typing import Final

from PySide6.QtCore import QObject, Qt, QThreadPool, QTimer, Signal, Slot

from app.domain.page import Page
from app.services.export import ExportService
from app.services.format_export import ONE_FILE, plan_format, write_format
from app.services.workspace import Workspace
from app.storage.export_profile import ExportProfile
from app.workers.messages import Problem, problem_of
from tcm_core.errors import BadLabels, TcmError

WAIT_MS: Final = 1500


class LiveExport(QObject):
    """Follows the open project. For the GUI thread; the files are written in another.

    Formats that are one file for all images are written anew with all approved pages.
    """

    written = Signal(int)  # pages
    failed = Signal(object)  # Problem
    _ended = Signal(object)  # int or Problem

    def __init__(self, workspace: Workspace, export: ExportService, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._workspace, self._export = workspace, export
        self._approved: set[str] = set()  # and not written since
        self._pool = QThreadPool()
        self._pool.setMaxThreadCount(1)  # one after the other
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(WAIT_MS)
        self._timer.timeout.connect(self.write_now)
        self._ended.connect(self._on_ended, Qt.ConnectionType.QueuedConnection)
        workspace.opened.connect(self._opened)
        workspace.closing.connect(self.write_now)

    def shutdown(self) -> None:
        """Wait for what is being written."""
        self._pool.waitForDone()

    @Slot()
    def write_now(self) -> None:
        """Write what waits, without waiting on."""
        self._timer.stop()
        profile, folder = self._export.profile, self._workspace.folder
        waiting, self._approved = self._approved, set()
        if not waiting or not profile.live or not profile.folder or folder is None:
            return
        keys = list(self._workspace.keys)
        if profile.format in ONE_FILE:
            waiting = {key for key in keys if self._workspace.summary(key).review == "approved"}
        try:
            pages, _ = self._export.gather(sorted(waiting))
        except TcmError as error:
            self.failed.emit(_problem(error, profile.folder))
            return
        self._pool.start(lambda: self._ended.emit(write_live(pages, keys, folder, profile)))

    @Slot()
    def _opened(self) -> None:
        self._approved = set()
        session = self._workspace.session
        if session is not None:
            session.page_changed.connect(self._page_changed)

    @Slot(str)
    def _page_changed(self, key: str) -> None:
        if self._workspace.summary(key).review == "approved":
            self._approved.add(key)
            self._timer.start()

    @Slot(object)
    def _on_ended(self, end: int | Problem) -> None:
        if isinstance(end, Problem):
            self.failed.emit(end)
        else:
            self.written.emit(end)


def write_live(
    pages: list[tuple[str, Page]], keys: list[str], folder: Path, profile: ExportProfile
) -> int | Problem:
    """Write pages as a profile says, for threads; returns how many.

    Args:
        pages: to be written, view frame.
        keys: of all pages of the project: no other may have the same label file.
        folder: of the images.
        profile: format, frame and folder.
    """
    try:
        if profile.format not in ONE_FILE:
            _check_apart([key for key, _ in pages], keys)
        plan = plan_format(pages, folder, profile.format, profile.frame)
        write_format(plan, Path(profile.folder).expanduser())
    except (TcmError, OSError) as error:
        return _problem(error, profile.folder)
    except Exception as error:  # noqa: BLE001 the edge of a thread: reported as a problem
        return _problem(error, profile.folder)
    return len(pages)


def _check_apart(written: list[str], keys: list[str]) -> None:
    wanted = {_stem(key): key for key in written}
    for key in keys:
        other = wanted.get(_stem(key))
        if other is not None and other != key:
            raise BadLabels(
                f"{other} and {key} would share one label file. Rename one of the images, or choose a format "
                "with one file for all."
            )


def _stem(key: str) -> str:
    return str(PurePosixPath(key).with_suffix("")).casefold()


def _problem(error: Exception, where: str) -> Problem:
    known = isinstance(error, TcmError)
    return problem_of(
        error,
        what=str(error) if known else f"The approved image could not be exported: {error}",
        where=where,
        remedy="The labels are safe in the project. Mend it, or turn live export off in the export dialog.",
    )
