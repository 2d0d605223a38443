"""The comments of the open image: a list, a line to write one, and a button to settle one."""

from collections.abc import Sequence
from datetime import datetime

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QAction
from PySide6.QtWidgets import (
    QCheckBox,
    QHBoxLayout,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from app.domain.comment import Comment
from app.domain.letters import as_letters
from app.i18n.translation import tr
from app.views.panels.transcription import TranscriptionEdit


class CommentPanel(QWidget):
    """Shows comments and asks for changes of them; it keeps nothing itself.

    Attributes:
        written: a text was written and Enter pressed.
        given_up: Esc was pressed while writing.
        chosen: the id of the comment that was clicked, or None.
        change_wanted: the id of the comment that was double-clicked.
        resolve_wanted: the button was pressed.
        resolved_shown: whether resolved comments are to be shown, too.
    """

    written = Signal(str)
    given_up = Signal()
    chosen = Signal(object)
    change_wanted = Signal(object)
    resolve_wanted = Signal()
    resolved_shown = Signal(bool)

    def __init__(self, actions: Sequence[QAction], parent: QWidget | None = None) -> None:
        """`actions`: what can be done with the chosen comment, for the menu of the right button."""
        super().__init__(parent)
        self.pointed: int | None = None  # the comment whose pin the mouse was last pressed on
        self.list = QListWidget()
        self.list.setWordWrap(True)
        self.list.setContextMenuPolicy(Qt.ContextMenuPolicy.ActionsContextMenu)
        self.list.addActions(list(actions))
        self.list.setAccessibleName("Comments on this image")
        self.text = TranscriptionEdit()
        self.text.setAccessibleName("Comment")
        self.text.setPlaceholderText("C on the picture pins a comment")
        self.text.setEnabled(False)
        self.resolve = QPushButton("Resolve")
        self.all = QCheckBox("Show resolved")
        self.count = QLabel()
        self.count.setProperty("role", "muted")
        column = QVBoxLayout(self)
        column.setContentsMargins(8, 8, 8, 6)
        column.setSpacing(6)
        column.addWidget(self.text)
        column.addWidget(self.list, 1)
        foot = QHBoxLayout()
        foot.addWidget(self.count, 1)
        foot.addWidget(self.all)
        foot.addWidget(self.resolve)
        column.addLayout(foot)
        self.text.next_wanted.connect(self._finish)
        self.text.cancelled.connect(self.given_up)
        self.list.currentItemChanged.connect(self._current_changed)
        self.list.itemDoubleClicked.connect(self._double_clicked)
        self.resolve.clicked.connect(self.resolve_wanted)
        self.all.toggled.connect(self.resolved_shown)
        self.show_comments((), None, 0)

    def show_comments(self, rows: Sequence[tuple[int, Comment]], chosen: int | None, hidden: int) -> None:
        """Show these comments with their numbers.

        Args:
            rows: numbers and comments.
            chosen: the id of the current one.
            hidden: how many resolved ones are not among them.
        """
        self.list.blockSignals(True)
        self.list.clear()
        for number, comment in rows:
            item = QListWidgetItem(f"{number}   {'✓ ' if comment.resolved else ''}{comment.text}")
            item.setData(Qt.ItemDataRole.UserRole, comment.id)
            written = datetime.fromtimestamp(comment.at).strftime("%Y-%m-%d %H:%M")
            item.setToolTip(as_letters(f"{comment.text}\n{comment.author}, {written}"))
            self.list.addItem(item)
            if comment.id == chosen:
                self.list.setCurrentItem(item)
        self.list.blockSignals(False)
        current = next((comment for _, comment in rows if comment.id == chosen), None)
        self.resolve.setEnabled(current is not None)
        self.resolve.setText(tr("Open again" if current is not None and current.resolved else "Resolve"))
        is_open = sum(not comment.resolved for _, comment in rows)
        ending = f", {hidden} resolved" if hidden else ""
        self.count.setText(tr(f"{is_open} open{ending}"))

    def start_writing(self, text: str = "") -> None:
        """Put the cursor into the line, which holds this text."""
        self.text.setEnabled(True)
        self.text.setText(text)
        self.text.setPlaceholderText("What is to be done here? Enter keeps it, Esc does not")
        self.text.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def stop_writing(self) -> None:
        """Nothing is being written any more."""
        self.text.clear()
        self.text.setPlaceholderText("C on the picture pins a comment")
        self.text.setEnabled(False)

    @Slot()
    def _finish(self) -> None:
        self.written.emit(self.text.text())

    @Slot()
    def _current_changed(self) -> None:
        item = self.list.currentItem()
        self.chosen.emit(None if item is None else item.data(Qt.ItemDataRole.UserRole))

    @Slot(QListWidgetItem)
    def _double_clicked(self, item: QListWidgetItem) -> None:
        self.change_wanted.emit(int(item.data(Qt.ItemDataRole.UserRole)))
