"""File: folders, saving, exporting, leaving."""

from pathlib import Path
from typing import Final

from PySide6.QtCore import QObject, Slot
from PySide6.QtWidgets import QFileDialog

from app.views.action_spec import ActionSpec
from app.views.commands.desk import Desk


class FileCommands(QObject):
    """Folders, saving, exporting, leaving.

    Args:
        desk: what all commands work with.
    """

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._desk = desk

    def open_folder(self) -> None:
        start = str(self._desk.parts.workspace.folder or Path.home())
        folder = QFileDialog.getExistingDirectory(self._desk.window, "Open a folder of images", start)
        if folder:
            self.open_path(folder)

    @Slot(str)
    def open_path(self, folder: str) -> None:
        """Open a folder, or the folder of an image."""
        path = Path(folder)
        self._desk.parts.workspace.open_folder(path.parent if path.is_file() else path)

    def save_now(self) -> None:
        self._desk.window.regions.commit()
        session = self._desk.parts.workspace.session
        if session is not None and session.retry_save():
            self._desk.tell("Every edit is on disk")

    def import_labels(self) -> None:
        self._desk.window.regions.commit()
        self._desk.dialog_wanted.emit("import")

    def export(self) -> None:
        self._desk.window.regions.commit()
        self._desk.dialog_wanted.emit("export")

    def quit(self) -> None:
        self._desk.window.close()


A, C = ActionSpec, FileCommands
ROWS: Final[tuple[ActionSpec, ...]] = (
    A("open", "Open folder...", "File", ("Ctrl+U", "Ctrl+O"), "open", "Open a folder of images",
      C.open_folder),
    A("save", "Save now", "File", ("Ctrl+S",), "",
      "Write edits that could not be saved before", C.save_now, "folder"),
    A("import", "Import labels...", "File", ("Ctrl+Shift+I",), "",
      "Read labels of any known format, as labels or as ground truth", C.import_labels, "folder", rule=True),
    A("export", "Export labels...", "File", ("Ctrl+Shift+E",), "export",
      "Write labels in ICDAR 2015 or any other format", C.export, "folder"),
    A("quit", "Quit", "File", ("Ctrl+Q",), "", "Leave; every edit is on disk", C.quit, rule=True),
)  # fmt: skip
