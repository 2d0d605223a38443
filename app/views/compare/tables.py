"""The tables of a comparison as Qt shows and sorts them."""

from collections.abc import Sequence
from typing import Final

from PySide6.QtCore import (
    QAbstractTableModel,
    QModelIndex,
    QPersistentModelIndex,
    QSortFilterProxyModel,
    Qt,
    Signal,
    Slot,
)
from PySide6.QtWidgets import QHeaderView, QTableView, QTabWidget

from app.domain.compare_figures import FolderFigures
from app.domain.letters import as_letters
from app.services.comparison_run import RunResult
from app.services.comparison_tables import Table, figures_table, images_table, shown

Index = QModelIndex | QPersistentModelIndex
SortRole: Final = Qt.ItemDataRole.UserRole
KeyRole: Final = Qt.ItemDataRole.UserRole + 1
HERE: Final = QModelIndex()


class TableModel(QAbstractTableModel):
    """Shows one Table."""

    def __init__(self) -> None:
        super().__init__()
        self.table = Table((), ())

    def show(self, table: Table) -> None:
        """Show another table."""
        self.beginResetModel()
        self.table = table
        self.endResetModel()

    def rowCount(self, parent: Index = HERE) -> int:
        return 0 if parent.isValid() else len(self.table.rows)

    def columnCount(self, parent: Index = HERE) -> int:
        return 0 if parent.isValid() else len(self.table.columns)

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> object:
        if role == Qt.ItemDataRole.DisplayRole and orientation == Qt.Orientation.Horizontal:
            return self.table.columns[section]
        return None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        cell = self.table.rows[index.row()][index.column()]
        if role == Qt.ItemDataRole.DisplayRole:
            return shown(cell)
        if role == Qt.ItemDataRole.ToolTipRole:
            return as_letters(shown(cell))
        if role == SortRole:
            return -1.0 if cell is None else cell
        if role == KeyRole:
            return self.table.keys[index.row()] if self.table.keys else ""
        if role == Qt.ItemDataRole.TextAlignmentRole and not isinstance(cell, str):
            return Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        return None


class FigureTables(QTabWidget):
    """The figures of the panes, and those of each image.

    Attributes:
        page_wanted: key of the image that was double-clicked.
        tables: of the figures, and of the images.
    """

    page_wanted = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self._models = (TableModel(), TableModel())
        self.tables = tuple(self._table(model) for model in self._models)
        for table, title in zip(self.tables, ("Figures", "Images"), strict=True):
            self.addTab(table, title)
        self.tables[1].doubleClicked.connect(self._opened)

    def show_figures(self, result: RunResult | None, figures: Sequence[FolderFigures], measure: str) -> None:
        """Show the figures of a run.

        Args:
            result: of the run; None: there was none.
            figures: of its panes; () while there are none.
            measure: as `figures_table` has it.
        """
        if result is None or not figures:
            for model in self._models:
                model.show(Table((), ()))
            return
        self._models[0].show(figures_table(result.plan.names, figures, measure))
        self._models[1].show(images_table(figures, result))

    def _table(self, model: TableModel) -> QTableView:
        table, order = QTableView(), QSortFilterProxyModel(self)
        order.setSourceModel(model)
        order.setSortRole(SortRole)
        order.sort(-1)
        table.setModel(order)
        table.setSortingEnabled(True)
        table.setEditTriggers(QTableView.EditTrigger.NoEditTriggers)
        table.setSelectionBehavior(QTableView.SelectionBehavior.SelectRows)
        table.verticalHeader().hide()
        table.horizontalHeader().setSortIndicator(-1, Qt.SortOrder.AscendingOrder)
        table.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        table.setAccessibleName("Figures over all images")
        return table

    @Slot(QModelIndex)
    def _opened(self, index: QModelIndex) -> None:
        key = str(index.data(KeyRole))
        if key:
            self.page_wanted.emit(key)
