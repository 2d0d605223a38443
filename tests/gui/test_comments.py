"""Comments: pinned on the picture, listed, settled, and found again by a reviewer."""

from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import QEvent, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from app.domain.comment import new_comment
from app.domain.page import Page
from app.storage.project_db import ProjectDb
from app.views.canvas.comment_pins import CommentPins
from tests.helpers.app_robot import AppRobot, run_with
from tests.helpers.fake_predictor import FakeDetector
from tests.helpers.photos import write_photos


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_photos(tmp_path / "photos", ("a.jpg", "b.jpg", "c.jpg", "d.jpg"))


def pins(robot: AppRobot) -> CommentPins:
    return next(item for item in robot.canvas.stage.plane.childItems() if isinstance(item, CommentPins))


def shown(robot: AppRobot) -> list[str]:
    panel = robot.window.comments.list
    return [panel.item(row).text() for row in range(panel.count())]


def pin(robot: AppRobot, x: float, y: float, text: str) -> None:
    robot.click(x, y)
    robot.press("C")
    robot.type(text, robot.window.comments.text)
    QTest.keyClick(robot.window.comments.text, Qt.Key.Key_Return)


def test_a_comment_is_pinned_where_the_mouse_is_and_stays(qapp, folder: Path):
    def script(robot: AppRobot):
        yield robot.picture_shown
        pin(robot, 100, 80, "which word is this?")
        assert shown(robot) == ["1   which word is this?"]
        assert robot.window.comments.count.text() == "1 open"
        assert QApplication.focusWidget() is robot.canvas
        ((number, comment),) = pins(robot).pins
        assert (number, comment.text) == (1, "which word is this?")
        assert abs(comment.x - 100) < 1.5
        assert abs(comment.y - 80) < 1.5
        robot.press("D")
        yield lambda: robot.key == "b.jpg"
        assert shown(robot) == []
        robot.press("A")
        yield lambda: robot.key == "a.jpg"
        assert shown(robot) == ["1   which word is this?"]

    run_with(FakeDetector(), [str(folder)], script)
    db = ProjectDb.open(folder)
    assert [comment.text for comment in db.comments.of("a.jpg")] == ["which word is this?"]
    db.close()


def test_escape_pins_nothing(qapp, folder: Path):
    def script(robot: AppRobot):
        yield robot.picture_shown
        robot.click(50, 50)
        robot.press("C")
        assert pins(robot).pending is not None
        robot.type("never mind", robot.window.comments.text)
        QTest.keyClick(robot.window.comments.text, Qt.Key.Key_Escape)
        assert pins(robot).pending is None
        assert shown(robot) == []
        assert QApplication.focusWidget() is robot.canvas
        robot.press("C")
        robot.type("left", robot.window.comments.text)
        robot.trigger("next")  # leaving the image gives it up, too
        yield lambda: robot.key == "b.jpg"
        assert pins(robot).pending is None
        assert robot.window.comments.text.text() == ""

    run_with(FakeDetector(), [str(folder)], script)
    db = ProjectDb.open(folder)
    assert db.comments.open_counts() == {}
    db.close()


def test_a_comment_is_resolved_and_opened_again(qapp, folder: Path):
    def script(robot: AppRobot):
        yield robot.picture_shown
        panel = robot.window.comments
        pin(robot, 100, 80, "first")
        pin(robot, 200, 120, "second")
        panel.list.setCurrentRow(0)
        robot.press("Shift+C")
        assert shown(robot) == ["2   second"]
        assert panel.count.text() == "1 open, 1 resolved"
        panel.all.setChecked(True)
        assert shown(robot) == ["1   ✓ first", "2   second"]
        panel.list.setCurrentRow(0)
        assert panel.resolve.text() == "Open again"
        panel.resolve.click()
        assert shown(robot) == ["1   first", "2   second"]
        yield lambda: True

    run_with(FakeDetector(), [str(folder)], script)


def test_a_click_on_a_pin_chooses_its_comment_and_moves_no_region(qapp, folder: Path):
    def script(robot: AppRobot):
        yield robot.picture_shown
        pin(robot, 100, 80, "first")
        pin(robot, 200, 120, "second")
        robot.click(100, 80)
        assert robot.window.comments.list.currentRow() == 0
        robot.click(200, 120)
        assert robot.window.comments.list.currentRow() == 1
        robot.press("R")  # while drawing, a pin is in nobody's way
        robot.drag((100, 80), (160, 110))
        yield lambda: len(robot.page.regions) == 1

    run_with(FakeDetector(), [str(folder)], script)


def test_what_a_comment_says_can_be_changed(qapp, folder: Path):
    def script(robot: AppRobot):
        yield robot.picture_shown
        panel = robot.window.comments
        pin(robot, 100, 80, "frist")
        panel.list.itemDoubleClicked.emit(panel.list.item(0))
        assert panel.text.text() == "frist"
        panel.text.selectAll()
        robot.type("first", panel.text)
        QTest.keyClick(panel.text, Qt.Key.Key_Return)
        assert shown(robot) == ["1   first"]
        yield lambda: True

    run_with(FakeDetector(), [str(folder)], script)


def test_the_reviewers_queue_stops_at_open_comments_and_rejected_images(qapp, folder: Path):
    db = ProjectDb.open(folder)
    settled = replace(new_comment((5, 5), "settled", "ann"), resolved=True)
    db.save_edit("b.jpg", Page(comments=(settled,)), "Add comment", "edit")
    db.save_edit("c.jpg", Page(comments=(new_comment((5, 5), "open", "ann"),)), "Add comment", "edit")
    db.close()

    def script(robot: AppRobot):
        yield robot.picture_shown
        robot.trigger("last")
        robot.press("X")
        robot.trigger("first")
        visited = []
        for _ in range(3):
            robot.press("Ctrl+Shift+D")
            visited.append(robot.key)
        assert visited == ["c.jpg", "d.jpg", "d.jpg"]
        assert "No image" in robot.window.status.currentMessage()
        robot.press("Ctrl+Shift+A")
        assert robot.key == "c.jpg"
        yield lambda: True

    run_with(FakeDetector(), [str(folder)], script)


def test_peek_hides_the_pins(qapp, folder: Path):
    def script(robot: AppRobot):
        yield robot.picture_shown
        pin(robot, 100, 80, "first")
        assert pins(robot).isVisible()
        robot.canvas.set_peek(True)
        assert not pins(robot).isVisible()
        robot.canvas.set_peek(False)
        assert pins(robot).isVisible()
        yield lambda: True

    run_with(FakeDetector(), [str(folder)], script)


def test_comments_are_deleted_and_changed_and_undone_over_a_restart(qapp, folder: Path):
    def first_day(robot: AppRobot):
        yield robot.picture_shown
        pin(robot, 100, 80, "first")
        pin(robot, 200, 120, "second")
        robot.click(100, 80)
        robot.press("Ctrl+Shift+C")
        assert shown(robot) == ["1   second"]
        robot.press("Ctrl+Z")
        assert shown(robot) == ["1   first", "2   second"]
        robot.press("Ctrl+Shift+Z")
        assert shown(robot) == ["1   second"]
        robot.press("Alt+C")  # the only one needs not be chosen
        panel = robot.window.comments.text
        assert panel.text() == "second"
        panel.clear()
        robot.type("last", panel)
        QTest.keyClick(panel, Qt.Key.Key_Return)
        assert shown(robot) == ["1   last"]
        robot.press("Shift+C")
        assert shown(robot) == []
        robot.press("Ctrl+Shift+C")
        assert "Choose a comment" in robot.window.status.currentMessage()

    def second_day(robot: AppRobot):
        yield robot.picture_shown
        seen = []
        for _ in range(5):
            robot.press("Ctrl+Z")
            seen.append(shown(robot))
        assert seen == [["1   last"], ["1   second"], ["1   first", "2   second"], ["1   first"], []]
        assert not robot.action("undo").isEnabled()
        yield lambda: True

    run_with(FakeDetector(), [str(folder)], first_day)
    run_with(FakeDetector(), [str(folder)], second_day)
    db = ProjectDb.open(folder)
    assert db.comments.of("a.jpg") == []
    labels = [row.label for row in db.journal("a.jpg") if row.kind == "edit"]
    assert labels == ["Add comment", "Add comment", "Delete comment", "Change comment", "Resolve comment"]
    db.close()


def test_a_pin_is_dragged_and_escape_leaves_it_where_it_was(qapp, folder: Path):
    def script(robot: AppRobot):
        yield robot.picture_shown
        pin(robot, 100, 80, "first")
        robot.drag((100, 80), (150, 120))
        ((_, comment),) = pins(robot).pins
        assert (comment.x, comment.y) == (pytest.approx(150, abs=2), pytest.approx(120, abs=2))
        robot.press("Ctrl+Z")
        ((_, comment),) = pins(robot).pins
        assert (comment.x, comment.y) == (pytest.approx(100, abs=2), pytest.approx(80, abs=2))
        begin, end = robot.place(100, 80), robot.place(150, 120)
        left = Qt.MouseButton.LeftButton
        robot.mouse(QEvent.Type.MouseButtonPress, begin, "", left)
        robot.mouse(QEvent.Type.MouseMove, end, "", held_button=left)
        assert pins(robot).pending is not None
        QTest.keyClick(robot.canvas, Qt.Key.Key_Escape)
        assert pins(robot).pending is None
        robot.mouse(QEvent.Type.MouseButtonRelease, end, "", left)
        assert pins(robot).pins[0][1] == comment
        yield lambda: True

    run_with(FakeDetector(), [str(folder)], script)


def test_the_menus_of_pin_and_list_offer_what_can_be_done(qapp, folder: Path):
    def script(robot: AppRobot):
        yield robot.picture_shown
        pin(robot, 100, 80, "first")
        wanted = ["Change comment", "Resolve comment", "Delete comment"]
        assert [action.text() for action in robot.window.comments.list.actions()] == wanted
        right = Qt.MouseButton.RightButton
        for x, offered in ((100, True), (200, False)):
            place = robot.place(x, 80)
            robot.mouse(QEvent.Type.MouseMove, place)
            robot.mouse(QEvent.Type.MouseButtonPress, place, "", right)
            robot.mouse(QEvent.Type.MouseButtonRelease, place, "", right)
            menu = QApplication.activePopupWidget()
            texts = [action.text() for action in menu.actions()]
            assert (texts[:3] == wanted) == offered
            menu.close()
        yield lambda: True

    run_with(FakeDetector(), [str(folder)], script)
