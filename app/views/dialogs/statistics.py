"""Statistics of a project: counts, sizes, angles, characters, speed, and approvals worth a second look."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Final

from PySide6.QtCore import QSize, Qt, Signal, Slot
from PySide6.QtGui import QPainter, QPaintEvent, QPalette
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QScrollArea,
    QTableWidget,
    QTableWidgetItem,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from app.domain.review import REVIEW_STATES
from app.domain.statistics import ANGLE_ENDS, HEIGHT_ENDS, Speed, Tally, bin_names
from app.services.statistics import StatisticsCount

MOST_CHARACTERS: Final = 200
_ROW: Final = 22


class Bars(QWidget):
    """Names, bars and numbers in rows."""

    def __init__(self, title: str) -> None:
        super().__init__()
        self.setAccessibleName(title)
        self.rows: list[tuple[str, int]] = []

    def show_rows(self, rows: Sequence[tuple[str, int]]) -> None:
        """Show these names with their counts."""
        self.rows = list(rows)
        self.setMinimumHeight(len(self.rows) * _ROW + 8)
        self.setAccessibleDescription("; ".join(f"{name}: {count}" for name, count in self.rows))
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(420, len(self.rows) * _ROW + 8)

    def paintEvent(self, event: QPaintEvent) -> None:
        if not self.rows:
            return
        painter = QPainter(self)
        metrics = painter.fontMetrics()
        left = max(metrics.horizontalAdvance(name) for name, _ in self.rows) + 12
        most = max(count for _, count in self.rows)
        right = metrics.horizontalAdvance(f"{most:,}") + 14
        room = max(self.width() - left - right, 10)
        for row, (name, count) in enumerate(self.rows):
            top = row * _ROW + 4
            painter.setPen(self.palette().color(QPalette.ColorRole.WindowText))
            painter.drawText(0, top, left - 8, _ROW, Qt.AlignmentFlag.AlignVCenter, name)
            length = round(room * count / most) if most else 0
            painter.fillRect(left, top + 4, length, _ROW - 8, self.palette().color(QPalette.ColorRole.Accent))
            painter.drawText(left + length + 6, top, right, _ROW, Qt.AlignmentFlag.AlignVCenter, f"{count:,}")


class StatisticsDialog(QDialog):
    """Fills while the project is counted.

    Attributes:
        page_chosen: the key of an image in the check's list.
    """

    page_chosen = Signal(str)

    def __init__(self, count: StatisticsCount, images: int, parent: QWidget | None = None) -> None:
        """Begin counting.

        Args:
            count: not started.
            images: how many the folder has; those without labels are in no table.
            parent: the window.
        """
        super().__init__(parent)
        self.setWindowTitle("Statistics")
        self.resize(620, 520)
        self._count, self._images = count, images
        count.setParent(self)
        self.state = QLabel("Counting...")
        self.state.setProperty("role", "muted")
        self.tabs = QTabWidget()
        self.overview = _table(("", "Number"))
        self.sizes, self.angles = Bars("Text heights"), Bars("Angles")
        self.characters, self.speed = (
            Bars("Characters"),
            _table(("Day", "Hours", "Images", "Edits", "Images/h")),
        )
        self.check = QListWidget()
        self.check.setAccessibleName("Approved images with untouched detections")
        for title, widget in (("Overview", self.overview), ("Sizes", self.sizes), ("Angles", self.angles),
                              ("Characters", _scrolled(self.characters)), ("Speed", self.speed),
                              ("Check", self.check)):  # fmt: skip
            self.tabs.addTab(widget, title)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        column = QVBoxLayout(self)
        column.addWidget(self.tabs)
        column.addWidget(self.state)
        column.addWidget(buttons)
        buttons.rejected.connect(self.reject)
        self.check.itemActivated.connect(self._go)
        count.advanced.connect(self.show_tally)
        count.finished.connect(self._finished)
        count.failed.connect(self.state.setText)
        self.finished.connect(count.stop)
        count.start()

    @Slot(object)
    def show_tally(self, tally: Tally) -> None:
        """Show what has been counted so far."""
        self.state.setText(f"Counting... {tally.pages:,} images")
        self._show_overview(tally)

    @Slot(object, object)
    def _finished(self, tally: Tally, speeds: list[Speed]) -> None:
        self._show_overview(tally)
        self.sizes.show_rows(_in_bins(tally.heights, HEIGHT_ENDS, " px"))
        self.angles.show_rows(_in_bins(tally.angles, ANGLE_ENDS, "°"))
        self.characters.show_rows(tally.characters.most_common(MOST_CHARACTERS))
        _fill(self.speed, [_speed_row(speed) for speed in speeds])
        self.check.clear()
        for found in sorted(tally.untouched, key=lambda one: (-one.untouched / one.regions, one.key)):
            item = QListWidgetItem(
                f"{found.key}: {found.untouched} of {found.regions} polygons are as the detector made them"
            )
            item.setData(Qt.ItemDataRole.UserRole, found.key)
            self.check.addItem(item)
        broken = len(self._count.broken)
        note = f"; {broken} could not be read, opening them mends them" if broken else ""
        self.state.setText(f"{tally.pages:,} images with labels of {self._images:,}{note}")

    def _show_overview(self, tally: Tally) -> None:
        origins = tally.origins
        rows = [("Images with labels", tally.pages)]
        rows += [(f"Images {state}", tally.states[state]) for state in REVIEW_STATES if tally.states[state]]
        rows += [
            ("Regions", tally.regions),
            ("Regions with a text", tally.with_text),
            ("Regions ignored", tally.ignored),
            ("Regions drawn", origins["person"]),
            ("Regions detected, untouched", origins["model"]),
            ("Regions detected, corrected", origins["both"]),
            ("Different characters", len(tally.characters)),
            ("Approved images with untouched polygons", len(tally.untouched)),
        ]
        rows += [(f"Regions of {points} points", number) for points, number in sorted(tally.vertices.items())]
        _fill(self.overview, [(name, f"{number:,}") for name, number in rows])

    @Slot(QListWidgetItem)
    def _go(self, item: QListWidgetItem) -> None:
        self.accept()
        self.page_chosen.emit(str(item.data(Qt.ItemDataRole.UserRole)))


def _in_bins(counts: Mapping[int, int], ends: tuple[int, ...], unit: str) -> list[tuple[str, int]]:
    return [(name, counts.get(at, 0)) for at, name in enumerate(bin_names(ends, unit))]


def _speed_row(speed: Speed) -> tuple[str, ...]:
    rate = f"{speed.pages_per_hour:.1f}" if speed.pages_per_hour else ""
    day = "All" if speed.day is None else (date(1970, 1, 1) + timedelta(days=speed.day)).isoformat()
    return day, f"{speed.hours:.2f}", f"{speed.pages:,}", f"{speed.edits:,}", rate


def _table(heads: Sequence[str]) -> QTableWidget:
    table = QTableWidget(0, len(heads))
    table.setHorizontalHeaderLabels(list(heads))
    table.setEditTriggers(QTableWidget.EditTrigger.NoEditTriggers)
    table.setAccessibleName("Statistics")
    table.verticalHeader().hide()
    table.horizontalHeader().setStretchLastSection(True)
    table.setColumnWidth(0, 300 if len(heads) == 2 else 120)
    return table


def _fill(table: QTableWidget, rows: Sequence[tuple[str, ...]]) -> None:
    table.setRowCount(len(rows))
    for at, row in enumerate(rows):
        for column, text in enumerate(row):
            table.setItem(at, column, QTableWidgetItem(text))


def _scrolled(widget: QWidget) -> QScrollArea:
    area = QScrollArea()
    area.setWidgetResizable(True)
    area.setWidget(widget)
    return area
