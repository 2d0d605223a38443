"""One line over the picture that says what needs attention and offers one button for it."""

from typing import Literal

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPushButton, QWidget

from app.i18n.translation import tr
from app.views.plain_label import plain_label

BannerState = Literal["info", "warn", "bad"]


class Banner(QFrame):
    """Hidden until told something; one at a time, the newest wins.

    Attributes:
        action_wanted: the button was pressed (for example "Try again").
    """

    action_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("banner")
        self.text = plain_label(selectable=True)
        self.button = QPushButton()
        self.close_button = QPushButton("Dismiss")
        layout = QHBoxLayout(self)
        layout.setContentsMargins(12, 7, 8, 7)
        layout.addWidget(self.text, 1)
        layout.addWidget(self.button)
        layout.addWidget(self.close_button)
        self.button.clicked.connect(self.action_wanted)
        self.close_button.clicked.connect(self.hide)
        self.hide()

    def tell(self, text: str, state: BannerState = "info", button: str = "") -> None:
        """Show `text`; with a `button` the banner stays until that has helped."""
        self.text.setText(tr(text))
        self.text.setAccessibleName(tr(text))
        self.button.setText(tr(button))
        self.button.setVisible(bool(button))
        self.close_button.setVisible(not button)
        self.setProperty("state", state)
        self.style().unpolish(self)
        self.style().polish(self)
        self.show()

    @Slot()
    def clear(self) -> None:
        """Nothing needs attention any more."""
        self.hide()
