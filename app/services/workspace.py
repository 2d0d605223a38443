"""The open project: its folder, its pages in order, its database and the session that edits it."""

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QObject, Qt, QThreadPool, QTimer, Signal, Slot

from app.document.session import Session
from app.domain.page import Page
from app.domain.review import ReviewState
from app.services.folder_watch import FolderWatch
from app.storage.backups import back_up
from app.storage.errors import StorageError
from app.storage.lock import BEAT_S
from app.storage.project_db import PageSummary, ProjectDb
from app.workers.folder_scan import FolderScan
from app.workers.messages import Problem, problem_of

_NOTHING = PageSummary("unseen", 0, None)


class Workspace(QObject):
    """One open folder at a time. Everything here is for the GUI thread.

    A folder becomes the open one with the first image found in it, so a folder that is empty, missing or
    unreadable leaves the project that is open as it is.
    """

    opened = Signal()  # folder, db and session are new, keys is empty; pages_added follows
    closing = Signal()  # the old project's db and session are still there
    pages_added = Signal(list)  # keys, already in keys, at its end
    scan_finished = Signal(int)  # how many pages there are
    summary_changed = Signal(str)  # key
    image_changed = Signal(str, bool)  # key of the open page, whether its file is still there
    failed = Signal(object)  # Problem
    _backup_failed = Signal(object)  # StorageError

    def __init__(self, data_home: Path | None = None, parent: QObject | None = None) -> None:
        """No folder is open at first.

        Args:
            data_home: where databases of folders that cannot be written go; None: the user's data folder.
            parent: owner.
        """
        super().__init__(parent)
        self._data_home = data_home
        self._folder: Path | None = None
        self._scanned_folder: Path | None = None  # the one that the running scan is about
        self._scan_number = 0
        self._fresh = False  # the running scan has not found an image yet
        self._keys: list[str] = []
        self._rows: dict[str, int] = {}
        self._summaries: dict[str, PageSummary] = {}
        self._db: ProjectDb | None = None
        self._session: Session | None = None
        self._scan = FolderScan(self)
        self._scan.found.connect(self._on_found)
        self._scan.finished.connect(self._on_scanned)
        self._scan.failed.connect(self._on_scan_failed)
        self._watch = FolderWatch(self)
        self._watch.found.connect(self._on_new_images)
        self._watch.image_changed.connect(self.image_changed)
        self._beat = QTimer(self)
        self._beat.setInterval(round(BEAT_S * 1000))
        self._beat.timeout.connect(self._say_alive)
        self._pool = QThreadPool(self)  # for backups
        self._backup_failed.connect(self._on_backup_failed, Qt.ConnectionType.QueuedConnection)

    @property
    def folder(self) -> Path | None:
        """The open folder."""
        return self._folder

    @property
    def scanning(self) -> bool:
        """Whether more pages may be found."""
        return self._scanned_folder is not None

    @property
    def keys(self) -> Sequence[str]:
        """All pages found so far in natural order; the list grows, it is not to be changed."""
        return self._keys

    @property
    def db(self) -> ProjectDb | None:
        """The open project's database."""
        return self._db

    @property
    def session(self) -> Session | None:
        """The open project's session."""
        return self._session

    def row_of(self, key: str) -> int | None:
        """The page's place in keys."""
        return self._rows.get(key)

    def path_of(self, key: str) -> Path:
        """The image file of a page.

        Raises:
            RuntimeError: no folder is open.
        """
        if self._folder is None:
            raise RuntimeError("no folder is open")
        return self._folder / key

    def summary(self, key: str) -> PageSummary:
        """The page's state and counts, from memory; those of an untouched page when nothing is known."""
        return self._summaries.get(key, _NOTHING)

    @property
    def summaries(self) -> dict[str, PageSummary]:
        """What is known of pages that were touched; not to be changed."""
        return self._summaries

    def open_folder(self, path: Path) -> None:
        """Look for images in a folder and open it as a project; a scan of another folder is dropped."""
        folder = path.expanduser().absolute()
        self._scanned_folder = folder
        self._scan_number = self._scan.start(folder)
        self._fresh = True

    def note_detections(self, key: str, count: int) -> None:
        """Remember how many detections a page has now."""
        summary = self.summary(key)
        self._set_summary(key, _summary(summary.review, summary.region_count, count))

    def read_counts(self, keys: Sequence[str]) -> None:
        """Take over how many detections these pages have now in the project file."""
        if self._db is None:
            return
        now = self._db.summaries()
        for key in keys:
            count = now.get(key, _NOTHING).detection_count
            summary = self.summary(key)
            review: ReviewState = (
                "unseen" if summary.review == "detected" and count is None else summary.review
            )
            self._set_summary(key, PageSummary(review, summary.region_count, count))

    def read_again(self, keys: Sequence[str]) -> None:
        """Take over what has become of these pages in the project file other than by edits."""
        if self._db is None or self._session is None:
            return
        try:
            now = self._db.summaries()
            for key in keys:
                self._set_summary(key, now.get(key, _NOTHING))
                self._session.read_again(key)
        except StorageError as error:
            self.failed.emit(_storage_problem(error, self._folder))

    def close(self) -> bool:
        """Leave the project; for the end of the program, also ends the scan.

        Returns:
            False when edits could not be saved; the project stays open then.
        """
        if not self._leave():
            return False
        self._scan.shutdown()
        self._watch.shutdown()
        self._pool.waitForDone()
        self._scanned_folder = None
        return True

    @Slot(int, list)
    def _on_found(self, number: int, keys: list[str]) -> None:
        if number != self._scan_number or self._scanned_folder is None:
            return
        if self._fresh and not self._enter(self._scanned_folder):
            self._scanned_folder = None
            return
        self._fresh = False
        first = len(self._keys)
        self._keys.extend(keys)
        self._rows.update((key, first + place) for place, key in enumerate(keys))
        self.pages_added.emit(keys)

    @Slot(int, object)
    def _on_scanned(self, number: int, left_out: Problem | None) -> None:
        if number != self._scan_number or self._scanned_folder is None:
            return
        folder, self._scanned_folder = self._scanned_folder, None
        if left_out is not None:
            self.failed.emit(left_out)
        if self._fresh:
            self.failed.emit(_no_images(folder))
        else:
            self._watch.start(folder, self._keys)
            self._watch.mind(None if self._session is None else self._session.key)
            self.scan_finished.emit(len(self._keys))

    @Slot(list)
    def _on_new_images(self, keys: list[str]) -> None:
        """Images that came into the folder while it is open go to the end of the list."""
        first = len(self._keys)
        new = [key for key in keys if key not in self._rows]
        self._keys.extend(new)
        self._rows.update((key, first + place) for place, key in enumerate(new))
        if new:
            self.pages_added.emit(new)
            self.scan_finished.emit(len(self._keys))

    @Slot(str)
    def _on_page_opened(self, key: str) -> None:
        self._watch.mind(key)

    @Slot()
    def _say_alive(self) -> None:
        if self._db is not None:
            self._db.beat()

    def _back_up(self, path: Path) -> None:
        """In a thread."""
        try:
            back_up(path)
        except Exception as error:  # noqa: BLE001 the edge of a thread: reported as a problem
            self._backup_failed.emit(error)

    @Slot(object)
    def _on_backup_failed(self, error: Exception) -> None:
        what = (
            str(error) if isinstance(error, StorageError) else f"No backup of the project was made: {error}"
        )
        remedy = "Your labels are safe. Make room on the disk; the backup is made when the folder is opened."
        self.failed.emit(problem_of(error, what=what, where=str(self._folder), remedy=remedy))

    @Slot(int, object)
    def _on_scan_failed(self, number: int, problem: Problem) -> None:
        if number == self._scan_number:
            self._scanned_folder = None
            self.failed.emit(problem)

    def _enter(self, folder: Path) -> bool:
        """Open the folder's database in place of the one that is open."""
        if folder == self._folder and not self._leave():  # one folder, one database at a time
            return False
        try:
            db = ProjectDb.open(folder, self._data_home, exclusive=True)
            summaries = db.summaries()
        except StorageError as error:
            self.failed.emit(_storage_problem(error, folder))
            return False
        if not self._leave():
            db.close()
            return False
        self._folder, self._db, self._summaries = folder, db, summaries
        self._session = Session(db, self)
        self._session.page_changed.connect(self._on_page_changed)
        self._session.page_opened.connect(self._on_page_opened)
        self._beat.start()
        if db.holder is None:
            self._pool.start(lambda: self._back_up(db.path))
        self.opened.emit()
        return True

    def _leave(self) -> bool:
        if self._session is None or self._db is None:
            return True
        if self._session.dirty and not self._session.retry_save():
            self.failed.emit(_unsaved(self._folder))
            return False
        self.closing.emit()
        self._watch.stop()
        self._beat.stop()
        self._session.deleteLater()
        self._db.close()
        self._session = self._db = self._folder = None
        self._keys, self._rows, self._summaries = [], {}, {}
        return True

    @Slot(str)
    def _on_page_changed(self, key: str) -> None:
        if self._session is None or self._db is None:
            return
        try:
            page: Page = self._session.page if key == self._session.key else self._db.load_page(key)
        except StorageError as error:
            self.failed.emit(_storage_problem(error, self._folder))
            return
        count = self.summary(key).detection_count
        self._set_summary(key, _summary(page.review, len(page.regions), count))

    def _set_summary(self, key: str, summary: PageSummary) -> None:
        if self._summaries.get(key) != summary:
            self._summaries[key] = summary
            self.summary_changed.emit(key)


def _summary(review: ReviewState, region_count: int, detection_count: int | None) -> PageSummary:
    """As the database sums a page up: an untouched page with predictions shows as detected."""
    untouched = review in ("unseen", "detected")
    shown: ReviewState = "detected" if untouched and detection_count is not None else review
    return PageSummary(shown, region_count, detection_count)


def _no_images(folder: Path) -> Problem:
    return Problem(
        "There are no images in this folder.",
        str(folder),
        "Choose a folder with JPEG, PNG, TIFF, BMP, WebP or GIF files; sub-folders are looked through too.",
    )


def _unsaved(folder: Path | None) -> Problem:
    return Problem(
        "The last edits of the open project are not saved yet, so it stays open.",
        str(folder),
        "Make room on the disk or make the folder writable, then try again.",
    )


def _storage_problem(error: StorageError, folder: Path | None) -> Problem:
    remedy = "Mend what the message names, then open the folder again."
    return problem_of(error, what=str(error), where=str(folder), remedy=remedy)
