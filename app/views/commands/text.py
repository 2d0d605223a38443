"""Transcriptions: their checks, and regions that nobody can read."""

from typing import Final

from PySide6.QtCore import QObject, Slot

from app.domain.counted import counted
from app.domain.edits import SetIgnore
from app.domain.legibility import Legibility
from app.domain.spelling import TextCheck
from app.storage.errors import StorageError
from app.storage.text_checks import WORDS_FILE, read_characters, read_text_check, read_words, write_text_check
from app.views.action_spec import ActionSpec
from app.views.commands.desk import Desk
from app.views.dialogs.illegible import IllegibleDialog
from app.views.dialogs.text_checks import TextChecksDialog


class TextCommands(QObject):
    """What is typed, and what cannot be.

    Args:
        desk: what all commands work with.
    """

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._desk = desk
        self._selected_before: frozenset[str] = frozenset()
        self._measured_key: str | None = None
        self._dialog: IllegibleDialog | TextChecksDialog | None = None
        desk.parts.workspace.opened.connect(self._read_checks)
        desk.window.regions.lane.strips.measured.connect(self._suggest)

    def open_checks(self) -> None:
        db = self._desk.parts.workspace.db
        if db is None:
            return
        place = db.path.parent
        used = "".join(region.text for region in self._desk.open_page.page.regions)
        try:
            characters, words = read_characters(place).strip(), read_words(place / WORDS_FILE)
        except StorageError as error:
            self._desk.tell(str(error))
            return
        dialog = TextChecksDialog(characters, words, used, self._desk.window)
        dialog.checks_chosen.connect(self._keep_checks)
        self._open(dialog)

    def suggest_ignoring(self) -> None:
        lane = self._desk.window.regions.lane
        if lane.image.isNull():
            self._desk.tell("The picture is not there yet; try again in a moment")
            return
        self._desk.window.regions.commit()
        self._measured_key = self._desk.open_page.key
        lane.strips.measure(lane.image, self._desk.open_page.page.regions)

    @Slot()
    def _read_checks(self) -> None:
        db = self._desk.parts.workspace.db
        check = TextCheck()
        try:
            check = check if db is None else read_text_check(db.path.parent)
        except StorageError as error:
            self._desk.window.folder_banner.tell(str(error), "warn")
        self._desk.window.regions.set_check(check)

    @Slot(str, object)
    def _keep_checks(self, characters: str, words: list[str]) -> None:
        db = self._desk.parts.workspace.db
        if db is None:
            return
        try:
            write_text_check(db.path.parent, characters, words)
        except StorageError as error:
            self._desk.tell(str(error))
            return
        self._read_checks()

    @Slot(object)
    def _suggest(self, measured: dict[str, Legibility]) -> None:
        if self._measured_key != self._desk.open_page.key:
            return  # another image is open by now
        selection = self._desk.parts.selection
        self._selected_before = selection.ids
        dialog = IllegibleDialog(self._desk.open_page.page.regions, measured, self._desk.window)
        dialog.preview_changed.connect(selection.set)
        dialog.ignore_wanted.connect(self._ignore)
        dialog.rejected.connect(self._leave_alone)
        self._open(dialog)
        dialog.update_preview()

    @Slot(object)
    def _ignore(self, ids: frozenset[str]) -> None:
        self._desk.open_page.apply(SetIgnore(ids, ignore=True))
        self._desk.tell(f"{counted(len(ids), 'region')} ignored; Undo takes it back")

    @Slot()
    def _leave_alone(self) -> None:
        self._desk.parts.selection.set(self._selected_before)

    def _open(self, dialog: IllegibleDialog | TextChecksDialog) -> None:
        if self._dialog is not None:
            self._dialog.deleteLater()
        self._dialog = dialog
        dialog.open()


A, C = ActionSpec, TextCommands
ROWS: Final[tuple[ActionSpec, ...]] = (
    A("text.ignore_small", "Ignore small blurred regions...", "Edit", ("Shift+I",), "ignore",
      "Suggest which regions nobody can read, and ignore them at once", C.suggest_ignoring, "regions"),
    A("text.checks", "Text checks...", "Edit", ("Ctrl+Alt+T",), "",
      "Which characters are allowed and which words are known", C.open_checks, "folder"),
)  # fmt: skip
