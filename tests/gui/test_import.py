"""Import through the window: the dialog reads, reports, imports; ground truth lies under the labels."""

import json
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication

from app.storage.project_db import ProjectDb
from app.views.dialogs.importing import ImportDialog
from tests.helpers.app_robot import AppRobot, run_with
from tests.helpers.fake_predictor import FakeDetector
from tests.helpers.photos import write_photos

BOX = [[20.0, 20.0], [90.0, 20.0], [90.0, 50.0], [20.0, 50.0]]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_photos(tmp_path / "photos")


@pytest.fixture
def labels(tmp_path: Path) -> Path:
    """Two label files as labelme writes them, one of an image that is not there."""
    for stem in ("a", "gone"):
        shape = {"label": "EXIT", "points": BOX, "shape_type": "polygon", "flags": {}}
        content = {
            "version": "5.5.0", "flags": {}, "shapes": [shape], "imagePath": f"{stem}.jpg",
            "imageData": None, "imageHeight": 240, "imageWidth": 320,
        }  # fmt: skip
        (tmp_path / "labelme").mkdir(exist_ok=True)
        (tmp_path / "labelme" / f"{stem}.json").write_text(json.dumps(content), encoding="utf-8")
    return tmp_path / "labelme"


def open_dialog(robot: AppRobot, labels: Path) -> ImportDialog:
    robot.press("Ctrl+Shift+I")
    dialog = robot.window.findChildren(ImportDialog)[-1]
    dialog.source.setText(str(labels))
    dialog.source.editingFinished.emit()
    return dialog


def test_labels_are_read_reported_and_imported_as_one_step_of_undo(qapp, folder: Path, labels: Path):
    def script(robot: AppRobot):
        yield robot.picture_shown
        dialog = open_dialog(robot, labels)
        yield dialog.import_button.isEnabled
        report = dialog.report.toPlainText()
        assert "Format: labelme" in report
        assert "1 region for 1 image" in report
        assert "not in this folder: 1\n  gone.jpg" in report
        assert robot.page.regions == ()
        dialog.import_button.click()
        yield lambda: "1 image changed" in dialog.outcome.text()
        assert [region.text for region in robot.page.regions] == ["EXIT"]
        assert robot.page.regions[0].polygon.tolist() == BOX
        dialog.cancel_button.click()
        robot.window.activateWindow()
        yield lambda: QApplication.activeWindow() is robot.window
        robot.press("Ctrl+Z")
        assert robot.page.regions == ()

    run_with(FakeDetector(), [str(folder)], script)


def test_ground_truth_is_shown_under_the_labels_until_it_is_forgotten(qapp, folder: Path, labels: Path):
    def script(robot: AppRobot):
        yield robot.picture_shown
        layer = robot.canvas.stage.truth
        dialog = open_dialog(robot, labels)
        yield dialog.import_button.isEnabled
        dialog.mode.setCurrentIndex(dialog.mode.findData("truth"))
        dialog.import_button.click()
        yield lambda: "ground truth now" in dialog.outcome.text()
        dialog.cancel_button.click()
        robot.window.activateWindow()
        yield lambda: QApplication.activeWindow() is robot.window
        assert robot.page.regions == ()
        assert len(layer.near(20, 20, 5)) == 1
        robot.press("5")
        assert not layer.isVisible()
        robot.press("5")
        assert layer.isVisible()
        robot.press("D")
        yield lambda: robot.key == "b.png"
        assert layer.near(20, 20, 5) == []
        robot.press("A")
        yield lambda: robot.key == "a.jpg"
        assert len(layer.near(20, 20, 5)) == 1
        robot.trigger("truth.clear")
        assert layer.near(20, 20, 5) == []

    run_with(FakeDetector(), [str(folder)], script)
    db = ProjectDb.open(folder)
    assert db.truth.count() == 0
    db.close()


def test_what_cannot_be_read_is_said_in_the_dialog(qapp, folder: Path, tmp_path: Path):
    (tmp_path / "notes.txt").write_text("not labels\n", encoding="utf-8")

    def script(robot: AppRobot):
        yield robot.picture_shown
        dialog = open_dialog(robot, tmp_path / "notes.txt")
        yield lambda: "no known label format" in dialog.report.toPlainText()
        assert not dialog.import_button.isEnabled()
        assert not robot.problems

    run_with(FakeDetector(), [str(folder)], script)
