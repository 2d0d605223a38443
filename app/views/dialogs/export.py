"""Export: the report first, then where to, then the writing, then where it is."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from PySide6.QtCore import Qt, QUrl, Slot
from PySide6.QtGui import QCloseEvent, QDesktopServices
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)  # fmt: skip

from app.services.export import ExportPlan, ExportService
from app.views.problem_text import problem_text
from app.workers.messages import Problem
from tcm_core.geometry.orientation import ReadFrame

ZIP_NAME: Final = "gt.zip"
FRAMES: Final[tuple[tuple[str, ReadFrame], ...]] = (
    ("The picture as it is stored in the file (benchmarks, training)", "stored"),
    ("The picture as it is shown (turned by its EXIF tag)", "view"),
)
Scope = tuple[str, Callable[[], Sequence[str] | None]]


class ExportDialog(QDialog):
    """Shows what would be written for a choice of pages, and writes it when told to."""

    def __init__(
        self, service: ExportService, scopes: Sequence[Scope], out: Path, parent: QWidget | None = None
    ) -> None:
        """`scopes`: what can be exported, as (text, keys; None means all); `out`: the folder proposed."""
        super().__init__(parent)
        self.setWindowTitle("Export ICDAR 2015 labels")
        self.resize(640, 500)
        self._service, self._scopes = service, scopes
        self._plan: ExportPlan | None = None
        self._written_to: Path | None = None
        self.scope = QComboBox()
        self.scope.setAccessibleName("What to export")
        self.scope.addItems([text for text, _ in scopes])
        self.frame = _frame_box(service.frame)
        self.report = QPlainTextEdit()
        self.report.setReadOnly(True)
        self.report.setAccessibleName("What will be written")
        self.folder = QLineEdit(str(out))
        self.folder.setAccessibleName("Folder for the label files")
        self.choose_button = QPushButton("Choose...")
        self.zip = QCheckBox(f"One archive ({ZIP_NAME}), as evaluation servers take it")
        self.outcome = QLabel()
        self.outcome.setWordWrap(True)
        self.outcome.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.show_button = QPushButton("Show in folder")
        self.show_button.hide()
        self.close_button = QPushButton("Close")
        self.export_button = QPushButton("Export")
        self.export_button.setProperty("role", "primary")
        self.export_button.setDefault(True)
        self._build()
        self.scope.currentIndexChanged.connect(self._make_plan)
        self.frame.currentIndexChanged.connect(self._make_plan)
        self.zip.toggled.connect(self._show_report)
        self.choose_button.clicked.connect(self._choose)
        self.export_button.clicked.connect(self._write)
        self.close_button.clicked.connect(self.reject)
        self.show_button.clicked.connect(self._show)
        service.written.connect(self._written)
        service.failed.connect(self._failed)
        self._make_plan()

    def _build(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(20, 18, 20, 16)
        column.setSpacing(10)
        form = QFormLayout()
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        form.addRow("Images", self.scope)
        form.addRow("Coordinates of", self.frame)
        column.addLayout(form)
        heading = QLabel("This will be written")
        heading.setProperty("role", "heading")
        column.addWidget(heading)
        column.addWidget(self.report, 1)
        row = QHBoxLayout()
        row.addWidget(QLabel("To folder"))
        row.addWidget(self.folder, 1)
        row.addWidget(self.choose_button)
        column.addLayout(row)
        column.addWidget(self.zip)
        column.addWidget(self.outcome)
        buttons = QHBoxLayout()
        buttons.addWidget(self.show_button)
        buttons.addStretch(1)
        buttons.addWidget(self.close_button)
        buttons.addWidget(self.export_button)
        column.addLayout(buttons)

    @Slot()
    def _make_plan(self) -> None:
        frame = FRAMES[self.frame.currentIndex()][1]
        plan = self._service.plan(self._scopes[self.scope.currentIndex()][1](), frame)
        self.outcome.clear()
        self.show_button.hide()
        if isinstance(plan, Problem):
            self._plan = None
            self.report.setPlainText(problem_text(plan))
        else:
            self._plan = plan
            self._show_report()
        count = 0 if self._plan is None else len(self._plan.items)
        self.export_button.setText(f"Export {count} file{'' if count == 1 else 's'}")
        self.export_button.setEnabled(count > 0)

    @Slot()
    def _show_report(self) -> None:
        if self._plan is not None:
            self.report.setPlainText(self._plan.report(as_zip=self.zip.isChecked()))

    @Slot()
    def _choose(self) -> None:
        folder = QFileDialog.getExistingDirectory(self, "Folder for the label files", self.folder.text())
        if folder:
            self.folder.setText(folder)

    @Slot()
    def _write(self) -> None:
        if self._plan is None or not self.folder.text().strip():
            self.outcome.setText("Choose a folder first.")
            return
        folder = Path(self.folder.text()).expanduser()
        self._written_to = folder
        self.export_button.setEnabled(False)
        self.outcome.setText("Writing...")
        self._service.write(
            self._plan, folder / ZIP_NAME if self.zip.isChecked() else folder, self.zip.isChecked()
        )

    @Slot(list)
    def _written(self, files: list[Path]) -> None:
        what = str(files[0]) if len(files) == 1 else f"{len(files)} files in {self._written_to}"
        self.outcome.setText(f"Written: {what}")
        self.export_button.setEnabled(True)
        self.show_button.show()

    @Slot(object)
    def _failed(self, problem: Problem) -> None:
        self.outcome.setText(f"{problem.what} {problem.remedy}")
        self.export_button.setEnabled(True)

    @Slot()
    def _show(self) -> None:
        if self._written_to is not None:
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(self._written_to)))

    def closeEvent(self, event: QCloseEvent) -> None:
        self.reject()
        super().closeEvent(event)


def _frame_box(frame: ReadFrame) -> QComboBox:
    box = QComboBox()
    box.setAccessibleName("What coordinates refer to")
    box.addItems([text for text, _ in FRAMES])
    box.setCurrentIndex([known for _, known in FRAMES].index(frame))
    return box
