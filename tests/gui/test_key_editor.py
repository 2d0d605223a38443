"""Other keys: presets, conflicts, files, live and after a restart."""

import json
from collections import Counter
from pathlib import Path

import pytest
from PySide6.QtGui import QKeySequence

from app.settings.key_file import PRESETS, preset_keys, read_key_file
from app.settings.schema import KeySettings
from app.views.action_spec import ActionSpec
from app.views.actions import ACTIONS, MENUS
from app.views.dialogs.keys import KeysDialog
from app.views.dialogs.keys_editor import KeyEditor
from app.views.keymap import (
    RESERVED,
    changed_keys,
    checked_keys,
    conflicts,
    keys_in_use,
    owner_of,
    portable,
    scopes_meet,
)  # fmt: skip
from tcm_core.errors import BadConfig
from tests.helpers.app_robot import AppRobot, run_with
from tests.helpers.fake_predictor import FakeDetector
from tests.helpers.photos import write_photos

PRESET_NAMES = [name for name, _ in PRESETS]
NEVER_WITHOUT = (
    "open", "undo", "redo", "copy", "paste", "delete", "select_all", "transcription", "ignore", "next",
    "previous", "next_open", "approve", "reject", "tool.select", "tool.polygon", "tool.rectangle",
    "tool.quad", "tool.curve", "tool.pick", "tool.knife", "shape.merge", "shape.cut", "fit", "zoom_selection",
    "map", "regions", "detect", "detect_all", "keys", "key_editor",
)  # fmt: skip


def spec(name: str, keys: tuple[str, ...], scope: str = "window") -> ActionSpec:
    return ActionSpec(name, name, "Edit", keys, "", name, lambda _: None, scope=scope)


@pytest.mark.parametrize("name", PRESET_NAMES)
def test_a_preset_has_no_conflict_and_leaves_no_everyday_command_without_a_key(name: str):
    in_use = keys_in_use(ACTIONS, KeySettings(preset=name))
    assert conflicts(ACTIONS, in_use) == []
    assert [command for command in NEVER_WITHOUT if not in_use[command]] == []


@pytest.mark.parametrize("name", PRESET_NAMES[1:])
def test_a_preset_names_commands_and_keys_that_exist_and_gets_all_it_asks_for(name: str):
    asked = preset_keys(name)
    assert set(asked) <= {row.id for row in ACTIONS}
    in_use = keys_in_use(ACTIONS, KeySettings(preset=name))
    assert {command: in_use[command] for command in asked} == asked
    assert [key for keys in asked.values() for key in keys if portable(key) != key] == []


def test_no_command_of_the_table_has_a_reserved_key():
    assert [(row.id, key) for row in ACTIONS for key in row.keys if portable(key) in RESERVED] == []
    assert {f"Alt+{menu[0]}" for menu in MENUS} <= set(RESERVED)


def test_the_traps_between_programs_are_as_their_users_expect():
    """The same letter means the opposite in two of them."""
    keys = {name: keys_in_use(ACTIONS, KeySettings(preset=name)) for name in PRESET_NAMES}
    assert [owner_of(ACTIONS, keys[name], "D", "window") for name in PRESET_NAMES] == [
        "next", "next", "next", "previous",
    ]  # fmt: skip
    assert [owner_of(ACTIONS, keys[name], "Ctrl+V", "window") for name in PRESET_NAMES] == [
        "paste", "approve", "paste", "paste",
    ]  # fmt: skip


def test_scopes_that_cannot_be_heard_in_the_same_place_may_share_a_key():
    assert scopes_meet("window", "canvas")
    assert scopes_meet("canvas", "canvas")
    specs = [spec("a", ("F5",)), spec("b", ("F5",), "canvas"), spec("c", ("F6",))]
    found = conflicts(specs, {row.id: row.keys for row in specs})
    assert [(one.key, one.owner, one.other) for one in found] == [("F5", "a", "b")]


def test_the_users_choice_goes_before_the_preset_and_the_preset_before_the_table():
    in_use = keys_in_use(ACTIONS, KeySettings(preset="cvat", changes={"quit": ("F", "N")}))
    assert in_use["quit"] == ("F", "N")
    assert in_use["next"] == ("PgDown",)
    assert in_use["tool.repeat"] == ()
    assert conflicts(ACTIONS, in_use) == []


def test_settings_that_name_unknown_commands_and_keys_do_no_harm():
    wild = KeySettings(changes={"gone": ("F7",), "quit": ("Bogus", "Esc", "shift+ctrl+q", "Ctrl+K, Ctrl+C")})
    assert keys_in_use(ACTIONS, wild)["quit"] == ("Ctrl+Shift+Q",)


def test_only_differences_from_the_preset_are_kept():
    settings = changed_keys(ACTIONS, KeySettings(preset="cvat"), {"quit": ("F12",), "next": ("F", "PgDown")})
    assert settings == KeySettings(preset="cvat", changes={"quit": ("F12",)})
    assert changed_keys(ACTIONS, settings, {"quit": ("Ctrl+Q",)}) == KeySettings(preset="cvat")


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"quit": ("Bogus",)}, "'Bogus' for quit is not a key"),
        ({"quit": ("F9",), "save": ("F9",)}, "F9 is given to both"),
        ({"quit": ("Esc",)}, "Esc"),
    ],
)
def test_a_file_with_impossible_keys_is_refused(changes: dict, named: str):
    with pytest.raises(BadConfig, match=named):
        checked_keys(ACTIONS, KeySettings(changes=changes), "keys.json")


def test_commands_of_another_version_are_left_out_of_an_imported_file():
    assert checked_keys(ACTIONS, KeySettings(changes={"gone": ("F9",), "quit": ("f9",)}), "k") == KeySettings(
        changes={"quit": ("F9",)}
    )


def _close(robot: AppRobot, editor: KeyEditor) -> None:
    editor.accept()
    robot.window.activateWindow()  # a window manager does it; the offscreen platform has none


def _editor(robot: AppRobot) -> KeyEditor:
    robot.trigger("key_editor")
    found = [dialog for dialog in robot.window.findChildren(KeyEditor) if dialog.isVisible()]
    assert len(found) == 1
    return found[0]


def test_a_new_key_works_at_once_and_is_shown_everywhere(qapp, tmp_path: Path, private_home: Path):
    folder = write_photos(tmp_path / "p", ("a.jpg", "b.jpg"))

    def script(robot: AppRobot):
        yield robot.picture_shown
        editor = _editor(robot)
        editor.choose("next")
        editor.key.setKeySequence(QKeySequence("F8"))
        editor.use_button.click()
        _close(robot, editor)
        yield lambda: robot.window.isActiveWindow()
        assert robot.action("next").shortcut().toString() == "F8"
        assert "(F8)" in robot.action("next").toolTip()
        assert "(D)" not in robot.action("next").toolTip()
        robot.press("D")
        assert robot.key == "a.jpg"
        robot.press("F8")
        yield lambda: robot.key == "b.jpg"
        robot.press("F1", robot.window)
        rows = robot.window.findChild(KeysDialog).visible_rows()
        assert ("Next image", "F8") in rows
        robot.window.findChild(KeysDialog).close()

    run_with(FakeDetector(), [str(folder)], script)
    text = (private_home / "settings.toml").read_text(encoding="utf-8")
    assert "[keys.changes]" in text
    assert 'next = ["F8"]' in text

    def again(robot: AppRobot):
        yield robot.picture_shown
        robot.press("F8")
        yield lambda: robot.key == "b.jpg"

    run_with(FakeDetector(), [str(folder)], again)


def test_a_key_of_another_command_is_named_and_can_be_taken(qapp):
    def script(robot: AppRobot):
        editor = _editor(robot)
        editor.choose("approve")
        editor.key.setKeySequence(QKeySequence("Ctrl+V"))
        assert editor.message.text() == "Ctrl+V belongs to Paste (menu Edit)."
        assert not editor.use_button.isEnabled()
        assert not editor.add_button.isEnabled()
        assert editor.take_button.isVisible()
        editor.take_button.click()
        assert robot.action("paste").shortcuts() == []
        assert "Ctrl+V" in [key.toString() for key in robot.action("approve").shortcuts()]
        editor.key.setKeySequence(QKeySequence("Esc"))
        assert "cannot be used" in editor.message.text()
        assert not editor.use_button.isEnabled()
        assert not editor.take_button.isVisible()
        editor.reset_all_button.click()
        assert robot.action("paste").shortcut().toString() == "Ctrl+V"
        yield lambda: True
        _close(robot, editor)

    run_with(FakeDetector(), [], script)


def test_a_preset_is_used_at_once(qapp, tmp_path: Path):
    folder = write_photos(tmp_path / "p", ("a.jpg", "b.jpg"))

    def script(robot: AppRobot):
        yield robot.picture_shown
        editor = _editor(robot)
        editor.preset.setCurrentIndex(PRESET_NAMES.index("cvat"))
        editor.preset.activated.emit(PRESET_NAMES.index("cvat"))
        _close(robot, editor)
        yield lambda: robot.window.isActiveWindow()
        robot.press("F")
        yield lambda: robot.key == "b.jpg"
        robot.press("D")
        yield lambda: robot.key == "a.jpg"
        counted = Counter(key.toString() for row in ACTIONS for key in robot.action(row.id).shortcuts())
        assert [key for key, count in counted.items() if count > 1] == []

    run_with(FakeDetector(), [str(folder)], script)


def test_keys_are_exported_and_imported_and_a_bad_file_changes_nothing(qapp, tmp_path: Path):
    def script(robot: AppRobot):
        editor = _editor(robot)
        editor.choose("quit")
        editor.none_button.click()
        editor.export_to(tmp_path / "my.json")
        assert read_key_file(tmp_path / "my.json") == KeySettings(changes={"quit": ()})
        editor.reset_all_button.click()
        assert robot.action("quit").shortcut().toString() == "Ctrl+Q"
        (tmp_path / "bad.json").write_text(json.dumps({"tcm_studio_keys": 1, "preset": "cvat"}))
        editor.import_from(tmp_path / "bad.json")
        assert "bad.json" in editor.message.text()
        assert robot.action("next").shortcut().toString() == "D"
        editor.import_from(tmp_path / "my.json")
        assert robot.action("quit").shortcuts() == []
        yield lambda: True
        _close(robot, editor)

    run_with(FakeDetector(), [], script)


def test_the_editor_can_be_searched_and_used_without_a_mouse(qapp):
    def script(robot: AppRobot):
        editor = _editor(robot)
        editor.search.setText("Ctrl+G")
        shown = [name for name, row in editor._rows.items() if not row.isHidden()]
        assert shown == ["go_to"]
        editor.search.clear()
        editor.choose("about")
        robot.press("Return", editor.tree)
        assert editor.focusWidget() is editor.key
        yield lambda: True
        _close(robot, editor)

    run_with(FakeDetector(), [], script)
