"""Labels for words that are not only ours."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel


def plain_label(role: str = "", *, wraps: bool = True, selectable: bool = False) -> QLabel:
    """An empty label that shows every text letter for letter; other labels take what looks like HTML for it.

    Args:
        role: how the theme draws it; "": as any text.
        wraps: long text takes several lines.
        selectable: it can be copied with the mouse.
    """
    label = QLabel()
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setWordWrap(wraps)
    if selectable:
        label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    if role:
        label.setProperty("role", role)
    return label
