"""Three languages: every string has its entries, all widgets follow at once, English comes back unchanged."""

import json
import re
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QComboBox, QLabel, QMenu, QPushButton, QWidget

from app.i18n.translation import Dictionary, read_dictionary, tr, tr_lines, use_language
from app.views.actions import ACTIONS, MENUS
from app.views.dialogs.export import ExportDialog
from app.views.dialogs.keys import KeysDialog
from app.views.dialogs.preferences import PreferencesDialog
from app.views.dialogs.problem import ProblemDialog
from app.views.retranslation import translate
from tcm_core.resources import resource
from tests.helpers.app_robot import AppRobot, run_with
from tests.helpers.fake_predictor import FakeDetector
from tests.helpers.photos import write_photos
from tests.helpers.shown_words import shown_words, told_problems

LANGUAGES = ("zh_TW", "zh_CN")
SLOT = re.compile(r"\{n?\}")


@pytest.fixture(autouse=True)
def english_afterwards():
    yield
    use_language("en")


def _said(text: str) -> list[str]:
    """A string as it comes out of an f-string: a number for each gap, one or many for a plural's letters."""
    if "{}" not in text:
        return [text]
    return [re.sub(r"(?<=[a-z])(?:\{\})+", plural, text).replace("{}", "7") for plural in ("", "s")]


def _is_known(dictionary: Dictionary, text: str) -> bool:
    """Whether there is an entry for exactly this string, or one whose gaps fit it when it has gaps itself."""
    if "{}" in text:
        return any(dictionary.find(said) is not None for said in _said(text))
    return any(text.removesuffix(ending) in dictionary.entries for ending in ("", ".", "..."))


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_string_of_the_window_has_an_entry(language: str):
    dictionary = read_dictionary(language)
    missing = {text: where for text, where in shown_words().items() if not _is_known(dictionary, text)}
    assert missing == {}


def test_the_scan_sees_commands_dialogs_panels_and_f_strings():
    words = shown_words()
    assert {"Open folder...", "Go to image", "Every edit is on disk", "Detector", "Images in {}"} <= set(
        words
    )


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_entry_keeps_its_gaps_and_says_something(language: str):
    entries = read_dictionary(language).entries
    for english, translated in entries.items():
        assert len(SLOT.findall(english)) == len(SLOT.findall(translated)), english
        assert translated.strip() == translated != "", english


def test_both_dictionaries_know_the_same_and_differ_in_their_script():
    traditional, simplified = (read_dictionary(name).entries for name in LANGUAGES)
    assert set(traditional) == set(simplified)
    assert (traditional["Open folder"], simplified["Open folder"]) == ("開啟資料夾", "打开文件夹")
    simplified_only = set("这张图档编区选标识检测门转录")
    assert [text for text in traditional.values() if simplified_only & set(text)] == []
    traditional_only = set("這張圖檔編區選標識檢測門轉錄")
    assert [text for text in simplified.values() if traditional_only & set(text)] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_commands_with_different_words_do_not_get_the_same(language: str):
    entries = read_dictionary(language).entries
    for menu in MENUS:
        texts = [entries[spec.text.removesuffix("...")] for spec in ACTIONS if spec.menu == menu]
        assert len(set(texts)) == len(texts), menu


def test_gaps_take_numbers_or_any_text_and_what_is_in_them_is_translated_too():
    words = Dictionary(
        {"{n} images": "{} 張", "Written: {}": "已寫入\uff1a{}", "here": "這裡", "Wait": "稍候"}
    )
    assert words.find("12 images") == "12 張"
    assert words.find("many images") is None
    assert words.find("Written: here") == "已寫入\uff1a這裡"
    assert words.find("Wait...") == "稍候..."
    assert words.find("Wait.") == "稍候。"
    assert words.find("Unknown") is None
    assert words.find("") is None


def test_a_widget_follows_from_language_to_language_and_back(qtbot):
    box, menu, label = QComboBox(), QMenu("&File"), QLabel("Written: photos 名.txt")
    widget = QWidget()
    qtbot.addWidget(widget)
    for part in (box, label):
        part.setParent(widget)
    menu.setParent(widget, Qt.WindowType.Popup)
    box.addItems(["Light", "db-small"])
    button = QPushButton("Close", widget)
    before = [box.itemText(0), menu.title(), label.text(), button.text()]
    for language in ("zh_TW", "zh_CN", "en", "zh_TW"):
        use_language(language)
        translate(widget)
    assert [box.itemText(0), menu.title(), button.text()] == ["淺色", "檔案(&F)", "關閉"]
    assert box.itemText(1) == "db-small"
    assert label.text() == "已寫入\uff1aphotos 名.txt"
    button.setText("Cancel")  # a widget that is told something new in English
    translate(widget)
    assert button.text() == "取消"
    button.setText(tr("Next"))  # and one that is told it in the language already
    use_language("en")
    translate(widget)
    assert button.text() == "Next"
    button.setText("Close")
    assert [box.itemText(0), menu.title(), label.text(), button.text()] == before


def _english_left(root: QWidget) -> list[str]:
    """What visible widgets still say in English words of the dictionary."""
    entries = json.loads(resource("i18n", "zh_TW.json").read_text(encoding="utf-8"))
    left = []
    for thing in (root, *root.findChildren(QWidget), *root.findChildren(QAction)):
        if isinstance(thing, QWidget) and not thing.isVisible():
            continue
        for name in ("text", "toolTip", "accessibleName", "windowTitle", "placeholderText", "title"):
            value = thing.property(name)
            if isinstance(value, str) and value.replace("&", "") in entries:
                left.append(value)
    return left


def test_the_whole_window_changes_at_once_and_changes_back(qapp, tmp_path: Path):
    folder = write_photos(tmp_path / "p", ("a.jpg", "b.jpg"))

    def script(robot: AppRobot):
        yield robot.picture_shown
        yield robot.checkpoint_ready
        window = robot.window
        english = {action.objectName(): action.text() for action in window.actions()}
        robot.trigger("preferences")
        dialog = next(d for d in window.findChildren(PreferencesDialog) if d.isVisible())
        language = dialog.controls["view", "language"]
        language.show_setting("zh_TW")
        language.edited.emit()
        assert window.menuBar().actions()[0].text() == "檔案(&F)"
        assert robot.action("next").text() == "下一張圖片"
        assert robot.action("next").toolTip() == "前往下一張圖片  (D)"
        assert dialog.windowTitle() == "偏好設定"
        assert window.pages.count.text() == "2 張圖片"
        assert window.regions.table.model().headerData(0, Qt.Orientation.Horizontal) == "文字"
        assert _english_left(window) == []
        dialog.accept()
        robot.press("F1", window)
        keys = window.findChild(KeysDialog)
        assert ("下一張圖片", "D, PgDown") in keys.visible_rows()
        keys.close()
        robot.trigger("preferences")
        dialog = next(d for d in window.findChildren(PreferencesDialog) if d.isVisible())
        language = dialog.controls["view", "language"]
        for other in ("zh_CN", "en"):
            language.show_setting(other)
            language.edited.emit()
        assert {action.objectName(): action.text() for action in window.actions()} == english
        assert window.menuBar().actions()[0].text() == "&File"
        assert window.pages.count.text() == "2 images"
        assert window.status.save_label.text() == "saved"
        yield lambda: True
        dialog.accept()

    run_with(FakeDetector(), [str(folder)], script)


def test_the_language_is_there_at_the_next_start(qapp, private_home: Path):
    (private_home / "settings.toml").write_text('[view]\nlanguage = "zh_CN"\n', encoding="utf-8")

    def script(robot: AppRobot):
        assert robot.action("open").text() == "打开文件夹..."
        assert _english_left(robot.window) == []
        robot.trigger("about")
        yield lambda: True

    run_with(FakeDetector(), [], script)


@pytest.mark.parametrize("language", LANGUAGES)
def test_problems_and_reports_are_told_in_the_language(language: str):
    dictionary = read_dictionary(language)
    missing = [text for text in told_problems() if not any(dictionary.find(said) for said in _said(text))]
    assert missing == []
    use_language(language)
    action = tr("save the labels of a b.jpg")
    told = tr(
        "Could not save the labels of a b.jpg: /p: disk full. What was saved before is intact; try again."
    )
    assert "a b.jpg" in action != "save the labels of a b.jpg"
    assert action in told
    report = tr_lines(
        "12 regions of 3 images will be written as X.\n\nWhat this format cannot hold:\n  turned: 2 times"
    )
    first, blank, heading, line = report.split("\n")
    assert "written" not in first
    assert "12" in first
    assert (blank, line[:2], "times" in line) == ("", "  ", False)
    assert heading != "What this format cannot hold:"


def test_a_problem_and_an_export_report_are_read_in_the_language(qapp, tmp_path: Path, private_home: Path):
    (private_home / "settings.toml").write_text('[view]\nlanguage = "zh_TW"\n', encoding="utf-8")
    folder = write_photos(tmp_path / "p", ("a.jpg",))

    def script(robot: AppRobot):
        yield robot.picture_shown
        yield robot.checkpoint_ready
        robot.trigger("export")
        dialog = robot.window.findChild(ExportDialog)
        yield lambda: "will be" not in dialog.report.toPlainText() and "寫出" in dialog.report.toPlainText()
        dialog.reject()
        robot.window.detection.checkpoint_chosen.emit("refused")
        yield lambda: robot.problems
        problem = robot.window.findChild(ProblemDialog)
        assert problem.remedy.text() == tr("Choose another checkpoint in the Detect menu.")
        assert "偵測" in problem.remedy.text()
        robot.close_problems()

    run_with(FakeDetector(refuse=frozenset(("refused",))), [str(folder)], script)
