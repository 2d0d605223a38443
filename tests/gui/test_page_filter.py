"""Filtering and ordering the list of images by what the pages say."""

from pathlib import Path

import pytest

from app.domain.page import Page
from app.domain.region import new_region
from app.storage.project_db import PredictionRow, ProjectDb
from tcm_core.detection import Detection
from tests.helpers.app_robot import AppRobot, run_with
from tests.helpers.fake_predictor import FakeDetector
from tests.helpers.photos import write_photos

QUAD = ((10, 10), (60, 10), (60, 30), (10, 30))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = write_photos(tmp_path / "photos", ("a.jpg", "b.jpg", "c.jpg", "d.jpg"))
    db = ProjectDb.open(folder)
    db.save_edit("c.jpg", Page((new_region(QUAD, text="Exit 5"),), "edited"), "Add", "edit")
    db.save_edit("a.jpg", Page((), "approved"), "Approve", "edit")
    quad = new_region(QUAD).polygon
    for key, score in (("b.jpg", 0.95), ("d.jpg", 0.5)):
        db.save_predictions(key, PredictionRow("h", "n", "{}", (Detection(quad, score),)))
    db.close()
    return folder


def type_filter(robot: AppRobot, text: str) -> None:
    robot.window.pages.filter.setText(text)


def test_pages_are_filtered_by_state_text_and_score(qapp, folder: Path):
    def script(robot: AppRobot):
        yield robot.picture_shown
        panel, listed = robot.window.pages, robot.window.listed_keys
        for text, keys in (
            ("state:approved", ["a.jpg"]),
            ("text:exit", ["c.jpg"]),
            ("score:[0.4,0.6]", ["d.jpg"]),
            ("size:[19,21]", ["c.jpg"]),
            ("count:0 -state:approved", ["b.jpg", "d.jpg"]),
            ("d.j", ["d.jpg"]),
        ):
            type_filter(robot, text)
            yield lambda wanted=keys: list(listed()) == wanted
            assert panel.filter_text.isHidden()
        type_filter(robot, "state:approve nothing:")
        assert "no field 'nothing'" in panel.filter_text.text()
        assert not panel.filter_text.isHidden()
        assert list(listed()) == ["d.jpg"]
        type_filter(robot, "")
        assert panel.filter_text.isHidden()
        assert len(listed()) == 4

    run_with(FakeDetector(), [str(folder)], script)


def test_edits_are_found_at_once_and_what_is_reviewed_stays_in_the_list(qapp, folder: Path):
    def script(robot: AppRobot):
        yield robot.picture_shown
        listed = robot.window.listed_keys
        type_filter(robot, "text:")
        yield lambda: list(listed()) == ["c.jpg"]
        type_filter(robot, "")
        robot.window.pages.page_chosen.emit("b.jpg")
        yield lambda: robot.key == "b.jpg"
        robot.press("R")
        robot.drag((20, 20), (80, 60))
        robot.window.regions.table.selectRow(0)
        robot.press("F2")
        robot.type("Cafe", robot.window.regions.text)
        robot.press("Return", robot.window.regions.text)
        type_filter(robot, "text:cafe")
        yield lambda: list(listed()) == ["b.jpg"]
        type_filter(robot, "-state:approved")
        assert list(listed()) == ["b.jpg", "c.jpg", "d.jpg"]
        robot.press("Ctrl+Return")
        yield lambda: robot.key == "c.jpg"
        assert list(listed()) == ["b.jpg", "c.jpg", "d.jpg"]
        robot.press("Return", robot.window.pages.filter)
        assert list(listed()) == ["c.jpg", "d.jpg"]

    run_with(FakeDetector(), [str(folder)], script)


def test_the_order_is_by_name_by_the_last_edit_or_by_how_certain_the_detector_is(qapp, folder: Path):
    def script(robot: AppRobot):
        yield robot.picture_shown
        panel, listed = robot.window.pages, robot.window.listed_keys
        for row, keys in (
            (2, ["d.jpg", "b.jpg", "a.jpg", "c.jpg"]),
            (1, ["a.jpg", "c.jpg", "b.jpg", "d.jpg"]),
            (0, ["a.jpg", "b.jpg", "c.jpg", "d.jpg"]),
        ):
            panel.order.setCurrentIndex(row)
            panel.order.activated.emit(row)
            yield lambda wanted=keys: list(listed()) == wanted
        assert robot.key == "a.jpg"
        panel.order.setCurrentIndex(2)
        panel.order.activated.emit(2)
        yield lambda: listed()[0] == "d.jpg"
        robot.press("Home")
        yield lambda: robot.key == "d.jpg"
        robot.press("D")
        yield lambda: robot.key == "b.jpg"

    run_with(FakeDetector(), [str(folder)], script)
