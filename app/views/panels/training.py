"""The window of trainings: the project's runs with their curves, pictures and words, and their commands."""

from functools import partial
from pathlib import Path
from typing import Final

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QHeaderView,
    QMessageBox,
    QPlainTextEdit,
    QProgressBar,
    QPushButton,
    QSplitter,
    QTableWidget,
    QTableWidgetItem,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)  # fmt: skip

from app.domain.letters import as_letters
from app.i18n.translation import tr
from app.services.finetune import FinetuneService
from app.services.finetune_prepare import page_of
from app.services.finetune_run import TrainingRun
from app.storage.finetune_runs import last_lines
from app.views.panels.training_curves import TrainingCurves
from app.views.panels.training_pictures import TrainingPictures
from app.views.plain_label import plain_label

LOG_LINES: Final = 300


class TrainingWindow(QWidget):
    """Follows the runs of the open project.

    Attributes:
        new_wanted: another run is to be begun.
        recheck_wanted: the name of a run whose checkpoint is to be looked at.
        promote_wanted: the name of a run whose checkpoint is to be used.
    """

    new_wanted = Signal()
    recheck_wanted = Signal(str)
    promote_wanted = Signal(str)

    def __init__(self, service: FinetuneService, parent: QWidget) -> None:
        super().__init__(parent, Qt.WindowType.Window)
        self.setObjectName("training")
        self.setWindowTitle("Trainings")
        self.resize(1100, 760)
        self._service = service
        self._pages: tuple[Path, dict[str, str]] | None = None
        self.table = _run_table()
        self.heading, self.about = plain_label("heading"), plain_label("muted")
        self.bar = QProgressBar()
        self.bar.setAccessibleName("Steps done")
        self.bar.setTextVisible(False)
        self.problem = plain_label(selectable=True)
        self.problem.setProperty("state", "bad")
        self.curves, self.pictures = TrainingCurves(), TrainingPictures()
        self.log = QPlainTextEdit()
        self.log.setReadOnly(True)
        self.log.setAccessibleName("What the run says")
        self.tabs = QTabWidget()
        self.tabs.addTab(self.curves, "Curves")
        self.tabs.addTab(self.pictures, "Pages over time")
        self.tabs.addTab(self.log, "Log")
        self.new_button = QPushButton("Fine-tune...")
        self.pause_button = QPushButton("Pause")
        self.resume_button = QPushButton("Resume")
        self.stop_button = QPushButton("Stop")
        self.kill_button = QPushButton("Kill")
        self.recheck_button = QPushButton("Re-check...")
        self.promote_button = QPushButton("Promote")
        self.discard_button = QPushButton("Discard")
        self._build()
        self._connect()
        self._list()

    @property
    def chosen(self) -> TrainingRun | None:
        """The run whose row is selected."""
        row = self.table.currentRow()
        item = self.table.item(row, 0) if row >= 0 else None
        return None if item is None else self._service.run(str(item.data(Qt.ItemDataRole.UserRole)))

    def choose(self, name: str) -> None:
        """Select a run."""
        for row in range(self.table.rowCount()):
            if self._cell(row, 0).data(Qt.ItemDataRole.UserRole) == name:
                self.table.setCurrentCell(row, 0)

    def _cell(self, row: int, column: int) -> QTableWidgetItem:
        item = self.table.item(row, column)
        assert item is not None
        return item

    def _build(self) -> None:
        self.stop_button.setToolTip("Save after this step and end; it can be resumed")
        self.kill_button.setToolTip("End the process at once; what came after the last saved state is lost")
        self.recheck_button.setToolTip("Detect the approved images anew and compare with the labels")
        self.promote_button.setToolTip("Use the new checkpoint from now on")
        self.discard_button.setToolTip("Delete the weights of this run; curves and pictures stay")
        side = QWidget()
        column = QVBoxLayout(side)
        column.addWidget(self.heading)
        column.addWidget(self.about)
        column.addWidget(self.bar)
        column.addWidget(self.problem)
        column.addWidget(self.tabs, 1)
        row = QHBoxLayout()
        row.addWidget(self.pause_button)
        row.addWidget(self.resume_button)
        row.addWidget(self.stop_button)
        row.addWidget(self.kill_button)
        row.addStretch(1)
        row.addWidget(self.recheck_button)
        row.addWidget(self.promote_button)
        row.addWidget(self.discard_button)
        column.addLayout(row)
        left = QWidget()
        left_column = QVBoxLayout(left)
        left_column.addWidget(self.table, 1)
        left_column.addWidget(self.new_button)
        splitter = QSplitter()
        splitter.addWidget(left)
        splitter.addWidget(side)
        splitter.setSizes([380, 720])
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(splitter)

    def _connect(self) -> None:
        self._service.runs_changed.connect(self._list)
        self._service.run_changed.connect(self._changed)
        self.table.currentCellChanged.connect(self._show)
        self.tabs.currentChanged.connect(self._show)
        self.new_button.clicked.connect(self.new_wanted)
        self.pause_button.clicked.connect(self._pause)
        self.resume_button.clicked.connect(self._resume)
        self.stop_button.clicked.connect(self._stop)
        self.kill_button.clicked.connect(self._kill)
        self.recheck_button.clicked.connect(self._recheck)
        self.promote_button.clicked.connect(self._promote)
        self.discard_button.clicked.connect(self._discard)

    @Slot()
    def _list(self) -> None:
        """List the runs of the project, the newest first."""
        chosen = self.chosen
        self.table.blockSignals(True)
        self.table.setRowCount(0)
        for run in reversed(self._service.runs):
            row = self.table.rowCount()
            self.table.insertRow(row)
            for column in range(3):
                self.table.setItem(row, column, QTableWidgetItem())
            self._cell(row, 0).setText(run.name)
            self._cell(row, 0).setData(Qt.ItemDataRole.UserRole, run.name)
            self._fill(row, run)
        self.table.blockSignals(False)
        if chosen is not None and self._service.run(chosen.name) is not None:
            self.choose(chosen.name)
        elif self.table.rowCount():
            self.table.setCurrentCell(0, 0)
        self._show()

    def _fill(self, row: int, run: TrainingRun) -> None:
        best = run.course.best_hmean
        self._cell(row, 1).setText(tr(run.words))
        self._cell(row, 1).setToolTip(as_letters(run.problem()))
        self._cell(row, 2).setText("" if best is None else f"{best:.3f}")

    @Slot(str)
    def _changed(self, name: str) -> None:
        run = self._service.run(name)
        if run is None:
            return
        for row in range(self.table.rowCount()):
            if self._cell(row, 0).data(Qt.ItemDataRole.UserRole) == name:
                self._fill(row, run)
        if run is self.chosen:
            self._show()

    @Slot()
    def _show(self) -> None:
        """Show the chosen run as it is now."""
        run = self.chosen
        self.tabs.setEnabled(run is not None)
        self._show_buttons(run)
        if run is None:
            self.heading.setText(tr("No run yet: choose Fine-tune."))
            self.about.setText("")
            self.problem.hide()
            self.bar.setRange(0, 1)
            self.bar.reset()
            return
        course, problem = run.course, run.problem()
        self.heading.setText(tr(run.words))
        self.about.setText(tr(about_words(run)))
        self.problem.setText(problem)
        self.problem.setVisible(bool(problem))
        self.bar.setRange(0, max(1, course.steps))
        self.bar.setValue(min(course.step, max(1, course.steps)))
        if self.tabs.currentWidget() is self.curves:
            self.curves.show_course(course)
        elif self.tabs.currentWidget() is self.pictures:
            self.pictures.show_course(run.folder, course, self._page_names(run.folder))
        else:
            self._show_log(run)

    def _show_log(self, run: TrainingRun) -> None:
        said = [last_lines(run.folder / name, LOG_LINES) for name in ("train.log", "process.log")]
        text = "\n\n".join(part for part in (*said, "\n".join(run.course.notes[-LOG_LINES:])) if part)
        if text != self.log.toPlainText():
            self.log.setPlainText(text)

    def _page_names(self, folder: Path) -> dict[str, str]:
        if self._pages is None or self._pages[0] != folder or not self._pages[1]:
            self._pages = folder, page_of(folder)
        return self._pages[1]

    def _show_buttons(self, run: TrainingRun | None) -> None:
        state = "" if run is None else run.state
        ended = run is not None and not run.going and state not in ("queued", "discarded")
        usable = ended and run is not None and run.checkpoint is not None
        self.pause_button.setEnabled(state == "going")
        self.resume_button.setEnabled(state == "paused" or (run is not None and run.resumable))
        self.stop_button.setEnabled(state in ("queued", "starting", "going", "paused", "silent"))
        here = run is not None and run.record.process is not None
        self.kill_button.setEnabled(here and state in ("starting", "going", "paused", "silent"))
        self.recheck_button.setEnabled(usable)
        self.promote_button.setEnabled(usable)
        self.discard_button.setEnabled(ended)

    @Slot()
    def _pause(self) -> None:
        if (run := self.chosen) is not None:
            self._service.ask(run.name, "pause")

    @Slot()
    def _resume(self) -> None:
        run = self.chosen
        if run is None:
            return
        if run.state == "paused":
            self._service.ask(run.name, "resume")
        else:
            self._service.resume(run.name)

    @Slot()
    def _stop(self) -> None:
        if (run := self.chosen) is not None:
            self._service.ask(run.name, "stop")

    @Slot()
    def _kill(self) -> None:
        if (run := self.chosen) is not None:
            self._service.kill(run.name)

    @Slot()
    def _recheck(self) -> None:
        if (run := self.chosen) is not None:
            self.recheck_wanted.emit(run.name)

    @Slot()
    def _promote(self) -> None:
        if (run := self.chosen) is not None:
            self.promote_wanted.emit(run.name)

    @Slot()
    def _discard(self) -> None:
        """Ask first: weights do not come back."""
        run = self.chosen
        if run is None:
            return
        question = tr(f"Delete the weights of {run.name}? Its curves and pictures stay.")
        box = QMessageBox(QMessageBox.Icon.Question, tr("Discard"), as_letters(question), parent=self)
        box.addButton(tr("Keep"), QMessageBox.ButtonRole.RejectRole)
        discard = box.addButton(tr("Discard"), QMessageBox.ButtonRole.DestructiveRole)
        discard.clicked.connect(partial(self._service.discard, run.name))
        box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        box.open()


def about_words(run: TrainingRun) -> str:
    """From which checkpoint, by how many pages, and where."""
    course, file = run.course, Path(run.record.wish.start)
    start = file.parent.name if file.stem in ("best", "last") else file.stem  # of another run
    if not course.device:
        return f"From {start}"
    pages = f"{course.learnt} pages to learn from, {course.validated} to judge by"
    return f"From {start}: {pages}, on {course.device}"


def _run_table() -> QTableWidget:
    table = QTableWidget(0, 3)
    table.setAccessibleName("Runs")
    table.setHorizontalHeaderLabels([tr("Run"), tr("State"), tr("Best F")])
    table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
    table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
    table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
    table.verticalHeader().hide()
    table.horizontalHeader().setSectionResizeMode(1, QHeaderView.ResizeMode.Stretch)
    return table
