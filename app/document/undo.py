"""The one undo command: the page before and after an edit, in memory or in the journal."""

from collections.abc import Callable, Sequence
from typing import Final

from PySide6.QtGui import QUndoCommand, QUndoStack

from app.domain.page import Page
from app.storage.journal import StepKind

MERGEABLE: Final = 1  # Qt asks mergeWith only between commands of the same id; -1 never merges

ShowPage = Callable[[str, Page, str, StepKind], None]
PageAt = Callable[[int], Page | None]
"""The page after a revision of its journal, or None when that cannot be read (which was reported then)."""


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

    def goes_on_with(self, last: QUndoCommand | None) -> bool:
        """Whether this is a part of the step before; it is kept as such then."""
        merged = (
            isinstance(last, PageCommand)
            and self._merge_key is not None
            and last._merge_key == self._merge_key
        )
        self._kind = "merged" if merged else "edit"
        return merged

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


class KeptCommand(QUndoCommand):
    """A step of the journal: its two pages are read when they are needed. It merges with nothing."""

    def __init__(
        self, show: ShowPage, key: str, page_at: PageAt, revisions: tuple[int, int], label: str
    ) -> None:
        super().__init__(label)
        self._show, self._key, self._page_at = show, key, page_at
        self._before, self._after = revisions
        self.quiet = True  # while the stack is filled, nothing is shown or kept

    def redo(self) -> None:
        self._go_to(self._after, "redo")

    def undo(self) -> None:
        self._go_to(self._before, "undo")

    def _go_to(self, revision: int, kind: StepKind) -> None:
        if self.quiet:
            return
        page = self._page_at(revision)
        if page is None:
            self.setObsolete(True)  # a state that is lost; the stack leaves the step out
        else:
            self._show(self._key, page, self.text(), kind)


def fill(stack: QUndoStack, commands: Sequence[KeptCommand], done: int) -> None:
    """Put steps on an empty stack as they were left.

    Args:
        stack: emits nothing meanwhile.
        commands: the first one was made first.
        done: so many of them can be undone; the others can be done again.
    """
    stack.blockSignals(True)
    for command in commands:
        stack.push(command)
    stack.setIndex(done)
    stack.blockSignals(False)
    for command in commands:
        command.quiet = False
