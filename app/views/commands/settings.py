"""Settings: which key does what."""

from typing import Final

from PySide6.QtCore import QObject

from app.views.commands.command import ActionSpec
from app.views.commands.desk import Desk


class SettingsCommands(QObject):
    """Open the dialogs that settings are changed in.

    Args:
        desk: what all commands work with.
    """

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._desk = desk

    def edit_keys(self) -> None:
        self._desk.dialog_wanted.emit("key_editor")


A, C = ActionSpec, SettingsCommands
ROWS: Final[tuple[ActionSpec, ...]] = (
    A("key_editor", "Change keys...", "Edit", ("Ctrl+Shift+,",), "",
      "Give commands other keys, or take those of another program", C.edit_keys, rule=True),
)  # fmt: skip
