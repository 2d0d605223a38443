"""The desk: what all commands work with, and what of them can be done now."""

from collections.abc import Callable

from PySide6.QtCore import QObject, Qt, Signal, Slot
from PySide6.QtWidgets import QWidget

from app.views.action_spec import Need
from app.views.layers import Layers
from app.views.main_window import MainWindow
from app.views.open_page import OpenPage
from app.views.page_walk import PageWalk
from app.views.parts import Parts
from app.views.preferences import Preferences


class Desk(QObject):
    """The parts that commands use.

    Attributes:
        needs_changed: frozenset of what is there (see Need).
        checks_changed: frozenset of ids of checked actions.
        tour_wanted: the tour is to begin.
        dialog_wanted: the name of a dialog; StudioDialogs makes it.
    """

    needs_changed = Signal(object)
    checks_changed = Signal(object)
    dialog_wanted = Signal(str)
    tour_wanted = Signal()

    def __init__(
        self, parts: Parts, window: MainWindow, open_page: OpenPage, preferences: Preferences
    ) -> None:
        super().__init__(window)
        self.parts, self.window, self.open_page = parts, window, open_page
        self.preferences = preferences
        self.walk = PageWalk(parts.workspace, window, open_page)
        self.layers = Layers(window)
        self._checks: list[Callable[[], set[str]]] = []
        self._last_there: frozenset[Need] | None = None
        open_page.changed.connect(self.refresh)
        open_page.regions_added.connect(self.layers.reveal_regions)
        self.layers.changed.connect(self.refresh)
        parts.detection.side.pending_changed.connect(self.refresh)
        parts.detection.steadiness.went_on.connect(self.refresh)
        parts.detection.progress.connect(window.status.progress.advance)

    def add_checks(self, checked: Callable[[], set[str]]) -> None:
        """Ask this, too, which actions are checked."""
        self._checks.append(checked)

    def tell(self, text: str) -> None:
        """Say something in passing."""
        self.window.status.tell(text)

    @Slot()
    def refresh(self) -> None:
        """Tell the actions what is there and what is checked."""
        there = self._there()
        if there != self._last_there:  # most changes of a page change nothing here
            self._last_there = there
            self.needs_changed.emit(there)
        self.checks_changed.emit(frozenset().union(*(checked() for checked in self._checks)))

    @Slot()
    def focus_picture(self) -> None:
        """Give the keys back to the picture."""
        self.window.canvas.setFocus(Qt.FocusReason.OtherFocusReason)

    def _there(self) -> frozenset[Need]:
        page, session = self.open_page.page, self.parts.workspace.session
        outcomes = self.parts.detection.outcomes.values()
        found: dict[Need, bool] = {
            "folder": session is not None,
            "page": self.open_page.key is not None,
            "regions": bool(page.regions),
            "selection": bool(self.parts.selection.ids),
            "detections": bool(self.open_page.detections),
            "undo": session is not None and session.undo_stack.canUndo(),
            "redo": session is not None and session.undo_stack.canRedo(),
            "running": self.parts.detection.busy,
            "failed": any(outcome.state == "failed" for outcome in outcomes),
            "earlier": self.open_page.earlier is not None,
        }
        return frozenset(need for need, there in found.items() if there)


def to_front(window: QWidget) -> None:
    """Show a window before all others, with the keys in it."""
    window.show()
    window.raise_()
    window.activateWindow()
