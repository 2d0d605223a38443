"""Help: keys, diagnostics, versions."""

from typing import Final

from PySide6.QtCore import QObject

from app.settings.schema import LanguageName
from app.views.action_spec import ActionSpec
from app.views.commands.desk import Desk
from app.views.dialogs.guide import GuideDialog, find_guide
from app.views.retranslation import translate


class HelpCommands(QObject):
    """Keys, diagnostics, versions.

    Args:
        desk: what all commands work with.
    """

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._desk = desk
        self._guide: GuideDialog | None = None
        self._language: LanguageName = "en"  # the one that the guide was opened in

    def show_guide(self) -> None:
        """Beside the work: the window can be used while it is open."""
        language = self._desk.preferences.settings.view.language
        if self._guide is None:
            self._guide = GuideDialog(find_guide(language), self._desk.window)
        elif language != self._language:
            self._guide.text.read(find_guide(language))
        self._language = language
        translate(self._guide)
        self._guide.show()
        self._guide.raise_()

    def show_keys(self) -> None:
        self._desk.dialog_wanted.emit("keys")

    def show_diagnostics(self) -> None:
        self._desk.dialog_wanted.emit("diagnostics")

    def show_about(self) -> None:
        self._desk.dialog_wanted.emit("about")


A, C = ActionSpec, HelpCommands
ROWS: Final[tuple[ActionSpec, ...]] = (
    A("keys", "Keys", "Help", ("F1",), "keyboard", "Every command with its keys", C.show_keys),
    A("guide", "User's guide", "Help", ("Shift+F1",), "help", "How everything is done, with pictures",
      C.show_guide),
    A("diagnostics", "Diagnostics", "Help", ("Ctrl+F1",), "diagnostics", "What this installation consists of",
      C.show_diagnostics),
    A("about", "About TCM Studio", "Help", ("Alt+F1",), "help", "Version and licences", C.show_about,
      rule=True),
)  # fmt: skip
