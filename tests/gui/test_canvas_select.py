"""The select tool: choosing, moving, reshaping, deleting, accepting, one gesture a test."""

import numpy as np
import pytest
from PySide6.QtCore import Qt

from app.domain.edits import DeleteRegions, DeleteVertices, InsertVertex, MoveRegions, MoveVertex
from app.domain.page import Page
from app.domain.region import new_region
from app.views.canvas.tools.select import TOO_FEW_VERTICES
from tcm_core.detection import Detection
from tests.helpers.canvas_robot import ALT, CTRL, RIGHT, SHIFT, make_robot, picture, rectangle


@pytest.fixture
def robot(qtbot):
    """Two words on a line and one below: (20,20) 100x60, (200,20) 100x60, (20,200) 100x60."""
    page = Page((rectangle(20, 20, 100, 60), rectangle(200, 20, 100, 60), rectangle(20, 200, 100, 60)))
    return make_robot(qtbot, page)


def test_a_click_selects_a_region_and_asks_for_no_edit(robot):
    robot.click(250, 50)
    assert robot.selected == [1]
    assert robot.edits == []


def test_a_click_on_an_overlap_selects_the_smaller_region(qtbot):
    robot = make_robot(qtbot, Page((rectangle(20, 20, 200, 200), rectangle(60, 60, 50, 50))))
    robot.click(85, 85)
    assert robot.selected == [1]


def test_the_selected_region_is_hit_before_one_that_covers_it(qtbot):
    robot = make_robot(qtbot, Page((rectangle(20, 20, 200, 200), rectangle(60, 60, 50, 50))))
    robot.select(0)
    robot.click(85, 85)
    assert robot.selected == [0]


def test_ctrl_click_adds_and_takes_away(robot):
    robot.click(70, 50)
    robot.click(250, 50, CTRL)
    assert robot.selected == [0, 1]
    robot.click(70, 50, CTRL)
    assert robot.selected == [1]


def test_a_click_on_empty_space_clears_the_selection(robot):
    robot.select(0, 1)
    robot.click(350, 280)
    assert robot.selected == []


def test_a_click_that_misses_by_five_screen_pixels_keeps_the_selection(robot):
    robot.select(0)
    robot.click(122.5, 40)  # the edge is at 120 and one image pixel is two on the screen
    assert robot.selected == [0]


def test_a_click_that_misses_by_eight_screen_pixels_clears_the_selection(robot):
    robot.select(0)
    robot.click(124, 40)
    assert robot.selected == []


def test_ctrl_click_on_empty_space_keeps_the_selection(robot):
    robot.select(0, 1)
    robot.click(350, 280, CTRL)
    assert robot.selected == [0, 1]


def test_dragging_the_body_moves_the_region_by_one_edit_on_release(robot):
    robot.select(0)
    robot.press(70, 40)
    robot.move(90, 55)
    robot.move(100, 60)
    assert robot.edits == []
    robot.release(100, 60)
    assert robot.only_edit == MoveRegions((robot.regions[0].id,), 30.0, 20.0)
    assert robot.polygon(0)[0] == [50, 40]


def test_while_dragging_the_active_layer_shows_where_the_region_would_be(robot):
    robot.select(0)
    robot.press(70, 40)
    robot.move(100, 60)
    content = robot.canvas.shown_active
    assert content.polygon_of(robot.regions[0])[0].tolist() == [50, 40]
    assert robot.polygon(0)[0] == [20, 20]


def test_dragging_one_of_several_selected_regions_moves_them_all(robot):
    robot.select(0, 1)
    robot.drag((250, 50), (260, 70))
    edit = robot.only_edit
    assert isinstance(edit, MoveRegions)
    assert set(edit.ids) == {robot.regions[0].id, robot.regions[1].id}
    assert robot.polygon(0)[0] == [30, 40]
    assert robot.polygon(1)[0] == [210, 40]


def test_dragging_a_region_that_is_not_selected_selects_and_moves_it(robot):
    robot.select(0)
    robot.drag((250, 50), (255, 60))
    assert robot.selected == [1]
    assert robot.polygon(1)[0] == [205, 30]
    assert robot.polygon(0)[0] == [20, 20]


def test_a_drag_that_comes_back_to_its_start_asks_for_nothing(robot):
    robot.select(0)
    robot.press(70, 40)
    robot.move(100, 60)
    robot.move(70, 40)
    robot.release(70, 40)
    assert robot.edits == []


def test_a_move_of_two_screen_pixels_is_a_click(robot):
    robot.press(250, 50)
    robot.move(251, 50)
    robot.release(251, 50)
    assert robot.edits == []
    assert robot.selected == [1]


def test_dragging_a_vertex_moves_it_by_one_edit(robot):
    robot.select(0)
    robot.drag((120, 80), (140, 95))
    assert robot.only_edit == MoveVertex(robot.regions[0].id, 2, 140.0, 95.0)
    assert robot.polygon(0) == [[20, 20], [120, 20], [140, 95], [20, 80]]


def test_a_vertex_grasped_beside_its_middle_does_not_jump(robot):
    robot.select(0)
    robot.drag((122, 81), (132, 91))
    assert robot.polygon(0)[2] == [130, 90]


def test_a_vertex_cannot_be_dragged_before_its_region_is_selected(robot):
    robot.drag((121, 81), (141, 91))
    assert isinstance(robot.only_edit, MoveRegions)


def test_dragging_one_of_two_chosen_vertices_moves_both_as_one_step_of_undo(robot):
    robot.selection.set((robot.regions[0].id,), (1, 2))
    robot.drag((120, 80), (130, 85))
    assert robot.polygon(0) == [[20, 20], [130, 25], [130, 85], [20, 80]]
    keys = {edit.merge_key for edit in robot.edits}
    assert len(keys) == 1
    assert None not in keys


def test_a_vertex_dragged_onto_a_line_is_refused_with_a_hint(qtbot):
    robot = make_robot(qtbot, Page((new_region([(100, 100), (200, 100), (150, 180)]),)))
    robot.select(0)
    robot.drag((150, 180), (150, 100))
    assert robot.edits == []
    assert "no area" in robot.hints[-1]


def test_dragging_the_middle_of_an_edge_inserts_a_vertex_there(robot):
    robot.select(0)
    robot.drag((70, 20), (75, 5))
    assert robot.only_edit == InsertVertex(robot.regions[0].id, 1, 75.0, 5.0)
    assert robot.polygon(0) == [[20, 20], [75, 5], [120, 20], [120, 80], [20, 80]]


def test_the_middle_of_the_last_edge_inserts_behind_the_last_vertex(robot):
    robot.select(0)
    robot.drag((20, 50), (5, 50))
    assert robot.only_edit == InsertVertex(robot.regions[0].id, 4, 5.0, 50.0)


def test_alt_click_on_an_edge_inserts_a_vertex_on_it(robot):
    robot.select(0)
    robot.click(45, 21, ALT)
    assert robot.only_edit == InsertVertex(robot.regions[0].id, 1, 45.0, 20.0)
    assert robot.selection.vertices == {1}


def test_alt_click_on_the_handle_in_the_middle_of_an_edge_inserts_a_vertex_too(robot):
    robot.select(0)
    robot.click(70, 20, ALT)
    assert robot.only_edit == InsertVertex(robot.regions[0].id, 1, 70.0, 20.0)


def test_alt_click_on_a_vertex_deletes_it(robot):
    robot.select(0)
    robot.click(120, 80, ALT)
    assert robot.only_edit == DeleteVertices(robot.regions[0].id, (2,))
    assert robot.polygon(0) == [[20, 20], [120, 20], [20, 80]]


def test_alt_click_on_a_vertex_of_a_triangle_gives_a_hint(qtbot):
    robot = make_robot(qtbot, Page((new_region([(100, 100), (200, 100), (150, 180)]),)))
    robot.select(0)
    robot.click(150, 180, ALT)
    assert robot.edits == []
    assert robot.hints[-1] == TOO_FEW_VERTICES


def test_a_click_on_a_vertex_chooses_it_and_shift_click_adds_another(robot):
    robot.select(0)
    robot.click(20, 20)
    assert robot.selection.vertices == {0}
    robot.click(120, 80, SHIFT)
    assert robot.selection.vertices == {0, 2}
    robot.click(20, 20, SHIFT)
    assert robot.selection.vertices == {2}


def test_backspace_deletes_the_chosen_vertices(qtbot):
    ring = [(100, 50), (150, 50), (180, 100), (150, 150), (100, 150), (70, 100)]
    robot = make_robot(qtbot, Page((new_region(ring),)))
    robot.selection.set((robot.regions[0].id,), (0, 2))
    robot.key(Qt.Key.Key_Backspace)
    assert robot.only_edit == DeleteVertices(robot.regions[0].id, (0, 2))
    assert len(robot.regions[0].polygon) == 4
    assert robot.selection.vertices == frozenset()


def test_backspace_refuses_to_leave_two_vertices(robot):
    robot.selection.set((robot.regions[0].id,), (0, 1))
    robot.key(Qt.Key.Key_Backspace)
    assert robot.edits == []
    assert robot.hints[-1] == TOO_FEW_VERTICES


def test_backspace_without_a_chosen_vertex_deletes_nothing(robot):
    robot.select(0)
    robot.key(Qt.Key.Key_Backspace)
    assert robot.edits == []
    assert "No vertex" in robot.hints[-1]


def test_delete_removes_the_selected_regions(robot):
    robot.select(0, 2)
    ids = (robot.regions[0].id, robot.regions[2].id)
    robot.key(Qt.Key.Key_Delete)
    assert robot.only_edit == DeleteRegions(ids)
    assert len(robot.regions) == 1
    assert robot.selection.ids == frozenset()


def test_delete_without_a_selection_asks_for_nothing(robot):
    robot.key(Qt.Key.Key_Delete)
    assert robot.edits == []


@pytest.mark.parametrize(
    ("key", "modifiers", "dx", "dy"),
    [
        (Qt.Key.Key_Right, Qt.KeyboardModifier.NoModifier, 1, 0),
        (Qt.Key.Key_Left, Qt.KeyboardModifier.NoModifier, -1, 0),
        (Qt.Key.Key_Up, SHIFT, 0, -10),
        (Qt.Key.Key_Down, ALT, 0, 0.25),
    ],
)
def test_arrows_nudge_the_selected_region(robot, key, modifiers, dx, dy):
    robot.select(0)
    robot.key(key, modifiers)
    edit = robot.only_edit
    assert isinstance(edit, MoveRegions)
    assert (edit.dx, edit.dy) == (dx, dy)
    assert robot.polygon(0)[0] == [20 + dx, 20 + dy]


def test_arrows_nudge_the_chosen_vertices_only(robot):
    robot.selection.set((robot.regions[0].id,), (0, 1))
    robot.key(Qt.Key.Key_Up)
    assert robot.polygon(0) == [[20, 19], [120, 19], [120, 80], [20, 80]]


def test_a_run_of_nudges_shares_a_merge_key_and_another_selection_ends_it(robot):
    robot.select(0)
    robot.key(Qt.Key.Key_Right)
    robot.key(Qt.Key.Key_Down, SHIFT)
    robot.select(1)
    robot.key(Qt.Key.Key_Right)
    first, second, third = (edit.merge_key for edit in robot.edits)
    assert first == second
    assert first is not None
    assert third not in (None, first)


def test_a_press_of_the_mouse_ends_a_run_of_nudges(robot):
    robot.select(0)
    robot.key(Qt.Key.Key_Right)
    robot.click(70, 50)
    robot.key(Qt.Key.Key_Right)
    assert robot.edits[0].merge_key != robot.edits[1].merge_key


def test_tab_goes_through_the_regions_in_reading_order_and_around(robot):
    seen = []
    for _ in range(4):
        robot.key(Qt.Key.Key_Tab)
        seen.extend(robot.selected)
    assert seen == [0, 1, 2, 0]


def test_shift_tab_goes_backwards(robot):
    robot.key(Qt.Key.Key_Backtab, SHIFT)
    assert robot.selected == [2]
    robot.key(Qt.Key.Key_Backtab, SHIFT)
    assert robot.selected == [1]


def test_tab_moves_the_view_to_a_region_outside_it(robot):
    robot.select(0)
    robot.canvas.zoom_to_selection()
    robot.key(Qt.Key.Key_Tab)
    place = robot.canvas.image_to_widget(250, 50)
    assert robot.canvas.rect().contains(place)


def test_shift_drag_on_empty_space_selects_the_regions_inside(robot):
    robot.drag((5, 5), (310, 100), SHIFT)
    assert robot.selected == [0, 1]
    assert robot.edits == []


def test_the_rubber_band_of_the_only_selected_region_chooses_its_vertices(robot):
    robot.select(0)
    robot.drag((100, 10), (140, 100), SHIFT)
    assert robot.selected == [0]
    assert robot.selection.vertices == {1, 2}


def test_escape_during_a_rubber_band_changes_nothing(robot):
    robot.select(2)
    robot.press(5, 5, SHIFT)
    robot.move(310, 100, SHIFT)
    robot.key(Qt.Key.Key_Escape)
    robot.release(310, 100, SHIFT)
    assert robot.selected == [2]


@pytest.mark.parametrize("start", [(70, 40), (120, 80), (70, 20)], ids=["body", "vertex", "ghost"])
def test_escape_cancels_a_drag(robot, start):
    robot.select(0)
    robot.press(*start)
    robot.move(200, 150)
    robot.key(Qt.Key.Key_Escape)
    robot.move(210, 160)
    robot.release(210, 160)
    assert robot.edits == []
    assert robot.selected == [0]
    assert np.array_equal(robot.canvas.shown_active.polygon_of(robot.regions[0]), robot.regions[0].polygon)


def test_escape_lets_go_of_vertices_first_and_then_of_the_region(robot):
    robot.selection.set((robot.regions[0].id,), (1,))
    robot.key(Qt.Key.Key_Escape)
    assert (robot.selected, robot.selection.vertices) == ([0], frozenset())
    robot.key(Qt.Key.Key_Escape)
    assert robot.selected == []


def test_a_double_click_on_a_detection_asks_to_accept_it(robot):
    robot.canvas.show_detections(
        [
            Detection(rectangle(20, 120, 50, 30).polygon, 0.9),
            Detection(rectangle(200, 200, 80, 40).polygon, 0.7),
        ]
    )
    robot.double_click(240, 220)
    assert robot.owner.accepted == [[1]]
    assert robot.edits == []


def test_enter_accepts_the_detection_under_the_mouse(robot):
    robot.canvas.show_detections([Detection(rectangle(200, 200, 80, 40).polygon, 0.7)])
    robot.hover(240, 220)
    assert robot.canvas.hovered_detection == 0
    robot.key(Qt.Key.Key_Return)
    assert robot.owner.accepted == [[0]]


def test_enter_with_a_selection_is_left_to_the_transcription(robot):
    robot.canvas.show_detections([Detection(rectangle(200, 200, 80, 40).polygon, 0.7)])
    robot.select(0)
    robot.hover(240, 220)
    robot.key(Qt.Key.Key_Return)
    assert robot.owner.accepted == []


def test_a_region_over_a_detection_is_hit_first(robot):
    robot.canvas.show_detections([Detection(robot.regions[0].polygon, 0.9)])
    robot.double_click(70, 50)
    assert robot.owner.accepted == []
    assert robot.selected == [0]


def test_a_detection_that_is_gone_is_not_accepted(robot):
    robot.canvas.show_detections([Detection(rectangle(200, 200, 80, 40).polygon, 0.7)])
    robot.hover(240, 220)
    robot.canvas.show_detections([])
    robot.key(Qt.Key.Key_Return)
    assert robot.owner.accepted == []


def test_hidden_regions_cannot_be_clicked(robot):
    robot.canvas.set_layer_visible("regions", False)
    robot.click(70, 50)
    assert robot.selected == []


def test_a_right_click_selects_the_region_and_asks_for_a_menu(robot):
    asked = []
    robot.canvas.context_menu_requested.connect(lambda hit, place: asked.append((hit.kind, hit.region_id)))
    robot.click(250, 50, button=RIGHT)
    assert asked == [("body", robot.regions[1].id)]
    assert robot.selected == [1]


def test_a_right_click_on_a_vertex_says_which_one(robot):
    asked = []
    robot.canvas.context_menu_requested.connect(lambda hit, place: asked.append((hit.kind, hit.index)))
    robot.select(0)
    robot.click(120, 80, button=RIGHT)
    assert asked == [("vertex", 2)]


def test_a_right_click_on_nothing_asks_for_a_menu_of_the_page(robot):
    asked = []
    robot.canvas.context_menu_requested.connect(lambda hit, place: asked.append(hit))
    robot.click(350, 280, button=RIGHT)
    assert asked == [None]


def test_another_page_ends_a_drag(robot):
    robot.select(0)
    robot.press(70, 40)
    robot.move(100, 60)
    robot.canvas.show_page(Page((robot.regions[1],)))
    robot.release(100, 60)
    assert robot.edits == []
    assert robot.selection.ids == frozenset()


def test_another_picture_ends_a_drag(robot):
    robot.select(0)
    robot.press(70, 40)
    robot.move(100, 60)
    robot.canvas.show_image(picture(200, 200))
    robot.release(100, 60)
    assert robot.edits == []


def test_hovering_says_what_the_mouse_would_do(robot):
    robot.select(0)
    robot.hover(120, 80)
    assert "Alt+click deletes" in robot.hints[-1]
    robot.hover(70, 20)
    assert "inserts a vertex" in robot.hints[-1]


def test_with_very_many_selected_regions_a_drag_on_a_vertex_moves_them_all(qtbot):
    regions = tuple(
        rectangle(10 + 38 * column, 10 + 90 * row, 30, 40) for row in range(3) for column in range(10)
    )
    robot = make_robot(qtbot, Page(regions))
    robot.canvas.select_all()
    robot.drag((10, 10), (14, 15))
    edit = robot.only_edit
    assert isinstance(edit, MoveRegions)
    assert len(edit.ids) == 30
