"""Every tool in the running program, on outlines with 3, 4, 14 and 40 vertices: what it makes, undo, Esc."""

from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QEvent, Qt

from app.domain.edits import AddRegions
from app.domain.region import Region, new_region
from app.views.canvas.tools.transform import frame_around
from tcm_core.geometry.polygon import Points, area, is_simple, signed_area
from tests.helpers.app_robot import AppRobot, run_with
from tests.helpers.fake_predictor import FakeDetector
from tests.helpers.photos import write_photos
from tests.helpers.text_shapes import COUNTS

LEFT = Qt.MouseButton.LeftButton


@pytest.fixture(params=COUNTS)
def count(request) -> int:
    return request.param


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_photos(tmp_path / "photos", ("a.jpg",))


def ring(count: int) -> Points:
    """Corners on an ellipse, clockwise on the screen, well inside the picture."""
    angles = np.arange(count) * 2 * np.pi / count - 2.2
    return np.stack((160 + 110 * np.cos(angles), 120 + 80 * np.sin(angles)), axis=1)


def one(robot: AppRobot) -> Region:
    (region,) = robot.page.regions
    return region


def put(robot: AppRobot, count: int) -> Region:
    """A selected region with that many vertices."""
    region = new_region(ring(count))
    robot.canvas.edit_requested.emit(AddRegions((region,)))
    robot.select(region.id)
    return region


def half_a_drag(robot: AppRobot, start, end) -> None:
    """Pressed and moved, not let go."""
    first, last = robot.place(*start), robot.place(*end)
    robot.mouse(QEvent.Type.MouseMove, first)
    robot.mouse(QEvent.Type.MouseButtonPress, first, "", LEFT)
    for part in (0.3, 0.6, 1.0):
        robot.mouse(QEvent.Type.MouseMove, first + (last - first) * part, "", held_button=LEFT)


def test_a_polygon_is_drawn_point_by_point_and_escape_draws_none(qapp, folder, count):
    def script(robot: AppRobot):
        yield robot.picture_shown
        robot.press("P")
        for point in ring(count)[:-1]:
            robot.click(*point)
        assert robot.canvas.has_draft
        robot.press("Escape")
        assert not robot.canvas.has_draft
        assert robot.page.regions == ()
        robot.press("P")
        for point in ring(count):
            robot.click(*point)
        robot.press("Return")
        polygon = one(robot).polygon
        assert len(polygon) == count
        assert np.abs(polygon - ring(count)).max() < 1.5
        assert signed_area(polygon) > 0
        robot.press("Escape")
        robot.press("Ctrl+Z")
        assert robot.page.regions == ()
        yield lambda: True

    run_with(FakeDetector(), [str(folder)], script)


def test_vertices_are_moved_inserted_chosen_and_deleted(qapp, folder, count):
    def script(robot: AppRobot):
        yield robot.picture_shown
        region = put(robot, count)
        corner = region.polygon[0]
        middle = region.polygon.mean(axis=0)
        target = corner + (middle - corner) * 0.2
        half_a_drag(robot, corner, target)
        robot.press("Escape")
        robot.mouse(QEvent.Type.MouseButtonRelease, robot.place(*target), "", LEFT)
        assert one(robot).polygon.tolist() == region.polygon.tolist()
        robot.drag(tuple(corner), tuple(target))
        assert np.abs(one(robot).polygon[0] - target).max() < 1.5
        assert one(robot).polygon[1:].tolist() == region.polygon[1:].tolist()
        robot.press("Ctrl+Z")
        edge = (region.polygon[1] + region.polygon[2]) / 2
        robot.click(*edge, held="Alt")
        assert len(one(robot).polygon) == count + 1
        assert np.abs(one(robot).polygon[2] - edge).max() < 1.5
        robot.press("Ctrl+Z")
        robot.click(*region.polygon[1])
        robot.press("Backspace")
        assert len(one(robot).polygon) == max(count - 1, 3)  # a triangle keeps its corners
        if count > 3:
            robot.press("Ctrl+Z")
        assert one(robot).polygon.tolist() == region.polygon.tolist()
        yield lambda: True

    run_with(FakeDetector(), [str(folder)], script)


def test_whole_regions_are_nudged_dragged_turned_and_scaled(qapp, folder, count):
    def script(robot: AppRobot):
        yield robot.picture_shown
        region = put(robot, count)
        robot.press("Right")
        robot.press("Shift+Down")
        assert np.abs(one(robot).polygon - region.polygon - (1, 10)).max() < 1e-9
        robot.press("Ctrl+Z")  # a run of nudges is one step
        assert one(robot).polygon.tolist() == region.polygon.tolist()
        middle = tuple(region.polygon.mean(axis=0))
        robot.drag(middle, (middle[0] + 12, middle[1] - 8))
        assert np.abs(one(robot).polygon - region.polygon - (12, -8)).max() < 1.5
        robot.press("Ctrl+Z")
        robot.press("E")
        handles = frame_around([region]).handles(0.5)
        opposite, grasped = handles[0], handles[4]
        target = opposite + (grasped - opposite) * 0.8
        half_a_drag(robot, grasped, target)
        robot.press("Escape")
        robot.mouse(QEvent.Type.MouseButtonRelease, robot.place(*target), "", LEFT)
        assert one(robot).polygon.tolist() == region.polygon.tolist()
        robot.drag(tuple(grasped), tuple(target))
        scaled = one(robot).polygon
        assert np.abs(scaled - opposite - (region.polygon - opposite) * 0.8).max() < 2
        assert len(scaled) == count
        robot.press("Escape")
        robot.press("Ctrl+Z")
        assert one(robot).polygon.tolist() == region.polygon.tolist()
        yield lambda: True

    run_with(FakeDetector(), [str(folder)], script)


def test_the_knife_cuts_every_outline_in_two_and_escape_cuts_none(qapp, folder, count):
    def script(robot: AppRobot):
        yield robot.picture_shown
        region = put(robot, count)
        (left, top), (right, bottom) = region.polygon.min(axis=0), region.polygon.max(axis=0)
        begin, end = ((left + right) / 2, top - 15), ((left + right) / 2 + 3, bottom + 15)
        robot.press("K")
        half_a_drag(robot, begin, end)
        robot.press("Escape")
        robot.mouse(QEvent.Type.MouseButtonRelease, robot.place(*end), "", LEFT)
        assert len(robot.page.regions) == 1
        robot.press("K")
        robot.drag(begin, end)
        parts = [one.polygon for one in robot.page.regions]
        assert len(parts) == 2
        assert sum(area(part) for part in parts) == pytest.approx(area(region.polygon), rel=1e-6)
        assert all(is_simple(part) and signed_area(part) > 0 for part in parts)
        robot.press("Ctrl+Z")
        assert one(robot).polygon.tolist() == region.polygon.tolist()
        yield lambda: True

    run_with(FakeDetector(), [str(folder)], script)


@pytest.mark.parametrize(
    ("key", "places"),
    [
        ("O", ((60, 60), (200, 80), (195, 130))),
        ("T", ((60, 60), (200, 70), (210, 140), (50, 130))),
        ("B", ((60, 80), (130, 60), (200, 80), None, (60, 120), (130, 100), (200, 120), None)),
        ("Shift+B", ((60, 100), (130, 80), (200, 100), None, (130, 60))),
    ],
    ids=["rotated", "quad", "sides", "centre"],
)
def test_drawing_tools_make_one_clockwise_region_and_escape_makes_none(qapp, folder, key, places):
    def draw(robot: AppRobot, some) -> None:
        robot.press(key)
        for place in some:
            robot.press("Return") if place is None else robot.click(*place)

    def script(robot: AppRobot):
        yield robot.picture_shown
        draw(robot, places[:-1])
        robot.press("Escape")
        assert robot.page.regions == ()
        robot.press("V")
        draw(robot, places)
        polygon = one(robot).polygon
        assert is_simple(polygon)
        assert signed_area(polygon) > 0
        robot.press("V")
        robot.press("Ctrl+Z")
        assert robot.page.regions == ()
        yield lambda: True

    run_with(FakeDetector(), [str(folder)], script)


def test_a_rectangle_is_given_up_by_escape_in_the_middle_of_its_drag(qapp, folder):
    def script(robot: AppRobot):
        yield robot.picture_shown
        robot.press("R")
        half_a_drag(robot, (40, 40), (150, 120))
        robot.press("Escape")
        robot.mouse(QEvent.Type.MouseButtonRelease, robot.place(150, 120), "", LEFT)
        assert robot.page.regions == ()
        robot.press("R")
        robot.drag((40, 40), (150, 120))
        assert np.abs(one(robot).polygon - ((40, 40), (150, 40), (150, 120), (40, 120))).max() < 1.5
        yield lambda: True

    run_with(FakeDetector(), [str(folder)], script)
