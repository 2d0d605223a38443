"""A part of a panel that can be folded away under its heading."""

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QSizePolicy, QToolButton, QVBoxLayout, QWidget


class Fold(QWidget):
    """A heading that shows and hides what is under it; folded at first.

    Attributes:
        toggled: whether it is open now.
    """

    toggled = Signal(bool)

    def __init__(self, title: str, content: QWidget, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.heading = QToolButton()
        self.heading.setText(title)
        self.heading.setProperty("role", "fold")
        self.heading.setCheckable(True)
        self.heading.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.heading.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.heading.setFocusPolicy(Qt.FocusPolicy.TabFocus)  # the mouse leaves the keys to the picture
        self.content = content
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        column.addWidget(self.heading)
        column.addWidget(content)
        self.heading.toggled.connect(self._toggled)
        self._show(open_=False)

    @property
    def is_open(self) -> bool:
        return self.heading.isChecked()

    def set_open(self, open_: bool) -> None:
        """Open or fold it."""
        self.heading.setChecked(open_)

    def _show(self, open_: bool) -> None:
        self.heading.setArrowType(Qt.ArrowType.DownArrow if open_ else Qt.ArrowType.RightArrow)
        self.content.setVisible(open_)

    @Slot(bool)
    def _toggled(self, open_: bool) -> None:
        self._show(open_)
        self.toggled.emit(open_)
