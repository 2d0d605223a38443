"""The regions of the open image as a table, and the line to type what the selected one says."""

from PySide6.QtCore import QItemSelection, QItemSelectionModel, Qt, Signal, Slot
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QLineEdit,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from app.document.selection import Selection
from app.domain.edits import SetText
from app.domain.page import Page
from app.qtmodels.regions import IGNORE, ORIGIN, POINTS, SCORE, RegionTableModel

COLUMN_WIDTHS = {IGNORE: 56, POINTS: 56, ORIGIN: 74, SCORE: 54}


class TranscriptionEdit(QLineEdit):
    """Commits on Enter; Esc takes back what was typed."""

    cancelled = Signal()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.cancelled.emit()
            event.accept()
        else:
            super().keyPressEvent(event)


class RegionPanel(QWidget):
    """Table and transcription line; in step with the selection, both ways.

    Attributes:
        edit_requested: an Edit of the open page.
        left: typing ended with Enter or Esc; the picture wants the focus back.
    """

    edit_requested = Signal(object)
    left = Signal()

    def __init__(self, model: RegionTableModel, selection: Selection, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._model, self._selection = model, selection
        self._page = Page()
        self._edited_id: str | None = None
        self.text = TranscriptionEdit()
        self.text.setPlaceholderText("Transcription")
        self.text.setAccessibleName("Transcription of the selected region")
        self.text.setToolTip("What the selected region says. Enter keeps it, Esc takes it back")
        self.count = QLabel()
        self.count.setProperty("role", "muted")
        self.table = QTableView()
        self.table.setModel(model)
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
        self.text.returnPressed.connect(self._finish)
        self.text.cancelled.connect(self._take_back)
        self.table.selectionModel().selectionChanged.connect(self._rows_selected)
        selection.changed.connect(self._selection_changed)
        self._selection_changed()

    def _lay_out(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 8, 0, 0)
        column.setSpacing(6)
        row = QHBoxLayout()
        row.setContentsMargins(8, 0, 8, 0)
        row.addWidget(self.text)
        column.addLayout(row)
        column.addWidget(self.table, 1)
        foot = QHBoxLayout()
        foot.setContentsMargins(10, 0, 8, 6)
        foot.addWidget(self.count)
        column.addLayout(foot)

    @property
    def page(self) -> Page:
        """The page that is shown."""
        return self._page

    def show_page(self, page: Page) -> None:
        """Show the open page; the model has been told already."""
        self._page = page
        total, ignored = len(page.regions), sum(region.ignore for region in page.regions)
        ending = f", {ignored} ignored" if ignored else ""
        self.count.setText(f"{total} region{'' if total == 1 else 's'}{ending}")
        self._mark_rows()
        if not self.text.hasFocus() or not self.text.isModified():
            self._show_text()

    def start_typing(self) -> None:
        """Put the cursor into the transcription of the only selected region."""
        if self.text.isEnabled():
            self.text.setFocus(Qt.FocusReason.ShortcutFocusReason)
            self.text.selectAll()

    def commit(self) -> None:
        """Hand over what was typed and not yet kept, before something else is shown."""
        if self._edited_id is None or not self.text.isModified():
            return
        self.text.setModified(False)
        if any(region.id == self._edited_id for region in self._page.regions):
            self.edit_requested.emit(SetText(self._edited_id, self.text.text()))

    @Slot()
    def _finish(self) -> None:
        self.commit()
        self.left.emit()

    @Slot()
    def _take_back(self) -> None:
        self.text.setModified(False)
        self._show_text()
        self.left.emit()

    @Slot()
    def _selection_changed(self) -> None:
        self.commit()
        self._mark_rows()
        self._show_text()

    def _show_text(self) -> None:
        chosen = [region for region in self._page.regions if region.id in self._selection.ids]
        only = chosen[0] if len(chosen) == 1 else None
        self._edited_id = only.id if only is not None else None
        self.text.setEnabled(only is not None)
        self.text.setText(only.text if only is not None else "")
        self.text.setModified(False)

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
