"""The history of the open image: every step since the first, to look at, to compare and to bring back."""

from collections.abc import Sequence
from typing import Final

from PySide6.QtCore import QModelIndex, Qt, Signal, Slot
from PySide6.QtGui import QAction, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QListView, QListWidget, QToolButton, QVBoxLayout, QWidget

from app.i18n.translation import tr
from app.qtmodels.history import HistoryModel
from app.views.panels.action_button import ActionButton
from app.views.plain_label import plain_label

CHANGES_HEIGHT: Final = 110  # of the list of differences, widget pixels


class HistoryPanel(QWidget):
    """The list of steps and what can be done with the chosen one. It reads nothing by itself.

    Attributes:
        row_chosen: the row of the step to look at.
        change_chosen: the number of a difference that was clicked.
        shown: the panel comes to be seen; what it shows may be old.
    """

    row_chosen = Signal(int)
    change_chosen = Signal(int)
    shown = Signal()

    def __init__(self, actions: Sequence[QAction], parent: QWidget | None = None) -> None:
        """`actions`: to restore a state, to go back to now, and to compare."""
        super().__init__(parent)
        restore, now, compare = actions
        self.model = HistoryModel(self)
        self.view = QListView()
        self.view.setModel(self.model)
        self.view.setUniformItemSizes(True)
        self.view.setTextElideMode(Qt.TextElideMode.ElideRight)
        self.view.setAccessibleName("History of this image, the newest step first")
        self.text = plain_label("muted")
        self.changes = QListWidget()
        self.changes.setAccessibleName("What differs between this state and now")
        self.changes.setMaximumHeight(CHANGES_HEIGHT)
        self.changes.hide()
        self.compare = QToolButton()
        self.compare.setDefaultAction(compare)
        self.restore_button, self.now_button = ActionButton(restore), ActionButton(now)
        column = QVBoxLayout(self)
        column.setContentsMargins(8, 8, 8, 8)
        column.setSpacing(6)
        column.addWidget(self.view, 1)
        column.addWidget(self.text)
        column.addWidget(self.changes)
        row = QHBoxLayout()
        row.addWidget(self.restore_button)
        row.addWidget(self.now_button)
        column.addLayout(row)
        column.addWidget(self.compare)
        self.changes.currentRowChanged.connect(self._change_picked)
        self.view.selectionModel().currentChanged.connect(self._current_changed)

    def tell(self, text: str) -> None:
        """Say something about the chosen step."""
        self.text.setText(tr(text))
        self.text.setAccessibleName(self.text.text())

    def show_changes(self, lines: Sequence[str]) -> None:
        """List what differs from now; nothing hides the list."""
        self.changes.blockSignals(True)
        self.changes.clear()
        self.changes.addItems([tr(line) for line in lines])
        self.changes.blockSignals(False)
        self.changes.setVisible(bool(lines))

    def choose(self, row: int) -> None:
        """Mark a row without announcing it."""
        selection = self.view.selectionModel()
        selection.blockSignals(True)
        self.view.setCurrentIndex(self.model.index(row))
        selection.blockSignals(False)
        self.view.viewport().update()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.shown.emit()

    @Slot(int)
    def _change_picked(self, row: int) -> None:
        if row >= 0:
            self.change_chosen.emit(row)

    @Slot(QModelIndex, QModelIndex)
    def _current_changed(self, current: QModelIndex, _: QModelIndex) -> None:
        if current.isValid():
            self.row_chosen.emit(current.row())
