"""What this installation consists of and whether it is in order, as a table to read and to copy."""

from collections.abc import Sequence

from PySide6.QtCore import QObject, QRunnable, Qt, QThreadPool, Signal, Slot
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QHeaderView,
    QLabel,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)  # fmt: skip
from shiboken6 import isValid

from tcm_core.doctor import Finding, collect


class DiagnosticsDialog(QDialog):
    """The findings of `tcm doctor`; collected in a thread, because they take seconds."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Diagnostics")
        self.resize(720, 480)
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
        buttons.rejected.connect(self.reject)
        column = QVBoxLayout(self)
        for widget in (self.waiting, self.table, buttons):
            column.addWidget(widget)
        self._collector = _Collector()
        self._collector.signals.collected.connect(self.show_findings, Qt.ConnectionType.QueuedConnection)
        QThreadPool.globalInstance().start(self._collector)

    def done(self, result: int) -> None:
        """Close; what the thread finds after that is nobody's any more."""
        self._closed = True
        super().done(result)

    @Slot(object)
    def show_findings(self, findings: Sequence[Finding]) -> None:
        """Fill the table, unless the dialog is closed and perhaps half deleted."""
        if self._closed or not isValid(self.waiting):
            return
        self._findings = list(findings)
        self.waiting.setText(
            "Everything serves." if all(f.ok for f in findings) else "Something needs attention."
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


class _Signals(QObject):
    collected = Signal(object)  # list[Finding]


class _Collector(QRunnable):
    """Collects in a thread of the pool."""

    def __init__(self) -> None:
        super().__init__()
        self.setAutoDelete(False)
        self.signals = _Signals()

    def run(self) -> None:
        try:
            findings = collect()
        except Exception as error:  # noqa: BLE001 the edge of a thread: reported as a finding
            findings = [Finding("diagnostics", str(error), ok=False)]
        self.signals.collected.emit(findings)
