"""What goes wrong under an open window: each has its message, and the labels are intact."""

import os
import sqlite3
from pathlib import Path

import pytest

from app.domain.page import Page
from app.domain.region import new_region
from app.storage.project_db import ProjectDb
from tests.helpers.app_robot import AppRobot, run_with
from tests.helpers.fake_predictor import FakeDetector
from tests.helpers.photos import write_photo, write_photos

PROJECT = Path(".tcm-studio") / "project.sqlite3"
QUAD = ((10, 10), (60, 10), (60, 30), (10, 30))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_photos(tmp_path / "photos")


def draw(robot: AppRobot, x: float = 20) -> None:
    robot.press("R")
    robot.drag((x, 20), (x + 40, 60))


def saved(folder: Path, key: str = "a.jpg") -> Page:
    db = ProjectDb.open(folder)
    page = db.load_page(key)
    db.close()
    return page


def test_an_image_that_is_replaced_or_deleted_while_it_is_open(qapp, folder: Path, tmp_path: Path):
    def script(robot: AppRobot):
        yield robot.picture_shown
        draw(robot)
        banner = robot.window.page_banner
        write_photo(tmp_path / "larger.jpg", (480, 640), seed=9).replace(folder / "a.jpg")
        yield lambda: "changed by another program" in banner.text.text() and robot.image_size == (480, 640)
        assert len(robot.page.regions) == 1
        (folder / "a.jpg").unlink()
        yield lambda: "deleted or renamed" in banner.text.text()
        draw(robot, 100)
        assert len(robot.page.regions) == 2

    run_with(FakeDetector(), [str(folder)], script)
    assert len(saved(folder).regions) == 2


def test_an_image_that_comes_into_the_folder_is_listed(qapp, folder: Path):
    def script(robot: AppRobot):
        yield robot.picture_shown
        write_photo(folder / "new.jpg")
        yield lambda: list(robot.window.listed_keys()) == ["a.jpg", "b.png", "c.jpg", "new.jpg"]
        robot.press("End")
        yield lambda: robot.key == "new.jpg"
        yield robot.picture_shown

    run_with(FakeDetector(), [str(folder)], script)


def test_a_disk_that_is_pulled_out_loses_nothing_when_it_is_put_back(qapp, folder: Path, tmp_path: Path):
    def script(robot: AppRobot):
        yield robot.picture_shown
        draw(robot)
        folder.rename(tmp_path / "unplugged")
        draw(robot, 100)
        banner = robot.window.save_banner
        assert "is not there any more" in banner.text.text()
        assert len(robot.page.regions) == 2
        (tmp_path / "unplugged").rename(folder)
        assert len(saved(folder).regions) == 1
        banner.button.click()
        assert banner.isHidden()
        assert len(saved(folder).regions) == 2

    run_with(FakeDetector(), [str(folder)], script)


def test_a_damaged_project_is_read_as_far_as_it_can_be_and_kept(qapp, folder: Path):
    db = ProjectDb.open(folder)
    db.save_edit("a.jpg", Page((new_region(QUAD, text="EXIT"),), "approved"), "Add", "edit")
    db._connection.execute("PRAGMA journal_mode = DELETE")
    db.close()
    content = bytearray((folder / PROJECT).read_bytes())
    file = sqlite3.connect(folder / PROJECT)
    root = file.execute("SELECT rootpage FROM sqlite_master WHERE name = 'pages'").fetchone()[0]
    file.close()
    content[(root - 1) * 4096 : root * 4096] = b"\xa5" * 4096  # the page table; its journal is left
    (folder / PROJECT).write_bytes(content)

    def script(robot: AppRobot):
        yield robot.picture_shown
        assert "was damaged" in robot.window.folder_banner.text.text()
        assert [region.text for region in robot.page.regions] == ["EXIT"]

    run_with(FakeDetector(), [str(folder)], script)
    aside = (folder / PROJECT).with_name(PROJECT.name + ".corrupt-1").read_bytes()
    assert aside[100:] == content[100:]  # the header says how it was opened last


def test_a_project_of_a_newer_version_is_refused_and_left_as_it_is(qapp, folder: Path):
    db = ProjectDb.open(folder)
    db.save_edit("a.jpg", Page((new_region(QUAD),), "edited"), "Add", "edit")
    db._connection.execute("PRAGMA user_version = 999")
    db.close()
    before = (folder / PROJECT).read_bytes()

    def script(robot: AppRobot):
        yield lambda: robot.problems
        (problem,) = robot.close_problems()
        assert "newer TCM Studio" in problem.what
        assert problem.remedy
        assert robot.key is None

    run_with(FakeDetector(), [str(folder)], script)
    assert (folder / PROJECT).read_bytes() == before


def test_the_second_window_looks_and_does_not_touch(qapp, folder: Path):
    first = ProjectDb.open(folder, exclusive=True)
    first.save_edit("a.jpg", Page((new_region(QUAD),), "edited"), "Add", "edit")

    def script(robot: AppRobot):
        yield robot.picture_shown
        assert f"process {os.getpid()}" in robot.window.folder_banner.text.text()
        assert len(robot.page.regions) == 1
        draw(robot, 100)
        assert len(robot.page.regions) == 1
        assert "only be looked at" in robot.window.status.currentMessage()
        assert not robot.action("undo").isEnabled()
        robot.press("Ctrl+Return")
        yield robot.picture_shown
        assert not robot.problems
        assert robot.window.save_banner.isHidden()

    run_with(FakeDetector(), [str(folder)], script)
    assert first.load_page("a.jpg").review == "edited"
    first.close()


def test_a_renamed_image_is_opened_with_its_labels(qapp, folder: Path):
    def label(robot: AppRobot):
        yield robot.picture_shown
        draw(robot)
        db = ProjectDb.open(folder)
        yield lambda: db.images.labelled()["a.jpg"][1] is not None  # its content is known a while later
        db.close()

    def again(robot: AppRobot):
        yield robot.picture_shown
        yield lambda: "found by the content" in robot.window.folder_banner.text.text()
        robot.press("End")
        yield lambda: robot.key == "renamed.jpg"
        assert len(robot.page.regions) == 1

    run_with(FakeDetector(), [str(folder)], label)
    (folder / "a.jpg").rename(folder / "renamed.jpg")
    run_with(FakeDetector(), [str(folder)], again)
