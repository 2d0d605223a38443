"""The tour of the first run, names for screen readers, and the palette that is safe for colour blindness."""

from pathlib import Path

import numpy as np
import pytest
from PySide6.QtGui import QColor
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSpinBox,
    QComboBox,
    QDialog,
    QLineEdit,
    QPlainTextEdit,
    QSlider,
    QWidget,
)

from app.domain.region import Region
from app.i18n.translation import use_language
from app.settings.store import SettingsStore
from app.views.actions import ACTIONS
from app.views.canvas.style import detected_style, style_of
from app.views.dialogs.tour import STEPS, TourCard
from tests.helpers.app_robot import AppRobot, run_with
from tests.helpers.fake_predictor import FakeDetector
from tests.helpers.photos import write_photos

CONTROLS = (
    QAbstractButton, QComboBox, QSlider, QAbstractSpinBox, QLineEdit, QPlainTextEdit, QAbstractItemView,
)  # fmt: skip


def _card(robot: AppRobot) -> TourCard:
    return robot.window.findChild(TourCard)


def test_the_first_run_offers_the_tour_and_a_closed_one_stays_away(qapp, private_home: Path, tmp_path: Path):
    folder = write_photos(tmp_path / "p", ("a.jpg", "b.jpg"))

    def first(robot: AppRobot):
        yield robot.picture_shown
        card = _card(robot)
        yield card.isVisible
        assert not card.isAncestorOf(robot.window.focusWidget())
        robot.press("D")  # the window is in use meanwhile
        yield lambda: robot.key == "b.jpg"
        assert card.isVisible()
        for number in range(1, len(STEPS)):  # a folder is open already
            assert card.step == number
            assert f"Step {number + 1} of 5" == card.place_label.text()
            assert card.parentWidget().rect().contains(card.geometry())
            card.next_button.click()
        assert not card.isVisible()

    run_with(FakeDetector(), [str(folder)], first)
    assert SettingsStore(private_home / "settings.toml").settings.tour_closed

    def second(robot: AppRobot):
        yield robot.picture_shown
        yield robot.checkpoint_ready
        assert not _card(robot).isVisible()
        robot.trigger("tour")
        assert _card(robot).isVisible()
        assert _card(robot).step == 0

    run_with(FakeDetector(), [str(folder)], second)


def test_the_tour_goes_by_keys_alone(qapp, private_home: Path):
    (private_home / "settings.toml").write_text("tour_closed = true\n", encoding="utf-8")

    def script(robot: AppRobot):
        robot.trigger("tour")
        card = _card(robot)
        assert robot.window.focusWidget() is card.next_button
        robot.press("Space", card.next_button)
        assert card.step == 1
        robot.press("Right", card)
        assert card.step == 2
        robot.press("Left", card)
        assert card.step == 1
        robot.press("Esc", card.next_button)
        assert not card.isVisible()
        yield lambda: True

    run_with(FakeDetector(), [], script)


def test_the_tour_names_the_keys_in_use_and_speaks_the_language(qapp, private_home: Path):
    (private_home / "settings.toml").write_text(
        '[keys]\npreset = "cvat"\n[keys.changes]\ndetect = ["F6"]\n[view]\nlanguage = "zh_TW"\n',
        encoding="utf-8",
    )

    def script(robot: AppRobot):
        card = _card(robot)
        yield card.isVisible
        card.next_button.click()
        assert "F6" in card.text.text()
        assert card.title.text() == "讓偵測器尋找文字"
        assert card.next_button.text() == "下一步"

    run_with(FakeDetector(), [], script)
    use_language("en")


def test_the_commands_of_the_tour_exist():
    assert len(STEPS) == 5
    known = {row.id for row in ACTIONS}
    for _, text, names in STEPS:
        assert set(names) <= known
        assert text.count("{}") == len(names)


def _nameless(root: QWidget) -> list[str]:
    found = []
    for control in root.findChildren(QWidget):
        inner = control.objectName().startswith("qt_") or isinstance(
            control.parentWidget(), QAbstractSpinBox | QComboBox | QAbstractItemView
        )
        if not isinstance(control, CONTROLS) or inner or not control.isVisible():
            continue
        if not (control.accessibleName() or control.property("text") or control.property("plainText")):
            found.append(f"{type(control).__name__} in {type(control.parentWidget()).__name__}")
    return found


def test_every_control_of_the_window_has_a_name_for_screen_readers(qapp, tmp_path: Path):
    folder = write_photos(tmp_path / "p", ("a.jpg",))

    def script(robot: AppRobot):
        yield robot.picture_shown
        assert robot.canvas.accessibleName()
        assert _nameless(robot.window) == []

    run_with(FakeDetector(), [str(folder)], script)


@pytest.mark.parametrize(
    "command", ["preferences", "key_editor", "keys", "export", "go_to", "about", "import"]
)
def test_every_control_of_a_dialog_has_a_name_and_tab_reaches_the_buttons(qapp, tmp_path: Path, command: str):
    folder = write_photos(tmp_path / "p", ("a.jpg",))

    def script(robot: AppRobot):
        yield robot.picture_shown
        robot.trigger(command)
        dialogs = [dialog for dialog in robot.window.findChildren(QDialog) if dialog.isVisible()]
        assert len(dialogs) == 1
        dialog = dialogs[0]
        assert dialog.windowTitle()
        assert _nameless(dialog) == []
        reached, widget = set(), dialog
        while (widget := widget.nextInFocusChain()) is not dialog and widget not in reached:
            reached.add(widget)
        buttons = [button for button in dialog.findChildren(QAbstractButton) if button.isVisible()]
        assert [button.text() for button in buttons if button not in reached] == []
        robot.press("Esc", dialog)
        assert not dialog.isVisible()

    run_with(FakeDetector(), [str(folder)], script)


DEUTERANOPIA = np.array([[0.367, 0.861, -0.228], [0.280, 0.673, 0.047], [-0.012, 0.043, 0.969]])
PROTANOPIA = np.array([[0.152, 1.053, -0.205], [0.115, 0.786, 0.099], [-0.004, -0.048, 1.052]])
"""Machado, Oliveira and Fernandes 2009, severity 1, on linear RGB."""


def _seen(colour: QColor, matrix: np.ndarray) -> np.ndarray:
    linear = np.array([colour.redF(), colour.greenF(), colour.blueF()]) ** 2.2
    return np.clip(matrix @ linear, 0, 1) ** (1 / 2.2)


@pytest.mark.parametrize("matrix", [DEUTERANOPIA, PROTANOPIA], ids=["deuteranopia", "protanopia"])
def test_the_safe_origins_are_told_apart_by_colour_and_by_dashes(matrix: np.ndarray):
    square = np.array([[0, 0], [9, 0], [9, 9], [0, 9]], np.float64)
    looks = [
        style_of(Region(origin, square, origin=origin), "safe") for origin in ("person", "model", "both")
    ] + [detected_style("safe")]
    assert len({look.dashes for look in looks}) == 4
    seen = [_seen(look.line, matrix) for look in looks]
    for at, one in enumerate(seen):
        for other in seen[at + 1 :]:
            assert np.abs(one - other).max() > 0.2


def test_the_palette_is_used_at_once(qapp, tmp_path: Path):
    folder = write_photos(tmp_path / "p", ("a.jpg",))

    def script(robot: AppRobot):
        yield robot.picture_shown
        robot.trigger("preferences")
        dialog = next(d for d in robot.window.findChildren(QDialog) if d.isVisible())
        before = robot.window.page_model.colours["approved"]
        dialog.controls["view", "palette"].show_setting("safe")
        dialog.controls["view", "palette"].edited.emit()
        assert robot.window.page_model.colours["approved"] != before
        assert robot.canvas.stage._palette == "safe"
        dialog.accept()

    run_with(FakeDetector(), [str(folder)], script)
