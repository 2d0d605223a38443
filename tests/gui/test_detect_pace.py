"""Pausing, detecting ahead, and the memory for checkpoints side by side, in the window."""

from pathlib import Path

import pytest
from PySide6.QtWidgets import QInputDialog

from tests.helpers.app_robot import AppRobot, run_with
from tests.helpers.fake_predictor import FakeDetector
from tests.helpers.photos import write_photos

NAMES = tuple(f"{letter}.jpg" for letter in "abcdef")


def test_paused_only_the_open_image_is_done_and_then_all_the_rest(qapp, tmp_path: Path):
    folder, detector = write_photos(tmp_path / "p", NAMES[:4]), FakeDetector()

    def script(robot: AppRobot):
        yield robot.picture_shown
        yield robot.checkpoint_ready
        assert not robot.action("pause").isEnabled()  # nothing is running
        detector.gate.clear()
        robot.trigger("detect_all")
        yield lambda: len(detector.seen) == 1
        robot.trigger("pause")
        assert robot.action("pause").isChecked()
        assert "paused" in robot.window.status.currentMessage()
        detector.gate.set()
        yield lambda: robot.detection_count == 2  # the page that was in work
        robot.trigger("last")
        robot.press("G")
        yield lambda: robot.detection_count == 2
        assert len(detector.seen) == 2
        assert not robot.all_detected()
        robot.trigger("pause")
        assert not robot.action("pause").isChecked()
        yield robot.all_detected
        assert len(detector.seen) == 4

    assert run_with(detector, [str(folder)], script) == 0


@pytest.mark.parametrize(("ahead", "looked_at"), [(True, 4), (False, 0)])
def test_the_next_images_are_detected_ahead_when_that_is_preferred(
    qapp, tmp_path: Path, private_home: Path, ahead: bool, looked_at: int
):
    folder, detector = write_photos(tmp_path / "p", NAMES), FakeDetector()
    (private_home / "settings.toml").write_text(
        f"[detection]\nahead = {str(ahead).lower()}\n", encoding="utf-8"
    )

    def script(robot: AppRobot):
        yield robot.picture_shown
        yield robot.checkpoint_ready
        robot.trigger("next")
        yield lambda: robot.key == "b.jpg" and robot.picture_shown()
        yield lambda: len(detector.seen) == looked_at and robot.idle()
        assert robot.detection_count == (2 if ahead else 0)
        robot.trigger("next")
        if ahead:
            yield lambda: robot.detection_count == 2  # known at once, one more is asked for
            yield lambda: len(detector.seen) == looked_at + 1
        assert len(robot.page.regions) == 0

    assert run_with(detector, [str(folder)], script) == 0


@pytest.mark.parametrize(("megabytes", "loads"), [(100, 2), (2000, 1)])
def test_checkpoints_stay_side_by_side_within_the_memory_that_is_preferred(
    qapp, tmp_path: Path, private_home: Path, megabytes: int, loads: int
):
    folder, detector = write_photos(tmp_path / "p", NAMES[:1]), FakeDetector()
    (private_home / "settings.toml").write_text(f"[cache]\ncheckpoints_mb = {megabytes}\n", encoding="utf-8")
    files = [tmp_path / "one.safetensors", tmp_path / "two.safetensors"]
    for file in files:
        with file.open("wb") as empty:
            empty.truncate(80_000_000)

    def script(robot: AppRobot):
        yield from robot.detected()
        robot.trigger("queue.second")
        dialog = robot.window.findChild(QInputDialog)
        dialog.setTextValue(str(files[1]))
        dialog.accept()
        yield lambda: "second look is over" in robot.window.status.currentMessage()
        looked = len(detector.seen)
        robot.trigger("detect")
        yield lambda: len(detector.seen) == looked + 1 and robot.idle()

    assert run_with(detector, ["--checkpoint", str(files[0]), str(folder)], script) == 0
    assert [checkpoint for checkpoint, _ in detector.loads].count(str(files[0])) == loads
