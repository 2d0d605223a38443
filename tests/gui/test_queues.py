"""Queues: the least certain images first, the next one by a key, and what two heads agree on."""

from pathlib import Path

from PySide6.QtWidgets import QInputDialog

from tests.helpers.app_robot import AppRobot, run_with
from tests.helpers.fake_predictor import FakeDetector
from tests.helpers.photos import write_photos

NAMES = ("a.jpg", "b.jpg", "c.jpg", "d.jpg")


class Wavering(FakeDetector):
    """As sure of each next image as `sureness` says; "b" is another head, which misses the second text."""

    def __init__(self, *sureness: float) -> None:
        super().__init__()
        left = list(sureness)

        def probabilities(checkpoint: str) -> tuple[float, float]:
            return (0.9, left.pop(0)) if checkpoint == "db-small" else (0.9, 0.1)

        self.probabilities = probabilities


def test_a_queue_goes_from_the_least_certain_image_on_and_leaves_out_the_certain(qapp, tmp_path: Path):
    folder = write_photos(tmp_path / "p", NAMES)

    def script(robot: AppRobot):
        yield robot.picture_shown
        yield robot.checkpoint_ready
        robot.trigger("detect_all")
        yield robot.all_detected
        robot.trigger("queue.next")
        assert "Choose a queue" in robot.window.status.currentMessage()
        robot.trigger("queue.mass")
        yield lambda: "in the queue" in robot.window.status.currentMessage()
        listed = list(robot.window.listed_keys())
        assert set(listed[:2]) == {"b.jpg", "d.jpg"}
        assert listed[2:] == ["a.jpg", "c.jpg"]  # alike: in the order of their names
        assert robot.key == listed[0]
        robot.press("Shift+Q")
        assert robot.key == listed[1]
        robot.press("Shift+Q")
        assert robot.key == listed[1]
        assert "nothing more" in robot.window.status.currentMessage()
        robot.press("Shift+W")
        assert robot.key == listed[0]
        assert robot.window.pages.order.currentText() == "Much that may be text first"

    assert run_with(Wavering(0.9, 0.5, 0.9, 0.5), [str(folder)], script) == 0


def test_images_on_which_the_mirrored_picture_gives_other_texts_come_first(qapp, tmp_path: Path):
    folder = write_photos(tmp_path / "p", NAMES[:3])
    detector = FakeDetector()

    def script(robot: AppRobot):
        yield robot.picture_shown
        yield robot.checkpoint_ready
        robot.trigger("queue.look_again")
        assert "detect all images first" in robot.window.status.currentMessage()
        robot.trigger("detect_all")
        yield robot.all_detected
        listed = list(robot.window.listed_keys())
        looked = len(detector.seen)
        robot.trigger("queue.look_again")
        assert robot.action("cancel").isEnabled()
        yield lambda: "looked at again" in robot.window.status.currentMessage()
        assert len(detector.seen) == looked + 6
        assert detector.scales[looked:].count(0.75) == 3
        assert robot.detection_count == 2  # what was found is as it was
        assert not robot.action("cancel").isEnabled()
        robot.trigger("queue.unsteady")
        yield lambda: "3 images in the queue" in robot.window.status.currentMessage()
        assert list(robot.window.listed_keys()) == listed  # as unsteady as each other
        assert len(robot.page.regions) == 0

    assert run_with(detector, [str(folder)], script) == 0


def test_one_key_accepts_what_two_heads_agree_on(qapp, tmp_path: Path):
    folder = write_photos(tmp_path / "p", NAMES[:1])

    def script(robot: AppRobot):
        yield robot.picture_shown
        yield robot.checkpoint_ready
        robot.trigger("detect_all")
        yield robot.all_detected
        assert robot.detection_count == 2
        robot.trigger("queue.agreed")
        assert "second look" in robot.window.status.currentMessage()
        assert len(robot.page.regions) == 0
        robot.trigger("queue.second")
        dialog = robot.window.findChild(QInputDialog)
        dialog.setTextValue("b")
        dialog.accept()
        yield lambda: "second look is over" in robot.window.status.currentMessage()
        robot.trigger("queue.agreed")
        assert [round(region.score, 1) for region in robot.page.regions] == [0.9]
        robot.trigger("undo")
        assert len(robot.page.regions) == 0

    assert run_with(Wavering(0.9), [str(folder)], script) == 0
