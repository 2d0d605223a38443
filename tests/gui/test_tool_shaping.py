"""Knife, simplify, transform, local threshold and picking on the canvas, with 3, 4, 14 and 40 vertices."""

import numpy as np
import pytest
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QApplication

from app.domain.level_set import KeptMaps
from app.domain.page import Page
from app.domain.region import new_region
from app.domain.shape_edits import ExchangeRegions, ReshapeRegions
from app.domain.shape_verbs import NO_MAP
from app.views.canvas.tools.knife import CUTS_NOTHING
from app.views.canvas.tools.pick_map import NO_TEXT, THERE_ALREADY
from app.views.canvas.tools.transform import frame_around
from tcm_core.config.decode import DbDecode
from tcm_core.geometry.overlap import iou
from tcm_core.geometry.polygon import area, is_simple, signed_area
from tests.helpers.canvas_robot import ALT, CTRL, SHIFT, make_robot
from tests.helpers.fake_predictor import text_maps
from tests.helpers.text_shapes import COUNTS, text_outline

TEXT = np.array(((0.1, 0.1), (0.5, 0.1), (0.5, 0.3), (0.1, 0.3))) * (400, 300)


@pytest.fixture(params=COUNTS)
def count(request):
    return request.param


@pytest.fixture
def robot(qtbot, count):
    first = new_region(text_outline(count, at=(120, 80)), text="GRAND HOTEL")
    return make_robot(qtbot, Page((first, new_region(text_outline(count, at=(120, 200))))))


def alt_wheel(robot, x, y, notches):
    """As Qt sends it: with Alt the wheel is turned sideways."""
    place = QPointF(robot.at(x, y))
    event = QWheelEvent(
        place,
        place,
        robot.at(x, y) * 0,
        (QPointF(120 * notches, 0)).toPoint(),
        Qt.MouseButton.NoButton,
        ALT,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(robot.canvas.viewport(), event)
    return event.isAccepted()


class TestKnife:
    @pytest.fixture(autouse=True)
    def _tool(self, robot):
        robot.canvas.set_tool("knife")

    def test_a_drag_across_cuts_in_one_edit_and_selects_the_parts(self, robot):
        before = robot.regions[0]
        robot.drag((120, 40), (120, 120))
        assert isinstance(robot.only_edit, ExchangeRegions)
        parts = robot.regions[:2]
        assert sum(area(part.polygon) for part in parts) == pytest.approx(area(before.polygon))
        assert [part.text for part in parts] == ["GRAND", "HOTEL"]
        assert parts[0].id == before.id
        assert robot.selected == [0, 1]
        for part in parts:
            assert is_simple(part.polygon)
            assert signed_area(part.polygon) > 0

    def test_a_line_through_two_regions_cuts_both_at_once(self, robot):
        robot.drag((120, 40), (120, 250))
        assert len(robot.regions) == 4
        assert len(robot.edits) == 1

    def test_only_the_selected_region_is_cut_when_one_is_selected(self, robot):
        robot.select(1)
        robot.drag((120, 40), (120, 250))
        assert len(robot.regions) == 3

    def test_clicks_make_a_bent_line_that_enter_ends(self, robot):
        for x, y in ((110, 40), (118, 80), (110, 120)):
            robot.hover(x, y)
            robot.click(x, y)
        assert robot.edits == []
        robot.key(Qt.Key.Key_Return)
        assert len(robot.regions) == 3

    def test_a_line_beside_every_region_says_so(self, robot):
        robot.drag((300, 40), (300, 120))
        assert robot.edits == []
        assert robot.hints[-1] == CUTS_NOTHING

    def test_escape_cancels(self, robot):
        robot.press(120, 40)
        robot.move(120, 100)
        robot.key(Qt.Key.Key_Escape)
        robot.release(120, 120)
        assert robot.edits == []
        assert robot.canvas.tool == "knife"


class TestSimplify:
    def test_the_wheel_changes_the_count_live_and_enter_is_one_edit(self, robot, count):
        robot.select(0)
        robot.canvas.set_tool("simplify")
        robot.hover(300, 200)
        for _ in range(count):
            robot.wheel(300, 200, -1)
        shown = robot.canvas.shown_active.preview.polygons[robot.regions[0].id]
        assert len(shown) == 3
        assert f"3 of {count} vertices" in robot.hints[-1]
        assert robot.edits == []
        robot.key(Qt.Key.Key_Return)
        assert robot.canvas.tool == "select"
        if count == 3:
            assert robot.edits == []
        else:
            assert isinstance(robot.only_edit, ReshapeRegions)
            assert len(robot.regions[0].polygon) == 3

    def test_straight_sides_lose_their_spare_points_at_once(self, robot, count):
        robot.select(0)
        robot.canvas.set_tool("simplify")
        robot.key(Qt.Key.Key_Return)
        assert len(robot.regions[0].polygon) == min(count, 4)

    def test_escape_leaves_everything_as_it_was(self, robot, count):
        robot.select(0)
        robot.canvas.set_tool("simplify")
        robot.key(Qt.Key.Key_Down)
        robot.key(Qt.Key.Key_Escape)
        assert robot.canvas.tool == "select"
        assert robot.edits == []
        assert robot.canvas.shown_active.preview.polygons == {}


class TestTransform:
    def frame(self, robot, *numbers):
        robot.select(*numbers)
        robot.canvas.set_tool("transform")
        return frame_around([robot.regions[number] for number in numbers])

    def test_a_corner_scales_and_the_opposite_corner_stays(self, robot):
        handles = self.frame(robot, 0, 1).handles(0.5)
        opposite, grasped = handles[0], handles[4]
        before = [robot.polygon(0), robot.polygon(1)]
        robot.drag(tuple(grasped), tuple(opposite + 1.5 * (grasped - opposite)))
        assert isinstance(robot.only_edit, ReshapeRegions)
        for number in (0, 1):
            expected = opposite + 1.5 * (np.array(before[number]) - opposite)
            assert robot.regions[number].polygon == pytest.approx(expected, abs=1.0)

    def test_the_knob_turns_around_the_middle_and_shift_locks_to_15_degrees(self, robot):
        frame = self.frame(robot, 0)
        knob, middle = frame.handles(0.5)[8], frame.middle
        before = robot.regions[0].polygon
        away = knob - middle
        robot.drag(tuple(knob), tuple(middle + np.array((-away[1] + 2, away[0]))), SHIFT)
        turned = robot.regions[0].polygon
        assert area(turned) == pytest.approx(area(before))
        quarter = (before - middle) @ np.array(((0, 1), (-1, 0))) + middle
        assert turned == pytest.approx(quarter, abs=1e-6)

    def test_inside_moves(self, robot):
        frame = self.frame(robot, 0)
        before = robot.regions[0].polygon
        start = frame.middle
        robot.drag(tuple(start), tuple(start + np.array((20, 10))))
        assert robot.regions[0].polygon == pytest.approx(before + np.array((20, 10)), abs=0.51)

    def test_a_side_scales_one_way_only(self, robot):
        handles = self.frame(robot, 0, 1).handles(0.5)
        height = np.ptp(robot.regions[0].polygon[:, 1])
        robot.drag(tuple(handles[3]), tuple(handles[3] + (30, 25)))
        assert np.ptp(robot.regions[0].polygon[:, 1]) == pytest.approx(height)
        assert np.ptp(robot.regions[0].polygon[:, 0]) == pytest.approx(150, abs=1)

    def test_ctrl_scales_around_the_middle(self, robot):
        frame = self.frame(robot, 0, 1)
        grasped = frame.handles(0.5)[4]
        robot.drag(tuple(grasped), tuple(grasped + np.array((15, 10))), CTRL)
        points = np.concatenate([region.polygon for region in robot.regions])
        assert (points.min(axis=0) + points.max(axis=0)) / 2 == pytest.approx(frame.middle, abs=0.6)

    def test_escape_cancels_the_drag_and_then_leaves(self, robot):
        grasped = self.frame(robot, 0, 1).handles(0.5)[4]
        robot.press(*grasped)
        robot.move(*(grasped + 20))
        assert robot.canvas.shown_active.preview.polygons != {}
        robot.key(Qt.Key.Key_Escape)
        robot.release(*(grasped + 20))
        assert robot.edits == []
        assert robot.canvas.tool == "transform"
        robot.key(Qt.Key.Key_Escape)
        assert robot.canvas.tool == "select"

    def test_a_click_on_another_region_takes_it(self, robot):
        self.frame(robot, 0)
        robot.click(120, 200)
        assert robot.selected == [1]
        robot.click(120, 80, CTRL)
        assert robot.selected == [0, 1]


@pytest.fixture
def mapped(qtbot):
    """A page without regions whose map shows one text."""
    robot = make_robot(qtbot, Page(()))
    robot.canvas.set_maps(
        KeptMaps(text_maps((300, 400), (TEXT / (400, 300),), (0.9,)), DbDecode(grow="inverse"))
    )
    return robot


class TestPick:
    @pytest.fixture(autouse=True)
    def _tool(self, mapped):
        mapped.canvas.set_tool("pick")

    def test_a_click_on_a_bright_place_adds_its_text_as_the_models(self, mapped):
        mapped.hover(120, 60)
        assert iou(mapped.canvas.shown_active.preview.draft, TEXT) > 0.8
        mapped.click(120, 60)
        (region,) = mapped.regions
        assert region.origin == "model"
        assert iou(region.polygon, TEXT) > 0.8
        assert is_simple(region.polygon)
        assert mapped.selected == [0]

    def test_it_is_not_picked_twice(self, mapped):
        mapped.click(120, 60)
        mapped.click(120, 60)
        assert len(mapped.regions) == 1
        assert mapped.hints[-1] == THERE_ALREADY

    def test_a_dark_place_says_so(self, mapped):
        mapped.click(350, 250)
        assert mapped.regions == ()
        assert mapped.hints[-1] == NO_TEXT

    def test_without_maps_it_says_so(self, mapped):
        mapped.canvas.set_maps(None)
        mapped.click(120, 60)
        assert mapped.regions == ()
        assert mapped.hints[-1] == NO_MAP

    def test_alt_and_the_wheel_are_its_own(self, mapped):
        mapped.hover(120, 60)
        assert alt_wheel(mapped, 120, 60, 3)
        assert "0.36" in mapped.hints[-1]
        assert mapped.regions == ()

    def test_escape_goes_back_to_selecting(self, mapped):
        mapped.key(Qt.Key.Key_Escape)
        assert mapped.canvas.tool == "select"


class TestLocalThreshold:
    def hill(self, robot):
        """A map that rises evenly towards the middle of a text."""
        maps = text_maps((300, 400), (), ())
        y, x = np.mgrid[:80, :104]
        values = np.clip(250 - 7 * np.maximum(np.abs(x - 30) / 2, np.abs(y - 20)), 0, 255).astype(np.uint8)
        maps.planes["probability"][:] = values
        robot.canvas.set_maps(KeptMaps(maps, DbDecode(unclip_ratio=0.0)))

    def page(self, robot, count, origin):
        robot.owner.page = Page((new_region(text_outline(count, at=(120, 80)), origin=origin),))
        robot.canvas.show_page(robot.owner.page)
        self.hill(robot)
        robot.select(0)

    def test_the_wheel_moves_the_region_along_the_level_sets_as_one_run(self, robot, count):
        self.page(robot, count, "model")
        before = robot.regions[0].polygon
        areas = []
        for _ in range(4):
            assert alt_wheel(robot, 120, 80, -2)
            areas.append(area(robot.regions[0].polygon))
        assert areas == sorted(areas)
        assert areas[0] < areas[-1]
        assert len({edit.merge_key for edit in robot.edits}) == 1
        assert robot.edits[0].merge_key is not None
        assert robot.regions[0].origin == "both"
        if count == 4:
            assert len(robot.regions[0].polygon) == 4
        assert np.argmin(np.hypot(*(robot.regions[0].polygon - before[0]).T)) == 0

    def test_a_persons_region_leaves_the_wheel_to_the_page(self, robot, count):
        self.page(robot, count, "person")
        assert not alt_wheel(robot, 120, 80, -2)
        assert robot.edits == []
