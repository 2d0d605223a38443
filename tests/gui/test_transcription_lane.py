"""The transcription lane: a page is typed without the mouse, in any script, and nothing is kept too early."""

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QInputMethodEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from app.domain.page import Page
from app.domain.region import new_region
from app.qtmodels.regions import TEXT
from app.storage.project_db import ProjectDb
from app.storage.text_checks import write_text_check
from app.views.dialogs.illegible import IllegibleDialog
from app.views.dialogs.text_checks import TextChecksDialog
from tests.helpers.app_robot import AppRobot, run_with
from tests.helpers.fake_predictor import FakeDetector
from tests.helpers.photos import write_photos


def box(x: float, y: float, width: float = 60, height: float = 24, **values):
    return new_region([(x, y), (x + width, y), (x + width, y + height), (x, y + height)], **values)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three regions in two lines, stored in another order than they are read in."""
    folder = write_photos(tmp_path / "photos")
    third, first, second = box(30, 120), box(20, 20), box(120, 22)
    db = ProjectDb.open(folder)
    db.save_edit("a.jpg", Page((third, first, second), "edited"), "Draw", "edit")
    db.close()
    return folder


def in_reading_order(robot: AppRobot):
    regions = robot.page.regions
    return regions[1], regions[2], regions[0]


def compose(line, text: str, commit: str = "") -> None:
    """What an input method sends while it composes, and when it is done."""
    event = QInputMethodEvent(text, [])
    if commit:
        event.setCommitString(commit)
    QApplication.sendEvent(line, event)


def test_enter_goes_through_the_regions_in_reading_order(qapp, folder: Path):
    def script(robot: AppRobot):
        yield robot.picture_shown
        robot.select(in_reading_order(robot)[0].id)
        robot.press("F2")
        line = robot.window.regions.text
        assert robot.window.regions.lane.place.text() == "1 of 3"
        for word in ("one", "two", "three"):
            assert QApplication.focusWidget() is line
            robot.type(word, line)
            QTest.keyClick(line, Qt.Key.Key_Return)
        assert [region.text for region in in_reading_order(robot)] == ["one", "two", "three"]
        assert QApplication.focusWidget() is robot.canvas  # the page is done
        yield lambda: True

    run_with(FakeDetector(), [str(folder)], script)


def test_shift_enter_goes_back_and_keeps_what_was_typed(qapp, folder: Path):
    def script(robot: AppRobot):
        yield robot.picture_shown
        first, second, _ = in_reading_order(robot)
        robot.select(second.id)
        robot.press("F2")
        line = robot.window.regions.text
        robot.type("two", line)
        robot.press("Shift+Return", line)
        assert robot.window.regions.lane.edited.id == first.id
        assert QApplication.focusWidget() is line
        assert in_reading_order(robot)[1].text == "two"
        assert len(robot.page.regions) == 3  # Shift+Enter accepts detections elsewhere
        yield lambda: True

    run_with(FakeDetector(), [str(folder)], script)


def test_a_text_that_is_there_is_selected_so_that_typing_replaces_it(qapp, folder: Path):
    def script(robot: AppRobot):
        yield robot.picture_shown
        first, second, _ = in_reading_order(robot)
        robot.select(first.id)
        robot.press("F2")
        line = robot.window.regions.text
        robot.type("old", line)
        QTest.keyClick(line, Qt.Key.Key_Return)
        robot.press("Shift+Return", line)
        robot.type("new", line)
        QTest.keyClick(line, Qt.Key.Key_Return)
        assert in_reading_order(robot)[0].text == "new"
        robot.press("Ctrl+Z")
        assert in_reading_order(robot)[0].text == "old"
        assert in_reading_order(robot)[1].text == second.text
        yield lambda: True

    run_with(FakeDetector(), [str(folder)], script)


@pytest.mark.parametrize("typed", ["#", "###"])
def test_a_hash_ignores_the_region_and_goes_on(qapp, folder: Path, typed: str):
    def script(robot: AppRobot):
        yield robot.picture_shown
        robot.select(in_reading_order(robot)[0].id)
        robot.press("F2")
        line = robot.window.regions.text
        robot.type(typed, line)
        QTest.keyClick(line, Qt.Key.Key_Return)
        first, second, _ = in_reading_order(robot)
        assert first.ignore
        assert first.text == ""
        assert not second.ignore
        assert robot.window.regions.lane.edited.id == second.id
        robot.type("#12", line)  # a text may begin with it
        QTest.keyClick(line, Qt.Key.Key_Return)
        second = in_reading_order(robot)[1]
        assert second.text == "#12"
        assert not second.ignore
        robot.press("Ctrl+Z")
        robot.press("Ctrl+Z")
        assert not in_reading_order(robot)[0].ignore
        yield lambda: True

    run_with(FakeDetector(), [str(folder)], script)


def test_nothing_is_kept_in_the_middle_of_a_composition(qapp, folder: Path):
    def script(robot: AppRobot):
        yield robot.picture_shown
        first, second, _ = in_reading_order(robot)
        robot.select(first.id)
        robot.press("F2")
        line = robot.window.regions.text
        compose(line, "chu")
        QTest.keyClick(line, Qt.Key.Key_Return)  # chooses among the input method's candidates
        robot.press("Shift+Return", line)
        QTest.keyClick(line, Qt.Key.Key_Escape)
        assert robot.window.regions.lane.edited.id == first.id
        assert QApplication.focusWidget() is line
        assert in_reading_order(robot)[0].text == ""
        assert not robot.page.regions[0].ignore
        compose(line, "chukou")
        assert line.text() == ""
        compose(line, "", "出口")
        assert line.text() == "出口"
        assert in_reading_order(robot)[0].text == ""  # still typing
        QTest.keyClick(line, Qt.Key.Key_Return)
        assert in_reading_order(robot)[0].text == "出口"
        assert robot.window.regions.lane.edited.id == second.id
        yield lambda: True

    run_with(FakeDetector(), [str(folder)], script)


def test_a_page_that_changes_meanwhile_leaves_the_composition_alone(qapp, folder: Path):
    def script(robot: AppRobot):
        yield robot.picture_shown
        robot.select(in_reading_order(robot)[0].id)
        robot.press("F2")
        line = robot.window.regions.text
        compose(line, "chu")
        robot.window.regions.show_page(robot.page)  # as when a detection ends
        compose(line, "", "出")
        assert line.text() == "出"
        yield lambda: True

    run_with(FakeDetector(), [str(folder)], script)


def test_the_strip_shows_the_selected_region(qapp, folder: Path):
    def script(robot: AppRobot):
        yield robot.picture_shown
        lane = robot.window.regions.lane
        assert lane.strip.image.isNull()
        robot.select(robot.page.regions[0].id)
        yield lambda: not lane.strip.image.isNull()
        assert (lane.strip.image.width(), lane.strip.image.height()) == (160, 64)  # 60 x 24, laid straight
        robot.press("D")
        yield lambda: robot.key == "b.png" and lane.strip.image.isNull()

    run_with(FakeDetector(), [str(folder)], script)


def test_text_from_the_right_is_shown_from_the_right(qapp, folder: Path):
    def script(robot: AppRobot):
        yield robot.picture_shown
        robot.select(in_reading_order(robot)[0].id)
        robot.press("F2")
        line = robot.window.regions.text
        robot.type("שלום 12", line)
        assert line.text() == "שלום 12"
        line.setCursorPosition(0)
        at_start = line.cursorRect().center().x()
        line.end(False)
        assert line.cursorRect().center().x() < at_start  # the text grows to the left
        QTest.keyClick(line, Qt.Key.Key_Return)
        assert in_reading_order(robot)[0].text == "שלום 12"
        yield lambda: True

    run_with(FakeDetector(), [str(folder)], script)


def test_strange_characters_and_unknown_words_are_marked(qapp, folder: Path):
    db = ProjectDb.open(folder)
    write_text_check(db.path.parent, "abcdefghijklmnopqrstuvwxyz", ["exit"])
    db.close()

    def script(robot: AppRobot):
        yield robot.picture_shown
        robot.select(in_reading_order(robot)[0].id)
        robot.press("F2")
        lane = robot.window.regions.lane
        robot.type("exti é", lane.text)
        assert "U+00E9" in lane.remark.text()
        assert "<u>exti</u>" in lane.remark.text()
        assert "<b>exit é</b>" in lane.remark.text()
        robot.press("Ctrl+Space", lane.text)
        assert lane.text.text() == "exit é"
        QTest.keyClick(lane.text, Qt.Key.Key_Return)
        index = robot.window.region_model.index(1, TEXT)
        assert index.data(Qt.ItemDataRole.ForegroundRole) is not None
        assert index.data(Qt.ItemDataRole.ToolTipRole) == "Not allowed: é"
        yield lambda: True

    run_with(FakeDetector(), [str(folder)], script)


def test_the_checks_are_chosen_in_a_dialog_and_kept(qapp, folder: Path, tmp_path: Path):
    (tmp_path / "words.txt").write_text("exit\nstop\n", encoding="utf-8")

    def script(robot: AppRobot):
        yield robot.picture_shown
        robot.select(robot.page.regions[0].id)
        robot.press("F2")
        robot.type("stop", robot.window.regions.text)
        robot.trigger("text.checks")
        dialog = robot.window.findChild(TextChecksDialog)
        dialog.use_list(tmp_path / "words.txt")
        assert "2 words" in dialog.list_label.text()
        dialog.characters.setPlainText("eixt")
        QTest.keyClick(dialog.characters, Qt.Key.Key_Escape)
        assert robot.window.regions.lane.check.allowed is None
        robot.trigger("text.checks")
        dialog = next(found for found in robot.window.findChildren(TextChecksDialog) if found.isVisible())
        dialog.characters.setPlainText("eixt")
        dialog.use_list(tmp_path / "words.txt")
        dialog._finish()
        assert robot.window.regions.lane.check.findings("exit qu").strange == ("q", "u")
        yield lambda: True

    run_with(FakeDetector(), [str(folder)], script)
    db = ProjectDb.open(folder)
    assert (db.path.parent / "characters.txt").read_text(encoding="utf-8") == "eixt\n"
    db.close()


def test_small_blurred_regions_are_suggested_and_ignored_by_one_key(qapp, folder: Path):
    db = ProjectDb.open(folder)
    small, typed, large = box(20, 180, 30, 8), box(80, 180, 30, 8, text="read"), box(20, 20)
    db.save_edit("a.jpg", Page((small, typed, large), "edited"), "Draw", "edit")
    db.close()

    def dialogs(robot: AppRobot):
        return [found for found in robot.window.findChildren(IllegibleDialog) if found.isVisible()]

    def script(robot: AppRobot):
        yield robot.picture_shown
        robot.select(large.id)
        robot.press("Shift+I")
        yield lambda: dialogs(robot)
        dialog = dialogs(robot)[0]
        dialog.sharpness_limit.setValue(100_000)  # the photograph is sharp
        assert dialog.count.text().startswith("1 of 3")
        assert robot.window.canvas._selection.ids == {small.id}  # to be seen on the picture
        dialog.height_limit.setValue(5)
        assert dialog.count.text().startswith("0 of 3")
        assert not dialog.ignore_button.isEnabled()
        QTest.keyClick(dialog, Qt.Key.Key_Escape)
        assert robot.window.canvas._selection.ids == {large.id}
        assert not any(region.ignore for region in robot.page.regions)
        robot.trigger("text.ignore_small")  # the keys' focus hangs on a window manager
        yield lambda: dialogs(robot)
        dialog = dialogs(robot)[0]
        dialog.sharpness_limit.setValue(100_000)
        QTest.keyClick(dialog, Qt.Key.Key_Return)
        yield lambda: robot.page.region(small.id).ignore
        assert [region.ignore for region in robot.page.regions] == [True, False, False]
        robot.trigger("undo")  # the keys' focus hangs on a window manager
        assert not any(region.ignore for region in robot.page.regions)

    run_with(FakeDetector(), [str(folder)], script)
