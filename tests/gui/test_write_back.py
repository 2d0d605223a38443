"""The settings on the screen become the checkpoint's own: in its file, or beside a shipped one."""

from pathlib import Path

from tcm_core.checkpoint_file import checkpoint_hash, list_checkpoints, read_metadata
from tests.helpers.app_robot import AppRobot, run_main, run_with
from tests.helpers.fake_predictor import FakeDetector
from tests.helpers.photos import write_photos
from tests.helpers.tiny_model import tiny_checkpoint


def said(robot: AppRobot) -> str:
    return robot.window.status.currentMessage()


def test_the_values_go_into_the_file_and_what_was_found_stays_known(qapp, tmp_path: Path):
    folder = write_photos(tmp_path / "p", ("a.jpg",))
    path = tiny_checkpoint(tmp_path)
    known = checkpoint_hash(path)

    def script(robot: AppRobot):
        yield robot.picture_shown
        yield robot.checkpoint_ready
        robot.press("G")
        yield lambda: "detection" in robot.window.detection.summary.text()
        robot.window.detection.score.box.setValue(0.11)
        robot.trigger("write_back")
        yield lambda: "Written into" in said(robot)
        yield robot.checkpoint_ready
        assert "by tiny" in robot.window.detection.summary.text()
        robot.window.detection.score.box.setValue(0.9)
        robot.window.detection.reset.click()
        yield lambda: robot.window.detection.score.value == 0.11
        assert robot.problems == []

    assert run_main(["--checkpoint", str(path), str(folder)], script) == 0
    assert read_metadata(path).decode.score_threshold == 0.11
    assert checkpoint_hash(path) == known


def test_a_shipped_checkpoint_stays_and_the_values_are_kept_beside_it(qapp, tmp_path: Path):
    folder = write_photos(tmp_path / "p", ("a.jpg",))
    before = [path.read_bytes() for path in list_checkpoints()]

    def first(robot: AppRobot):
        yield robot.picture_shown
        yield robot.checkpoint_ready
        robot.window.detection.score.box.setValue(0.71)
        robot.window.detection.keep.click()
        yield lambda: "shipped with the program" in said(robot)
        robot.window.detection.score.box.setValue(0.2)

    def second(robot: AppRobot):
        yield robot.picture_shown
        yield robot.checkpoint_ready
        score = robot.window.detection.score
        yield lambda: score.value == 0.2  # as the last run was left
        robot.window.detection.reset.click()
        assert score.value == 0.71
        robot.trigger("forget_values")
        assert score.value == 0.5
        robot.trigger("forget_values")
        assert "those of its file" in said(robot)

    assert run_with(FakeDetector(), [str(folder)], first) == 0
    assert run_with(FakeDetector(), [str(folder)], second) == 0
    assert [path.read_bytes() for path in list_checkpoints()] == before
