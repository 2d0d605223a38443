"""The tour of the first run: five steps on a card in a corner of the window, which stays usable meanwhile."""

from collections.abc import Callable
from typing import Final

from PySide6.QtCore import QEvent, QObject, Qt, Signal, Slot
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from app.i18n.translation import tr

STEPS: Final[tuple[tuple[str, str, tuple[str, ...]], ...]] = (
    (
        "Open a folder",
        "{} opens a folder of photographs, or drop one on the window. Your images are never changed.",
        ("open",),
    ),
    (
        "Let the detector find the text",
        "{} looks at this image, {} at all. Detections are dashed; {} makes them regions, which are yours.",
        ("detect", "detect_all", "accept_all"),
    ),
    (
        "Correct the outlines",
        "Click a region and drag its vertices. "
        "{} draws a polygon, {} curved text, {} takes the last edit back.",
        ("tool.polygon", "tool.curve", "undo"),
    ),
    (
        "Type and approve",
        "{} types what a region says, {} ignores what nobody can read, "
        "{} approves and goes to the next image.",
        ("transcription", "ignore", "approve"),
    ),
    (
        "Export the labels",
        "{} writes them after a report. {} lists all keys; this tour is in the menu Help.",
        ("export", "keys"),
    ),
)
"""Title, text, and the commands whose keys go into it."""
AFTER_OPENING: Final = 1
"""The step to begin with where a folder is open already."""
MARGIN: Final = 18
WIDTH: Final = 400


class TourCard(QFrame):
    """A card over the lower right of its parent. It takes the focus only when it is asked for.

    Attributes:
        closed: it was closed by a button or Esc.
    """

    closed = Signal()

    def __init__(self, key_of: Callable[[str], str], parent: QWidget) -> None:
        """`key_of`: the key of a command in this system's words, or the command's name when it has none."""
        super().__init__(parent)
        self._parent = parent
        self.setObjectName("tourCard")
        self.setAccessibleName("Tour")
        self._key_of, self._step = key_of, 0
        self.place_label, self.title, self.text = QLabel(), QLabel(), QLabel()
        self.place_label.setProperty("role", "muted")
        self.title.setProperty("role", "heading")
        self.text.setWordWrap(True)
        self.back_button, self.next_button = QPushButton(), QPushButton()
        self.skip_button = QPushButton()
        self.next_button.setProperty("role", "primary")
        column = QVBoxLayout(self)
        column.setContentsMargins(18, 14, 18, 14)
        column.setSpacing(8)
        for label in (self.place_label, self.title, self.text):
            column.addWidget(label)
        row = QHBoxLayout()
        row.addWidget(self.skip_button)
        row.addStretch(1)
        row.addWidget(self.back_button)
        row.addWidget(self.next_button)
        column.addLayout(row)
        self.back_button.clicked.connect(self._back)
        self.next_button.clicked.connect(self._next)
        self.skip_button.clicked.connect(self._close)
        parent.installEventFilter(self)
        self.hide()

    @property
    def step(self) -> int:
        """The step that is shown, from 0."""
        return self._step

    def begin(self, *, focus: bool, step: int = 0) -> None:
        """Show a step, the first one unless said; with `focus` the keyboard goes there."""
        self._step = step
        self.show_step()
        self.show()
        self.raise_()
        if focus:
            self.next_button.setFocus(Qt.FocusReason.OtherFocusReason)

    @Slot()
    def show_step(self) -> None:
        """Say the step in the language and with the keys in use now."""
        title, text, names = STEPS[self._step]
        last = self._step == len(STEPS) - 1
        self.place_label.setText(tr(f"Step {self._step + 1} of 5"))
        self.title.setText(tr(title))
        self.text.setText(tr(text.format(*(self._key_of(name) for name in names))))
        self.setAccessibleDescription(f"{self.title.text()}. {self.text.text()}")
        self.skip_button.setText(tr("Skip"))
        self.back_button.setText(tr("Back"))
        self.next_button.setText(tr("Done" if last else "Next"))
        self.back_button.setEnabled(self._step > 0)
        self.skip_button.setVisible(not last)
        self._settle()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        match event.key():
            case Qt.Key.Key_Escape:
                self._close()
            case Qt.Key.Key_Right:
                self._next()
            case Qt.Key.Key_Left:
                self._back()
            case _:
                super().keyPressEvent(event)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Resize:
            self._settle()
        return False

    @Slot()
    def _next(self) -> None:
        if self._step == len(STEPS) - 1:
            self._close()
            return
        self._step += 1
        self.show_step()

    @Slot()
    def _back(self) -> None:
        self._step = max(0, self._step - 1)
        self.show_step()

    @Slot()
    def _close(self) -> None:
        self.hide()
        self.closed.emit()

    def _settle(self) -> None:
        """Into the corner of the parent, whatever size both have now."""
        room = self._parent.size()
        width = min(WIDTH, max(room.width() - 2 * MARGIN, 0))
        self.resize(width, self.heightForWidth(width))
        self.move(room.width() - width - MARGIN, room.height() - self.height() - MARGIN)
