"""The window as a person meets it: start page, opening folders, keys while typing, the next start."""

import gc
from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QApplication, QToolBar

from tests.helpers.app_robot import AppRobot, run_with
from tests.helpers.fake_predictor import FakeDetector
from tests.helpers.photos import write_photo, write_photos


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_photos(tmp_path / "photos")


def test_without_a_folder_the_start_page_says_what_to_do(qapp):
    seen = []

    def script(robot: AppRobot):
        seen.append(robot.window.start_page.isVisible())
        seen.append(robot.window.start_page.open_button.isEnabled())
        seen.append(robot.window.pages.isVisible())
        seen.append(robot.action("detect").isEnabled())
        yield robot.checkpoint_ready

    assert run_with(FakeDetector(), [], script) == 0
    assert seen == [True, True, False, False]


def test_what_was_made_at_the_start_is_left_out_of_collections(qapp):
    def script(robot: AppRobot):
        yield lambda: gc.get_freeze_count() > 10_000
        gc.unfreeze()
        yield robot.checkpoint_ready
        robot.window.detection.checkpoint_chosen.emit("another")
        yield lambda: gc.get_freeze_count() > 10_000
        assert not gc.isenabled()  # it collects by a timer of its own

    run_with(FakeDetector(), [], script)
    assert gc.get_freeze_count() == 0


def test_a_folder_named_as_argument_is_opened_with_its_first_image(qapp, folder: Path):
    def script(robot: AppRobot):
        yield robot.picture_shown
        assert robot.key == "a.jpg"
        assert robot.window.pages.count.text() == "3 images"
        assert not robot.window.start_page.isVisible()

    assert run_with(FakeDetector(), [str(folder)], script) == 0


def test_a_dropped_image_opens_its_folder(qapp, folder: Path):
    def script(robot: AppRobot):
        data = QMimeData()
        data.setUrls([QUrl.fromLocalFile(str(folder / "b.png"))])
        copy, left, none = Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
        QApplication.sendEvent(robot.window, QDragEnterEvent(QPoint(5, 5), copy, data, left, none))
        QApplication.sendEvent(robot.window, QDropEvent(QPointF(5, 5), copy, data, left, none))
        yield robot.folder_open
        assert robot.window.page_model.total_count == 3

    run_with(FakeDetector(), [], script)


def test_letters_and_page_keys_go_through_the_images(qapp, folder: Path):
    def script(robot: AppRobot):
        yield robot.picture_shown
        visited = []
        for keys in ("D", "PgDown", "D", "A", "Home", "End", "PgUp"):
            robot.press(keys)
            visited.append(robot.key)
            yield lambda: True
        assert visited == ["b.png", "c.jpg", "c.jpg", "b.png", "a.jpg", "c.jpg", "b.png"]

    run_with(FakeDetector(), [str(folder)], script)


def test_typing_a_transcription_does_not_run_letter_commands(qapp, folder: Path):
    def script(robot: AppRobot):
        yield robot.picture_shown
        robot.press("R")
        robot.drag((30, 30), (200, 90))
        yield lambda: len(robot.page.regions) == 1
        robot.press("V")
        robot.press("F2")
        line = robot.window.regions.text
        assert QApplication.focusWidget() is line
        robot.type("dagxuifzjnhp #,.12", line)
        assert line.text() == "dagxuifzjnhp #,.12"
        assert robot.key == "a.jpg"
        assert robot.page.review == "edited"
        assert not robot.page.regions[0].ignore
        robot.press("Home", line)
        assert robot.key == "a.jpg"
        robot.press("Return", line)
        yield lambda: robot.page.regions[0].text == "dagxuifzjnhp #,.12"
        assert QApplication.focusWidget() is robot.canvas
        robot.press("D")
        assert robot.key == "b.png"

    run_with(FakeDetector(), [str(folder)], script)


def test_what_was_typed_is_kept_when_another_image_is_opened(qapp, folder: Path):
    def script(robot: AppRobot):
        yield robot.picture_shown
        robot.press("R")
        robot.drag((30, 30), (200, 90))
        yield lambda: len(robot.page.regions) == 1
        robot.press("F2")
        robot.type("left behind", robot.window.regions.text)
        robot.trigger("next")
        yield lambda: robot.key == "b.png"
        robot.trigger("previous")
        yield lambda: robot.key == "a.jpg"
        assert robot.page.regions[0].text == "left behind"

    run_with(FakeDetector(), [str(folder)], script)


def test_escape_takes_back_what_was_typed(qapp, folder: Path):
    def script(robot: AppRobot):
        yield robot.picture_shown
        robot.press("R")
        robot.drag((30, 30), (200, 90))
        yield lambda: len(robot.page.regions) == 1
        robot.press("F2")
        line = robot.window.regions.text
        robot.type("wrong", line)
        robot.press("Escape", line)
        assert line.text() == ""
        assert robot.page.regions[0].text == ""

    run_with(FakeDetector(), [str(folder)], script)


def test_selection_is_the_same_in_table_and_picture(qapp, folder: Path):
    def script(robot: AppRobot):
        yield robot.picture_shown
        robot.press("R")
        robot.drag((20, 20), (120, 60))
        robot.press("R")
        robot.drag((20, 120), (120, 160))
        yield lambda: len(robot.page.regions) == 2
        robot.press("V")
        table = robot.window.regions.table
        robot.click(60, 40)
        yield lambda: [index.row() for index in table.selectionModel().selectedRows()] == [0]
        table.selectRow(1)
        robot.press("Delete")
        yield lambda: len(robot.page.regions) == 1
        assert robot.page.regions[0].polygon[:, 1].max() < 100

    run_with(FakeDetector(), [str(folder)], script)


def test_the_filter_narrows_the_list_and_the_keys_follow_it(qapp, folder: Path):
    def script(robot: AppRobot):
        yield robot.picture_shown
        robot.press("Ctrl+L")
        robot.type("jpg", robot.window.pages.filter)
        assert robot.window.pages.count.text() == "2 of 3 images"
        robot.press("Return", robot.window.pages.filter)
        robot.press("D")
        yield lambda: robot.key == "c.jpg"

    run_with(FakeDetector(), [str(folder)], script)


def test_undo_can_be_reached_at_once_after_an_edit_on_the_picture(qapp, folder: Path):
    def script(robot: AppRobot):
        yield robot.picture_shown
        assert not robot.action("undo").isEnabled()
        robot.press("R")
        robot.drag((30, 30), (200, 90))
        assert robot.window.regions.count.text() == "1 region"
        assert robot.action("undo").isEnabled()
        robot.trigger("undo")
        assert not robot.action("undo").isEnabled()
        assert robot.action("redo").isEnabled()
        yield lambda: True

    run_with(FakeDetector(), [str(folder)], script)


def test_the_keys_go_back_to_the_picture_after_a_number_or_a_choice(qapp, folder: Path):
    def script(robot: AppRobot):
        yield robot.picture_shown
        panel = robot.window.detection
        line = panel.score.box.lineEdit()
        line.selectAll()
        robot.type("0.25", line)
        robot.press("Return", line)
        assert panel.settings.score_threshold == pytest.approx(0.25)
        assert QApplication.focusWidget() is robot.canvas
        layers = robot.window.layers
        layers.colour_map.setFocus()
        layers.colour_map.activated.emit(1)
        assert QApplication.focusWidget() is robot.canvas
        assert not panel.score.slider.focusPolicy() & Qt.FocusPolicy.ClickFocus
        yield lambda: True

    run_with(FakeDetector(), [str(folder)], script)


def test_review_keys_set_the_state_and_go_on(qapp, folder: Path):
    def script(robot: AppRobot):
        yield robot.picture_shown
        robot.press("Ctrl+Return")
        yield lambda: robot.key == "b.png"
        robot.press("X")
        assert robot.window.status.page_label.text() == "rejected"
        robot.press("A")
        assert robot.window.status.page_label.text() == "approved"
        robot.press("U")
        assert robot.window.status.page_label.text() == "unseen"
        robot.press("Ctrl+Z")
        assert robot.window.status.page_label.text() == "approved"

    run_with(FakeDetector(), [str(folder)], script)


def test_theme_map_and_threshold_are_as_they_were_at_the_next_start(qapp, folder: Path, private_home: Path):
    def first(robot: AppRobot):
        yield robot.picture_shown
        yield robot.checkpoint_ready
        robot.trigger("theme.dark")
        robot.window.layers.set_map("probability")
        robot.window.detection.score.step_by(-10)

    def second(robot: AppRobot):
        yield robot.checkpoint_ready
        yield lambda: robot.window.detection.settings.score_threshold == pytest.approx(0.4)
        assert robot.action("theme.dark").isChecked()
        assert robot.window.layers.map_name == "probability"
        assert robot.action("map").isChecked()
        recent = [action.data() for action in robot.window._recent_menu.actions()]
        assert recent == [str(folder)]

    run_with(FakeDetector(), [str(folder)], first)
    assert "dark" in (private_home / "settings.toml").read_text(encoding="utf-8")
    run_with(FakeDetector(), [], second)


def test_every_button_can_be_reached_in_a_narrow_window(qapp, folder: Path):
    def script(robot: AppRobot):
        yield robot.picture_shown
        bar = robot.window.findChild(QToolBar, "bar Commands")
        words = Qt.ToolButtonStyle.ToolButtonTextBesideIcon
        for width, worded in ((1024, False), (1700, True), (1024, False)):
            robot.window.resize(width, 700)
            yield lambda width=width: robot.window.width() == width
            open_button = bar.widgetForAction(robot.action("open"))
            assert (open_button.toolButtonStyle() == words) == worded
            assert bar.sizeHint().width() <= width
            assert bar.widgetForAction(robot.action("fit")).isVisible()

    run_with(FakeDetector(), [str(folder)], script)


def test_a_long_hint_does_not_widen_the_window(qapp, folder: Path):
    def script(robot: AppRobot):
        yield robot.picture_shown
        width = robot.window.minimumSizeHint().width()
        robot.window.status.set_hint("drag here and click there, " * 40)
        yield lambda: True
        assert robot.window.minimumSizeHint().width() == width

    run_with(FakeDetector(), [str(folder)], script)


def test_nested_folders_are_listed_in_natural_order(qapp, tmp_path: Path):
    for name in ("img_10.jpg", "img_2.jpg", "sub/deep/x.png"):
        write_photo(tmp_path / "p" / name)

    def script(robot: AppRobot):
        yield robot.picture_shown
        yield lambda: robot.window.page_model.total_count == 3
        assert list(robot.window.page_model.shown_keys) == ["img_2.jpg", "img_10.jpg", "sub/deep/x.png"]

    run_with(FakeDetector(), [str(tmp_path / "p")], script)


def test_holding_h_hides_everything_but_the_picture(qapp, folder: Path):
    from PySide6.QtTest import QTest

    def script(robot: AppRobot):
        yield robot.picture_shown
        robot.press("R")
        robot.drag((30, 30), (200, 90))
        yield lambda: len(robot.page.regions) == 1
        with_regions = robot.canvas.grab().toImage()
        robot.canvas.setFocus()
        QTest.keyPress(robot.canvas, Qt.Key.Key_H)
        yield lambda: robot.canvas.grab().toImage() != with_regions
        QTest.keyRelease(robot.canvas, Qt.Key.Key_H)
        yield lambda: robot.canvas.grab().toImage() == with_regions

    run_with(FakeDetector(), [str(folder)], script)
