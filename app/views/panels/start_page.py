"""What is shown while no folder is open: what the program does, and the ways in."""

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from app.views.panels.action_button import ActionButton

STEPS = (
    ("1", "Open a folder of photographs", "Sub-folders are included. Your images are never changed."),
    (
        "2",
        "Let the detector find the text",
        "G for this image, Shift+G for all. Move the threshold and watch.",
    ),
    ("3", "Correct what it missed", "Drag vertices, draw polygons, mark what nobody can read."),
    ("4", "Export ICDAR labels", "A report says what will be written before anything is."),
)
RECENT_SHOWN = 5


class StartPage(QWidget):
    """The empty state.

    Attributes:
        folder_chosen: the path of a recent folder that was clicked.
    """

    folder_chosen = Signal(str)

    def __init__(self, open_action: QAction, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        card = QFrame()
        card.setObjectName("startCard")
        card.setMaximumWidth(620)
        inner = QVBoxLayout(card)
        inner.setContentsMargins(36, 30, 36, 28)
        inner.setSpacing(10)
        title = QLabel("Find and correct text in photographs")
        title.setProperty("role", "title")
        title.setWordWrap(True)
        inner.addWidget(title)
        inner.addSpacing(6)
        for number, heading, line in STEPS:
            inner.addLayout(_step(number, heading, line))
        inner.addSpacing(8)
        row = QHBoxLayout()
        self.open_button = ActionButton(open_action, primary=True)
        row.addWidget(self.open_button)
        hint = QLabel("or drop a folder here")
        hint.setProperty("role", "muted")
        row.addWidget(hint)
        row.addStretch(1)
        inner.addLayout(row)
        self._recent = QVBoxLayout()
        self._recent.setSpacing(0)
        inner.addLayout(self._recent)
        outer = QHBoxLayout(self)
        outer.addStretch(1)
        outer.addWidget(card, 4, Qt.AlignmentFlag.AlignVCenter)
        outer.addStretch(1)

    def set_recent(self, folders: Sequence[str]) -> None:
        """List the recent folders, newest first; those that are gone are left out by the caller."""
        while (item := self._recent.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.deleteLater()
        if not folders:
            return
        heading = QLabel("Recent folders")
        heading.setProperty("role", "heading")
        self._recent.addSpacing(10)
        self._recent.addWidget(heading)
        for folder in folders[:RECENT_SHOWN]:
            button = QPushButton(f"{Path(folder).name}    {Path(folder).parent}")
            button.setProperty("role", "link")
            button.setProperty("folder", folder)
            button.setCursor(Qt.CursorShape.PointingHandCursor)
            button.setAccessibleName(f"Open {folder}")
            button.clicked.connect(self._recent_clicked)
            self._recent.addWidget(button)

    @Slot()
    def _recent_clicked(self) -> None:
        self.folder_chosen.emit(str(self.sender().property("folder")))


def _step(number: str, heading: str, line: str) -> QHBoxLayout:
    row = QHBoxLayout()
    row.setSpacing(12)
    chip = QLabel(number)
    chip.setProperty("role", "chip")
    row.addWidget(chip, 0, Qt.AlignmentFlag.AlignTop)
    texts = QVBoxLayout()
    texts.setSpacing(1)
    bold = QLabel(heading)
    bold.setProperty("role", "heading")
    muted = QLabel(line)
    muted.setProperty("role", "muted")
    muted.setWordWrap(True)
    texts.addWidget(bold)
    texts.addWidget(muted)
    row.addLayout(texts, 1)
    return row
