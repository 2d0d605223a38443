"""The session: the only writer of pages. Every edit, undo and redo is on disk before it returns."""

from collections import deque
from dataclasses import dataclass, replace
from functools import partial

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QUndoGroup, QUndoStack

from app.document.undo import KeptCommand, PageCommand, fill
from app.domain.edits import Edit, EditRefused
from app.domain.page import Page
from app.storage.errors import StorageError
from app.storage.journal import StepKind
from app.storage.project_db import ProjectDb


@dataclass(frozen=True)
class _Step:
    """A change that is made in memory and not yet on disk."""

    key: str
    after: Page
    label: str
    kind: StepKind


class Session(QObject):
    """The open page of a project and its undo stack, which is made from the journal when the page is opened.

    So undo and redo reach back without limit over every run of the program, and pages that are left cost
    no memory. A change that cannot be saved stays in memory in its order; it is written before the next
    one, or by `retry_save`. Used in the GUI thread only.
    """

    page_opened = Signal(str)  # key
    page_changed = Signal(str)  # key; also for pages that are not open
    save_failed = Signal(object)  # StorageError
    save_recovered = Signal()  # what had failed is on disk now
    state_lost = Signal(object)  # StorageError: an earlier state cannot be read; the page is as it was

    def __init__(self, db: ProjectDb, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._db = db
        self._key: str | None = None
        self._pages: dict[str, Page] = {}  # the open page and every page with steps that are not on disk
        self._stacks: dict[str, QUndoStack] = {}
        self._unsaved: deque[_Step] = deque()
        self._failing = False
        self.undo_group = QUndoGroup(self)
        self._no_page = QUndoStack(self)  # stands in while no page is open
        self.undo_group.addStack(self._no_page)
        self.undo_group.setActiveStack(self._no_page)

    @property
    def key(self) -> str | None:
        """The open page's key, or None."""
        return self._key

    @property
    def page(self) -> Page:
        """The open page as it is in memory; an empty one while none is open."""
        return Page() if self._key is None else self._pages[self._key]

    @property
    def undo_stack(self) -> QUndoStack:
        """The open page's stack, without limit; an empty one while no page is open."""
        return self._no_page if self._key is None else self._stacks[self._key]

    @property
    def dirty(self) -> bool:
        """Whether a change is in memory only, because saving it failed."""
        return bool(self._unsaved)

    @property
    def unsaved_pages(self) -> dict[str, Page]:
        """Every page with a change that is in memory only, as it is there."""
        return {step.key: step.after for step in self._unsaved}

    def open_page(self, key: str) -> None:
        """Make that page the open one; its undo stack comes back with it.

        Raises:
            StorageError: it cannot be read; the page that was open stays open.
        """
        if key == self._key:
            self.page_opened.emit(key)
            return
        self._load(key, with_history=True)
        left, self._key = self._key, key
        self.undo_group.setActiveStack(self._stacks[key])
        if left is not None:
            self._forget_unless_needed(left)
        self.page_opened.emit(key)

    def apply(self, edit: Edit) -> None:
        """Apply an edit to the open page; it is saved when this returns, or `save_failed` was emitted.

        An edit that changes nothing leaves no trace.

        Raises:
            EditRefused: the edit does not fit the page, which is as it was.
            RuntimeError: no page is open.
        """
        if self._key is None:
            raise RuntimeError("no page is open")
        self._push(self._key, edit)

    def apply_to(self, key: str, edit: Edit) -> bool:
        """Apply an edit to any page, open or not; it can be undone once that page is open.

        Returns:
            Whether it changed anything.

        Raises:
            EditRefused: the edit does not fit the page, which is as it was.
            StorageError: the page cannot be read.
        """
        self._load(key)
        try:
            return self._push(key, edit)
        finally:
            if key != self._key:
                self._forget_unless_needed(key)

    def read_again(self, key: str) -> None:
        """Show the open page as it is on disk, where something else than an edit has changed it.

        Raises:
            StorageError: it cannot be read; the page is as it was.
        """
        if key != self._key or any(step.key == key for step in self._unsaved):
            return
        page, stack = self._pages.pop(key), self._stacks.pop(key)
        try:
            self._load(key, with_history=True)
        except StorageError:
            self._pages[key], self._stacks[key] = page, stack
            raise
        self.undo_group.setActiveStack(self._stacks[key])
        self.undo_group.removeStack(stack)
        stack.deleteLater()
        self.page_changed.emit(key)

    def undo(self) -> None:
        """Take back the last step on the open page, if there is one."""
        self.undo_stack.undo()

    def redo(self) -> None:
        """Do again what was taken back last on the open page, if there is something."""
        self.undo_stack.redo()

    def retry_save(self) -> bool:
        """Write what waits, in order; True when nothing waits any more, else `save_failed` was emitted."""
        while self._unsaved:
            step = self._unsaved[0]
            try:
                self._db.save_edit(step.key, step.after, step.label, step.kind)
            except StorageError as error:
                self._failing = True
                self.save_failed.emit(error)
                return False
            self._unsaved.popleft()
        if self._failing:
            self._failing = False
            self.save_recovered.emit()
        return True

    def _load(self, key: str, *, with_history: bool = False) -> None:
        if key in self._pages:
            return
        page = self._db.load_page(key)
        stack = QUndoStack(self)
        stack.setUndoLimit(0)  # none
        if with_history and self._db.holder is None:
            try:
                self._fill(stack, key)
            except StorageError:
                stack.deleteLater()
                raise
        self._pages[key] = page
        self._stacks[key] = stack
        self.undo_group.addStack(stack)

    def _fill(self, stack: QUndoStack, key: str) -> None:
        state = self._db.edits.undo_state(key)
        commands = [
            KeptCommand(self._show, key, partial(self._page_at, key), (step.before, step.after), step.label)
            for step in state.steps
        ]
        fill(stack, commands, state.done)

    def _page_at(self, key: str, revision: int) -> Page | None:
        try:
            found = self._db.edits.page_at(key, revision)
        except StorageError as error:
            self.state_lost.emit(error)
            return None
        if found.comments is None:  # a step of an older version: they stay as they are
            return replace(found, comments=self._pages[key].comments)
        return found

    def _push(self, key: str, edit: Edit) -> bool:
        if self._db.holder is not None:
            raise EditRefused(f"{self._db.holder} has this project open: here it can only be looked at")
        before = self._pages[key]
        after = edit.apply(before)
        if after == before:
            return False
        command = PageCommand(self._show, key, (before, after), edit.label, edit.merge_key)
        stack = self._stacks[key]
        command.goes_on_with(stack.command(stack.index() - 1) if stack.index() else None)
        stack.push(command)
        return True

    def _show(self, key: str, page: Page, label: str, kind: StepKind) -> None:
        self._pages[key] = page
        self._unsaved.append(_Step(key, page, label, kind))
        self.retry_save()
        self.page_changed.emit(key)

    def _forget_unless_needed(self, key: str) -> None:
        """Let go of a page that is not open; one with steps that are not on disk stays, with its stack."""
        if any(step.key == key for step in self._unsaved):
            return
        del self._pages[key]
        stack = self._stacks.pop(key)
        self.undo_group.removeStack(stack)
        stack.deleteLater()
