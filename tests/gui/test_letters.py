"""What people and files call things is shown letter for letter, though Qt would take it for HTML."""

import itertools
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QModelIndex, QPoint, Qt
from PySide6.QtGui import QHelpEvent, QTextDocument
from PySide6.QtGui import Qt as QtText
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractItemView, QApplication, QInputDialog, QLabel, QToolTip, QWidget

from app.domain.letters import as_letters
from app.domain.page import Page
from app.domain.region import new_region
from app.storage.project_db import ProjectDb
from app.storage.text_checks import write_text_check
from app.views.dialogs.checkpoints import CheckpointWindow
from app.views.dialogs.checkpoints_ask import DeleteCheckpointDialog
from app.views.dialogs.unsaved import UnsavedDialog
from tests.helpers.app_robot import AppRobot, run_with
from tests.helpers.compared import NamedDetector, compare_window, figures_opened, run_over_all
from tests.helpers.fake_predictor import FakeDetector
from tests.helpers.photos import write_photos
from tests.helpers.tiny_model import tiny_checkpoint

NAME = "<b>fat<img src=nowhere>"
COLUMNS = 9  # no table has more

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="no file can be called so there")


def read(text: str, rich: bool | None = None) -> str:
    """What a person reads of a text; Qt guesses where nobody says whether it is rich."""
    if rich is None:
        rich = QtText.mightBeRichText(text)
    if not rich:
        return text
    document = QTextDocument()
    document.setHtml(text)
    return document.toPlainText()


def said() -> Iterator[tuple[str, str]]:
    """Every text with the name in it, as a person reads it, and what says it: labels and tooltips."""
    guessed = {Qt.TextFormat.PlainText: False, Qt.TextFormat.RichText: True, Qt.TextFormat.AutoText: None}
    for widget in QApplication.allWidgets():
        who = type(widget).__name__
        if isinstance(widget, QLabel):
            yield who, read(widget.text(), guessed[widget.textFormat()])
        yield f"tooltip of {who}", read(widget.toolTip())
        if isinstance(widget, QAbstractItemView) and (model := widget.model()) is not None:
            for row, column in itertools.product(range(model.rowCount(QModelIndex())), range(COLUMNS)):
                tip = model.index(row, column).data(Qt.ItemDataRole.ToolTipRole)
                yield f"tooltip in {who}", read(str(tip or ""))


def where_it_is_read() -> set[str]:
    """Who says the name; fails where only a part of it can be read."""
    found = [(who, text) for who, text in said() if "fat" in text]
    assert not [(who, text) for who, text in found if NAME not in text]
    return {who for who, _ in found}


def tip_at(widget: QWidget, place: QPoint) -> str:
    """What a person reads when the mouse rests there."""
    QApplication.sendEvent(widget, QHelpEvent(QHelpEvent.Type.ToolTip, place, widget.mapToGlobal(place)))
    return read(QToolTip.text())


def test_only_what_could_be_html_is_changed():
    assert as_letters("p1.jpg\n3 regions & more") == "p1.jpg\n3 regions & more"
    assert read(as_letters(f"{NAME}\n  a & b")) == f"{NAME}\n  a & b"


def test_a_file_a_transcription_and_a_comment(qapp, tmp_path: Path):
    folder = write_photos(tmp_path / NAME, (f"{NAME}.jpg", "b.jpg"))
    db = ProjectDb.open(folder)
    region = new_region([(20, 20), (80, 20), (80, 44), (20, 44)], text=NAME)
    db.save_edit(f"{NAME}.jpg", Page((region,), "edited"), f"Type {NAME}", "edit")
    write_text_check(db.path.parent, "xyz", [])
    db.close()

    def script(robot: AppRobot):
        yield robot.picture_shown
        window = robot.window
        robot.select(robot.page.regions[0].id)
        assert NAME in read(window.regions.lane.remark.text())
        assert "U+003C" in read(window.regions.lane.remark.toolTip())
        where_it_is_read()
        robot.click(100, 80)
        robot.press("C")
        robot.type(NAME, window.comments.text)
        QTest.keyClick(window.comments.text, Qt.Key.Key_Return)
        assert NAME in tip_at(window.comments.list.viewport(), QPoint(20, 8))
        assert NAME in tip_at(robot.canvas.viewport(), robot.place(100, 80).toPoint())
        assert NAME in tip_at(window.heat_strip, QPoint(2, 2))
        assert NAME in tip_at(window.pages.view.viewport(), QPoint(40, 20))
        window.pages.filter.setText(f'"{NAME}"')
        window.folder_banner.tell(f"{folder} is only looked at")
        robot.trigger("history")
        places = where_it_is_read()
        assert {"QLabel", "tooltip in QListView", "tooltip in QListWidget"} <= places

    assert run_with(FakeDetector(), [str(folder)], script) == 0


def test_a_checkpoint(qapp, tmp_path: Path, private_home: Path):
    own = private_home / "checkpoints"
    own.mkdir()
    shutil.move(tiny_checkpoint(own, name=NAME), own / f"{NAME}.safetensors")
    (own / f"{NAME} cut.safetensors").write_bytes(b"\x10\x00\x00\x00\x00\x00\x00\x00{")

    def script(robot: AppRobot):
        yield robot.picture_shown
        robot.trigger("checkpoints")
        window = robot.window.findChild(CheckpointWindow)
        yield lambda: window.tree.topLevelItemCount() > 2
        for stem in (NAME, f"{NAME} cut"):
            window.choose(own / f"{stem}.safetensors")
            assert window.chosen is not None
            where_it_is_read()
        window.buttons["use"].click()
        assert NAME in window.told.text()
        window.choose(own / f"{NAME}.safetensors")
        window.buttons["rename"].click()
        asked = window.findChild(QInputDialog)
        assert NAME in read(asked.labelText())
        asked.reject()
        window.buttons["delete"].click()
        box = window.findChild(DeleteCheckpointDialog)
        assert NAME in read(box.text())
        assert {"QLabel", "tooltip in QTreeWidget"} <= where_it_is_read()
        box.keep_button.click()
        robot.window.status.set_model(NAME, "cpu", "good")
        unsaved = UnsavedDialog(f"{own / NAME}: the disk is full", robot.window)
        assert NAME in read(unsaved.informativeText())
        where_it_is_read()
        unsaved.deleteLater()

    assert run_with(FakeDetector(), [str(write_photos(tmp_path / "p"))], script) == 0


def test_a_comparison(qapp, tmp_path: Path):
    folder = write_photos(tmp_path / "p", (f"{NAME}.jpg",))
    db = ProjectDb.open(folder)
    region = new_region([(32, 24), (160, 24), (160, 72), (32, 72)], text="fat")
    db.save_edit(f"{NAME}.jpg", Page((region,), "approved"), "Draw", "edit")
    db.close()

    def script(robot: AppRobot):
        yield from figures_opened(robot)
        window = compare_window()
        yield from run_over_all(window.figures)
        window.figures.tabs.setCurrentIndex(1)
        first = window.figures.tabs.tables[1].model().index(0, 0)
        assert first.data() == f"{NAME}.jpg"
        assert read(first.data(Qt.ItemDataRole.ToolTipRole)) == f"{NAME}.jpg"
        window.remark.setText(f"{NAME} is gone")
        assert "QLabel" in where_it_is_read()

    assert run_with(NamedDetector(), [str(folder)], script) == 0
