"""The window of the real main() on an X server, with a polygon drawn by the server's own mouse and keys.

    DISPLAY=:99 QT_QPA_PLATFORM=xcb python -m tests.helpers.real_mouse FOLDER PICTURE

FOLDER is a folder of photographs, PICTURE the file for a picture of the screen after the drawing.
"""

import subprocess
import sys
from pathlib import Path

from PySide6.QtCore import QTimer
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication

from app.views.main_window import MainWindow
from tests.helpers.app_robot import AppRobot, run_with
from tests.helpers.fake_predictor import FakeDetector

POLYGON = ((40, 40), (200, 50), (210, 120), (120, 150), (30, 110))


def xdotool(*words: str) -> None:
    """Let the X server's mouse or keyboard do something."""
    subprocess.run(["xdotool", *words], check=True, timeout=20)


def click(robot: AppRobot, x: float, y: float) -> None:
    """With the mouse of the X server, on an image pixel."""
    spot = robot.canvas.viewport().mapToGlobal(robot.place(x, y)).toPoint()
    xdotool("mousemove", "--sync", str(spot.x()), str(spot.y()), "click", "1")


def draw_and_look(robot: AppRobot, picture: Path):
    """The script: a polygon by the mouse, closed by Enter, then a picture of the screen."""
    assert QGuiApplication.platformName() == "xcb"
    yield robot.picture_shown
    robot.canvas.setFocus()
    xdotool("key", "p")
    yield lambda: robot.canvas.tool == "polygon"
    for at, (x, y) in enumerate(POLYGON, 1):
        click(robot, x, y)
        yield lambda at=at: robot.canvas.shown_active.preview.draft_points == at
    xdotool("key", "Return")
    yield lambda: len(robot.page.regions) == 1
    assert robot.window.status.save_label.text() == "saved"
    robot.canvas.repaint()
    assert QGuiApplication.primaryScreen().grabWindow(0).save(str(picture))


def take_the_keys() -> None:
    """What a window manager does: give the window the X server's keyboard."""
    for window in QApplication.topLevelWidgets():
        if isinstance(window, MainWindow) and window.isVisible() and QApplication.activeWindow() is None:
            xdotool("windowfocus", str(int(window.winId())))


if __name__ == "__main__":
    application = QApplication([])
    manager = QTimer()
    manager.timeout.connect(take_the_keys)
    manager.start(500)
    run_with(FakeDetector(), [sys.argv[1]], lambda robot: draw_and_look(robot, Path(sys.argv[2])))
