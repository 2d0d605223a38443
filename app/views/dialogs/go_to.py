"""Go to an image by its number in the list or by a part of its name."""

from collections.abc import Sequence
from typing import Final

from PySide6.QtCore import QCoreApplication, QEvent, QObject, Qt, Signal, Slot
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QDialog, QLabel, QLineEdit, QListWidget, QListWidgetItem, QVBoxLayout, QWidget

SHOWN: Final = 200  # matches listed; whoever wants another types more
LIST_KEYS: Final = (Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_PageUp, Qt.Key.Key_PageDown)


class GoToDialog(QDialog):
    """One line to type in and the images that fit; arrows choose among them, Enter goes there.

    Attributes:
        page_chosen: the key of the image.
    """

    page_chosen = Signal(str)

    def __init__(self, keys: Sequence[str], parent: QWidget | None = None) -> None:
        """`keys`: the images of the list, in its order."""
        super().__init__(parent)
        self.setWindowTitle("Go to image")
        self.resize(460, 340)
        self._keys = keys
        self.text = QLineEdit()
        self.text.setPlaceholderText(f"Number (1 to {len(keys)}) or part of the name")
        self.text.setAccessibleName("Number or part of the name")
        self.text.installEventFilter(self)
        self.list = QListWidget()
        self.list.setUniformItemSizes(True)
        self.list.setAccessibleName("Images that fit")
        self.list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.hint = QLabel()
        self.hint.setProperty("role", "muted")
        column = QVBoxLayout(self)
        for widget in (self.text, self.list, self.hint):
            column.addWidget(widget)
        self.text.textChanged.connect(self._search)
        self.text.returnPressed.connect(self._go)
        self.list.itemClicked.connect(self._go)
        self._search("")

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """The list follows the arrows while the line has the focus."""
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress and event.key() in LIST_KEYS:
            QCoreApplication.sendEvent(self.list, event)
            return True
        return False

    @Slot(str)
    def _search(self, text: str) -> None:
        rows = matching_rows(self._keys, text)
        self.list.clear()
        for row in rows[:SHOWN]:
            item = QListWidgetItem(f"{row + 1}   {self._keys[row]}")
            item.setData(Qt.ItemDataRole.UserRole, self._keys[row])
            self.list.addItem(item)
        self.list.setCurrentRow(0)
        self.hint.setText("Enter goes there, Esc closes" if rows else "No image has that number or name")

    @Slot()
    def _go(self) -> None:
        item = self.list.currentItem()
        if item is not None:
            self.accept()
            self.page_chosen.emit(item.data(Qt.ItemDataRole.UserRole))


def matching_rows(keys: Sequence[str], text: str) -> list[int]:
    """Rows of the images that `text` may mean: the one of that number first, then those of such a name."""
    wanted = text.strip().casefold()
    number = int(wanted) - 1 if wanted.isdecimal() else -1
    by_number = [number] if 0 <= number < len(keys) else []
    return by_number + [row for row, key in enumerate(keys) if row != number and wanted in key.casefold()]
