"""Ground truth: imported labels that lie under a person's own and are never edited."""

from typing import Final

from PySide6.QtCore import QObject, Slot

from app.domain.counted import counted
from app.storage.errors import StorageError
from app.views.action_spec import ActionSpec
from app.views.commands.desk import Desk
from app.views.problem_text import known_problem


class TruthCommands(QObject):
    """Shows the ground truth of the open image, and takes that of all images away.

    Args:
        desk: what all commands work with.
    """

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._desk = desk
        desk.parts.workspace.opened.connect(self._opened)
        desk.parts.workspace.closing.connect(self._closing)
        desk.parts.importing.finished.connect(self._show)

    def toggle(self) -> None:
        self._desk.layers.toggle("truth")

    def clear(self) -> None:
        """Forget the ground truth of all images; the labels stay. Importing again brings it back."""
        db = self._desk.parts.workspace.db
        if db is None:
            return
        try:
            count = db.truth.count()
            db.truth.clear()
        except StorageError as error:
            self._desk.open_page.problem.emit(known_problem(error, str(db.folder)))
            return
        self._show()
        self._desk.tell(f"The ground truth of {counted(count, 'image')} is forgotten; the labels stay")

    @Slot()
    def _opened(self) -> None:
        session = self._desk.parts.workspace.session
        if session is not None:
            session.page_opened.connect(self._show)

    @Slot()
    def _closing(self) -> None:
        self._desk.window.canvas.show_truth(())

    @Slot()
    def _show(self) -> None:
        workspace = self._desk.parts.workspace
        key = None if workspace.session is None else workspace.session.key
        if workspace.db is None or key is None:
            return
        try:
            found = workspace.db.truth.load(key)
        except StorageError as error:
            self._desk.open_page.problem.emit(known_problem(error, key))
            found = None
        self._desk.window.canvas.show_truth(found or ())


A, C = ActionSpec, TruthCommands
ROWS: Final[tuple[ActionSpec, ...]] = (
    A("truth", "Ground truth", "Layers", ("5",), "", "Show or hide the ground truth that was imported",
      C.toggle, "page", True, rule=True),
    A("truth.clear", "Forget the ground truth", "Layers", ("Ctrl+Alt+5",), "",
      "Take the ground truth of all images away; the labels stay as they are", C.clear, "folder"),
)  # fmt: skip
