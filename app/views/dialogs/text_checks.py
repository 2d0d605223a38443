"""The allowed characters and the word list of a project, to be changed."""

from pathlib import Path

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QPlainTextEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from app.storage.errors import StorageError
from app.storage.text_checks import read_words
from app.views.plain_label import plain_label


class TextChecksDialog(QDialog):
    """One field for the characters and one button for the list.

    Attributes:
        checks_chosen: the characters as a text, and the words as a list.
    """

    checks_chosen = Signal(str, object)

    def __init__(self, characters: str, words: list[str], used: str, parent: QWidget | None = None) -> None:
        """Show the checks as they are.

        Args:
            characters: the allowed ones; empty: all are.
            words: the word list; empty: none.
            used: the characters of the open image's transcriptions, to start from.
            parent: the window.
        """
        super().__init__(parent)
        self.setWindowTitle("Text checks")
        self.resize(520, 320)
        self._words, self._used = words, used
        self.characters = QPlainTextEdit(characters)
        self.characters.setAccessibleName("Allowed characters")
        self.characters.setTabChangesFocus(True)
        self.characters.setPlaceholderText("All characters are allowed")
        self.take = QPushButton("Add those of this image")
        self.take.setEnabled(bool(used))
        self.choose, self.drop = QPushButton("Choose a file..."), QPushButton("No list")
        self.list_label = plain_label(wraps=False)
        buttons = QDialogButtonBox(
            QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel
        )
        column = QVBoxLayout(self)
        column.addWidget(QLabel("Allowed characters; every other one is marked in transcriptions:"))
        column.addWidget(self.characters, 1)
        column.addWidget(self.take)
        row = QHBoxLayout()
        row.addWidget(self.list_label, 1)
        row.addWidget(self.choose)
        row.addWidget(self.drop)
        column.addLayout(row)
        column.addWidget(buttons)
        self.take.clicked.connect(self._take_used)
        self.choose.clicked.connect(self._choose)
        self.drop.clicked.connect(self._drop)
        buttons.accepted.connect(self._finish)
        buttons.rejected.connect(self.reject)
        self._show_words()

    def use_list(self, path: Path) -> None:
        """Take the words of a text file, one a line."""
        try:
            words = read_words(path)
        except StorageError as error:
            self.list_label.setText(str(error))
            return
        self._words = words
        self._show_words()

    @Slot()
    def _take_used(self) -> None:
        known = self.characters.toPlainText()
        self.characters.setPlainText(known + "".join(sorted(set(self._used) - set(known) - {" "})))

    @Slot()
    def _choose(self) -> None:
        name, _ = QFileDialog.getOpenFileName(
            self, "Word list", "", "Text files (*.txt *.dic);;All files (*)"
        )
        if name:
            self.use_list(Path(name))

    @Slot()
    def _drop(self) -> None:
        self._words = []
        self._show_words()

    @Slot()
    def _finish(self) -> None:
        self.accept()
        self.checks_chosen.emit(self.characters.toPlainText(), self._words)

    def _show_words(self) -> None:
        count = len(self._words)
        self.list_label.setText(
            f"Word list: {count} words" if count else "No word list: spelling is not checked"
        )
        self.drop.setEnabled(bool(count))
