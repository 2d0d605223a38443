"""Below the panes: the curves, and the figures of the panes over all images."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from PySide6.QtCore import QTimer, Signal, Slot
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QHBoxLayout,
    QProgressBar,
    QPushButton,
    QSplitter,
    QVBoxLayout,
    QWidget,
)

from app.domain.compare_figures import FolderFigures
from app.i18n.translation import tr
from app.services.comparison import Comparison
from app.services.comparison_figures import FiguresMaker
from app.services.comparison_report import ReportMaterial
from app.services.comparison_run import ComparisonRun, Plan, RunResult
from app.services.comparison_tables import MEASURE_WORDS, Table, figures_table, images_table
from app.storage.errors import StorageError
from app.views.compare.board import Board
from app.views.compare.curve import Curve, CurvePlot
from app.views.compare.figure_files import FigureFiles
from app.views.compare.page_curves import PageCurves
from app.views.compare.run_panes import summary, thresholds
from app.views.compare.tables import FigureTables
from app.views.plain_label import plain_label
from tcm_core.errors import TcmError

AFTER_MS: Final = 120
"""While a slider is dragged the points move at once; figures over all images follow when it rests."""
SCOPES: Final = (("Curves of this image", "page"), ("Curves of all images", "all"))
PHASES: Final = {"labels": "Reading labels", "detect": "Looking for text", "judge": "Judging"}
Votes = Callable[[], Sequence[tuple[str, int]]]


class FiguresPanel(QWidget):
    """Runs the comparison over many images and shows what came out.

    Attributes:
        page_wanted: key of the image that was double-clicked.

    Args:
        comparison: looks things up.
        board: the panes, whose sources are compared.
        keys: the images that are to be compared.
        votes: pages won by name.
    """

    page_wanted = Signal(str)

    def __init__(
        self, comparison: Comparison, board: Board, keys: Callable[[], Sequence[str]], votes: Votes
    ) -> None:
        super().__init__()
        self._comparison, self._board, self._keys, self._votes = comparison, board, keys, votes
        self.result: RunResult | None = None
        self.figures: list[FolderFigures] = []
        self._run: ComparisonRun | None = None
        self._curves = PageCurves(comparison, board)
        self._maker, self.files = FiguresMaker(self), FigureFiles(self)
        self.start_button, self.stop_button = QPushButton("Compare all listed images"), QPushButton("Stop")
        self.detect = QCheckBox("Detect what is missing")
        self.progress, self.state = QProgressBar(), plain_label("muted")
        self.scope, self.measure = QComboBox(), QComboBox()
        self.save_button, self.report_button = QPushButton("Save table..."), QPushButton("Report...")
        self.plot, self.tabs = CurvePlot(), FigureTables()
        self._later = QTimer(self)
        self._later.setSingleShot(True)
        self._later.setInterval(AFTER_MS)
        self._build()
        self._connect()
        self._enable()

    # --- the widgets ---

    def _build(self) -> None:
        top = QHBoxLayout()
        self.detect.setChecked(True)
        self.detect.setToolTip("Checkpoints look at the images that they have not looked at")
        self.start_button.setToolTip("Judge every pane on all images of the page list that have labels")
        self.stop_button.setToolTip("Stop looking for text; what is there is judged and kept")
        self.save_button.setToolTip("Write the table that is shown to a CSV file")
        self.report_button.setToolTip("Write settings, figures, curves and the worst images to HTML or PDF")
        self.measure.setAccessibleName("Groups of the table")
        self.measure.setToolTip("All texts, or groups of them by what they look like")
        self.measure.addItem("All and groups", "")
        for name, words in MEASURE_WORDS.items():
            self.measure.addItem(words, name)
        self.measure.setCurrentIndex(1)
        self.scope.setAccessibleName("Images of the curve")
        self.scope.setToolTip("Which images the curves are of; drag a point to move its pane's threshold")
        for words, scope in SCOPES:
            self.scope.addItem(words, scope)
        for widget in (self.scope, self.start_button, self.stop_button, self.detect):
            top.addWidget(widget)
        top.addWidget(self.progress, 1)
        top.addWidget(self.state, 3)
        for widget in (self.measure, self.save_button, self.report_button):
            top.addWidget(widget)
        self.progress.hide()
        split = QSplitter()
        split.addWidget(self.plot)
        split.addWidget(self.tabs)
        split.setStretchFactor(0, 2)
        split.setStretchFactor(1, 3)
        column = QVBoxLayout(self)
        column.setContentsMargins(6, 6, 6, 6)
        column.addLayout(top)
        column.addWidget(split, 1)

    def _connect(self) -> None:
        self.start_button.clicked.connect(self.start)
        self.stop_button.clicked.connect(self.stop)
        self.scope.activated.connect(self.show_curves)
        self.measure.activated.connect(self._show_tables)
        self.save_button.clicked.connect(self._ask_table)
        self.report_button.clicked.connect(self._ask_report)
        self.plot.threshold_moved.connect(self._dragged)
        self.tabs.page_wanted.connect(self.page_wanted)
        self._later.timeout.connect(self._request)
        self._maker.ready.connect(self._figures_ready)
        self._maker.failed.connect(self._say)
        self.files.told.connect(self._say)
        self._board.sources_changed.connect(self.settings_moved)
        self._board.shown.connect(self._board_shown)

    def _enable(self) -> None:
        running = self._run is not None
        self.start_button.setEnabled(not running)
        self.stop_button.setEnabled(running)
        self.progress.setVisible(running)
        for button in (self.save_button, self.report_button):
            button.setEnabled(bool(self.figures))

    @Slot(str)
    def _say(self, text: str) -> None:
        self.state.setText(tr(text))

    # --- the run ---

    @Slot()
    def start(self) -> None:
        """Compare the panes over all listed images; what was detected before is taken as it is."""
        board = self._board
        if self._run is not None:
            return
        if not board.against:
            self._say("Choose what counts as right: the labels, or the ground truth")
            return
        judged = [pane for pane in board.panes if pane.source and pane.source.kind != board.against]
        if not judged:
            self._say("All panes show what counts as right: choose a checkpoint in one of them")
            return
        plan = Plan(
            tuple(self._keys()),
            tuple(replace(pane.source, settings=pane.settings) for pane in judged if pane.source),
            tuple(pane.number for pane in judged),
            board.against,
            board.protocol,
            self.detect.isChecked(),
        )
        self._run = ComparisonRun(self._comparison, plan, self)
        self._run.advanced.connect(self._advanced)
        self._run.ready.connect(self._ready)
        self._run.failed.connect(self._failed)
        self._say("")
        self._enable()
        self._run.start()

    @Slot()
    def stop(self) -> None:
        """End the run; what was detected stays, and is judged."""
        if self._run is not None:
            self._run.stop()

    def forget(self) -> None:
        """Another project is opened, or the program ends."""
        if self._run is not None:
            self._run.give_up()
            self._run.deleteLater()
            self._run = None
        self._maker.wait()
        self.files.wait()
        self.result, self.figures = None, []
        self._show_tables()
        self.plot.show_curves([])
        self._say("")
        self._enable()

    @Slot(str, int, int)
    def _advanced(self, phase: str, done: int, total: int) -> None:
        self.progress.setRange(0, total)
        self.progress.setValue(done)
        self._say(f"{PHASES[phase]}: {done} of {total}")

    @Slot(str)
    def _failed(self, why: str) -> None:
        self._end_run()
        self._say(why)

    @Slot(object)
    def _ready(self, result: RunResult) -> None:
        self._end_run()
        if not result.pages:
            why = next(iter(result.failed.values()), "") or "No image was looked at by all panes"
            self._say(why)
            return
        self.result, self.figures = result, []
        self.scope.setCurrentIndex(1)
        self._request()

    def _end_run(self) -> None:
        if self._run is not None:
            self._run.deleteLater()
            self._run = None
        self._enable()

    # --- the figures ---

    @Slot()
    def _request(self) -> None:
        if self.scope.currentData() == "page" and self._curves.are_others():
            self.show_curves()
        if self.result is not None:
            self._maker.request(self.result, thresholds(self.result, self._board.panes))

    @Slot(object, list)
    def _figures_ready(self, result: RunResult, figures: list[FolderFigures]) -> None:
        if result is not self.result:
            return
        first, self.figures = not self.figures, figures
        self._show_tables()
        if first:
            self.show_curves()
        self._say(summary(result, self._board.panes))
        self._enable()

    @Slot()
    def _show_tables(self) -> None:
        self.tabs.show_figures(self.result, self.figures, str(self.measure.currentData()))

    @Slot()
    def settings_moved(self) -> None:
        """A pane shows something else or at another threshold."""
        if not self.isVisible():
            return
        drawn = {curve.number for curve in self.plot.curves}
        for pane in self._board.panes:
            if pane.number in drawn and pane.settings is not None:
                self.plot.set_threshold(pane.number, pane.settings.score_threshold)
        if self.result is not None or self._curves.are_others():
            self._later.start()

    @Slot()
    def _board_shown(self) -> None:
        if self.isVisible() and self.scope.currentData() == "page":
            self.show_curves()

    @Slot()
    def show_curves(self) -> None:
        """Draw the curves of the open image or of all images."""
        if self.scope.currentData() == "all":
            curves = self._folder_curves()
        else:
            try:
                curves = self._curves.made()
            except (StorageError, TcmError) as error:
                curves = []
                self._say(str(error))
        self.plot.show_curves(curves)

    def _folder_curves(self) -> list[Curve]:
        if self.result is None or not self.figures:
            return []
        plan, now = self.result.plan, thresholds(self.result, self._board.panes)
        return [
            Curve(
                plan.numbers[at],
                source.name,
                self.figures[at].curve,
                None if self.result.settings[at] is None else now[at],
            )
            for at, source in enumerate(plan.sources)
        ]

    @Slot(int, float)
    def _dragged(self, number: int, threshold: float) -> None:
        if number <= len(self._board.panes):
            self._board.set_threshold(number - 1, threshold)

    # --- files ---

    @Slot()
    def _ask_table(self) -> None:
        self.files.ask_table(self.shown_table())

    @Slot()
    def _ask_report(self) -> None:
        material = self.material()
        if material is not None:
            self.files.ask_report(material)

    def shown_table(self) -> Table:
        """The table of the tab that is shown, with all groups."""
        if self.result is None:
            return Table((), ())
        if self.tabs.currentIndex() == 0:
            return figures_table(self.result.plan.names, self.figures)
        return images_table(self.figures, self.result)

    def material(self) -> ReportMaterial | None:
        """What a report of the last run tells; None before one."""
        folder = self._comparison.workspace.folder
        if self.result is None or folder is None:
            return None
        sides = [self._comparison.short_side(source) for source in self.result.plan.sources]
        made_at, votes = datetime.now().astimezone(), list(self._votes())
        return ReportMaterial(folder, self.result, self.figures, sides, votes, made_at)
