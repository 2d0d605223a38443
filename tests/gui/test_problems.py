"""Errors nobody foresaw in one dialog, and what the window does with detections: accept, threshold, maps."""

import threading
from pathlib import Path

import pytest
from PySide6.QtCore import QTimer
from PySide6.QtGui import QGuiApplication

from app.views.dialogs.problem import ProblemDialog
from app.workers.messages import Problem
from tests.helpers.app_robot import AppRobot, run_with
from tests.helpers.fake_predictor import FakeDetector
from tests.helpers.photos import write_photos


@pytest.mark.logs_warnings
def test_an_error_in_a_slot_is_shown_with_its_details_and_logged(qapp, private_home: Path):
    def broken() -> None:
        raise ValueError("a slot that fails")

    def script(robot: AppRobot):
        QTimer.singleShot(0, broken)
        yield lambda: robot.problems
        dialog = robot.window.findChild(ProblemDialog)
        dialog.copy_button.click()
        copied = QGuiApplication.clipboard().text()
        assert "a slot that fails" in copied
        assert "Traceback" in copied
        (problem,) = robot.close_problems()
        assert "ValueError" in problem.what
        assert problem.remedy

    run_with(FakeDetector(), [], script)
    assert "a slot that fails" in (private_home / "logs" / "studio.log").read_text(encoding="utf-8")


@pytest.mark.logs_warnings
def test_an_error_in_a_thread_is_shown_in_the_window(qapp):
    def broken() -> None:
        raise RuntimeError("a thread that fails")

    def script(robot: AppRobot):
        thread = threading.Thread(target=broken)
        thread.start()
        thread.join()
        yield lambda: robot.problems
        (problem,) = robot.close_problems()
        assert "a thread that fails" in problem.what

    run_with(FakeDetector(), [], script)


def test_problems_come_one_after_the_other_and_the_same_one_once(qtbot):
    dialog = ProblemDialog()
    qtbot.addWidget(dialog)
    first, second = Problem("first", "here", "mend it"), Problem("second", "there", "mend that", "details")
    for problem in (first, first, second, second):
        dialog.tell(problem)
    assert dialog.shown == first
    assert dialog.waiting == (second,)
    assert dialog.close_button.text() == "Next (1 more)"
    dialog.close_button.click()
    assert dialog.shown == second
    assert dialog.details_button.isVisibleTo(dialog)
    dialog.close_button.click()
    assert dialog.shown is None
    assert not dialog.isVisible()


def test_the_error_dialog_is_as_high_as_its_words_and_enter_closes_it(qtbot):
    dialog = ProblemDialog()
    qtbot.addWidget(dialog)
    long = "The checkpoint could not be loaded: it is not there, and so on for more than a line of text. " * 2
    dialog.tell(Problem(long, "/somewhere/far", "Choose another one."))
    with qtbot.waitExposed(dialog):
        pass
    assert dialog.focusWidget() is dialog.close_button
    gap = dialog.where.geometry().top() - dialog.what.geometry().bottom()
    assert gap <= 16
    assert dialog.what.height() >= dialog.what.heightForWidth(dialog.what.width())


def test_the_hooks_of_the_process_are_put_back(qapp):
    import sys

    before = sys.excepthook, threading.excepthook

    def script(robot: AppRobot):
        assert sys.excepthook is not before[0]
        yield lambda: True

    run_with(FakeDetector(), [], script)
    assert (sys.excepthook, threading.excepthook) == before


def test_detections_are_accepted_one_by_one_or_all_and_never_twice(qapp, tmp_path: Path):
    folder = write_photos(tmp_path / "p", ("a.jpg",))

    def script(robot: AppRobot):
        yield from robot.detected()
        assert robot.detection_count == 2
        robot.double_click(0.3 * 320, 0.2 * 240)
        yield lambda: len(robot.page.regions) == 1
        robot.press("Shift+Return")
        yield lambda: len(robot.page.regions) == 2
        robot.press("Shift+Return")
        assert len(robot.page.regions) == 2
        assert "nothing was added" in robot.window.status.currentMessage()
        for _ in range(2):
            robot.press("Ctrl+Z")
        assert robot.page.regions == ()
        robot.press("Ctrl+Y")
        assert len(robot.page.regions) == 1

    run_with(FakeDetector(), [str(folder)], script)


def test_threshold_keys_change_what_is_shown_at_once(qapp, tmp_path: Path):
    folder = write_photos(tmp_path / "p", ("a.jpg", "b.jpg"))

    def script(robot: AppRobot):
        yield robot.picture_shown
        yield robot.checkpoint_ready
        robot.press("Shift+G")
        yield robot.all_detected
        assert robot.detection_count == 2
        for _ in range(4):
            robot.press("Shift+.")
        assert robot.window.detection.settings.score_threshold == pytest.approx(0.7)
        assert robot.detection_count == 1  # the fake's texts have 0.9 and 0.6
        robot.press("D")
        yield lambda: robot.key == "b.jpg"
        assert robot.detection_count == 1  # the threshold holds for the next image
        for _ in range(20):
            robot.press(",")
        assert robot.window.detection.settings.score_threshold == pytest.approx(0.5)
        assert robot.detection_count == 2
        robot.window.detection.reset.click()
        assert robot.window.detection.settings.score_threshold == pytest.approx(0.5)

    run_with(FakeDetector(), [str(folder)], script)


def test_the_map_keys_lay_both_maps_over_the_picture(qapp, tmp_path: Path):
    folder = write_photos(tmp_path / "p", ("a.jpg",))

    def script(robot: AppRobot):
        yield from robot.detected()
        plain = robot.canvas.grab().toImage()
        robot.press("J")
        assert robot.window.layers.map_name == "language"
        language = robot.canvas.grab().toImage()
        robot.press("Shift+J")
        assert robot.window.layers.map_name == "probability"
        probability = robot.canvas.grab().toImage()
        assert language != plain
        assert probability not in (plain, language)
        robot.press("J")
        assert robot.canvas.grab().toImage() == plain
        yield lambda: True

    run_with(FakeDetector(), [str(folder)], script)


def test_the_context_menu_offers_what_fits_the_place(qapp, tmp_path: Path):
    from PySide6.QtCore import QPointF
    from PySide6.QtWidgets import QMenu

    from app.domain.hit_test import Hit

    folder = write_photos(tmp_path / "p", ("a.jpg",))

    def script(robot: AppRobot):
        yield robot.picture_shown
        robot.press("R")
        robot.drag((30, 30), (200, 90))
        yield lambda: len(robot.page.regions) == 1
        region = robot.page.regions[0]
        spot = robot.canvas.mapToGlobal(QPointF(robot.place(115, 30)).toPoint())
        robot.canvas.context_menu_requested.emit(Hit("edge", region.id, 0), spot)
        menu = next(menu for menu in robot.window.findChildren(QMenu) if menu.isVisible())
        rows = {action.text().split("\t")[0]: action for action in menu.actions()}
        assert "Delete" in rows
        rows["Insert a vertex here"].trigger()
        menu.close()
        yield lambda: len(robot.page.regions[0].polygon) == 5

    run_with(FakeDetector(), [str(folder)], script)
