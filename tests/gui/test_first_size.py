"""A window fits on the screen at first, together with what the window manager puts around it."""

from PySide6.QtCore import QSize
from PySide6.QtWidgets import QWidget

from app.views.first_size import FRAME_ROOM, first_size


def test_a_window_larger_than_the_screen_leaves_room_for_its_frame(qtbot):
    window = QWidget()
    qtbot.addWidget(window)
    found = first_size(window, QSize(9000, 9000))
    assert found + FRAME_ROOM == window.screen().availableSize()


def test_a_window_that_fits_has_the_size_that_was_wanted(qtbot):
    window = QWidget()
    qtbot.addWidget(window)
    assert first_size(window, QSize(300, 200)) == QSize(300, 200)
