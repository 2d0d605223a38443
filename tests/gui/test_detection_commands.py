"""What the verbs of the Shape menu and the canvas do with detections and the maps of the page."""

from pathlib import Path

import numpy as np
import pytest

from app.domain.edits import AddRegions
from app.domain.region import new_region
from tcm_core.geometry.overlap import iou
from tcm_core.geometry.polygon import area
from tests.helpers.app_robot import AppRobot, run_with
from tests.helpers.fake_predictor import FakeDetector
from tests.helpers.photos import write_photos
from tests.helpers.text_shapes import text_outline


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_photos(tmp_path / "photos", ("a.jpg", "b.jpg"))


def add(robot: AppRobot, *regions):
    robot.canvas.edit_requested.emit(AddRegions(regions))
    robot.canvas._selection.set(region.id for region in regions)


def outline(count, **more):
    return text_outline(count, **{"length": 100, "height": 24, "at": (150, 120), **more})


def one(robot: AppRobot):
    (region,) = robot.page.regions
    return region


def message(robot: AppRobot) -> str:
    return robot.window.status.currentMessage()


def test_pick_tighten_and_loosen_use_the_maps_of_the_page(qapp, folder):
    def script(robot: AppRobot):
        yield robot.picture_shown
        add(robot, new_region(outline(14)))
        robot.press("Alt+-")
        assert "Detect the image again" in message(robot)
        robot.press("Del")
        yield robot.checkpoint_ready
        robot.press("G")
        yield robot.can_accept
        height, width = robot.image_size
        robot.press("M")
        assert robot.window.layers.map_name == "probability"
        robot.click(0.3 * width, 0.2 * height)
        picked = one(robot)
        text = np.array(((0.1, 0.1), (0.5, 0.1), (0.5, 0.3), (0.1, 0.3))) * (width, height)
        assert iou(picked.polygon, text) > 0.6
        assert picked.origin == "model"
        for _ in range(4):
            robot.press("+")
        large = one(robot).polygon
        robot.press("Alt+-")
        assert area(one(robot).polygon) < area(large)
        tight = one(robot).polygon
        for _ in range(8):
            robot.press("-")
        small = one(robot).polygon
        robot.press("Alt+=")
        assert area(small) < area(one(robot).polygon) <= area(tight) * 1.2

    run_with(FakeDetector(), [str(folder)], script)


def test_accepted_detections_are_hidden_and_can_be_shown(qapp, folder):
    def script(robot: AppRobot):
        yield from robot.detected()
        assert len(robot.canvas.stage._shown_detections) == 2
        robot.press("Shift+Return")
        assert len(robot.page.regions) == 2
        assert robot.canvas.stage._shown_detections == {}
        robot.trigger("view.hide_accepted")
        assert len(robot.canvas.stage._shown_detections) == 2
        robot.trigger("view.hide_accepted")
        robot.press("Ctrl+Z")
        assert len(robot.canvas.stage._shown_detections) == 2

    run_with(FakeDetector(), [str(folder)], script)


def test_a_corrected_region_hides_its_detection_and_the_others_keep_their_numbers(qapp, folder):
    def script(robot: AppRobot):
        yield from robot.detected()
        stage, (height, width) = robot.canvas.stage, robot.image_size
        first, second = stage._shown_detections[0], stage._shown_detections[1]
        middle = first.polygon.mean(axis=0)
        robot.double_click(*middle)
        assert [region.score for region in robot.page.regions] == [first.score]
        assert list(stage._shown_detections) == [1]
        corner = robot.page.regions[0].polygon[0]
        for _ in range(2):  # far from what was detected
            corner = robot.page.regions[0].polygon[
                np.argmin(((one(robot).polygon - corner) ** 2).sum(axis=1))
            ]
            inner = corner + (middle - corner) * 0.7
            robot.drag(tuple(corner), tuple(inner))
        assert area(one(robot).polygon) < 0.5 * area(first.polygon)
        assert one(robot).origin == "both"
        assert list(stage._shown_detections) == [1]
        robot.press("Escape")
        robot.double_click(*second.polygon.mean(axis=0))  # the number of what is left is its own
        assert [region.score for region in robot.page.regions] == [first.score, second.score]
        robot.press("Shift+Return")
        assert len(robot.page.regions) == 2
        assert 0 < middle[0] < width
        assert 0 < middle[1] < height
        yield lambda: True

    run_with(FakeDetector(), [str(folder)], script)


def test_keys_move_the_threshold_of_one_region_of_the_model(qapp, folder):
    def script(robot: AppRobot):
        yield from robot.detected()
        height, width = robot.image_size
        robot.press("M")
        robot.click(0.3 * width, 0.2 * height)
        robot.press("V")
        before = robot.page.regions
        robot.press("Ctrl+,")
        assert "Local threshold 0.28" in robot.window.status.hint.text()
        robot.press("Ctrl+.")
        robot.press("Ctrl+.")
        assert "Local threshold 0.32" in robot.window.status.hint.text()
        assert iou(one(robot).polygon, before[0].polygon) > 0.7
        add(robot, new_region(outline(14, at=(200, 60))))
        robot.press("Ctrl+,")
        assert "of the model" in message(robot)

    run_with(FakeDetector(), [str(folder)], script)
