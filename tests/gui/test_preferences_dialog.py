"""Preferences: made from the schema, every change holds at once and after a restart."""

from pathlib import Path
from typing import get_args

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QApplication

from app.settings.schema import CacheSettings, Settings, ViewSettings
from app.settings.store import SettingsStore
from app.storage.map_cache import MapCache
from app.views.dialogs.preferences import PreferencesDialog, shown_preferences
from app.views.theme import DARK, LIGHT
from app.workers.image_pool import ImagePool
from tests.app.test_map_cache import maps_of
from tests.helpers.app_robot import AppRobot, run_with
from tests.helpers.fake_predictor import FakeDetector
from tests.helpers.photos import write_photos


def _dialog(robot: AppRobot) -> PreferencesDialog:
    robot.trigger("preferences")
    found = [dialog for dialog in robot.window.findChildren(PreferencesDialog) if dialog.isVisible()]
    assert len(found) == 1
    return found[0]


def _choose(dialog: PreferencesDialog, part: str, name: str, value: object) -> None:
    control = dialog.controls[part, name]
    control.show_setting(value)
    control.edited.emit()


def test_every_preference_has_a_name_an_explanation_and_a_control(qapp):
    dialog = PreferencesDialog(Settings())
    shown = list(shown_preferences())
    assert {(one.part, one.name) for one in shown} == set(dialog.controls)
    assert len(shown) >= 14
    for one in shown:
        control = dialog.controls[one.part, one.name]
        assert control.accessibleName() == one.field.title
        assert control.toolTip() == one.field.description
        assert len(one.field.description) > 10
        assert control.setting() == getattr(getattr(Settings(), one.part), one.name)


def test_every_value_of_a_choice_can_be_chosen(qapp):
    dialog = PreferencesDialog(Settings())
    for one in shown_preferences():
        for value in get_args(one.field.annotation):
            _choose(dialog, one.part, one.name, value)
            assert getattr(getattr(dialog.settings, one.part), one.name) == value


def test_what_is_chosen_holds_at_once_and_after_a_restart(qapp, private_home: Path):
    def script(robot: AppRobot):
        dialog = _dialog(robot)
        _choose(dialog, "view", "theme", "dark")
        assert QApplication.palette().window().color().name() == DARK.window
        assert robot.action("theme.dark").isChecked()
        _choose(dialog, "view", "theme", "light")
        assert QApplication.palette().window().color().name() == LIGHT.window
        before = robot.window.menuBar().font().pointSizeF()
        _choose(dialog, "view", "font_percent", 150)
        assert robot.window.menuBar().font().pointSizeF() == pytest.approx(1.5 * before)
        _choose(dialog, "view", "rulers", True)
        assert "rulers" in robot.canvas.guides.on
        _choose(dialog, "view", "colour_map", "cividis")
        assert robot.window.layers.colour_map_name == "cividis"
        _choose(dialog, "cache", "pictures_mb", 256)
        yield lambda: True
        dialog.accept()

    run_with(FakeDetector(), [], script)
    kept = SettingsStore(private_home / "settings.toml").settings
    assert kept.view == ViewSettings(theme="light", font_percent=150, rulers=True, colour_map="cividis")
    assert kept.cache == CacheSettings(pictures_mb=256)

    def again(robot: AppRobot):
        assert robot.window.menuBar().font().pointSizeF() > 10
        dialog = _dialog(robot)
        assert dialog.controls["view", "rulers"].setting() is True
        dialog.defaults_button.click()
        assert dialog.controls["view", "rulers"].setting() is False
        yield lambda: True
        assert "rulers" not in robot.canvas.guides.on
        dialog.accept()

    run_with(FakeDetector(), [], again)
    assert SettingsStore(private_home / "settings.toml").settings.view == ViewSettings()


def _turn_wheel(robot: AppRobot, held: Qt.KeyboardModifier) -> None:
    view = robot.canvas.viewport()
    middle = QPointF(view.rect().center())
    event = QWheelEvent(
        middle, QPointF(view.mapToGlobal(middle.toPoint())), QPoint(), QPoint(0, 120),
        Qt.MouseButton.NoButton, held, Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    QApplication.sendEvent(view, event)


def test_the_wheel_zooms_or_scrolls_as_preferred(qapp, tmp_path: Path):
    folder = write_photos(tmp_path / "p", ("a.jpg",))

    def script(robot: AppRobot):
        yield robot.picture_shown
        robot.trigger("actual")
        zoom = robot.canvas.zoom
        _turn_wheel(robot, Qt.KeyboardModifier.NoModifier)
        assert robot.canvas.zoom == pytest.approx(1.2 * zoom)
        dialog = _dialog(robot)
        _choose(dialog, "view", "wheel", "scroll")
        dialog.accept()
        zoom, place = robot.canvas.zoom, robot.canvas.image_to_widget(10, 10)
        _turn_wheel(robot, Qt.KeyboardModifier.NoModifier)
        after = robot.canvas.image_to_widget(10, 10)
        assert robot.canvas.zoom == zoom
        assert after.x() == place.x()
        assert after.y() - place.y() == pytest.approx(80, abs=1)
        _turn_wheel(robot, Qt.KeyboardModifier.ShiftModifier)
        sideways = robot.canvas.image_to_widget(10, 10)
        assert sideways.x() - after.x() == pytest.approx(80, abs=1)
        assert sideways.y() == after.y()
        _turn_wheel(robot, Qt.KeyboardModifier.ControlModifier)
        assert robot.canvas.zoom == pytest.approx(1.2 * zoom)

    run_with(FakeDetector(), [str(folder)], script)


def test_a_smaller_memory_for_pictures_lets_the_oldest_go_at_once(qapp, qtbot, tmp_path: Path):
    folder = write_photos(tmp_path / "p", ("a.jpg", "b.jpg", "c.jpg"))
    pool = ImagePool()
    for name in ("a.jpg", "b.jpg", "c.jpg"):
        with qtbot.waitSignal(pool.image_ready):
            pool.request(name, folder / name)
    one = pool.cached_bytes // 3
    pool.set_cache_bytes(one + 10)
    assert pool.cached_bytes == one
    pool.shutdown()


def test_a_smaller_disk_for_maps_holds_for_what_is_kept_next(tmp_path: Path):
    maps = maps_of()
    cache = MapCache(tmp_path)
    assert cache.put("before", maps)
    cache.set_limit(10)
    assert not cache.put("after", maps)
