"""Edit, second part: regions from place to place, over the system's clipboard and from image to image."""

from collections.abc import Sequence
from typing import Final

from PySide6.QtCore import QMimeData, QObject, Slot
from PySide6.QtGui import QGuiApplication

from app.domain.clipboard import MIME_TYPE, from_clipboard, placed, to_clipboard
from app.domain.counted import counted
from app.domain.edits import AddRegions, DeleteRegions, EditRefused
from app.domain.region import Region
from app.storage.errors import StorageError
from app.views.action_spec import ActionSpec
from app.views.commands.desk import Desk
from tcm_core.errors import BadLabels


class ClipboardCommands(QObject):
    """Copy, cut, paste, duplicate, and take over what the image before has.

    Args:
        desk: what all commands work with.
    """

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._desk = desk
        self._key: str | None = None
        self._before: str | None = None  # the image that was open before this one
        desk.open_page.changed.connect(self._note_page)

    def copy(self) -> None:
        regions = self._chosen()
        data = QMimeData()
        data.setData(MIME_TYPE, to_clipboard(regions))
        data.setText("\n".join(region.text for region in regions))
        QGuiApplication.clipboard().setMimeData(data)
        self._desk.tell(f"{counted(len(regions), 'region')} copied")

    def cut(self) -> None:
        self.copy()
        self._desk.open_page.apply(DeleteRegions(self._desk.parts.selection.ids))

    def paste(self) -> None:
        data = QGuiApplication.clipboard().mimeData()
        if data is None or not data.hasFormat(MIME_TYPE):
            raise EditRefused("The clipboard holds no regions: copy some first (Ctrl+C).")
        try:
            regions = from_clipboard(bytes(data.data(MIME_TYPE).data()))
        except BadLabels as error:
            raise EditRefused(str(error)) from error
        self._desk.tell(f"{counted(self._add(regions), 'region')} pasted")

    def duplicate(self) -> None:
        self._desk.tell(f"{counted(self._add(self._chosen()), 'region')} duplicated")

    def keep_previous(self) -> None:
        """Add the regions of the image that was open before, or of the one before in the list."""
        open_page, workspace = self._desk.open_page, self._desk.parts.workspace
        if open_page.key is None or workspace.db is None:
            return
        before = self._before if self._before in workspace.keys else None
        if before is None:
            row = workspace.row_of(open_page.key)
            before = workspace.keys[row - 1] if row else None
        if before is None:
            raise EditRefused("There is no image before this one.")
        try:
            regions = workspace.db.load_page(before).regions
        except StorageError as error:
            raise EditRefused(str(error)) from error
        if not regions:
            raise EditRefused(f"{before} has no regions.")
        there = {(one.polygon.tobytes(), one.text) for one in open_page.page.regions}
        new = [region for region in regions if (region.polygon.tobytes(), region.text) not in there]
        if not new:
            raise EditRefused(f"The regions of {before} are here already.")
        self._desk.tell(f"{counted(self._add(new), 'region')} taken over from {before}")

    def _add(self, regions: Sequence[Region]) -> int:
        rect = self._desk.window.canvas.stage.image_rect
        if rect.isEmpty():
            raise EditRefused("Wait until the picture is shown.")
        page = self._desk.open_page.page
        copies = placed(regions, (rect.height(), rect.width()), page.regions)
        self._desk.open_page.apply(AddRegions(copies))
        self._desk.parts.selection.set([region.id for region in copies])
        return len(copies)

    def _chosen(self) -> list[Region]:
        ids = self._desk.parts.selection.ids
        return [region for region in self._desk.open_page.page.regions if region.id in ids]

    @Slot()
    def _note_page(self) -> None:
        key = self._desk.open_page.key
        if key != self._key:
            self._before, self._key = self._key, key


A, C = ActionSpec, ClipboardCommands
ROWS: Final[tuple[ActionSpec, ...]] = (
    A("copy", "Copy", "Edit", ("Ctrl+C",), "copy", "Copy the selected regions", C.copy, "selection",
      rule=True),
    A("cut", "Cut", "Edit", ("Ctrl+X",), "", "Copy the selected regions and delete them", C.cut, "selection"),
    A("paste", "Paste", "Edit", ("Ctrl+V",), "", "Paste the copied regions, on any image", C.paste, "page"),
    A("duplicate", "Duplicate", "Edit", ("Ctrl+D",), "", "Put a copy beside each selected region",
      C.duplicate, "selection"),
    A("keep_previous", "Regions of the previous image", "Edit", ("Ctrl+P",), "",
      "Add copies of the regions of the image that was open before", C.keep_previous, "page"),
)  # fmt: skip
