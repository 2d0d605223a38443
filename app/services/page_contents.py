"""What the pages of the open project say, for filters and orders: read once in a thread, then kept."""

import time
from collections.abc import Iterable
from typing import Final, Literal

from PySide6.QtCore import QObject, Qt, QThreadPool, Signal, Slot

from app.domain.page import Page
from app.domain.page_filter import PageContent, PageFacts, PageFilter
from app.services.workspace import Workspace
from app.storage.contents import content_of, read_contents
from app.storage.errors import StorageError
from app.storage.project_db import PageSummary

_EMPTY: Final = PageContent()
_UNTOUCHED: Final = PageSummary("unseen", 0, None)


class PageContents(QObject):
    """Nothing is read before it is asked for. For the GUI thread."""

    ready = Signal()
    failed = Signal(object)  # StorageError
    _ended = Signal(int, object)

    def __init__(self, workspace: Workspace, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._workspace = workspace
        self._contents: dict[str, PageContent] | None = None
        self._touched: set[str] = set()  # while the thread reads
        self._reading = False
        self._number = 0
        self._pool = QThreadPool(self)
        self._ended.connect(self._on_ended, Qt.ConnectionType.QueuedConnection)
        workspace.opened.connect(self._opened)
        workspace.closing.connect(self._forget)

    @property
    def known(self) -> bool:
        """Whether the contents have been read."""
        return self._contents is not None

    def request(self) -> None:
        """Read the contents unless they are known; `ready` or `failed` follows."""
        db = self._workspace.db
        if self.known or self._reading or db is None:
            return
        self._reading = True
        self._number += 1
        number, path = self._number, db.path

        def read() -> None:
            try:
                found: object = read_contents(path, lambda: number == self._number)
            except Exception as error:  # noqa: BLE001 the edge of a thread: reported
                found = error
            self._ended.emit(number, found)

        self._pool.start(read)

    def renew(self) -> None:
        """Forget what was read, because detections or comments have changed; asking again reads again."""
        if self.known:
            self._contents = None

    def content(self, key: str) -> PageContent:
        """What a page says; nothing while that is not known."""
        return (self._contents or {}).get(key, _EMPTY)

    def ranks(self, by: Literal["edited", "uncertain"]) -> dict[str, float]:
        """When pages were edited, or how uncertain their detections are; pages without a number have 0."""
        contents = self._contents or {}
        if by == "edited":
            return {key: one.edited_at for key, one in contents.items()}
        return {key: one.uncertainty for key, one in contents.items()}

    def passing(self, keys: Iterable[str], wanted: PageFilter) -> list[str]:
        """Those of these pages that a filter lets through; in one go, because there may be 100,000."""
        summaries, contents, matches = self._workspace.summaries, self._contents or {}, wanted.matches
        passing = []
        for key in keys:
            summary = summaries.get(key, _UNTOUCHED)
            content = contents.get(key, _EMPTY)
            if matches(PageFacts(key.casefold(), summary.review, summary.region_count, content)):
                passing.append(key)
        return passing

    @Slot()
    def _opened(self) -> None:
        self._forget()
        session = self._workspace.session
        if session is not None:
            session.page_changed.connect(self._page_changed)

    @Slot()
    def _forget(self) -> None:
        self._number += 1  # a reading under way ends
        self._contents, self._reading = None, False
        self._touched = set()

    @Slot(int, object)
    def _on_ended(self, number: int, found: object) -> None:
        if number != self._number:
            return
        self._reading = False
        if not isinstance(found, dict):
            self.failed.emit(found)
            return
        self._contents = found
        for key in self._touched:
            self._renew_page(key)
        self._touched = set()
        self.ready.emit()

    @Slot(str)
    def _page_changed(self, key: str) -> None:
        if self.known:
            self._renew_page(key)
        elif self._reading:
            self._touched.add(key)

    def _renew_page(self, key: str) -> None:
        session, db = self._workspace.session, self._workspace.db
        if session is None or db is None or self._contents is None:
            return
        try:
            page = session.page if key == session.key else db.load_page(key)
            row = db.load_predictions(key)
        except StorageError:
            return  # the session says so; the page is filtered as it was
        scores = () if row is None else tuple(one.score for one in row.detections)
        known = self.content(key)
        self._contents[key] = content_of(page.regions, scores, _said(page, known.comments), time.time())


def _said(page: Page, before: str) -> str:
    """The comments of a page as filters read them; `before` where they are not known."""
    if page.comments is None:
        return before
    return "\n".join(comment.text.casefold() for comment in page.comments)
