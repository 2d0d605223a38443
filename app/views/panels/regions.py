"""The regions of the open image as a table, under the lane to type what the selected one says."""

from PySide6.QtCore import (
    QItemSelection,
    QItemSelectionModel,
    QModelIndex,
    QPersistentModelIndex,
    Qt,
    Signal,
    Slot,
)
from PySide6.QtGui import QImage
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from app.document.selection import Selection
from app.domain.counted import counted
from app.domain.page import Page
from app.domain.spelling import TextCheck, direction_of
from app.i18n.translation import tr
from app.qtmodels.regions import IGNORE, ORIGIN, POINTS, SCORE, TEXT, RegionTableModel
from app.views.panels.transcription import TranscriptionLane

COLUMN_WIDTHS = {IGNORE: 56, POINTS: 56, ORIGIN: 74, SCORE: 54}


class TextDelegate(QStyledItemDelegate):
    """Shows a text from the side that it is read from."""

    def initStyleOption(
        self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        super().initStyleOption(option, index)
        if direction_of(str(index.data())) == "right":
            option.direction = Qt.LayoutDirection.RightToLeft
            option.displayAlignment = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter


class RegionPanel(QWidget):
    """Transcription lane and table; in step with the selection, both ways.

    Attributes:
        edit_requested: an Edit of the open page.
        left: typing ended; the picture wants the focus back.
    """

    edit_requested = Signal(object)
    left = Signal()

    def __init__(self, model: RegionTableModel, selection: Selection, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._model, self._selection = model, selection
        self._page = Page()
        self.lane = TranscriptionLane(selection)
        self.text = self.lane.text
        self.count = QLabel()
        self.count.setProperty("role", "muted")
        self.table = QTableView()
        self.table.setModel(model)
        self.table.setItemDelegateForColumn(TEXT, TextDelegate(self.table))
        self.table.setAccessibleName("Regions of this image")
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.table.setShowGrid(False)
        self.table.setAlternatingRowColors(True)
        self.table.setTabKeyNavigation(False)
        self.table.verticalHeader().hide()
        self.table.verticalHeader().setDefaultSectionSize(26)
        header = self.table.horizontalHeader()
        header.setHighlightSections(False)
        header.setMinimumSectionSize(40)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        for column_at, width in COLUMN_WIDTHS.items():
            header.resizeSection(column_at, width)
        self._lay_out()
        self.lane.edit_requested.connect(self.edit_requested)
        self.lane.left.connect(self.left)
        self.table.selectionModel().selectionChanged.connect(self._rows_selected)
        selection.changed.connect(self._mark_rows)
        self._mark_rows()

    def _lay_out(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 8, 0, 0)
        column.setSpacing(6)
        column.addWidget(self.lane)
        column.addWidget(self.table, 1)
        foot = QHBoxLayout()
        foot.setContentsMargins(10, 0, 8, 6)
        foot.addWidget(self.count)
        column.addLayout(foot)

    @property
    def page(self) -> Page:
        """The page that is shown."""
        return self._page

    def show_image(self, image: QImage | None) -> None:
        """Show regions as they are in this picture; None while it is not there."""
        self.lane.show_image(image)

    def show_page(self, page: Page) -> None:
        """Show the open page; the model has been told already."""
        self._page = page
        total, ignored = len(page.regions), sum(region.ignore for region in page.regions)
        ending = f", {ignored} ignored" if ignored else ""
        self.count.setText(tr(f"{counted(total, 'region')}{ending}"))
        self._mark_rows()
        self.lane.show_page(page)

    def set_check(self, check: TextCheck) -> None:
        """Mark texts with other characters and words from now on."""
        self.lane.set_check(check)
        self._model.set_check(check)

    def start_typing(self) -> None:
        """Put the cursor into the transcription of the only selected region."""
        self.lane.start_typing()

    def commit(self) -> None:
        """Hand over what was typed and not yet kept, before something else is shown."""
        self.lane.commit()

    @Slot()
    def _mark_rows(self) -> None:
        marked = QItemSelection()
        last = self._model.columnCount() - 1
        for row, region in enumerate(self._page.regions):
            if region.id in self._selection.ids and row < self._model.rowCount():
                marked.select(self._model.index(row, 0), self._model.index(row, last))
        selection = self.table.selectionModel()
        selection.blockSignals(True)
        selection.select(marked, QItemSelectionModel.SelectionFlag.ClearAndSelect)
        selection.blockSignals(False)
        self.table.viewport().update()
        if marked.indexes() and not self.table.hasFocus():
            self.table.scrollTo(marked.indexes()[0])

    @Slot()
    def _rows_selected(self) -> None:
        rows = {index.row() for index in self.table.selectionModel().selectedRows()}
        self._selection.set(region.id for row, region in enumerate(self._page.regions) if row in rows)
