"""The verbs of the Shape and Edit menus in the whole program: keys, one step of undo each, refusals."""

import json
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QMimeData
from PySide6.QtGui import QGuiApplication

from app.domain.clipboard import MIME_TYPE
from app.domain.edits import AddRegions
from app.domain.region import new_region
from tcm_core.geometry.polygon import area, is_simple, perimeter, signed_area
from tests.helpers.app_robot import AppRobot, run_with
from tests.helpers.fake_predictor import FakeDetector
from tests.helpers.photos import write_photos
from tests.helpers.text_shapes import COUNTS, text_outline

SIZE = (240, 320)


@pytest.fixture(params=COUNTS)
def count(request):
    return request.param


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


def undone(robot: AppRobot, before) -> None:
    """One undo takes the whole step back."""
    robot.press("Ctrl+Z")
    assert [region.polygon.tolist() for region in robot.page.regions] == [
        region.polygon.tolist() for region in before
    ]


def message(robot: AppRobot) -> str:
    return robot.window.status.currentMessage()


def test_grow_and_shrink_by_a_pixel_is_one_run_of_undo(qapp, folder, count):
    def script(robot: AppRobot):
        yield robot.picture_shown
        add(robot, new_region(outline(count)))
        before = robot.page.regions
        robot.press("+")
        assert area(one(robot).polygon) == pytest.approx(
            area(before[0].polygon) + perimeter(before[0].polygon), rel=0.06
        )
        robot.press("+")
        robot.press("-")
        assert len(one(robot).polygon) == count
        undone(robot, before)

    run_with(FakeDetector(), [str(folder)], script)


def test_turning_by_one_and_by_fifteen_degrees(qapp, folder, count):
    def script(robot: AppRobot):
        yield robot.picture_shown
        add(robot, new_region(outline(count)))
        before = robot.page.regions
        robot.press("]")
        robot.press("Shift+]")
        edge = one(robot).polygon[1] - one(robot).polygon[0]
        assert np.degrees(np.arctan2(edge[1], edge[0])) == pytest.approx(16)
        robot.press("[")
        robot.press("Shift+[")
        assert one(robot).polygon == pytest.approx(before[0].polygon)
        assert is_simple(one(robot).polygon)
        undone(robot, before)

    run_with(FakeDetector(), [str(folder)], script)


def test_box_and_quad(qapp, folder, count):
    def script(robot: AppRobot):
        yield robot.picture_shown
        add(robot, new_region(outline(count, degrees=12)))
        before = robot.page.regions
        robot.press("Ctrl+T")
        assert len(one(robot).polygon) == 4
        if count == 4:
            assert robot.page.regions == before
        robot.press("Ctrl+R")
        box = one(robot).polygon
        assert len(box) == 4
        assert signed_area(box) > 0
        edges = np.roll(box, -1, axis=0) - box
        assert edges[0] @ edges[1] == pytest.approx(0, abs=1)

    run_with(FakeDetector(), [str(folder)], script)


def test_simplify_asks_how_many_and_escape_keeps_the_outline(qapp, folder, count):
    def script(robot: AppRobot):
        yield robot.picture_shown
        add(robot, new_region(outline(count)))
        before = robot.page.regions
        robot.press("S")
        assert robot.canvas.tool == "simplify"
        robot.press("Escape")
        assert robot.page.regions == before
        robot.press("S")
        robot.press("Return")
        assert len(one(robot).polygon) == min(count, 4)
        if count > 4:
            undone(robot, before)

    run_with(FakeDetector(), [str(folder)], script)


def test_cut_in_two_and_merge_again(qapp, folder, count):
    def script(robot: AppRobot):
        yield robot.picture_shown
        bent = outline(count, bend=0.6 if count >= 14 else 0.0)
        add(robot, new_region(bent, text="GRAND HOTEL"))
        before = robot.page.regions
        robot.press("Ctrl+K")
        assert [region.text for region in robot.page.regions] == ["GRAND", "HOTEL"]
        assert sum(area(region.polygon) for region in robot.page.regions) == pytest.approx(
            area(before[0].polygon)
        )
        robot.press("Ctrl+M")  # both parts are selected
        assert one(robot).polygon == pytest.approx(before[0].polygon, abs=1e-6)
        assert one(robot).text == "GRAND HOTEL"
        robot.press("Ctrl+Z")
        undone(robot, before)

    run_with(FakeDetector(), [str(folder)], script)


def test_words_apart_are_not_merged_but_joined(qapp, folder, count):
    def script(robot: AppRobot):
        yield robot.picture_shown
        add(
            robot,
            new_region(outline(count, at=(80, 120)), text="GRAND"),
            new_region(outline(count, at=(220, 124)), text="HOTEL"),
        )
        before = robot.page.regions
        robot.press("Ctrl+M")
        assert robot.page.regions == before
        assert "Ctrl+J" in message(robot)
        robot.press("Ctrl+J")
        assert one(robot).text == "GRAND HOTEL"
        assert is_simple(one(robot).polygon)
        assert area(one(robot).polygon) > sum(area(region.polygon) for region in before)
        undone(robot, before)

    run_with(FakeDetector(), [str(folder)], script)


def test_a_line_is_split_at_the_spaces_of_its_text(qapp, folder, count):
    def script(robot: AppRobot):
        yield robot.picture_shown
        add(robot, new_region(outline(count), text="ONE TWO THREE"))
        before = robot.page.regions
        robot.press("Ctrl+Shift+K")
        assert [region.text for region in robot.page.regions] == ["ONE", "TWO", "THREE"]
        lefts = [region.polygon[:, 0].min() for region in robot.page.regions]
        assert lefts == sorted(lefts)
        undone(robot, before)

    run_with(FakeDetector(), [str(folder)], script)


def test_a_line_without_spaces_and_without_a_map_says_what_is_missing(qapp, folder):
    def script(robot: AppRobot):
        yield robot.picture_shown
        add(robot, new_region(outline(14)))
        robot.press("Ctrl+Shift+K")
        assert len(robot.page.regions) == 1
        assert "Nothing says where words end" in message(robot)

    run_with(FakeDetector(), [str(folder)], script)


def test_the_reading_start_goes_round_and_is_put_right(qapp, folder, count):
    def script(robot: AppRobot):
        yield robot.picture_shown
        add(robot, new_region(outline(count)))
        before = one(robot).polygon
        robot.press("L")
        assert one(robot).polygon == pytest.approx(np.roll(before, -1, axis=0))
        if count != 3:
            robot.press("Shift+L")
            assert one(robot).polygon == pytest.approx(before)

    run_with(FakeDetector(), [str(folder)], script)


def test_an_outline_the_wrong_way_round_is_made_clockwise(qapp, folder, count):
    def script(robot: AppRobot):
        yield robot.picture_shown
        add(robot, new_region(outline(count)[::-1]))
        assert signed_area(one(robot).polygon) < 0
        robot.press("Shift+L")
        assert signed_area(one(robot).polygon) > 0

    run_with(FakeDetector(), [str(folder)], script)


def test_copy_paste_over_images_and_duplicate(qapp, folder, count):
    def script(robot: AppRobot):
        yield robot.picture_shown
        add(robot, new_region(outline(count), text="Café", ignore=True))
        original = one(robot)
        robot.press("Ctrl+C")
        robot.press("D")
        yield lambda: robot.key == "b.jpg" and robot.picture_shown()
        robot.press("Ctrl+V")
        pasted = one(robot)
        assert pasted.polygon.tolist() == original.polygon.tolist()
        assert (pasted.text, pasted.ignore) == ("Café", True)
        assert pasted.id != original.id
        robot.press("Ctrl+D")
        assert robot.page.regions[1].polygon.tolist() == (original.polygon + 10).tolist()
        robot.press("Ctrl+Z")
        robot.press("Ctrl+Z")
        assert robot.page.regions == ()

    run_with(FakeDetector(), [str(folder)], script)


@pytest.mark.parametrize("content", [b"{", json.dumps({"version": 9}).encode()])
def test_a_foreign_clipboard_is_refused_in_words(qapp, folder, content):
    def script(robot: AppRobot):
        yield robot.picture_shown
        data = QMimeData()
        data.setData(MIME_TYPE, content)
        QGuiApplication.clipboard().setMimeData(data)
        robot.press("Ctrl+V")
        assert robot.page.regions == ()
        assert "clipboard" in message(robot)
        QGuiApplication.clipboard().setText("words")
        robot.press("Ctrl+V")
        assert "copy some first" in message(robot)

    run_with(FakeDetector(), [str(folder)], script)


def test_the_regions_of_the_image_before_are_taken_over_once(qapp, folder, count):
    def script(robot: AppRobot):
        yield robot.picture_shown
        add(robot, new_region(outline(count)), new_region(outline(count, at=(100, 60))))
        before = robot.page.regions
        robot.press("D")
        yield lambda: robot.key == "b.jpg" and robot.picture_shown()
        robot.press("Ctrl+P")
        assert [region.polygon.tolist() for region in robot.page.regions] == [
            region.polygon.tolist() for region in before
        ]
        robot.press("Ctrl+P")
        assert len(robot.page.regions) == 2
        assert "already" in message(robot)

    run_with(FakeDetector(), [str(folder)], script)


def test_every_verb_is_in_the_menu_of_the_right_button(qapp, folder):
    from app.views.actions import ACTIONS
    from app.views.context_menu import DRAWING, ON_EMPTY, ON_REGION, SHAPES

    listed = {*DRAWING, *ON_EMPTY, *ON_REGION, *SHAPES}
    verbs = {spec.id for spec in ACTIONS if spec.id.startswith(("shape.", "tool."))} - {"tool.select"}
    assert verbs <= listed


def test_chosen_vertices_go_by_the_menu_too(qapp, folder, count):
    def script(robot: AppRobot):
        yield robot.picture_shown
        add(robot, new_region(outline(count)))
        before = robot.page.regions
        robot.trigger("shape.vertices")
        assert "No vertex is chosen" in message(robot)
        robot.canvas._selection.set([before[0].id], [1])
        robot.trigger("shape.vertices")
        if count == 3:
            assert "at least three vertices" in message(robot)
        else:
            assert one(robot).polygon.tolist() == np.delete(before[0].polygon, 1, axis=0).tolist()
            undone(robot, before)

    run_with(FakeDetector(), [str(folder)], script)


def test_the_knifes_line_is_cut_by_its_key_without_a_selection(qapp, folder, count):
    def script(robot: AppRobot):
        yield robot.picture_shown
        add(robot, new_region(outline(count)))
        robot.press("Escape")
        robot.press("K")
        robot.click(150, 70)
        robot.click(152, 170)
        assert robot.canvas.has_draft
        robot.press("Ctrl+K")
        assert len(robot.page.regions) == 2
        robot.press("Escape")
        robot.canvas._selection.clear()
        robot.press("Ctrl+K")
        assert "Select a region" in message(robot)

    run_with(FakeDetector(), [str(folder)], script)
