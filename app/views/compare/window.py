"""The comparison window: the board with its panes, the list of differences, and the votes."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Final

from PySide6.QtCore import QSize, Qt, Signal, Slot
from PySide6.QtGui import QAction, QActionGroup, QCloseEvent, QImage, QKeySequence
from PySide6.QtWidgets import (
    QComboBox,
    QDockWidget,
    QFileDialog,
    QListWidget,
    QListWidgetItem,
    QMainWindow,
    QToolBar,
    QVBoxLayout,
    QWidget,
)

from app.domain.compare import Difference, DifferenceKind
from app.domain.map_layers import LANGUAGE
from app.i18n.translation import tr
from app.services.comparison import Comparison, Reference, Source
from app.storage.votes import TIE, Vote, wins
from app.views.compare.area import MODES, Mode, PaneArea
from app.views.compare.board import Board
from app.views.compare.figures import FiguresPanel
from app.views.compare.pane import NO_MAP
from app.views.first_size import first_size
from app.views.plain_label import plain_label
from tcm_core.evaluate.protocols import PROTOCOLS

MOST_PANES: Final = 4
CHECKPOINT_FILES: Final = "Checkpoints (*.safetensors *.onnx)"
FULL_SIZE: Final = QSize(1360, 860)
FIGURES_HEIGHT: Final = 330
TOLD_MS: Final = 8000
MAPS: Final = (("No map", NO_MAP), ("Text map", "text"), ("Instance-language map", LANGUAGE))
AGAINST: Final[tuple[tuple[str, Reference], ...]] = (
    ("No verdicts", ""),
    ("Against the labels", "labels"),
    ("Against the ground truth", "truth"),
)
MODE_TEXTS: Final[dict[Mode, tuple[str, str, str]]] = {
    "beside": ("Beside", "Q", "The pictures beside each other"),
    "swipe": ("Swipe", "W", "The pictures over each other, with a line to drag between them"),
    "blink": ("Blink", "E", "The pictures in turns at the same place"),
}


class CompareWindow(QMainWindow):
    """Looks at one page at a time, the open one.

    Attributes:
        adopt_wanted: a Shape is to become a label.
        voted: a Vote for the open page.
        page_wanted: key of another image that is to be opened.

    Args:
        comparison: looks things up.
        keys: the images that the figures are over.
        parent: owner.
    """

    adopt_wanted = Signal(object)
    voted = Signal(object)
    page_wanted = Signal(str)

    def __init__(
        self,
        comparison: Comparison,
        keys: Callable[[], Sequence[str]] = tuple,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent, Qt.WindowType.Window)
        self.setObjectName("compare")
        self.setWindowTitle("Compare")
        self.resize(first_size(self, FULL_SIZE))
        self.area = PaneArea()
        self.board = Board(comparison, self.area, self)
        self.setCentralWidget(self.area)
        self.count, self.map, self.against, self.protocol = _box(), _box(), _box(), _box()
        self.figures = FiguresPanel(comparison, self.board, keys, self._wins)
        self._votes: Mapping[str, Vote] = {}
        self.differences = QListWidget()
        self.remark, self.votes = plain_label("warning"), plain_label("muted")
        self.modes: dict[Mode, QAction] = {}
        self.bar = QToolBar("Comparison")
        self._build_bar()
        self._build_rules()
        self._build_side()
        self._build_keys()
        self._connect()
        self.board.set_count(2)

    def _build_bar(self) -> None:
        self.bar.setMovable(False)
        self.addToolBar(self.bar)
        self.count.setAccessibleName("Number of panes")
        self.count.setToolTip("How many panes there are")
        for count in range(2, MOST_PANES + 1):
            self.count.addItem(f"{count} panes", count)
        self.bar.addWidget(self.count)
        group = QActionGroup(self)
        for mode in MODES:
            text, key, hint = MODE_TEXTS[mode]
            action = self._action(text, key, hint, partial(self.area.set_mode, mode))
            action.setCheckable(True)
            action.setChecked(mode == "beside")
            group.addAction(action)
            self.bar.addAction(action)
            self.modes[mode] = action
        self.map.setAccessibleName("Map over the pictures")
        self.map.setToolTip("Which map of the detectors lies over the pictures")
        for title, name in MAPS:
            self.map.addItem(title, name)
        self.bar.addWidget(self.map)
        self.more = self._action("Settings", "T", "All settings of every pane", self._toggle_more)
        self.more.setCheckable(True)
        self.bar.addAction(self.more)

    def _build_rules(self) -> None:
        self.against.setAccessibleName("What the panes are judged against")
        self.against.setToolTip("What counts as right: green is found, orange wrong, yellow missed")
        for title, reference in AGAINST:
            self.against.addItem(title, reference)
        self.protocol.setAccessibleName("Protocol")
        self.protocol.setToolTip("The evaluation protocol")
        for name, protocol in PROTOCOLS.items():
            self.protocol.addItem(protocol.title, name)
        self.protocol.setCurrentIndex(self.protocol.findData(self.board.protocol))
        self.bar.addWidget(self.against)
        self.bar.addWidget(self.protocol)

    def _build_side(self) -> None:
        side = QWidget()
        column = QVBoxLayout(side)
        column.setContentsMargins(6, 6, 6, 6)
        self.differences.setAccessibleName("Differences between the panes")
        self.remark.hide()
        column.addWidget(self.remark)
        column.addWidget(self.differences, 1)
        column.addWidget(self.votes)
        self.side = QDockWidget("Differences", self)
        self.side.setObjectName("differences")
        self.side.setWidget(side)
        self.side.setFeatures(QDockWidget.DockWidgetFeature.DockWidgetMovable)
        self.addDockWidget(Qt.DockWidgetArea.RightDockWidgetArea, self.side)
        self.below = QDockWidget("Curves and figures", self)
        self.below.setObjectName("figures")
        self.below.setWidget(self.figures)
        self.addDockWidget(Qt.DockWidgetArea.BottomDockWidgetArea, self.below)
        self.below.hide()
        self.below.visibilityChanged.connect(self._figures_shown)

    def _build_keys(self) -> None:
        board = self.board
        rows = (
            ("Next difference", "N", "Go to the next difference", lambda: board.step(1)),
            ("Previous difference", "Shift+N", "Go to the difference before", lambda: board.step(-1)),
            ("Take over", "Return", "Make the chosen polygon a label", board.adopt),
            ("None is better", "0", "No pane is the best on this image", lambda: self._vote(0)),
        )
        for text, key, hint, run in rows:
            self.bar.addAction(self._action(text, key, hint, run))
        self.show_figures = self._action(
            "Figures", "R", "Curves, and the figures of the panes over all images", self._toggle_figures
        )
        self.show_figures.setCheckable(True)
        self.bar.addAction(self.show_figures)
        for number in range(1, MOST_PANES + 1):
            self._action("Best", str(number), "Vote for this pane", partial(self._vote, number))
            self._action(
                "Take over",
                f"Ctrl+{number}",
                "Make the chosen polygon of this pane a label",
                partial(board.adopt, number),
            )

    def _action(self, text: str, key: str, hint: str, run: Callable[[], object]) -> QAction:
        action = QAction(text, self)
        action.setShortcut(QKeySequence(key))
        action.setToolTip(f"{tr(hint)}  ({key})")
        action.setStatusTip(hint)
        action.triggered.connect(lambda _=False: run())
        self.addAction(action)
        return action

    def _connect(self) -> None:
        board = self.board
        self.count.activated.connect(lambda: board.set_count(int(self.count.currentData())))
        self.map.activated.connect(lambda: board.set_map(str(self.map.currentData())))
        self.against.activated.connect(self._rules_picked)
        self.protocol.activated.connect(self._rules_picked)
        self.differences.itemClicked.connect(self._difference_picked)
        self.differences.itemActivated.connect(self._difference_picked)
        board.differences_changed.connect(self._show_differences)
        board.chosen_changed.connect(self.differences.setCurrentRow)
        board.adopt_wanted.connect(self.adopt_wanted)
        board.vote_wanted.connect(self._vote)
        board.file_wanted.connect(self._ask_file)
        board.told.connect(self.tell)
        self.figures.page_wanted.connect(self.page_wanted)
        for box in (self.count, self.map, self.against, self.protocol):
            box.activated.connect(self.focus_picture)

    # --- what the owner tells ---

    def show_page(self, key: str | None) -> None:
        """Show another page; its picture and its vote follow."""
        self.setWindowTitle(f"{key} - {tr('Compare')}" if key else tr("Compare"))
        self.board.show_page(key)

    def show_image(self, image: QImage | None) -> None:
        """Show the photograph of the page."""
        self.board.show_image(image)

    def show_votes(self, votes: Mapping[str, Vote]) -> None:
        """Show the vote of the page, and who won how many."""
        self._votes = votes
        vote = None if self.board.key is None else votes.get(self.board.key)
        for pane in self.board.panes:
            name = None if pane.source is None else named(pane.source)
            pane.set_vote(vote is not None and vote.winner != TIE and vote.winner == name)
        won = [f"{name or tr('None is better')}: {count}" for name, count in wins(votes)]
        said = "\n".join([tr("Best on so many images"), *won])
        self.votes.setText(said if won else tr("No votes yet: press 1 to 4, or 0"))

    def _wins(self) -> list[tuple[str, int]]:
        return wins(self._votes)

    def set_against(self, against: Reference) -> None:
        """Judge against labels, ground truth or nothing."""
        self.against.setCurrentIndex([reference for _, reference in AGAINST].index(against))
        self._rules_picked()

    @Slot(str)
    def tell(self, text: str) -> None:
        """Say something in passing."""
        self.statusBar().showMessage(tr(text), TOLD_MS)

    @Slot()
    def focus_picture(self) -> None:
        """Give the keys to the pictures."""
        if self.board.panes:
            self.board.panes[0].canvas.setFocus()

    def closeEvent(self, event: QCloseEvent) -> None:
        super().closeEvent(event)
        self.area.set_mode("beside")
        self.modes["beside"].setChecked(True)

    @Slot()
    def _rules_picked(self) -> None:
        self.board.set_rules(AGAINST[self.against.currentIndex()][1], str(self.protocol.currentData()))

    @Slot(int)
    def _ask_file(self, number: int) -> None:
        name, _ = QFileDialog.getOpenFileName(self, tr("Checkpoint"), "", CHECKPOINT_FILES)
        if name:
            self.board.show_file(number, Path(name))

    def _toggle_figures(self) -> None:
        self.below.setVisible(self.show_figures.isChecked())

    @Slot(bool)
    def _figures_shown(self, shown: bool) -> None:
        if self.isVisible():
            self.show_figures.setChecked(shown)
        if shown:
            self.resizeDocks([self.below], [FIGURES_HEIGHT], Qt.Orientation.Vertical)
            self.figures.show_curves()

    def _toggle_more(self) -> None:
        self.board.set_more(self.more.isChecked())

    @Slot(list)
    def _show_differences(self, found: list[Difference]) -> None:
        self.differences.clear()
        for one in found:
            self.differences.addItem(QListWidgetItem(self._words(one)))
        self.side.setWindowTitle(tr(f"{len(found)} differences"))
        self.remark.setText(self.board.remark)
        self.remark.setVisible(bool(self.board.remark))

    def _words(self, one: Difference) -> str:
        if one.kind is DifferenceKind.OUTLINE:
            return tr(f"Other outlines, IoU {one.group.least_iou:.2f}")
        known = [
            (pane, at) for pane, at in zip(self.board.panes, one.group.members, strict=True) if pane.content
        ]
        absent = [pane for pane, at in known if at is None]
        present = [pane for pane, at in known if at is not None]
        fewer = present if len(present) < len(absent) else absent
        names = ", ".join(f"{pane.number} {pane.picker.currentText()}" for pane in fewer)
        return tr(f"Not in {names}") if fewer is absent else tr(f"Only in {names}")

    @Slot(QListWidgetItem)
    def _difference_picked(self, item: QListWidgetItem) -> None:
        self.board.choose_difference(self.differences.row(item))
        self.focus_picture()

    @Slot(int)
    def _vote(self, number: int) -> None:
        names = [named(source) for source in self.board.sources]
        if self.board.key is not None and number <= len(names):
            self.voted.emit(Vote(winner=TIE if number == 0 else names[number - 1], among=tuple(names)))


def named(source: Source) -> str:
    """The name that votes call a source by; with its threshold where that is its own."""
    if source.settings is None:
        return source.name
    return f"{source.name} @ {source.settings.score_threshold:.2f}"


def _box() -> QComboBox:
    box = QComboBox()
    box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
    return box
