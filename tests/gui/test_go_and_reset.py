"""Going to an image by number or name, and putting the detections in place of the regions."""

from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication

from app.views.dialogs.export import ExportDialog
from app.views.dialogs.go_to import GoToDialog, matching_rows
from app.views.dialogs.reset import ResetDialog
from tests.helpers.app_robot import AppRobot, run_with
from tests.helpers.fake_predictor import FakeDetector
from tests.helpers.photos import write_photo, write_photos

KEYS = ["street/img_1.jpg", "street/img_2.jpg", "shop/IMG_12.jpg", "shop/sign.png"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_photos(tmp_path / "photos")


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("", [0, 1, 2, 3]),
        ("2", [1, 2]),
        (" sign ", [3]),
        ("img_1", [0, 2]),
        ("SHOP", [2, 3]),
        ("12", [2]),
        ("0", []),
        ("harbour", []),
    ],
)
def test_a_number_comes_before_the_names_that_contain_it(text: str, rows: list[int]):
    assert matching_rows(KEYS, text) == rows


def test_an_image_is_reached_by_its_number_and_by_its_name(qapp, folder: Path):
    def script(robot: AppRobot):
        yield robot.picture_shown
        for typed, key in (("3", "c.jpg"), ("b.p", "b.png")):
            robot.press("Ctrl+G")
            dialog = robot.window.findChildren(GoToDialog)[-1]
            robot.type(typed, dialog.text)
            robot.press("Return", dialog.text)
            assert robot.key == key
            robot.window.activateWindow()
            yield robot.picture_shown

    run_with(FakeDetector(), [str(folder)], script)


def test_arrows_choose_among_the_images_that_fit(qtbot):
    dialog = GoToDialog(KEYS)
    qtbot.addWidget(dialog)
    dialog.open()
    reached: list[str] = []
    dialog.page_chosen.connect(reached.append)
    robot = AppRobot()
    robot.type("img", dialog.text)
    robot.press("Down", dialog.text)
    robot.press("Return", dialog.text)
    assert reached == ["street/img_2.jpg"]
    assert not dialog.isVisible()


def test_what_no_image_has_goes_nowhere_and_says_so(qtbot):
    dialog = GoToDialog(KEYS)
    qtbot.addWidget(dialog)
    dialog.open()
    dialog.page_chosen.connect(lambda _: pytest.fail("there is nothing to go to"))
    AppRobot().type("harbour", dialog.text)
    AppRobot().press("Return", dialog.text)
    assert dialog.isVisible()
    assert dialog.hint.text() == "No image has that number or name"


def test_both_ends_of_the_list_are_said(qapp, folder: Path):
    def script(robot: AppRobot):
        yield robot.picture_shown
        robot.press("A")
        assert robot.window.status.currentMessage() == "This is the first image"
        robot.press("End")
        robot.press("D")
        assert robot.window.status.currentMessage() == "This is the last image"

    run_with(FakeDetector(), [str(folder)], script)


def test_reset_asks_replaces_and_can_be_taken_back(qapp, folder: Path):
    def script(robot: AppRobot):
        yield robot.picture_shown
        yield robot.checkpoint_ready
        robot.press("R")
        robot.drag((5, 150), (60, 190))
        yield lambda: len(robot.page.regions) == 1
        (drawn,) = robot.page.regions
        robot.press("G")
        yield robot.can_accept
        for answer, origins in (("keep_button", ["person"]), ("replace_button", ["model", "model"])):
            robot.press("Ctrl+Backspace")
            dialog = robot.window.findChildren(ResetDialog)[-1]
            assert "Replace 1 region by 2 detections?" in dialog.text()
            getattr(dialog, answer).click()
            robot.window.activateWindow()
            yield lambda origins=origins: [region.origin for region in robot.page.regions] == origins
        robot.press("Ctrl+Z")
        assert robot.page.regions == (drawn,)

    run_with(FakeDetector(), [str(folder)], script)


def test_reset_of_an_image_without_regions_does_not_ask(qapp, folder: Path):
    def script(robot: AppRobot):
        yield from robot.detected()
        robot.press("Ctrl+Backspace")
        assert [region.origin for region in robot.page.regions] == ["model", "model"]
        assert QApplication.activeModalWidget() is None

    run_with(FakeDetector(), [str(folder)], script)


def test_what_is_drawn_or_found_while_its_layer_is_hidden_is_shown(qapp, folder: Path):
    def script(robot: AppRobot):
        yield robot.picture_shown
        yield robot.checkpoint_ready
        robot.press("1")
        robot.press("2")
        assert not robot.action("regions").isChecked()
        assert not robot.action("detections").isChecked()
        robot.press("R")
        robot.drag((5, 150), (60, 190))
        assert robot.action("regions").isChecked()
        robot.press("G")
        yield robot.can_accept
        assert robot.action("detections").isChecked()

    run_with(FakeDetector(), [str(folder)], script)


def test_approving_says_what_was_not_accepted(qapp, folder: Path):
    def script(robot: AppRobot):
        yield from robot.detected()
        robot.press("Ctrl+Shift+Return")
        assert robot.window.status.currentMessage() == "Approved without 2 detections not accepted"
        robot.press("Shift+Return")
        robot.press("Ctrl+Shift+Return")
        assert "Approved without" not in robot.window.status.currentMessage()

    run_with(FakeDetector(), [str(folder)], script)


def test_the_export_report_follows_the_choice_of_an_archive(qapp, tmp_path: Path):
    folder = tmp_path / "photos"
    for name in ("one/a.jpg", "two/a.jpg"):
        write_photo(folder / name)

    def script(robot: AppRobot):
        yield robot.picture_shown
        for _ in range(2):
            robot.trigger("approve_stay")
            robot.press("D")
        robot.trigger("export")
        dialog = robot.window.findChild(ExportDialog)
        assert "another image would give" not in dialog.report.toPlainText()
        dialog.zip.click()
        assert "another image would give" in dialog.report.toPlainText()
        yield lambda: True
        dialog.close()

    run_with(FakeDetector(), [str(folder)], script)
