"""Settings: what the user prefers, and which key does what."""

from typing import Final

from PySide6.QtCore import QObject

from app.views.action_spec import ActionSpec
from app.views.commands.desk import Desk


class SettingsCommands(QObject):
    """Open the dialogs that settings are changed in.

    Args:
        desk: what all commands work with.
    """

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._desk = desk

    def show_preferences(self) -> None:
        self._desk.dialog_wanted.emit("preferences")

    def edit_keys(self) -> None:
        self._desk.dialog_wanted.emit("key_editor")

    def show_tour(self) -> None:
        self._desk.tour_wanted.emit()


A, C = ActionSpec, SettingsCommands
ROWS: Final[tuple[ActionSpec, ...]] = (
    A("preferences", "Preferences...", "Edit", ("Ctrl+Alt+P",), "", "How the program looks and behaves",
      C.show_preferences, rule=True),
    A("key_editor", "Change keys...", "Edit", ("Ctrl+Shift+,",), "",
      "Give commands other keys, or take those of another program", C.edit_keys),
    A("tour", "Tour", "Help", ("Ctrl+Shift+F1",), "help", "Five steps through the window", C.show_tour),
)  # fmt: skip
