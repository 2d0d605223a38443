"""Rotated box and curved text: each makes one clockwise region from the reading start, and Esc cancels it."""

import numpy as np
import pytest
from PySide6.QtCore import Qt

from app.domain.edits import AddRegions
from app.domain.page import Page
from app.views.canvas.tools.curve import TOO_FEW, TOO_TIGHT
from app.views.canvas.tools.drafting import TOO_SMALL
from tcm_core.geometry.polygon import area, is_simple, signed_area
from tests.helpers.canvas_robot import CTRL, SHIFT, make_robot, rectangle


@pytest.fixture
def robot(qtbot):
    return make_robot(qtbot, Page((rectangle(300, 220, 60, 40),)))


def drawn(robot):
    edit = robot.only_edit
    assert isinstance(edit, AddRegions)
    (region,) = edit.regions
    assert region.origin == "person"
    assert is_simple(region.polygon)
    assert signed_area(region.polygon) > 0
    assert robot.selected == [1]
    return region.polygon


def set_points(robot, *points):
    for x, y in points:
        robot.hover(x, y)
        robot.click(x, y)


class TestRotatedBox:
    @pytest.fixture(autouse=True)
    def _tool(self, robot):
        robot.canvas.set_tool("rotated")

    def test_three_clicks_make_a_box_along_the_first_two(self, robot):
        set_points(robot, (50, 50), (130, 110), (124, 118))
        polygon = drawn(robot)
        assert len(polygon) == 4
        assert polygon[0] == pytest.approx([50, 50])
        assert polygon[1] == pytest.approx([130, 110])
        assert area(polygon) == pytest.approx(100 * 10)

    def test_a_third_click_above_makes_the_first_two_the_lower_side(self, robot):
        set_points(robot, (50, 100), (150, 100), (90, 80))
        assert drawn(robot).tolist() == [[50, 80], [150, 80], [150, 100], [50, 100]]

    def test_the_box_is_shown_before_the_third_click(self, robot):
        set_points(robot, (50, 50), (150, 50))
        robot.hover(100, 80)
        preview = robot.canvas.shown_active.preview
        assert preview.draft.tolist() == [[50, 50], [150, 50], [150, 80], [50, 80]]
        assert robot.edits == []

    def test_shift_locks_the_angle_of_the_side(self, robot):
        robot.click(50, 50)
        robot.click(150, 57, SHIFT)
        robot.click(100, 80)
        polygon = drawn(robot)
        assert polygon[1, 1] == pytest.approx(50)

    def test_escape_cancels_and_backspace_takes_back(self, robot):
        set_points(robot, (50, 50), (150, 50))
        robot.key(Qt.Key.Key_Backspace)
        set_points(robot, (50, 90))
        robot.key(Qt.Key.Key_Escape)
        assert not robot.canvas.has_draft
        set_points(robot, (90, 90))
        assert robot.edits == []

    def test_no_height_is_refused(self, robot):
        set_points(robot, (50, 50), (150, 50), (100, 50))
        assert robot.edits == []
        assert robot.hints[-1] == TOO_SMALL


UPPER = ((60, 120), (110, 80), (190, 80), (240, 120))
LOWER = ((75, 150), (115, 112), (185, 112), (225, 150))


class TestCurveBySides:
    @pytest.fixture(autouse=True)
    def _tool(self, robot):
        robot.canvas.set_tool("curve")

    def test_two_sides_make_fourteen_points_clockwise_from_the_start(self, robot):
        set_points(robot, *UPPER)
        robot.key(Qt.Key.Key_Return)
        set_points(robot, *LOWER)
        robot.key(Qt.Key.Key_Return)
        polygon = drawn(robot)
        assert len(polygon) == 14
        assert polygon[0] == pytest.approx(UPPER[0])
        assert polygon[6] == pytest.approx(UPPER[-1])
        assert polygon[7] == pytest.approx(LOWER[-1])

    @pytest.mark.parametrize(("key", "times", "count"), [(Qt.Key.Key_Up, 13, 40), (Qt.Key.Key_Down, 9, 4)])
    def test_up_and_down_choose_the_number_of_points(self, robot, key, times, count):
        set_points(robot, *UPPER)
        robot.key(Qt.Key.Key_Return)
        set_points(robot, *LOWER)
        for _ in range(times):
            robot.key(key)
        robot.key(Qt.Key.Key_Return)
        assert len(drawn(robot)) == count

    def test_a_double_click_ends_a_side_too(self, robot):
        set_points(robot, *UPPER[:-1])
        robot.double_click(*UPPER[-1])
        set_points(robot, *LOWER[:-1])
        robot.double_click(*LOWER[-1])
        assert len(drawn(robot)) == 14

    def test_backspace_goes_back_into_the_first_side(self, robot):
        set_points(robot, *UPPER, (280, 180))
        robot.key(Qt.Key.Key_Return)
        robot.key(Qt.Key.Key_Z, CTRL)
        robot.key(Qt.Key.Key_Return)
        set_points(robot, *LOWER)
        robot.key(Qt.Key.Key_Return)
        assert drawn(robot)[6] == pytest.approx(UPPER[-1])

    def test_one_point_is_no_side(self, robot):
        set_points(robot, UPPER[0])
        robot.key(Qt.Key.Key_Return)
        assert robot.hints[-1] == TOO_FEW

    def test_escape_cancels_both_sides_and_then_leaves(self, robot):
        set_points(robot, *UPPER)
        robot.key(Qt.Key.Key_Return)
        set_points(robot, *LOWER)
        robot.key(Qt.Key.Key_Escape)
        assert not robot.canvas.has_draft
        assert robot.edits == []
        robot.key(Qt.Key.Key_Escape)
        assert robot.canvas.tool == "select"


class TestCurveByItsMiddle:
    @pytest.fixture(autouse=True)
    def _tool(self, robot):
        robot.canvas.set_tool("centre")

    def test_a_line_and_a_click_at_the_height_make_a_band(self, robot):
        set_points(robot, (60, 100), (160, 100))
        robot.key(Qt.Key.Key_Return)
        set_points(robot, (110, 115))
        polygon = drawn(robot)
        assert len(polygon) == 14
        assert polygon[0] == pytest.approx([60, 85])
        assert area(polygon) == pytest.approx(100 * 30)

    def test_a_bend_tighter_than_the_height_is_refused(self, robot):
        set_points(robot, (60, 100), (80, 80), (100, 100))
        robot.key(Qt.Key.Key_Return)
        set_points(robot, (80, 190))
        assert robot.edits == []
        assert robot.hints[-1] == TOO_TIGHT
        assert robot.canvas.has_draft

    def test_escape_cancels(self, robot):
        set_points(robot, (60, 100), (160, 100))
        robot.key(Qt.Key.Key_Return)
        robot.key(Qt.Key.Key_Escape)
        set_points(robot, (110, 115))
        assert robot.edits == []


def test_a_quad_clicked_the_other_way_round_is_clockwise_with_the_same_first_corner(robot):
    robot.canvas.set_tool("quad")
    set_points(robot, (20, 20), (20, 80), (120, 80), (120, 20))
    assert np.array_equal(drawn(robot), [[20, 20], [120, 20], [120, 80], [20, 80]])
