"""Edit: the regions of the open image."""

from typing import Final

from PySide6.QtCore import QObject

from app.domain.edits import DeleteRegions, SetIgnore
from app.domain.reading_order import reading_order
from app.views.action_spec import ActionSpec
from app.views.commands.desk import Desk


class EditCommands(QObject):
    """The regions of the open image.

    Args:
        desk: what all commands work with.
    """

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._desk = desk

    def undo(self) -> None:
        if self._desk.window.canvas.has_draft:
            self._desk.window.canvas.undo_draft_point()
        elif (session := self._desk.parts.workspace.session) is not None:
            session.undo()

    def redo(self) -> None:
        if (session := self._desk.parts.workspace.session) is not None:
            session.redo()

    def select_all(self) -> None:
        self._desk.window.canvas.select_all()

    def delete(self) -> None:
        self._desk.open_page.apply(DeleteRegions(self._desk.parts.selection.ids))

    def edit_transcription(self) -> None:
        if len(self._desk.parts.selection.ids) > 1:
            self._desk.tell("Select one region only to type what it says")
        else:
            self._desk.window.show_regions_panel()
            self._desk.window.regions.start_typing()

    def toggle_ignore(self) -> None:
        ids = self._desk.parts.selection.ids
        chosen = [region for region in self._desk.open_page.page.regions if region.id in ids]
        self._desk.open_page.apply(SetIgnore(ids, not all(region.ignore for region in chosen)))

    def next_region(self) -> None:
        self._cycle(1)

    def previous_region(self) -> None:
        self._cycle(-1)

    def _cycle(self, step: int) -> None:
        order = reading_order(self._desk.open_page.page.regions)
        if not order:
            return
        at = [place for place, region_id in enumerate(order) if region_id in self._desk.parts.selection.ids]
        start = (at[-1] if step > 0 else at[0]) + step if at else (0 if step > 0 else -1)
        self._desk.parts.selection.set([order[start % len(order)]])


A, C = ActionSpec, EditCommands
ROWS: Final[tuple[ActionSpec, ...]] = (
    A("undo", "Undo", "Edit", ("Ctrl+Z",), "undo", "Take back the last edit of this image", C.undo, "undo"),
    A("redo", "Redo", "Edit", ("Ctrl+Shift+Z", "Ctrl+Y"), "redo", "Do it again", C.redo, "redo"),
    A("select_all", "Select all", "Edit", ("Ctrl+A",), "", "Select every region of this image", C.select_all,
      "regions", rule=True),
    A("delete", "Delete", "Edit", ("Del",), "delete", "Delete the selected regions", C.delete, "selection"),
    A("transcription", "Transcription", "Edit", ("F2", "Ctrl+E"), "text",
      "Type what the selected region says", C.edit_transcription, "selection", rule=True),
    A("ignore", "Ignore (###)", "Edit", ("I", "#"), "ignore", "Mark as unreadable, or as readable again",
      C.toggle_ignore, "selection"),
    A("region.next", "Next region", "Edit", ("Tab",), "", "Select the next region in reading order",
      C.next_region, "regions", scope="canvas", rule=True),
    A("region.previous", "Previous region", "Edit", ("Shift+Tab",), "", "Select the region before",
      C.previous_region, "regions", scope="canvas"),
)  # fmt: skip
