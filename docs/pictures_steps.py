"""What the chapters of the pictures share: the steps of a script, a rest, a place on the screen."""

import time
from collections.abc import Callable, Iterator

from PySide6.QtCore import QPoint, QRect
from PySide6.QtWidgets import QWidget

Steps = Iterator[Callable[[], object]]


def rest(seconds: float = 0.5) -> Steps:
    """Let the program paint."""
    until = time.monotonic() + seconds
    yield lambda: time.monotonic() >= until


def on_screen(of: QWidget | QRect) -> QRect:
    """Where it is on the screen; a window with its frame."""
    if isinstance(of, QRect):
        return of
    return of.frameGeometry() if of.isWindow() else QRect(of.mapToGlobal(QPoint(0, 0)), of.size())
