"""Export: the report first, then where to, then the writing, then where it is."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from PySide6.QtCore import QUrl, Slot
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

from app.domain.counted import counted
from app.i18n.translation import tr, tr_lines
from app.services.export import AnyPlan, ExportService
from app.services.format_export import WITHOUT_ZIP, usual_frame, writable_formats
from app.views.plain_label import plain_label
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
        self.setWindowTitle("Export labels")
        self.resize(680, 560)
        self._service, self._scopes = service, scopes
        self._plan: AnyPlan | None = None
        profile = service.profile
        self._written_to: Path | None = None
        self.scope = _box("What to export", [(text, text) for text, _ in scopes], profile.scope)
        self.format = _box("Format of the labels", writable_formats(), profile.format)
        self.frame = _box("What coordinates refer to", FRAMES, profile.frame)
        self.report = QPlainTextEdit()
        self.report.setReadOnly(True)
        self.report.setAccessibleName("What will be written")
        self.folder = QLineEdit(profile.folder or str(out))
        self.folder.setAccessibleName("Folder for the label files")
        self.choose_button = QPushButton("Choose...")
        self.zip = QCheckBox(f"One archive ({ZIP_NAME}), as evaluation servers take it")
        self.zip.setChecked(profile.as_zip)
        self.live = QCheckBox("From now on, write an image again into this folder whenever it is approved")
        self.live.setChecked(profile.live)
        self.outcome = plain_label(selectable=True)
        self.show_button = QPushButton("Show in folder")
        self.show_button.hide()
        self.close_button = QPushButton("Close")
        self.export_button = QPushButton("Export")
        self.export_button.setProperty("role", "primary")
        self.export_button.setDefault(True)
        self._build()
        self._connect()
        self._make_plan()

    def _connect(self) -> None:
        service = self._service
        self.scope.currentIndexChanged.connect(self._make_plan)
        self.format.currentIndexChanged.connect(self._format_chosen)
        self.frame.currentIndexChanged.connect(self._make_plan)
        self.live.toggled.connect(self._live_toggled)
        service.planned.connect(self._planned)
        self.zip.toggled.connect(self._show_report)
        self.choose_button.clicked.connect(self._choose)
        self.export_button.clicked.connect(self._write)
        self.close_button.clicked.connect(self.reject)
        self.show_button.clicked.connect(self._show)
        service.written.connect(self._written)
        service.failed.connect(self._failed)

    def _build(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(20, 18, 20, 16)
        column.setSpacing(10)
        form = QFormLayout()
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        form.addRow("Images", self.scope)
        form.addRow("Format", self.format)
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
        column.addWidget(self.live)
        column.addWidget(self.outcome)
        buttons = QHBoxLayout()
        buttons.addWidget(self.show_button)
        buttons.addStretch(1)
        buttons.addWidget(self.close_button)
        buttons.addWidget(self.export_button)
        column.addLayout(buttons)

    @Slot()
    def _format_chosen(self) -> None:
        usual = [frame for _, frame in FRAMES].index(usual_frame(str(self.format.currentData())))
        if usual != self.frame.currentIndex():
            self.frame.setCurrentIndex(usual)  # makes the plan
        else:
            self._make_plan()

    @Slot()
    def _make_plan(self) -> None:
        name, frame = str(self.format.currentData()), FRAMES[self.frame.currentIndex()][1]
        self._plan = None
        self.outcome.clear()
        self.show_button.hide()
        self.zip.setEnabled(name not in WITHOUT_ZIP)
        self.export_button.setEnabled(False)
        self.report.setPlainText(tr("Looking at what this format can hold..."))
        self._service.start_planning(self._scopes[self.scope.currentIndex()][1](), name, frame)

    @Slot(object)
    def _planned(self, plan: AnyPlan | Problem) -> None:
        if isinstance(plan, Problem):
            self.report.setPlainText(tr_lines(problem_text(plan)))
        else:
            self._plan = plan
            self._show_report()
        count = 0 if self._plan is None else self._plan.image_count
        self.export_button.setText(tr(f"Export {counted(count, 'image')}"))
        self.export_button.setEnabled(count > 0)

    @property
    def _as_zip(self) -> bool:
        return self.zip.isEnabled() and self.zip.isChecked()

    @Slot(bool)
    def _live_toggled(self, on: bool) -> None:
        self._service.remember(
            self._service.profile.model_copy(
                update={
                    "live": on,
                    "format": str(self.format.currentData()),
                    "frame": FRAMES[self.frame.currentIndex()][1],
                    "folder": self.folder.text().strip(),
                }
            )
        )

    @Slot()
    def _show_report(self) -> None:
        if self._plan is not None:
            self.report.setPlainText(tr_lines(self._plan.report(as_zip=self._as_zip)))

    @Slot()
    def _choose(self) -> None:
        folder = QFileDialog.getExistingDirectory(self, "Folder for the label files", self.folder.text())
        if folder:
            self.folder.setText(folder)

    @Slot()
    def _write(self) -> None:
        if self._plan is None or not self.folder.text().strip():
            self.outcome.setText(tr("Choose a folder first."))
            return
        folder = Path(self.folder.text()).expanduser()
        self._written_to = folder
        self.export_button.setEnabled(False)
        self.outcome.setText(tr("Writing..."))
        self._service.write(
            self._plan,
            folder / ZIP_NAME if self._as_zip else folder,
            as_zip=self._as_zip,
            scope=self.scope.currentText(),
        )

    @Slot(list)
    def _written(self, files: list[Path]) -> None:
        what = str(files[0]) if len(files) == 1 else f"{len(files)} files in {self._written_to}"
        self.outcome.setText(tr(f"Written: {what}"))
        self.export_button.setEnabled(True)
        self.show_button.show()

    @Slot(object)
    def _failed(self, problem: Problem) -> None:
        self.outcome.setText(f"{tr(problem.what)} {tr(problem.remedy)}")
        self.export_button.setEnabled(True)

    @Slot()
    def _show(self) -> None:
        if self._written_to is not None:
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(self._written_to)))

    def closeEvent(self, event: QCloseEvent) -> None:
        self.reject()
        super().closeEvent(event)


def _box(name: str, rows: Sequence[tuple[str, str]], chosen: str) -> QComboBox:
    """A box of (text, value) rows; without the chosen value the first row is chosen."""
    box = QComboBox()
    box.setAccessibleName(name)
    for text, value in rows:
        box.addItem(text, value)
    box.setCurrentIndex(max(box.findData(chosen), 0))
    return box
