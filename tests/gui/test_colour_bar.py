"""The colour bar: levels are dragged, moved by keys, put back, and kept; the map on the canvas follows."""

from pathlib import Path

import numpy as np
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest

from app.views.canvas.score_overlay import colour_table
from app.views.panels.colour_bar import ColourBar
from tests.helpers.app_robot import AppRobot, run_with
from tests.helpers.fake_predictor import FakeDetector
from tests.helpers.photos import write_photos


def drag(bar: ColourBar, start: float, end: float) -> None:
    """From one score to another, with the mouse."""

    def place(score: float) -> QPoint:
        return QPoint(round(6 + score * (bar.width() - 12)), bar.height() // 2)

    QTest.mousePress(bar, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, place(start))
    QTest.mouseMove(bar, place((start + end) / 2))
    QTest.mouseMove(bar, place(end))
    QTest.mouseRelease(bar, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, place(end))


def test_levels_spread_the_colours_and_clear_what_is_below():
    usual, spread = colour_table("viridis", 1.0), colour_table("viridis", 1.0, 0.4, 0.6)
    assert (spread[: round(0.4 * 255), 3] == 0).all()
    assert (spread[round(0.6 * 255) + 1 :, :3] == usual[255, :3]).all()
    assert not np.array_equal(usual, spread)
    assert np.array_equal(usual, colour_table("viridis", 1.0, 0.0, 1.0))


def test_levels_are_dragged_on_the_bar_and_kept_and_the_map_follows(qapp, tmp_path: Path):
    folder = write_photos(tmp_path / "p", ("a.jpg",))

    def first(robot: AppRobot):
        yield from robot.detected()
        robot.trigger("layers")
        robot.press("6")  # text probability, of 0.9 and 0.6
        before = robot.canvas.grab().toImage()
        bar = robot.window.layers.bar
        drag(bar, 0.02, 0.75)
        low, high = bar.levels
        assert abs(low - 0.75) < 0.03
        assert high == 1.0
        assert robot.canvas.grab().toImage() != before
        drag(bar, 0.98, 0.2)
        assert bar.levels[0] < bar.levels[1] <= bar.levels[0] + 0.03  # one stops before the other
        QTest.mouseDClick(bar, Qt.MouseButton.LeftButton)
        assert bar.levels == (0.0, 1.0)
        assert robot.canvas.grab().toImage() == before
        for key in (Qt.Key.Key_Left, Qt.Key.Key_Down, Qt.Key.Key_Left):  # of the one level, of the other
            QTest.keyClick(bar, key)
        assert bar.levels == (0.0, 0.99)
        bar.set_levels(0.1, 0.8)
        bar.levels_changed.emit(0.1, 0.8)

    def second(robot: AppRobot):
        yield robot.picture_shown
        assert robot.window.layers.bar.levels == (0.1, 0.8)

    assert run_with(FakeDetector(), [str(folder)], first) == 0
    assert run_with(FakeDetector(), [str(folder)], second) == 0
