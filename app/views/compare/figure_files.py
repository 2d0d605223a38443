"""Writes the tables and the report of a comparison to files that a person names."""

from pathlib import Path
from typing import Final

from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtWidgets import QFileDialog, QWidget

from app.i18n.translation import tr
from app.services.comparison_report import ReportMaterial, ReportWriter
from app.services.comparison_tables import Table
from tcm_core.data.atomic_file import write_text_atomic
from tcm_core.errors import TcmError

REPORT_FILES: Final = "HTML (*.html);;PDF (*.pdf)"


class FigureFiles(QObject):
    """Asks for a file and writes it.

    Attributes:
        told: what became of it.
    """

    told = Signal(str)

    def __init__(self, owner: QWidget) -> None:
        super().__init__(owner)
        self._owner = owner
        self._writer = ReportWriter(self)
        self._writer.written.connect(self._written)
        self._writer.failed.connect(self.told)

    def ask_table(self, table: Table) -> None:
        """Ask for a file and write a table to it."""
        name, _ = QFileDialog.getSaveFileName(self._owner, tr("Save table"), "comparison.csv", "CSV (*.csv)")
        if name:
            self.save_table(table, Path(name))

    def save_table(self, table: Table, path: Path) -> None:
        """Write a table to a CSV file."""
        try:
            write_text_atomic(path, table.csv())
        except TcmError as error:
            self.told.emit(str(error))
        else:
            self._written(str(path))

    def ask_report(self, material: ReportMaterial) -> None:
        """Ask for a file and write a report to it."""
        name, _ = QFileDialog.getSaveFileName(self._owner, tr("Save report"), "comparison.html", REPORT_FILES)
        if name:
            self.save_report(material, Path(name))

    def save_report(self, material: ReportMaterial, path: Path) -> None:
        """Write a report, HTML or PDF by the file's name; the window goes on meanwhile."""
        self.told.emit("Writing the report...")
        self._writer.write(path, material)

    def wait(self) -> None:
        """Wait for the report that is being written."""
        self._writer.wait()

    @Slot(str)
    def _written(self, name: str) -> None:
        self.told.emit(f"Written: {Path(name).name}")
