"""Detector settings of one image only: kept with it, shown as such, put back, taken up again."""

from pathlib import Path

from tests.helpers.app_robot import AppRobot, run_with
from tests.helpers.fake_predictor import FakeDetector
from tests.helpers.photos import write_photos


def test_one_image_has_settings_of_its_own_over_restarts_and_can_give_them_up(qapp, tmp_path: Path):
    folder = write_photos(tmp_path / "p", ("a.jpg", "b.jpg"))

    def panel_of(robot: AppRobot):
        return robot.window.detection

    def move_to(robot: AppRobot, threshold: float) -> None:
        panel_of(robot).score.box.setValue(threshold)

    def first(robot: AppRobot):
        yield robot.picture_shown
        yield robot.checkpoint_ready
        robot.trigger("detect_all")
        yield robot.all_detected
        assert robot.detection_count == 2
        panel = panel_of(robot)
        assert not panel.own_note.isVisible()
        robot.trigger("own_settings")
        assert panel.own_note.isVisible()
        assert panel.own.isChecked()
        move_to(robot, 0.8)
        assert robot.detection_count == 1
        robot.trigger("next")
        assert (robot.detection_count, panel.score.value) == (2, 0.5)
        assert not panel.own_note.isVisible()
        move_to(robot, 0.95)  # of all images
        assert robot.detection_count == 0
        robot.trigger("previous")
        assert (robot.detection_count, panel.score.value) == (1, 0.8)

    def second(robot: AppRobot):
        yield robot.picture_shown
        yield robot.checkpoint_ready
        panel = panel_of(robot)
        yield lambda: panel.own_note.isVisible() and robot.detection_count == 1
        assert panel.score.value == 0.8
        panel.reset.click()
        assert (robot.detection_count, panel.score.value) == (2, 0.5)
        assert panel.own_note.isVisible()
        move_to(robot, 0.7)
        robot.trigger("own_settings")
        assert not panel.own_note.isVisible()
        assert (robot.detection_count, panel.score.value) == (0, 0.95)
        panel.own.click()
        assert (robot.detection_count, panel.score.value) == (1, 0.7)
        assert len(robot.page.regions) == 0

    assert run_with(FakeDetector(), [str(folder)], first) == 0
    assert run_with(FakeDetector(), [str(folder)], second) == 0
