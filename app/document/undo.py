"""The one undo command: the page before and after an edit."""

from collections.abc import Callable
from typing import Final

from PySide6.QtGui import QUndoCommand

from app.domain.page import Page
from app.storage.journal import StepKind

MERGEABLE: Final = 1  # Qt asks mergeWith only between commands of the same id; -1 never merges

ShowPage = Callable[[str, Page, str, StepKind], None]


class PageCommand(QUndoCommand):
    """Two pages and a label. Pages are immutable and share regions, so it costs two references."""

    def __init__(
        self, show: ShowPage, key: str, pages: tuple[Page, Page], label: str, merge_key: str | None
    ) -> None:
        super().__init__(label)
        self._show, self._key, self._merge_key = show, key, merge_key
        self._before, self._after = pages
        self._kind: StepKind = "edit"  # the first redo is the edit itself

    def id(self) -> int:
        return -1 if self._merge_key is None else MERGEABLE

    def mergeWith(self, other: QUndoCommand) -> bool:
        if not isinstance(other, PageCommand) or other._merge_key != self._merge_key:
            return False
        self._after = other._after
        return True

    def redo(self) -> None:
        kind, self._kind = self._kind, "redo"
        self._show(self._key, self._after, self.text(), kind)

    def undo(self) -> None:
        self._show(self._key, self._before, self.text(), "undo")
