"""The statistics of a project, and the check for approvals of untouched detections."""

from pathlib import Path

import pytest
from PySide6.QtCore import Qt

from app.domain.page import Page
from app.domain.region import new_region
from app.storage.project_db import ProjectDb
from app.views.dialogs.statistics import StatisticsDialog
from tests.helpers.app_robot import AppRobot, run_with
from tests.helpers.fake_predictor import FakeDetector
from tests.helpers.photos import write_photos


def box(x: float, height: float = 20, **values):
    return new_region([(x, 10), (x + 80, 10), (x + 80, 10 + height), (x, 10 + height)], **values)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = write_photos(tmp_path / "photos")
    db = ProjectDb.open(folder)
    db.save_edit("b.png", Page((box(0, origin="model"), box(90, text="EXIT")), "approved"), "Draw", "edit")
    db.save_edit("c.jpg", Page((box(0, 40, ignore=True),), "edited"), "Draw", "edit")
    db.close()
    return folder


def dialog_of(robot: AppRobot) -> StatisticsDialog:
    return next(found for found in robot.window.findChildren(StatisticsDialog) if found.isVisible())


def cells(table) -> dict[str, str]:
    return {table.item(row, 0).text(): table.item(row, 1).text() for row in range(table.rowCount())}


def test_the_dialog_counts_the_project(qapp, folder: Path):
    def script(robot: AppRobot):
        yield robot.picture_shown
        robot.trigger("statistics")
        dialog = dialog_of(robot)
        yield lambda: "with labels of" in dialog.state.text()
        assert dialog.state.text() == "2 images with labels of 3"
        found = cells(dialog.overview)
        assert found["Regions"] == "3"
        assert found["Regions ignored"] == "1"
        assert found["Regions detected, untouched"] == "1"
        assert found["Images approved"] == "1"
        assert dict(dialog.sizes.rows)["16 to 24 px"] == 2
        assert dict(dialog.sizes.rows)["32 to 48 px"] == 1
        assert dict(dialog.angles.rows)["-5 to 5°"] == 3
        assert sorted(dialog.characters.rows) == [("E", 1), ("I", 1), ("T", 1), ("X", 1)]
        assert cells(dialog.speed)["All"] is not None
        assert dialog.speed.item(0, 3).text() == "2"
        dialog.close()

    run_with(FakeDetector(), [str(folder)], script)


def test_an_approved_image_with_untouched_detections_is_named_and_opened(qapp, folder: Path):
    def script(robot: AppRobot):
        yield robot.picture_shown
        robot.trigger("statistics")
        dialog = dialog_of(robot)
        yield lambda: dialog.check.count() == 1
        item = dialog.check.item(0)
        assert item.text() == "b.png: 1 of 2 polygons are as the detector made them"
        assert item.data(Qt.ItemDataRole.UserRole) == "b.png"
        dialog.check.itemActivated.emit(item)
        yield lambda: robot.key == "b.png"
        assert not dialog.isVisible()

    run_with(FakeDetector(), [str(folder)], script)


def test_another_folder_ends_the_count(qapp, folder: Path, tmp_path: Path):
    other = write_photos(tmp_path / "other", ("x.jpg",))

    def script(robot: AppRobot):
        yield robot.picture_shown
        robot.trigger("statistics")
        robot.window.dropped.emit(str(other))
        yield lambda: robot.key == "x.jpg"
        assert not [found for found in robot.window.findChildren(StatisticsDialog) if found.isVisible()]
        robot.window.activateWindow()

    run_with(FakeDetector(), [str(folder)], script)
