"""The moved threshold says what it would change in all images, and one command applies it."""

from pathlib import Path

from tests.helpers.app_robot import AppRobot, run_with
from tests.helpers.fake_predictor import FakeDetector
from tests.helpers.photos import write_photos


def test_the_threshold_says_what_it_would_change_in_all_images_and_is_applied(qapp, tmp_path: Path):
    folder = write_photos(tmp_path / "p", ("a.jpg", "b.jpg", "c.jpg"))

    def script(robot: AppRobot):
        yield robot.picture_shown
        yield robot.checkpoint_ready
        robot.trigger("detect_all")
        yield robot.all_detected
        panel = robot.window.detection
        assert not panel.effect.isVisible()
        assert not panel.apply.isVisible()
        panel.score.box.setValue(0.7)
        yield panel.apply.isVisible
        assert panel.effect.text() == (
            "In all images: 3 images would change, 0 texts would appear, 3 would go."
        )
        robot.trigger("own_settings")  # of the open image, which is a.jpg
        panel.score.box.setValue(0.4)
        yield lambda: "2 images would change" in panel.effect.text() and panel.apply.isVisible()
        panel.apply.click()
        yield lambda: "hold for 3 images" in robot.window.status.currentMessage()
        yield lambda: not panel.effect.isVisible()
        robot.trigger("next")
        assert robot.detection_count == 1
        assert len(robot.page.regions) == 0

    assert run_with(FakeDetector(), [str(folder)], script) == 0
