"""Import: what to read, the report, how to put it into the project, then how it went."""

from pathlib import Path
from typing import Final

from PySide6.QtCore import Slot
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QProgressBar,
    QPushButton,
    QVBoxLayout,
    QWidget,
)  # fmt: skip

from app.domain.counted import counted
from app.i18n.translation import tr, tr_lines
from app.services.importing import AUTO, ImportMode, ImportOutcome, ImportPlan, ImportService
from app.services.workspace import Workspace
from app.views.plain_label import plain_label
from app.views.problem_text import problem_text
from app.workers.messages import Problem
from tcm_core.geometry.orientation import ReadFrame

MODES: Final[tuple[tuple[str, ImportMode], ...]] = (
    ("As labels, only where an image has none", "empty"),
    ("As labels, beside those that are there", "add"),
    ("As labels, in place of those that are there", "replace"),
    ("As ground truth, apart from the labels", "truth"),
)
FRAMES: Final[tuple[tuple[str, str], ...]] = (
    ("As is usual in the format", ""),
    ("The picture as it is stored in the file (benchmarks, training)", "stored"),
    ("The picture as it is shown (turned by its EXIF tag)", "view"),
)


class ImportDialog(QDialog):
    """Reads labels when their place is known, and changes nothing before Import is pressed."""

    def __init__(self, service: ImportService, workspace: Workspace, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Import labels")
        self.resize(680, 560)
        self._service, self._workspace = service, workspace
        self._plan: ImportPlan | None = None
        self.source = QLineEdit()
        self.source.setAccessibleName("File or folder of the labels")
        self.source.setPlaceholderText("A file, a zip archive or a folder")
        self.file_button, self.folder_button = QPushButton("File..."), QPushButton("Folder...")
        self.format = _box("Format of the labels", [("By the content", AUTO), *_formats()])
        self.frame = _box("What coordinates refer to", FRAMES)
        self.mode = _box("How to import", MODES)
        self.report = QPlainTextEdit()
        self.report.setReadOnly(True)
        self.report.setAccessibleName("What was found")
        self.progress = QProgressBar()
        self.progress.hide()
        self.outcome = plain_label()
        self.cancel_button = QPushButton("Close")
        self.import_button = QPushButton("Import")
        self.import_button.setProperty("role", "primary")
        self.import_button.setEnabled(False)
        self._build()
        self._connect()

    def _build(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(20, 18, 20, 16)
        column.setSpacing(10)
        row = QHBoxLayout()
        for widget in (self.source, self.file_button, self.folder_button):
            row.addWidget(widget)
        form = QFormLayout()
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        form.addRow("Labels", row)
        form.addRow("Format", self.format)
        form.addRow("Coordinates of", self.frame)
        form.addRow("Import", self.mode)
        column.addLayout(form)
        heading = QLabel("This was found")
        heading.setProperty("role", "heading")
        for part in (heading, self.report, self.progress, self.outcome):
            column.addWidget(part)
        buttons = QHBoxLayout()
        buttons.addStretch(1)
        buttons.addWidget(self.cancel_button)
        buttons.addWidget(self.import_button)
        column.addLayout(buttons)

    def _connect(self) -> None:
        self.source.editingFinished.connect(self._read)
        self.format.currentIndexChanged.connect(self._read)
        self.frame.currentIndexChanged.connect(self._read)
        self.file_button.clicked.connect(self._choose_file)
        self.folder_button.clicked.connect(self._choose_folder)
        self.import_button.clicked.connect(self._import)
        self.cancel_button.clicked.connect(self.reject)
        self._service.read.connect(self._show_plan)
        self._service.progress.connect(self._show_progress)
        self._service.finished.connect(self._finished)
        self._service.failed.connect(self._failed)

    @Slot()
    def _choose_file(self) -> None:
        path, _ = QFileDialog.getOpenFileName(self, "File of labels", self._start())
        self._take(path)

    @Slot()
    def _choose_folder(self) -> None:
        self._take(QFileDialog.getExistingDirectory(self, "Folder of labels", self._start()))

    def _start(self) -> str:
        return self.source.text() or str(self._workspace.folder or Path.home())

    def _take(self, path: str) -> None:
        if path:
            self.source.setText(path)
            self._read()

    @Slot()
    def _read(self) -> None:
        if not self.source.text().strip() or self._service.running:
            return
        self._plan = None
        self.import_button.setEnabled(False)
        self.outcome.clear()
        self.report.setPlainText(tr("Reading..."))
        frame: str = self.frame.currentData()
        wanted: ReadFrame | None = "stored" if frame == "stored" else "view" if frame == "view" else None
        self._service.start_reading(
            Path(self.source.text().strip()).expanduser(), str(self.format.currentData()), wanted
        )

    @Slot(object)
    def _show_plan(self, plan: ImportPlan) -> None:
        self._plan = plan
        labelled = sum(bool(self._workspace.summary(key).region_count) for key, _ in plan.pages)
        self.report.setPlainText(tr_lines(plan.report(labelled)))
        self.import_button.setEnabled(bool(plan.pages))
        pages = len(plan.pages)
        self.import_button.setText(tr(f"Import {counted(pages, 'image')}"))

    @Slot()
    def _import(self) -> None:
        if self._plan is not None:
            self.import_button.setEnabled(False)
            self.cancel_button.setText(tr("Stop"))
            self.progress.setRange(0, len(self._plan.pages))
            self.progress.show()
            mode: ImportMode = MODES[self.mode.currentIndex()][1]
            self._service.start_import(self._plan, mode)

    @Slot(int, int)
    def _show_progress(self, done: int, total: int) -> None:
        self.progress.setMaximum(total)
        self.progress.setValue(done)

    @Slot(object)
    def _finished(self, outcome: ImportOutcome) -> None:
        start = "Stopped" if outcome.cancelled else "Imported"
        what = "with a ground truth now" if MODES[self.mode.currentIndex()][1] == "truth" else "changed"
        text = f"{start}: {counted(outcome.pages, 'image')} {what}"
        if outcome.left:
            text += f", {outcome.left} left as they were"
        self._ended(f"{text}.")

    @Slot(object)
    def _failed(self, problem: Problem) -> None:
        if self._plan is None:
            self.report.setPlainText(tr_lines(problem_text(problem)))
        else:
            self._ended(f"{tr(problem.what)} {tr(problem.remedy)}")

    def _ended(self, text: str) -> None:
        self.outcome.setText(tr(text))
        self.progress.hide()
        self.cancel_button.setText(tr("Close"))

    def reject(self) -> None:
        """Stop the import when one is under way; else close."""
        if self._service.running:
            self._service.cancel()
        else:
            super().reject()


def _formats() -> list[tuple[str, str]]:
    from tcm_core.data.formats.table import FORMATS

    return [(row.title, name) for name, row in FORMATS.items()]


def _box(name: str, rows: "tuple[tuple[str, str], ...] | list[tuple[str, str]]") -> QComboBox:
    box = QComboBox()
    box.setAccessibleName(name)
    for text, value in rows:
        box.addItem(text, value)
    return box
