"""The history of the open image: every step since the first, to look at and to bring back."""

from PySide6.QtCore import QModelIndex, Qt, Signal, Slot
from PySide6.QtGui import QAction, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QListView, QVBoxLayout, QWidget

from app.qtmodels.history import HistoryModel
from app.views.panels.action_button import ActionButton


class HistoryPanel(QWidget):
    """The list of steps and what can be done with the chosen one. It reads nothing by itself.

    Attributes:
        row_chosen: the row of the step to look at.
        shown: the panel comes to be seen; what it shows may be old.
    """

    row_chosen = Signal(int)
    shown = Signal()

    def __init__(self, restore: QAction, now: QAction, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.model = HistoryModel(self)
        self.view = QListView()
        self.view.setModel(self.model)
        self.view.setUniformItemSizes(True)
        self.view.setTextElideMode(Qt.TextElideMode.ElideRight)
        self.view.setAccessibleName("History of this image, the newest step first")
        self.text = QLabel()
        self.text.setWordWrap(True)
        self.text.setProperty("role", "muted")
        self.restore_button, self.now_button = ActionButton(restore), ActionButton(now)
        column = QVBoxLayout(self)
        column.setContentsMargins(8, 8, 8, 8)
        column.setSpacing(6)
        column.addWidget(self.view, 1)
        column.addWidget(self.text)
        row = QHBoxLayout()
        row.addWidget(self.restore_button)
        row.addWidget(self.now_button)
        column.addLayout(row)
        self.view.selectionModel().currentChanged.connect(self._current_changed)

    def tell(self, text: str) -> None:
        """Say something about the chosen step."""
        self.text.setText(text)
        self.text.setAccessibleName(text)

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

    @Slot(QModelIndex, QModelIndex)
    def _current_changed(self, current: QModelIndex, _: QModelIndex) -> None:
        if current.isValid():
            self.row_chosen.emit(current.row())
