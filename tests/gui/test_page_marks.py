"""The marks of the page list."""

from dataclasses import replace
from pathlib import Path

from app.views.theme import LIGHT
from tests.helpers.app_robot import AppRobot, run_with
from tests.helpers.fake_predictor import FakeDetector
from tests.helpers.photos import write_photos


def test_approved_and_rejected_differ_by_more_than_colour(qapp, tmp_path: Path):
    folder = write_photos(tmp_path / "photos")
    one_colour = replace(LIGHT, good=LIGHT.bad, warn=LIGHT.bad, accent=LIGHT.bad)

    def script(robot: AppRobot):
        yield robot.picture_shown
        view = robot.window.pages.view
        robot.press("Ctrl+Return")
        robot.press("X")
        robot.press("End")
        yield lambda: robot.key == "c.jpg"
        robot.window.pages.set_colours(one_colour)
        dots = []
        for row in range(2):
            place = view.visualRect(view.model().index(row, 0))
            dots.append(view.viewport().grab(place.adjusted(place.width() - 30, 0, 0, 0)).toImage())
        assert dots[0].size() == dots[1].size()
        assert dots[0] != dots[1]

    run_with(FakeDetector(), [str(folder)], script)
