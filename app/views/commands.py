"""The verbs of the window: one short method a command. The table of actions.py says how they are reached."""

from collections.abc import Callable
from pathlib import Path
from typing import Literal

from PySide6.QtCore import QObject, Qt, Signal, Slot
from PySide6.QtWidgets import QFileDialog

from app.domain.edits import DeleteRegions, SetIgnore, SetReview
from app.domain.reading_order import reading_order
from app.domain.review import ReviewState
from app.services.batch import BatchSummary
from app.views.layers import Layers
from app.views.main_window import MainWindow
from app.views.open_page import OpenPage
from app.views.page_walk import PageWalk
from app.views.parts import Parts
from app.views.preferences import Preferences

Need = Literal[
    "", "folder", "page", "regions", "selection", "detections", "undo", "redo", "running", "failed"
]  # fmt: skip
ZOOM_STEP = 1.25
FAR_STEPS = 5


class Commands(QObject):
    """What can be done, and what of it can be done now.

    Attributes:
        needs_changed: frozenset of what is there (see Need).
        checks_changed: frozenset of ids of checked actions.
        dialog_wanted: the name of a dialog: "export", "go_to", "reset", "keys", "diagnostics", "about".
    """

    needs_changed = Signal(object)
    checks_changed = Signal(object)
    dialog_wanted = Signal(str)

    def __init__(
        self, parts: Parts, window: MainWindow, open_page: OpenPage, preferences: Preferences
    ) -> None:
        super().__init__(window)
        self._parts, self._window, self._open_page = parts, window, open_page
        self._preferences = preferences
        self._tool: str = "select"
        self._drawing_tool: Callable[[Commands], None] = Commands.tool_polygon
        self._last_there: frozenset[Need] | None = None
        self._walk = PageWalk(parts.workspace, window, open_page)
        self._layers = Layers(window)
        open_page.changed.connect(self.refresh)
        open_page.regions_added.connect(self._layers.reveal_regions)
        self._layers.changed.connect(self.refresh)
        window.canvas.tool_changed.connect(self._tool_changed)
        parts.detection.finished.connect(self._batch_finished)
        parts.detection.progress.connect(window.status.progress.advance)

    # what can be done now

    @Slot()
    def refresh(self) -> None:
        """Tell the actions what is there and what is checked."""
        there = self._there()
        if there != self._last_there:  # most changes of a page change nothing here
            self._last_there = there
            self.needs_changed.emit(there)
        self.checks_changed.emit(self._checked())

    def tell(self, text: str) -> None:
        """Say something in passing."""
        self._window.status.tell(text)

    def _there(self) -> frozenset[Need]:
        page, session = self._open_page.page, self._parts.workspace.session
        opened = self._open_page.key is not None
        outcomes = self._parts.detection.outcomes.values()
        found: dict[Need, bool] = {
            "folder": session is not None,
            "page": opened,
            "regions": bool(page.regions),
            "selection": bool(self._parts.selection.ids),
            "detections": bool(self._open_page.detections),
            "undo": session is not None and session.undo_stack.canUndo(),
            "redo": session is not None and session.undo_stack.canRedo(),
            "running": self._parts.detection.running,
            "failed": any(outcome.state == "failed" for outcome in outcomes),
        }
        return frozenset(need for need, there in found.items() if there)

    def _checked(self) -> frozenset[str]:
        checked = {f"tool.{self._tool}", f"theme.{self._parts.settings.settings.view.theme}"}
        return frozenset(checked | self._layers.shown)

    # file

    def open_folder(self) -> None:
        start = str(self._parts.workspace.folder or Path.home())
        folder = QFileDialog.getExistingDirectory(self._window, "Open a folder of images", start)
        if folder:
            self.open_path(folder)

    @Slot(str)
    def open_path(self, folder: str) -> None:
        """Open a folder, or the folder of an image."""
        path = Path(folder)
        self._parts.workspace.open_folder(path.parent if path.is_file() else path)

    def save_now(self) -> None:
        self._window.regions.commit()
        session = self._parts.workspace.session
        if session is not None and session.retry_save():
            self.tell("Every edit is on disk")

    def export(self) -> None:
        self._window.regions.commit()
        self.dialog_wanted.emit("export")

    def quit(self) -> None:
        self._window.close()

    # edit

    def undo(self) -> None:
        if self._window.canvas.has_draft:
            self._window.canvas.undo_draft_point()
        elif (session := self._parts.workspace.session) is not None:
            session.undo()

    def redo(self) -> None:
        if (session := self._parts.workspace.session) is not None:
            session.redo()

    def select_all(self) -> None:
        self._window.canvas.select_all()

    def delete(self) -> None:
        self._open_page.apply(DeleteRegions(self._parts.selection.ids))

    def edit_transcription(self) -> None:
        if len(self._parts.selection.ids) > 1:
            self.tell("Select one region only to type what it says")
        else:
            self._window.show_regions_panel()
            self._window.regions.start_typing()

    def toggle_ignore(self) -> None:
        ids = self._parts.selection.ids
        chosen = [region for region in self._open_page.page.regions if region.id in ids]
        self._open_page.apply(SetIgnore(ids, not all(region.ignore for region in chosen)))

    def next_region(self) -> None:
        self._cycle(1)

    def previous_region(self) -> None:
        self._cycle(-1)

    def _cycle(self, step: int) -> None:
        order = reading_order(self._open_page.page.regions)
        if not order:
            return
        at = [place for place, region_id in enumerate(order) if region_id in self._parts.selection.ids]
        start = (at[-1] if step > 0 else at[0]) + step if at else (0 if step > 0 else -1)
        self._parts.selection.set([order[start % len(order)]])

    # go

    def next_page(self) -> None:
        self._walk.by(1)

    def previous_page(self) -> None:
        self._walk.by(-1)

    def first_page(self) -> None:
        self._walk.to_row(0)

    def last_page(self) -> None:
        self._walk.to_last()

    def next_unreviewed(self) -> None:
        self._walk.to_unreviewed(1)

    def previous_unreviewed(self) -> None:
        self._walk.to_unreviewed(-1)

    def go_to(self) -> None:
        self.dialog_wanted.emit("go_to")

    def focus_filter(self) -> None:
        self._window.show_page_filter()

    # tools

    def tool_select(self) -> None:
        self._window.canvas.set_tool("select")

    def tool_polygon(self) -> None:
        self._drawing_tool = Commands.tool_polygon
        self._window.canvas.set_tool("polygon")

    def tool_rectangle(self) -> None:
        self._drawing_tool = Commands.tool_rectangle
        self._window.canvas.set_tool("rectangle")

    def tool_quad(self) -> None:
        self._drawing_tool = Commands.tool_quad
        self._window.canvas.set_tool("quad")

    def tool_repeat(self) -> None:
        self._drawing_tool(self)

    @Slot(str)
    def _tool_changed(self, name: str) -> None:
        self._tool = name
        self.refresh()

    # view

    def fit(self) -> None:
        self._window.canvas.fit()

    def actual_size(self) -> None:
        self._window.canvas.actual_size()

    def zoom_in(self) -> None:
        self._window.canvas.zoom_by(ZOOM_STEP)

    def zoom_out(self) -> None:
        self._window.canvas.zoom_by(1 / ZOOM_STEP)

    def zoom_to_selection(self) -> None:
        self._window.canvas.zoom_to_selection()

    def toggle_regions(self) -> None:
        self._layers.toggle("regions")

    def toggle_detections(self) -> None:
        self._layers.toggle("detections")

    def toggle_map(self) -> None:
        self._layers.toggle_map()

    def next_map(self) -> None:
        self._layers.next_map()

    def theme_system(self) -> None:
        self._preferences.set_theme("system")

    def theme_light(self) -> None:
        self._preferences.set_theme("light")

    def theme_dark(self) -> None:
        self._preferences.set_theme("dark")

    # detect

    def detect_page(self) -> None:
        if self._open_page.key is not None:
            self._layers.reveal("detections")
            self._parts.detection.detect_page(self._open_page.key)

    def detect_all(self) -> None:
        self._parts.detection.detect_all(self._window.listed_keys())

    def accept_all(self) -> None:
        self._open_page.accept(list(range(len(self._open_page.detections))))

    def reset_to_detections(self) -> None:
        self._window.regions.commit()
        if self._open_page.page.regions:
            self.dialog_wanted.emit("reset")
        else:
            self.accept_all()

    def threshold_down(self) -> None:
        self._window.detection.score.step_by(-1)

    def threshold_up(self) -> None:
        self._window.detection.score.step_by(1)

    def threshold_far_down(self) -> None:
        self._window.detection.score.step_by(-FAR_STEPS)

    def threshold_far_up(self) -> None:
        self._window.detection.score.step_by(FAR_STEPS)

    def cancel(self) -> None:
        self._parts.detection.cancel()

    def retry_failed(self) -> None:
        self._parts.detection.retry_failed()

    def choose_checkpoint(self) -> None:
        file, _ = QFileDialog.getOpenFileName(
            self._window, "Choose a checkpoint", str(Path.home()), "Checkpoints (*.safetensors)"
        )
        if file:
            self._preferences.use_checkpoint(file)
        else:
            self._preferences.show_checkpoints()

    @Slot(str)
    def checkpoint_picked(self, checkpoint: str) -> None:
        """Load what was picked in the list; "" asks for a file."""
        if checkpoint:
            self._preferences.use_checkpoint(checkpoint)
        else:
            self.choose_checkpoint()

    @Slot(object)
    def _batch_finished(self, summary: BatchSummary) -> None:
        self._window.status.progress.finish()
        parts = [f"{summary.done} images detected"]
        if summary.failed:
            parts.append(f"{summary.failed} failed (Detect > Retry failed)")
        if summary.cancelled:
            parts.append(f"cancelled before {summary.cancelled} more")
        self.tell(", ".join(parts))
        self.refresh()

    # review

    def approve(self) -> None:
        self._review("approved")

    def approve_and_next(self) -> None:
        self._review("approved")
        self._walk.by(1)

    def reject(self) -> None:
        self._review("rejected")

    def unapprove(self) -> None:
        self._review("edited" if self._open_page.page.regions else "unseen")

    def _review(self, review: ReviewState) -> None:
        self._window.regions.commit()
        self._open_page.apply(SetReview(review))
        left_out = self._open_page.not_accepted if review == "approved" else 0
        if left_out:
            self.tell(f"Approved without {left_out} detection{'' if left_out == 1 else 's'} not accepted")

    # help

    def show_keys(self) -> None:
        self.dialog_wanted.emit("keys")

    def show_diagnostics(self) -> None:
        self.dialog_wanted.emit("diagnostics")

    def show_about(self) -> None:
        self.dialog_wanted.emit("about")

    # the rest

    @Slot()
    def focus_picture(self) -> None:
        """Give the keys back to the picture."""
        self._window.canvas.setFocus(Qt.FocusReason.OtherFocusReason)
