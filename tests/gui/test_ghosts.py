"""Ghost outlines: what a score threshold 0.05 lower or higher would change."""

from pathlib import Path

from tests.helpers.app_robot import AppRobot, run_with
from tests.helpers.fake_predictor import FakeDetector
from tests.helpers.photos import write_photos


def test_ghosts_count_what_a_step_of_the_threshold_would_change(qapp, tmp_path: Path):
    folder = write_photos(tmp_path / "p", ("a.jpg",))

    def script(robot: AppRobot):
        def ghosts(threshold: float) -> str:
            robot.window.detection.score.set_value(threshold)
            robot.window.detection.score.value_changed.emit(threshold)
            robot.trigger("ghosts")
            said = robot.window.status.currentMessage()
            robot.trigger("ghosts")
            return said

        yield robot.picture_shown
        yield robot.checkpoint_ready
        robot.trigger("detect_all")
        yield robot.all_detected
        assert ghosts(0.63).startswith("1 more")  # the second text has the score 0.6
        assert "0 fewer" in ghosts(0.63)
        assert "1 fewer" in ghosts(0.57)
        assert ghosts(0.3).startswith("0 more")
        assert len(robot.page.regions) == 0

    assert run_with(FakeDetector(), [str(folder)], script) == 0
