"""What this installation consists of and whether it is in order: a table to read, to copy, to report."""

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

from PySide6.QtCore import QObject, Qt, QThreadPool, Signal, Slot
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import (
    QCheckBox,
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QHeaderView,
    QLabel,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)  # fmt: skip
from shiboken6 import isValid

from app.i18n.translation import tr
from app.services.bug_report import ReportMaterial, labels_text, qt_findings
from tcm_core.bug_report import BugReport
from tcm_core.doctor import Finding, collect
from tcm_core.errors import TcmError

REPORT_NAME: Final = "tcm-studio-report.zip"


class DiagnosticsDialog(QDialog):
    """The findings of `tcm doctor`, collected in a thread, because they take seconds; and a report of them.

    The report holds no picture, no label and no name of a file unless its box is ticked.

    Args:
        material: what can go into a report beside the findings.
        parent: the window.
    """

    def __init__(self, material: ReportMaterial | None = None, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Diagnostics")
        self.resize(760, 560)
        self._material = material or ReportMaterial()
        self._findings: list[Finding] = []
        self._closed = False
        self.waiting = QLabel("Looking at the installation...")
        self.table = QTableWidget(0, 3)
        self.table.setHorizontalHeaderLabels(["Subject", "Finding", "What to do"])
        self.table.verticalHeader().hide()
        self.table.setEditTriggers(QTableWidget.EditTrigger.NoEditTriggers)
        self.table.setAccessibleName("Diagnostics")
        self.table.setWordWrap(True)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        self.copy_button = buttons.addButton("Copy", QDialogButtonBox.ButtonRole.ActionRole)
        self.copy_button.clicked.connect(self._copy)
        self.save_button = buttons.addButton("Save report...", QDialogButtonBox.ButtonRole.ActionRole)
        self.save_button.clicked.connect(self._ask_and_save)
        self.save_button.setEnabled(False)
        buttons.rejected.connect(self.reject)
        self.boxes_label = QLabel(
            "A report to send on holds these findings, settings, and where in the program errors came up: "
            "no picture, no label, no name of a file. Tick what else may go in."
        )
        self.boxes_label.setWordWrap(True)
        self.messages_box = QCheckBox("Messages of the log; they can name files and quote labels")
        self.labels_box = QCheckBox("Labels of the open image, with their texts")
        self.picture_box = QCheckBox("The open image")
        for box in (self.labels_box, self.picture_box):
            box.setEnabled(self._material.image is not None)
        self.saved_label = QLabel()
        self.saved_label.setWordWrap(True)
        self.saved_label.setTextFormat(Qt.TextFormat.PlainText)
        boxes = (self.boxes_label, self.messages_box, self.labels_box, self.picture_box, self.saved_label)
        column = QVBoxLayout(self)
        for widget in (self.waiting, self.table, *boxes, buttons):
            column.addWidget(widget)
        column.setStretchFactor(self.table, 1)
        self._signals = signals = _Signals()
        signals.collected.connect(self.show_findings, Qt.ConnectionType.QueuedConnection)
        QThreadPool.globalInstance().start(lambda: _collect(signals))

    def done(self, result: int) -> None:
        """Close; what the thread finds after that is nobody's any more."""
        self._closed = True
        super().done(result)

    @Slot(object)
    def show_findings(self, findings: Sequence[Finding]) -> None:
        """Fill the table, unless the dialog is closed and perhaps half deleted."""
        if self._closed or not isValid(self.waiting):
            return
        self._findings = [*findings, *qt_findings()]
        self.save_button.setEnabled(True)
        self.waiting.setText(
            "Everything serves." if all(f.ok for f in self._findings) else "Something needs attention."
        )
        self.table.setRowCount(len(self._findings))
        for row, finding in enumerate(self._findings):
            words = finding.value if finding.ok else f"! {finding.value}"
            for column, text in enumerate((finding.name, words, finding.remedy)):
                self.table.setItem(row, column, QTableWidgetItem(text))
        header = self.table.horizontalHeader()
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(1, QHeaderView.ResizeMode.Stretch)
        header.setSectionResizeMode(2, QHeaderView.ResizeMode.Stretch)
        self.table.resizeRowsToContents()

    @Slot()
    def _copy(self) -> None:
        lines = [" ".join(f"{f.name}: {f.value} {f.remedy}".split()) for f in self._findings]
        QGuiApplication.clipboard().setText("\n".join(lines))

    @Slot()
    def _ask_and_save(self) -> None:
        file, _ = QFileDialog.getSaveFileName(
            self, tr("Save report"), str(Path.home() / REPORT_NAME), "ZIP (*.zip)"
        )
        if file:
            self.save_report(Path(file))

    def save_report(self, file: Path) -> None:
        """Write the report with what is ticked, and say what it holds or why it could not be written."""
        material = self._material
        picture = material.image if self.picture_box.isChecked() else None
        report = BugReport(
            self._findings,
            material.logs,
            material.settings,
            messages=self.messages_box.isChecked(),
            attached=[] if picture is None else [picture],
            texts={"labels.json": labels_text(material.page)} if self.labels_box.isChecked() else {},
        )
        try:
            held = report.write(file)
        except TcmError as error:
            self.saved_label.setText(str(error))
            return
        self.saved_label.setText(tr(f"Saved as {file.name}. It holds: {', '.join(held)}"))


class _Signals(QObject):
    collected = Signal(object)  # list[Finding]


def _collect(signals: _Signals) -> None:
    """In a thread of the pool."""
    try:
        findings = collect()
    except Exception as error:  # noqa: BLE001 the edge of a thread: reported as a finding
        findings = [Finding("diagnostics", str(error), ok=False)]
    with suppress(RuntimeError):  # at the end of the program Qt deletes the signals before the thread is done
        signals.collected.emit(findings)
