"""Compare: the window with several detectors side by side, and what it does to the open page."""

from pathlib import Path
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject, Slot
from PySide6.QtGui import QImage

from app.domain.edits import EditRefused
from app.services.checkpoints import OWN_FOLDER
from app.storage.errors import StorageError
from app.storage.votes import TIE, Vote, load_votes, save_votes
from app.views.action_spec import ActionSpec
from app.views.commands.desk import Desk
from app.views.problem_text import known_problem
from app.views.retranslation import translate
from app.workers.messages import Problem
from tcm_core.errors import TcmError

if TYPE_CHECKING:
    from app.domain.compare import Shape
    from app.services.comparison import Comparison
    from app.views.compare.window import CompareWindow

SHARED: Final = ("undo", "redo", "next", "previous", "next_open", "previous_open", "approve")
"""Commands of the main window whose keys work in the comparison, too."""


class CompareCommands(QObject):
    """Opens the comparison and keeps it in step with the open page.

    Args:
        desk: what all commands work with.
    """

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._desk = desk
        self.window: CompareWindow | None = None
        self._comparison: Comparison | None = None
        self._votes: dict[str, Vote] = {}
        desk.parts.workspace.closing.connect(self._closing)
        desk.parts.images.image_ready.connect(self._image_ready)
        desk.open_page.changed.connect(self._page_changed)

    def open(self) -> None:
        """Show the comparison of the open page."""
        window, comparison = self._made()
        comparison.look_for_files()
        db = self._desk.parts.workspace.db
        self._votes, notice = ({}, None) if db is None else load_votes(db)
        if notice is not None:
            self._desk.tell(notice)
        first = not window.isVisible()
        window.show()
        self._show_page(window)
        if first:
            self._choose_reference(window, comparison)
        window.raise_()
        window.activateWindow()
        window.focus_picture()

    def open_with(self, title: str, sha256: str, file: Path) -> None:
        """Show the comparison with a checkpoint in the second pane; it looks at the open page.

        Args:
            title: what it calls itself.
            sha256: of the file; empty where it is not known.
            file: of the checkpoint.
        """
        from app.services.comparison import Source

        self.open()
        assert self.window is not None
        source = Source("checkpoint", title, sha256, str(file))
        self.window.board.set_source(self.window.board.panes[1], source)

    def _made(self) -> "tuple[CompareWindow, Comparison]":
        if self.window is None or self._comparison is None:
            # late: they bring the evaluation along, and the main window should open quickly
            from app.services.comparison import Comparison
            from app.views.compare.window import CompareWindow

            parts = self._desk.parts
            own = parts.home.data / OWN_FOLDER
            self._comparison = Comparison(parts.workspace, parts.detection, own, self)
            main = self._desk.window
            self.window = CompareWindow(self._comparison, main.listed_keys, main)
            self.window.page_wanted.connect(main.pages.page_chosen)
            self.window.adopt_wanted.connect(self._adopt)
            self.window.voted.connect(self._voted)
            self.window.board.sources_changed.connect(self._show_votes)
            self._comparison.failed.connect(self._detection_failed)
            for action in self._desk.window.actions():
                if action.objectName() in SHARED:
                    self.window.addAction(action)
            translate(self.window)
        return self.window, self._comparison

    def _choose_reference(self, window: "CompareWindow", comparison: "Comparison") -> None:
        """At first the ground truth where the page has one, else its labels."""
        key = window.board.key
        if key is None:
            return
        try:
            truth = comparison.reference(key, "truth")
        except StorageError as error:
            self._desk.open_page.problem.emit(known_problem(error, key))
            return
        window.set_against("labels" if truth is None else "truth")

    @Slot()
    def _page_changed(self) -> None:
        if self.window is None or not self.window.isVisible():
            return
        if self.window.board.key != self._desk.open_page.key:
            self._show_page(self.window)
        else:
            self.window.board.labels_changed(self._desk.open_page.page)

    def _show_page(self, window: "CompareWindow") -> None:
        window.show_page(self._desk.open_page.key)
        photo = self._desk.window.canvas.stage.photo.pixmap
        if photo is not None:
            window.show_image(photo.toImage())
        self._show_votes()

    @Slot(str, QImage)
    def _image_ready(self, key: str, image: QImage) -> None:
        if self.window is not None and self.window.isVisible() and key == self.window.board.key:
            self.window.show_image(image)

    @Slot(object)
    def _adopt(self, shape: "Shape") -> None:
        from app.domain.adopt import adoption

        if self.window is None:
            return
        try:
            edit = adoption(self._desk.open_page.page, shape)
        except EditRefused as refused:
            self.window.tell(str(refused))
            return
        self._desk.open_page.apply(edit)
        self.window.tell("Taken over into the labels; Undo takes it back")

    @Slot(object)
    def _voted(self, vote: Vote) -> None:
        db, window = self._desk.parts.workspace.db, self.window
        if db is None or window is None or window.board.key is None:
            return
        votes = {**self._votes, window.board.key: vote}
        try:
            save_votes(db, votes)
        except TcmError as error:
            self._desk.open_page.problem.emit(known_problem(error, window.board.key))
        else:
            self._votes = votes
            window.tell("Voted: none is better" if vote.winner == TIE else f"Voted for {vote.winner}")
        self._show_votes()

    @Slot()
    def _show_votes(self) -> None:
        if self.window is not None:
            self.window.show_votes(self._votes)

    @Slot(str, str, object)
    def _detection_failed(self, key: str, _: str, problem: Problem) -> None:
        if self.window is not None and key == self.window.board.key:
            self.window.board.refresh()
            self.window.tell(f"{problem.what} {problem.remedy}")

    @Slot()
    def _closing(self) -> None:
        if self.window is not None:
            self.window.figures.forget()
            self.window.close()
            self.window.show_page(None)


A, C = ActionSpec, CompareCommands
ROWS: Final[tuple[ActionSpec, ...]] = (
    A("compare", "Compare...", "View", ("Y",), "",
      "Detectors, settings, labels and ground truth side by side", C.open, "page", rule=True),
)  # fmt: skip
