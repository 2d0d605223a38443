"""Diagnostics: the findings are shown, and closing the dialog while they are collected harms nothing."""

from PySide6.QtCore import QCoreApplication, QEvent, QThreadPool
from PySide6.QtWidgets import QApplication
from shiboken6 import delete

from app.views.dialogs.diagnostics import DiagnosticsDialog
from tcm_core.doctor import Finding
from tests.helpers.app_robot import AppRobot, run_with
from tests.helpers.fake_predictor import FakeDetector

FOUND = (Finding("python", "3.11", ok=True), Finding("disk", "full", ok=False, remedy="Make room"))


def test_closing_the_dialog_while_it_looks_leaves_nothing_behind(qapp):
    def script(robot: AppRobot):
        yield lambda: True
        robot.trigger("diagnostics")
        dialog = robot.window.findChild(DiagnosticsDialog)
        dialog.close()
        robot.trigger("about")  # in its place; the first one is deleted
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
        yield lambda: QThreadPool.globalInstance().waitForDone(1)
        QApplication.processEvents()

    run_with(FakeDetector(), [], script)


def test_findings_after_the_dialog_is_closed_or_half_deleted_are_dropped(qtbot):
    closed, broken, opened = DiagnosticsDialog(), DiagnosticsDialog(), DiagnosticsDialog()
    for dialog in (closed, broken, opened):
        qtbot.addWidget(dialog)
    closed.reject()
    delete(broken.waiting)
    for dialog in (closed, broken, opened):
        dialog.show_findings(FOUND)
    assert closed.table.rowCount() == broken.table.rowCount() == 0
    assert opened.table.rowCount() == 2
    assert opened.table.item(1, 1).text() == "! full"
    assert opened.waiting.text() == "Something needs attention."
    QThreadPool.globalInstance().waitForDone(20_000)
