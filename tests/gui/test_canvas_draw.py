"""The drawing tools: polygon, rectangle, quad; every draft can be cancelled, none leaves a broken region."""

import math

import pytest
from PySide6.QtCore import Qt

from app.domain.edits import AddRegions
from app.domain.page import Page
from app.views.canvas.tools.drafting import TOO_SMALL
from app.views.canvas.tools.polygon import CROSSING, TOO_FEW
from tests.helpers.canvas_robot import CTRL, MIDDLE, NONE, RIGHT, SHIFT, make_robot, picture, rectangle


@pytest.fixture
def robot(qtbot):
    return make_robot(qtbot, Page((rectangle(300, 200, 60, 40),)))


def drawn(robot):
    """The polygon of the region that the only edit adds."""
    edit = robot.only_edit
    assert isinstance(edit, AddRegions)
    (region,) = edit.regions
    assert (region.origin, region.text, region.ignore) == ("person", "", False)
    return region.polygon.tolist()


def set_points(robot, *points):
    for x, y in points:
        robot.hover(x, y)
        robot.click(x, y)


class TestPolygon:
    @pytest.fixture(autouse=True)
    def _tool(self, robot):
        robot.canvas.set_tool("polygon")

    def test_enter_closes_it_and_the_new_region_is_selected(self, robot):
        set_points(robot, (20, 20), (120, 20), (120, 80), (20, 80))
        assert robot.edits == []
        robot.key(Qt.Key.Key_Return)
        assert drawn(robot) == [[20, 20], [120, 20], [120, 80], [20, 80]]
        assert robot.selected == [1]

    def test_a_click_on_the_first_point_closes_it_without_another_point(self, robot):
        set_points(robot, (20, 20), (120, 20), (120, 80), (22, 21))
        assert drawn(robot) == [[20, 20], [120, 20], [120, 80]]

    def test_a_double_click_adds_its_point_once_and_closes(self, robot):
        set_points(robot, (20, 20), (120, 20))
        robot.double_click(120, 80)
        assert drawn(robot) == [[20, 20], [120, 20], [120, 80]]

    def test_it_may_begin_on_a_region(self, robot):
        set_points(robot, (310, 210), (350, 210), (350, 230))
        robot.key(Qt.Key.Key_Enter)
        assert len(robot.regions) == 2

    def test_backspace_takes_back_the_last_point(self, robot):
        set_points(robot, (20, 20), (120, 20), (150, 90), (120, 80))
        robot.key(Qt.Key.Key_Backspace)
        robot.key(Qt.Key.Key_Backspace)
        set_points(robot, (60, 80))
        robot.key(Qt.Key.Key_Return)
        assert drawn(robot) == [[20, 20], [120, 20], [60, 80]]

    def test_ctrl_z_takes_back_the_last_point(self, robot):
        set_points(robot, (20, 20), (120, 20))
        robot.key(Qt.Key.Key_Z, CTRL)
        assert robot.canvas.has_draft
        robot.key(Qt.Key.Key_Z, CTRL)
        assert not robot.canvas.has_draft

    def test_the_window_can_take_back_a_point_too(self, robot):
        set_points(robot, (20, 20))
        assert robot.canvas.has_draft
        robot.canvas.undo_draft_point()
        assert not robot.canvas.has_draft

    def test_escape_cancels_the_draft_and_a_second_escape_leaves_the_tool(self, robot):
        set_points(robot, (20, 20), (120, 20), (120, 80))
        robot.key(Qt.Key.Key_Escape)
        assert not robot.canvas.has_draft
        assert robot.canvas.tool == "polygon"
        robot.key(Qt.Key.Key_Escape)
        assert robot.canvas.tool == "select"
        assert robot.edits == []

    def test_two_points_are_not_closed(self, robot):
        set_points(robot, (20, 20), (120, 20))
        robot.key(Qt.Key.Key_Return)
        assert robot.edits == []
        assert robot.hints[-1] == TOO_FEW
        assert robot.canvas.has_draft

    def test_points_on_a_line_are_refused(self, robot):
        set_points(robot, (20, 20), (120, 20), (220, 20))
        robot.key(Qt.Key.Key_Return)
        assert robot.edits == []
        assert robot.hints[-1] == TOO_SMALL

    def test_an_outline_that_crosses_itself_is_refused_and_kept(self, robot):
        set_points(robot, (20, 20), (120, 80), (120, 20), (20, 90))
        robot.key(Qt.Key.Key_Return)
        assert robot.edits == []
        assert robot.hints[-1] == CROSSING
        assert robot.canvas.has_draft

    def test_shift_locks_the_angle_to_steps_of_15_degrees(self, robot):
        robot.click(20, 20)
        robot.click(120, 29, SHIFT)
        robot.click(120, 120)
        robot.key(Qt.Key.Key_Return)
        x, y = drawn(robot)[1]
        assert math.degrees(math.atan2(y - 20, x - 20)) == pytest.approx(0, abs=1e-6)
        assert x == pytest.approx(120, abs=0.5)

    def test_the_draft_follows_the_mouse(self, robot):
        robot.click(20, 20)
        robot.hover(90, 60)
        preview = robot.canvas.shown_active.preview
        assert preview.draft.tolist() == [[20, 20], [90, 60]]
        assert preview.draft_points == 1

    def test_the_view_can_be_moved_while_drawing(self, robot):
        set_points(robot, (20, 20), (120, 20))
        robot.drag((200, 200), (210, 220), button=MIDDLE)
        robot.wheel(100, 100, 2)
        set_points(robot, (120, 80))
        robot.key(Qt.Key.Key_Return)
        for got, expected in zip(drawn(robot), [[20, 20], [120, 20], [120, 80]], strict=True):
            assert got == pytest.approx(expected, abs=0.5)

    def test_another_tool_gives_up_the_draft(self, robot):
        set_points(robot, (20, 20), (120, 20))
        robot.canvas.set_tool("select")
        assert not robot.canvas.has_draft
        assert robot.canvas.shown_active.preview.draft is None

    def test_another_picture_gives_up_the_draft(self, robot):
        set_points(robot, (20, 20), (120, 20))
        robot.canvas.show_image(picture(100, 100))
        assert not robot.canvas.has_draft

    def test_a_page_shown_again_keeps_the_draft(self, robot):
        set_points(robot, (20, 20), (120, 20))
        robot.canvas.show_page(Page(()))
        assert robot.canvas.has_draft

    def test_a_right_click_in_a_draft_opens_no_menu(self, robot):
        asked = []
        robot.canvas.context_menu_requested.connect(lambda hit, place: asked.append(hit))
        set_points(robot, (20, 20), (120, 20))
        robot.click(60, 60, button=RIGHT)
        assert asked == []


class TestRectangle:
    @pytest.fixture(autouse=True)
    def _tool(self, robot):
        robot.canvas.set_tool("rectangle")

    def test_a_drag_from_any_corner_gives_the_upper_left_first(self, robot):
        robot.drag((120, 80), (20, 30))
        assert drawn(robot) == [[20, 30], [120, 30], [120, 80], [20, 80]]
        assert robot.selected == [1]

    def test_nothing_is_added_before_the_release(self, robot):
        robot.press(20, 20)
        robot.move(60, 50)
        assert robot.edits == []
        assert robot.canvas.shown_active.preview.draft.tolist() == [[20, 20], [60, 20], [60, 50], [20, 50]]

    def test_escape_cancels_the_drag(self, robot):
        robot.press(20, 20)
        robot.move(60, 50)
        robot.key(Qt.Key.Key_Escape)
        robot.release(60, 50)
        assert robot.edits == []
        assert robot.canvas.tool == "rectangle"

    def test_a_click_is_too_small(self, robot):
        robot.click(20, 20)
        assert robot.edits == []
        assert robot.hints[-1] == TOO_SMALL

    def test_two_in_a_row_need_no_new_choice_of_tool(self, robot):
        robot.drag((20, 20), (60, 40))
        robot.drag((20, 60), (60, 80))
        assert len(robot.regions) == 3
        assert robot.selected == [2]


class TestQuad:
    @pytest.fixture(autouse=True)
    def _tool(self, robot):
        robot.canvas.set_tool("quad")

    def test_four_clicks_make_a_region(self, robot):
        set_points(robot, (20, 20), (120, 30), (115, 80))
        assert robot.edits == []
        set_points(robot, (18, 70))
        assert drawn(robot) == [[20, 20], [120, 30], [115, 80], [18, 70]]
        assert robot.selected == [1]

    def test_corners_in_a_crossing_order_are_put_right_and_the_first_stays(self, robot):
        set_points(robot, (20, 20), (120, 80), (120, 20), (20, 80))
        assert drawn(robot) == [[20, 20], [120, 20], [120, 80], [20, 80]]

    def test_backspace_takes_back_a_corner(self, robot):
        set_points(robot, (20, 20), (120, 20), (300, 150))
        robot.key(Qt.Key.Key_Backspace)
        set_points(robot, (120, 80), (20, 80))
        assert drawn(robot) == [[20, 20], [120, 20], [120, 80], [20, 80]]

    def test_escape_cancels(self, robot):
        set_points(robot, (20, 20), (120, 20), (120, 80))
        robot.key(Qt.Key.Key_Escape)
        set_points(robot, (20, 80))
        assert robot.edits == []

    def test_a_quad_without_area_is_refused(self, robot):
        set_points(robot, (20, 20), (60, 20), (100, 20), (140, 20))
        assert robot.edits == []
        assert robot.hints[-1] == TOO_SMALL

    def test_the_hint_names_the_corner_that_comes_next(self, robot):
        set_points(robot, (20, 20))
        assert "upper right" in robot.hints[-1]


def test_choosing_a_tool_is_told(robot):
    told = []
    robot.canvas.tool_changed.connect(told.append)
    robot.canvas.set_tool("quad")
    robot.canvas.set_tool("quad")
    robot.canvas.set_tool("select")
    assert told == ["quad", "select"]


def test_a_region_that_arrives_later_is_selected_when_it_arrives(robot):
    """The owner may apply the edit after the signal."""
    robot.canvas.edit_requested.disconnect(robot.owner.apply)
    asked = []
    robot.canvas.edit_requested.connect(asked.append)
    robot.canvas.set_tool("rectangle")
    robot.drag((20, 20), (60, 40), NONE)
    assert robot.selection.ids == frozenset()
    robot.owner.apply(asked[0])
    assert robot.selected == [1]


def test_shift_does_not_turn_a_rectangle_into_a_rubber_band(robot):
    robot.canvas.set_tool("rectangle")
    robot.drag((20, 20), (60, 40), SHIFT)
    assert drawn(robot) == [[20, 20], [60, 20], [60, 40], [20, 40]]
