"""Diagnostics: the findings are shown, closing the dialog early harms nothing, the report keeps secrets."""

import json
import zipfile
from pathlib import Path

import pytest
from PySide6.QtCore import QCoreApplication, QEvent, QThreadPool
from PySide6.QtWidgets import QApplication
from shiboken6 import delete

from app.domain.page import Page
from app.domain.region import new_region
from app.services.bug_report import material, shown_settings
from app.settings.schema import DetectionSettings, KeySettings, Settings, ViewSettings
from app.settings.store import find_home
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
    assert opened.table.rowCount() > 2
    shown = {opened.table.item(row, 0).text() for row in range(opened.table.rowCount())}
    assert {"python", "disk", "Qt in use", "screen 1", "font", "fonts for traditional Chinese"} <= shown
    assert opened.table.item(1, 1).text() == "! full"
    assert opened.waiting.text() == "Something needs attention."
    QThreadPool.globalInstance().waitForDone(20_000)


SECRETS = ("divorce", "papers", "銀行", "Ctrl+Alt+Y", "Ximena")
SETTINGS = Settings(
    view=ViewSettings(theme="dark", score_map="Ximena"),
    detection=DetectionSettings(checkpoint="/home/Ximena/divorce.safetensors", decode={"Ximena": {"a": 0.5}}),
    keys=KeySettings(changes={"open": ("Ctrl+Alt+Y",)}),
    recent_folders=("/home/Ximena/divorce papers",),
)


@pytest.fixture
def dialog(qtbot, tmp_path) -> DiagnosticsDialog:
    """Of a person with a picture and labels open, and a log that names them."""
    home = find_home(tmp_path / "Ximena")
    home.logs.mkdir(parents=True)
    entry = "2026-01-02 03:04:05,678 INFO app.compose: problem: divorce papers.jpg (銀行)\n"
    (home.logs / "studio.log").write_text(entry, encoding="utf-8")
    picture = tmp_path / "divorce papers.jpg"
    picture.write_bytes(b"\xff\xd8 divorce")
    page = Page((new_region([(1, 2), (30, 2), (30, 9)], text="銀行 divorce"),))
    made = DiagnosticsDialog(material(home, SETTINGS, picture, page))
    qtbot.addWidget(made)
    made.show_findings((*FOUND, Finding("data folder", str(home.data), place=True)))
    yield made
    QThreadPool.globalInstance().waitForDone(60_000)


def content(file: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(file) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_a_report_holds_no_picture_label_name_or_text_unless_it_is_ticked(dialog, tmp_path):
    boxes = (dialog.messages_box, dialog.labels_box, dialog.picture_box)
    assert [box.isEnabled() and not box.isChecked() for box in boxes] == [True] * 3
    dialog.save_report(tmp_path / "report.zip")
    held = content(tmp_path / "report.zip")
    assert list(held) == ["findings.txt", "settings.json", "studio.log"]
    text = b"".join(held.values()).decode()
    for secret in (*SECRETS, str(tmp_path)):
        assert secret not in text
    assert "Qt in use: 6." in text
    assert "report.zip" in dialog.saved_label.text()


def test_what_is_ticked_goes_in(dialog, tmp_path):
    for box in (dialog.messages_box, dialog.labels_box, dialog.picture_box):
        box.setChecked(True)
    dialog.save_report(tmp_path / "report.zip")
    held = content(tmp_path / "report.zip")
    assert held["attached/1-divorce papers.jpg"] == b"\xff\xd8 divorce"
    assert json.loads(held["labels.json"])["regions"][0]["text"] == "銀行 divorce"
    assert "divorce papers.jpg (銀行)" in held["studio.log"].decode()


def test_a_report_that_cannot_be_written_says_so(dialog, tmp_path):
    (tmp_path / "file").touch()
    dialog.save_report(tmp_path / "file" / "report.zip")
    assert "Save the report to another folder" in dialog.saved_label.text()


def test_settings_are_shown_by_numbers_and_choices_only():
    shown = shown_settings(SETTINGS)
    assert shown["view"]["theme"] == "dark"
    assert shown["view"]["font_percent"] == 100
    assert shown["detection"]["checkpoint"] == "(another file)"
    assert shown["recent_folders"] == "(1 entries)"
    assert shown_settings(Settings())["detection"]["checkpoint"] == "db-small"
    for secret in SECRETS:
        assert secret not in json.dumps(shown, ensure_ascii=False)


def test_without_an_open_picture_there_is_none_to_tick(qtbot):
    dialog = DiagnosticsDialog()
    qtbot.addWidget(dialog)
    assert not dialog.labels_box.isEnabled()
    assert not dialog.picture_box.isEnabled()
    assert not dialog.save_button.isEnabled()  # until something is found
    QThreadPool.globalInstance().waitForDone(60_000)
