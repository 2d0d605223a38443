"""The option --detect: the text of all images not yet looked at is found as soon as it can be."""

from pathlib import Path

from app.qtmodels.pages import StateRole
from tests.helpers.app_robot import AppRobot, run_with
from tests.helpers.fake_predictor import FakeDetector
from tests.helpers.photos import write_photo


def states(robot: AppRobot) -> list[str]:
    """As the list of images shows them."""
    model = robot.window.page_model
    return [model.index(row).data(StateRole) for row in range(model.rowCount())]


def test_all_images_are_detected_and_nothing_twice(qapp, tmp_path: Path):
    folder = tmp_path / "photos"
    for name in ("a.jpg", "b.jpg", "c.jpg"):
        write_photo(folder / name)

    def first(robot: AppRobot):
        yield robot.picture_shown
        yield lambda: states(robot) == ["detected"] * 3
        robot.press("D")
        yield robot.picture_shown
        robot.trigger("approve_stay")

    run_with(FakeDetector(), [str(folder), "--detect"], first)
    write_photo(folder / "d.jpg")
    detector = FakeDetector()

    def second(robot: AppRobot):
        yield robot.picture_shown
        yield lambda: states(robot) == ["detected", "approved", "detected", "detected"]

    run_with(detector, [str(folder), "--detect"], second)
    assert len(detector.seen) == 1


def test_without_the_option_nothing_is_detected(qapp, tmp_path: Path):
    write_photo(tmp_path / "photos" / "a.jpg")
    detector = FakeDetector()

    def script(robot: AppRobot):
        yield robot.checkpoint_ready
        yield robot.picture_shown
        assert states(robot) == ["unseen"]

    run_with(detector, [str(tmp_path / "photos")], script)
    assert len(detector.seen) == 0
