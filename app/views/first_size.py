"""How large a window is at first."""

from typing import Final

from PySide6.QtCore import QSize
from PySide6.QtWidgets import QWidget

FRAME_ROOM: Final = QSize(16, 48)
"""Left free for the title bar and the edges that a window manager adds; before the window is shown, nobody
knows how much they take."""


def first_size(window: QWidget, wanted: QSize) -> QSize:
    """The wanted size, or as much of it as fits on the screen together with the frame."""
    return wanted.boundedTo(window.screen().availableSize() - FRAME_ROOM)
