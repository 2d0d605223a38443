"""History: earlier states of the open image, to look at and to bring back."""

from typing import Final

import numpy as np
from PySide6.QtCore import QObject, QTimer, Slot

from app.domain.counted import counted
from app.domain.earlier import Change, RestorePage, changes, difference
from app.domain.page import Page
from app.qtmodels.history import when
from app.storage.errors import StorageError
from app.views.action_spec import ActionSpec
from app.views.commands.desk import Desk
from app.views.problem_text import known_problem
from tcm_core.geometry.polygon import bounds

REFRESH_MS: Final = 100
REVEAL_MARGIN: Final = 40.0


class HistoryCommands(QObject):
    """Earlier states of the open image.

    Args:
        desk: what all commands work with.
    """

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._desk = desk
        self._panel = desk.window.history
        self._stale = True
        self._comparing = True
        self._changes: tuple[Change, ...] = ()
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(REFRESH_MS)
        self._timer.timeout.connect(self._refresh)
        self._panel.row_chosen.connect(self._look_at)
        self._panel.shown.connect(self._refresh_soon)
        self._panel.change_chosen.connect(self._reveal)
        desk.open_page.changed.connect(self._compare)
        desk.add_checks(self.checked)
        desk.parts.workspace.opened.connect(self._opened)
        desk.parts.workspace.closing.connect(self._refresh_soon)

    def checked(self) -> set[str]:
        """Whether earlier states are compared."""
        return {"history.compare"} if self._comparing else set()

    def toggle_compare(self) -> None:
        """Show what differs from now over an earlier state, or the earlier state alone."""
        self._comparing = not self._comparing
        self._compare()

    def show(self) -> None:
        self._desk.window.show_history_panel()

    def restore(self) -> None:
        """Make the page what the chosen state was; one edit, which can be undone."""
        row = self._panel.view.currentIndex().row()
        step, earlier = self._panel.model.step(row), self._desk.open_page.earlier
        if step is None or earlier is None:
            return
        self._desk.open_page.look_back(None)
        self._desk.open_page.apply(RestorePage(earlier, when(step)))
        self._desk.tell(f"The image is as it was at {when(step)}; Undo brings back what it was before")
        self._desk.focus_picture()

    def now(self) -> None:
        """Leave the earlier state; nothing has changed."""
        self._desk.open_page.look_back(None)
        self._panel.choose(0)
        self._say_now()
        self._desk.focus_picture()

    @Slot()
    def _opened(self) -> None:
        session = self._desk.parts.workspace.session
        if session is not None:
            session.page_opened.connect(self._refresh_soon)
            session.page_changed.connect(self._refresh_soon)
            session.state_lost.connect(self._lost)

    @Slot()
    def _refresh_soon(self) -> None:
        self._stale = True
        if self._panel.isVisible():
            self._timer.start()

    @Slot()
    def _refresh(self) -> None:
        if not self._stale or not self._panel.isVisible():
            return
        self._stale = False
        db, key = self._desk.parts.workspace.db, self._desk.open_page.key
        try:
            heads = [] if db is None or key is None else db.edits.heads(key)
        except StorageError as error:
            self._panel.model.show_steps([])
            self._panel.tell(str(error))
            return
        self._panel.model.show_steps(heads)
        self._panel.choose(0)
        self._say_now()

    @Slot(int)
    def _look_at(self, row: int) -> None:
        step = self._panel.model.step(row)
        db, key = self._desk.parts.workspace.db, self._desk.open_page.key
        if step is None or db is None or key is None:
            return
        if row == 0:
            self._desk.open_page.look_back(None)
            self._say_now()
            return
        try:
            earlier = db.edits.page_at(key, step.revision)
        except StorageError as error:
            self._desk.open_page.look_back(None)
            self._panel.tell(str(error))
            return
        self._desk.open_page.look_back(earlier)
        self._panel.tell(
            f"{_page_words(earlier)} at {when(step)}. "
            f"Done since then: {difference(earlier, self._desk.open_page.page).words()}."
        )

    @Slot()
    def _compare(self) -> None:
        """Show the outlines of what differs, both as it was and as it is."""
        open_page = self._desk.open_page
        found: tuple[Change, ...] = ()
        if open_page.earlier is not None and self._comparing:
            found = changes(open_page.earlier, open_page.page)
        if found == self._changes:
            return
        self._changes = found
        self._desk.window.canvas.stage.show_compared(
            [one.before for one in found if one.before is not None],
            [one.after for one in found if one.after is not None],
        )
        self._panel.show_changes([_line(number, one) for number, one in enumerate(found, 1)])

    @Slot(int)
    def _reveal(self, row: int) -> None:
        shapes = [one.polygon for one in (self._changes[row].before, self._changes[row].after) if one]
        self._desk.window.canvas.reveal(*bounds(np.concatenate(shapes)), REVEAL_MARGIN)

    def _say_now(self) -> None:
        count = max(self._panel.model.rowCount() - 1, 0)
        steps = counted(count, "step")
        self._panel.tell(f"{steps} so far. Choose one to see the image as it was after it.")

    @Slot(object)
    def _lost(self, error: StorageError) -> None:
        self._desk.open_page.problem.emit(known_problem(error, self._desk.open_page.key or ""))


def _line(number: int, change: Change) -> str:
    text = f' "{change.region.text}"' if change.region.text else ""
    return f"{number}{text}: {change.words()}"


def _page_words(page: Page) -> str:
    return f"{counted(len(page.regions), 'region')}, {page.review}"


A, C = ActionSpec, HistoryCommands
ROWS: Final[tuple[ActionSpec, ...]] = (
    A("history", "History", "Edit", ("Ctrl+Shift+H",), "",
      "Every step on this image, from all days: look at an earlier state, bring it back", C.show, "page",
      rule=True),
    A("history.restore", "Restore this state", "Edit", ("Ctrl+Alt+R",), "",
      "Make the image what it was in the state that is shown; Undo takes that back", C.restore, "earlier"),
    A("history.compare", "Compare with now", "Edit", ("Ctrl+Alt+C",), "",
      "Over an earlier state, show what differs: as it was in dashes, as it is now in dots", C.toggle_compare,
      "page", True),
    A("history.now", "Back to now", "Edit", ("Ctrl+Alt+N",), "",
      "Leave the earlier state that is shown; nothing has changed", C.now, "earlier"),
)  # fmt: skip
