"""Every command with its keys, and every gesture of the mouse; searchable."""

from collections.abc import Sequence

from PySide6.QtCore import Slot
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QHeaderView,
    QLineEdit,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)  # fmt: skip

from app.i18n.translation import tr


class KeysDialog(QDialog):
    """A list in groups, filtered while typing."""

    def __init__(
        self,
        groups: Sequence[tuple[str, Sequence[QAction]]],
        gestures: Sequence[tuple[str, str]],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle("Keys and mouse")
        self.resize(860, 660)
        self._groups: list[tuple[QTreeWidgetItem, list[QTreeWidgetItem]]] = []
        self.search = QLineEdit()
        self.search.setPlaceholderText("Search for a command or a key")
        self.search.setAccessibleName("Search for a command or a key")
        self.search.setClearButtonEnabled(True)
        self.tree = QTreeWidget()
        self.tree.setHeaderLabels(["Command", "Keys", "What it does"])
        self.tree.setRootIsDecorated(False)
        self.tree.setAccessibleName("Commands with their keys")
        for name, actions in groups:
            self._add(name, [(_plain(action), _keys(action), action.statusTip()) for action in actions])
        self._add(tr("Mouse"), [(gesture, "", what) for gesture, what in gestures])
        self.tree.expandAll()
        header = self.tree.header()
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(1, QHeaderView.ResizeMode.ResizeToContents)
        close = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        close.rejected.connect(self.reject)
        column = QVBoxLayout(self)
        for widget in (self.search, self.tree, close):
            column.addWidget(widget)
        self.search.textChanged.connect(self._filter)

    def visible_rows(self) -> list[tuple[str, str]]:
        """The (command, keys) rows that the search leaves."""
        rows = [row for _, rows in self._groups for row in rows]
        return [(row.text(0), row.text(1)) for row in rows if not row.isHidden()]

    def _add(self, name: str, texts: Sequence[tuple[str, str, str]]) -> None:
        group = QTreeWidgetItem([name])
        font = group.font(0)
        font.setBold(True)
        group.setFont(0, font)
        rows = [QTreeWidgetItem(list(row)) for row in texts]
        group.addChildren(rows)
        self.tree.addTopLevelItem(group)
        self._groups.append((group, rows))

    @Slot(str)
    def _filter(self, text: str) -> None:
        wanted = text.casefold().strip()
        for group, rows in self._groups:
            for row in rows:
                row.setHidden(not any(wanted in row.text(column).casefold() for column in range(3)))
            group.setHidden(all(row.isHidden() for row in rows))


def _plain(action: QAction) -> str:
    return action.iconText()


def _keys(action: QAction) -> str:
    native = QKeySequence.SequenceFormat.NativeText
    return ", ".join(key.toString(native) for key in action.shortcuts())
