"""The table of commands: unique keys, icons that exist, menus, disabled ones that say why."""

from collections import Counter
from pathlib import Path

from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QApplication, QMenu

from app.views.action_spec import WHY_DISABLED
from app.views.actions import ACTIONS, MENUS
from app.views.dialogs.about import AboutDialog
from app.views.dialogs.keys import KeysDialog
from app.views.theme import DARK, LIGHT, icon, style_sheet, unresolved_tokens
from tests.helpers.app_robot import AppRobot, run_with
from tests.helpers.fake_predictor import FakeDetector
from tests.helpers.photos import write_photos


def test_no_key_has_two_commands():
    keys = Counter(QKeySequence(key).toString() for spec in ACTIONS for key in spec.keys)
    assert "" not in keys
    assert [key for key, count in keys.items() if count > 1] == []


def test_no_command_has_a_key_twice_under_two_names():
    """A real keyboard offers Shift and , as "Shift+," and as "<"; with both, neither works."""
    shifted = {",": "<", ".": ">", "=": "+", "-": "_", "/": "?", "3": "#"}
    for spec in ACTIONS:
        keys = set(spec.keys)
        assert not [key for key in keys if key.startswith("Shift+") and shifted.get(key[6:]) in keys], spec.id


def test_every_command_has_words_a_menu_and_a_known_need():
    ids = [spec.id for spec in ACTIONS]
    assert len(set(ids)) == len(ids)
    for spec in ACTIONS:
        assert spec.text
        assert spec.hint
        assert spec.menu in MENUS
        assert spec.needs in WHY_DISABLED


def test_every_icon_is_drawn_in_both_themes(qapp):
    for spec in ACTIONS:
        if spec.icon:
            for colours in (LIGHT, DARK):
                image = icon(spec.icon, colours).pixmap(20, 20).toImage()
                shown = sum(image.pixelColor(x, y).alpha() > 60 for x in range(20) for y in range(20))
                assert shown > 8, spec.id


def test_the_style_sheet_has_no_unknown_colour():
    for colours in (LIGHT, DARK):
        assert unresolved_tokens(style_sheet(colours)) == []


def test_the_default_keys_are_those_of_the_design(qapp):
    wanted = {
        "next": "D", "previous": "A", "next_open": "Shift+D", "first": "Home", "last": "End",
        "filter": "Ctrl+L",
        "open": "Ctrl+U", "save": "Ctrl+S", "export": "Ctrl+Shift+E", "approve": "Ctrl+Return", "reject": "X",
        "unapprove": "U", "tool.select": "V", "tool.polygon": "P", "tool.rectangle": "R", "tool.quad": "T",
        "tool.repeat": "N", "region.next": "Tab", "select_all": "Ctrl+A", "delete": "Del", "ignore": "I",
        "transcription": "F2", "fit": "F", "zoom_selection": "Z", "actual": "Ctrl+0", "map": "J",
        "map.next": "Shift+J", "threshold.down": ",", "threshold.up": ".", "detect": "G",
        "detect_all": "Shift+G",
        "undo": "Ctrl+Z", "redo": "Ctrl+Shift+Z", "keys": "F1",
    }  # fmt: skip
    table = {spec.id: spec.keys for spec in ACTIONS}
    assert {name: table[name][0] for name in wanted} == wanted


def test_a_disabled_command_says_why(qapp):
    def script(robot: AppRobot):
        assert not robot.action("detect").isEnabled()
        assert "Open an image first" in robot.action("detect").toolTip()
        yield lambda: True

    run_with(FakeDetector(), [], script)


def test_the_menus_hold_every_command_once(qapp):
    def script(robot: AppRobot):
        names = Counter()
        for top in robot.window.menuBar().actions():
            names.update(action.objectName() for action in top.menu().actions() if action.objectName())
        assert names == Counter(spec.id for spec in ACTIONS)
        yield lambda: True

    run_with(FakeDetector(), [], script)


def test_the_key_overview_lists_everything_and_can_be_searched(qapp):
    def script(robot: AppRobot):
        robot.press("F1", robot.window)
        dialog = robot.window.findChild(KeysDialog)
        assert dialog is not None
        assert len(dialog.visible_rows()) > len(ACTIONS)
        dialog.search.setText("polygon")
        assert ("Polygon", "P, Q") in dialog.visible_rows()
        assert len(dialog.visible_rows()) < 8
        yield lambda: True
        dialog.close()

    run_with(FakeDetector(), [], script)


def test_about_names_the_licences(qapp):
    def script(robot: AppRobot):
        robot.trigger("about")
        dialog = robot.window.findChild(AboutDialog)
        assert dialog is not None
        text = dialog.licences.toPlainText()
        assert "CC BY-NC 4.0" in text
        assert "Apache-2.0" in text
        yield lambda: True
        dialog.close()

    run_with(FakeDetector(), [], script)


def test_a_command_that_is_switched_on_has_a_check_mark_in_the_menu(qapp):
    def script(robot: AppRobot):
        for spec in ACTIONS:
            assert not (spec.checkable and robot.action(spec.id).isIconVisibleInMenu()), spec.id
        yield lambda: True

    run_with(FakeDetector(), [], script)


def test_controls_have_accessible_names(qapp, tmp_path: Path):
    from PySide6.QtWidgets import QAbstractButton, QAbstractSpinBox, QComboBox, QLineEdit, QSlider

    folder = write_photos(tmp_path / "p", ("a.jpg",))

    def script(robot: AppRobot):
        yield robot.picture_shown
        for kind in (QAbstractButton, QComboBox, QSlider, QAbstractSpinBox, QLineEdit):
            for control in robot.window.findChildren(kind):
                if control.isVisible() and not control.objectName().startswith("qt_"):
                    assert control.accessibleName() or control.text(), control

    run_with(FakeDetector(), [str(folder)], script)


def test_every_command_has_a_key_a_menu_and_a_hint():
    assert [spec.id for spec in ACTIONS if not (spec.keys and spec.hint and spec.menu in MENUS)] == []


def test_what_concerns_the_picture_is_in_the_menu_of_the_right_button(qapp, tmp_path: Path):
    elsewhere = {"File", "Go", "Train", "Help"}  # about the folder and the window
    not_here = {
        "tool.select", "region.next", "region.previous", "history.restore", "history.now", "text.checks",
        "text.hints", "preferences", "key_editor",
    }  # fmt: skip
    folder = write_photos(tmp_path / "p", ("a.jpg",))

    def texts(menu: QMenu) -> set[str]:
        found = set()
        for action in menu.actions():
            found |= {action.objectName()} | (texts(action.menu()) if action.menu() else set())
        return found

    def script(robot: AppRobot):
        yield robot.picture_shown
        robot.press("R")
        robot.drag((20, 20), (80, 60))
        robot.press("V")
        offered = set()
        for x, y in ((50, 40), (120, 120)):
            place = robot.place(x, y)
            robot.mouse(QEvent.Type.MouseMove, place)
            robot.mouse(QEvent.Type.MouseButtonPress, place, "", Qt.MouseButton.RightButton)
            robot.mouse(QEvent.Type.MouseButtonRelease, place, "", Qt.MouseButton.RightButton)
            menu = QApplication.activePopupWidget()
            offered |= texts(menu)
            menu.close()
        wanted = {spec.id for spec in ACTIONS if spec.menu not in elsewhere} - not_here
        assert wanted - offered == {"comment.edit", "comment.delete"} - offered
        yield lambda: True

    run_with(FakeDetector(), [str(folder)], script)
