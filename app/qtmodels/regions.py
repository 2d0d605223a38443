"""The regions of the open page as a Qt table; what is typed goes out as edits."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt, Signal
from PySide6.QtGui import QColor

from app.domain.edits import SetIgnore, SetText
from app.domain.letters import as_letters
from app.domain.page import Page
from app.domain.region import Region
from app.domain.spelling import TextCheck
from app.i18n.translation import tr

AnyIndex = QModelIndex | QPersistentModelIndex

_ORIGINS: Final = {"model": "detected", "person": "drawn", "both": "corrected"}


@dataclass(frozen=True)
class _Column:
    title: str
    text: Callable[[Region], str]


TEXT, IGNORE, POINTS, ORIGIN, SCORE = range(5)
COLUMNS: Final = (
    _Column("Text", lambda region: region.text),
    _Column("Ignore", lambda region: ""),
    _Column("Points", lambda region: str(len(region.polygon))),
    _Column("Origin", lambda region: tr(_ORIGINS[region.origin])),
    _Column("Score", lambda region: "" if region.score is None else f"{region.score:.2f}"),
)

RIGHT: Final = (SCORE,)
REMARKABLE: Final = QColor("#c2710c")  # of a text that the checks remark upon; legible on light and dark

IdRole: Final = Qt.ItemDataRole.UserRole + 1
"""The region's id."""


class RegionTableModel(QAbstractTableModel):
    """One row for each region, in the page's order. It shows; it never changes a page by itself."""

    edit_requested = Signal(object)  # Edit

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._regions: tuple[Region, ...] = ()
        self._check = TextCheck()

    def set_check(self, check: TextCheck) -> None:
        """Mark texts with other characters and words from now on."""
        self._check = check
        if self._regions:
            self.dataChanged.emit(self.index(0, TEXT), self.index(len(self._regions) - 1, TEXT))

    def show_page(self, page: Page) -> None:
        """Show this page; rows that stay keep their place, so that selection and editors live on."""
        old, new = self._regions, page.regions
        head = _common([region.id for region in old], [region.id for region in new])
        tail = _common([region.id for region in old[head:]][::-1], [region.id for region in new[head:]][::-1])
        old_end, new_end = len(old) - tail, len(new) - tail
        if old_end > head:
            self.beginRemoveRows(QModelIndex(), head, old_end - 1)
            self._regions = old[:head] + old[old_end:]
            self.endRemoveRows()
        if new_end > head:
            self.beginInsertRows(QModelIndex(), head, new_end - 1)
            self._regions = old[:head] + new[head:new_end] + old[old_end:]
            self.endInsertRows()
        shown, self._regions = self._regions, new
        for row, (before, after) in enumerate(zip(shown, new, strict=True)):
            if before is not after and before != after:
                self.dataChanged.emit(self.index(row, 0), self.index(row, len(COLUMNS) - 1))

    def id_at(self, row: int) -> str | None:
        """The region of a row."""
        return self._regions[row].id if 0 <= row < len(self._regions) else None

    def row_of(self, region_id: str) -> int | None:
        """The row of a region."""
        return next((row for row, region in enumerate(self._regions) if region.id == region_id), None)

    def rowCount(self, parent: AnyIndex = QModelIndex()) -> int:  # noqa: B008 Qt's signature
        return 0 if parent.isValid() else len(self._regions)

    def columnCount(self, parent: AnyIndex = QModelIndex()) -> int:  # noqa: B008 Qt's signature
        return 0 if parent.isValid() else len(COLUMNS)

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        if role == Qt.ItemDataRole.TextAlignmentRole and orientation == Qt.Orientation.Horizontal:
            return _alignment(section)
        if role != Qt.ItemDataRole.DisplayRole:
            return None
        return tr(COLUMNS[section].title) if orientation == Qt.Orientation.Horizontal else section + 1

    def flags(self, index: AnyIndex) -> Qt.ItemFlag:
        flags = super().flags(index)
        if index.isValid() and index.column() == TEXT:
            flags |= Qt.ItemFlag.ItemIsEditable
        if index.isValid() and index.column() == IGNORE:
            flags |= Qt.ItemFlag.ItemIsUserCheckable
        return flags

    def data(self, index: AnyIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid() or not 0 <= index.row() < len(self._regions):
            return None
        region, column = self._regions[index.row()], index.column()
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.EditRole):
            return COLUMNS[column].text(region)
        if role == IdRole:
            return region.id
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _alignment(column)
        if role == Qt.ItemDataRole.CheckStateRole and column == IGNORE:
            return Qt.CheckState.Checked if region.ignore else Qt.CheckState.Unchecked
        if role == Qt.ItemDataRole.ToolTipRole and column == IGNORE:
            return tr("Unreadable text: exported as ###, neither right nor wrong for a detector")
        return self._remark(region, role) if column == TEXT else None

    def _remark(self, region: Region, role: int) -> Any:
        if role not in (Qt.ItemDataRole.ForegroundRole, Qt.ItemDataRole.ToolTipRole):
            return None
        if self._check.passes(region.text):
            return None
        if role == Qt.ItemDataRole.ForegroundRole:
            return REMARKABLE
        found = self._check.findings(region.text)
        parts = [tr(f"Not allowed: {' '.join(found.strange)}")] if found.strange else []
        parts += [tr(f"Not in the word list: {', '.join(found.unknown)}")] if found.unknown else []
        return as_letters("\n".join(parts))

    def setData(self, index: AnyIndex, value: Any, role: int = Qt.ItemDataRole.EditRole) -> bool:
        """Ask for the edit; the row changes when the page does.

        Returns:
            Whether an edit was asked for; False when the value is what is there already.
        """
        region_id = self.id_at(index.row()) if index.isValid() else None
        if region_id is None:
            return False
        region = self._regions[index.row()]
        if role == Qt.ItemDataRole.EditRole and index.column() == TEXT and str(value) != region.text:
            self.edit_requested.emit(SetText(region_id, str(value)))
            return True
        if role == Qt.ItemDataRole.CheckStateRole and index.column() == IGNORE:
            ignore = Qt.CheckState(value) == Qt.CheckState.Checked
            if ignore != region.ignore:
                self.edit_requested.emit(SetIgnore((region_id,), ignore))
                return True
        return False


def _alignment(column: int) -> Qt.AlignmentFlag:
    side = Qt.AlignmentFlag.AlignRight if column in RIGHT else Qt.AlignmentFlag.AlignLeft
    return side | Qt.AlignmentFlag.AlignVCenter


def _common(first: list[str], second: list[str]) -> int:
    """How many ids the two lists share at their beginning."""
    count = 0
    for one, other in zip(first, second, strict=False):
        if one != other:
            break
        count += 1
    return count
