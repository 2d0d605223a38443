"""The user's guide: opened from the menu, whole, and in step with the program."""

import re
from collections import Counter
from pathlib import Path
from typing import Final, NamedTuple

import pytest
from PySide6.QtCore import QUrl
from PySide6.QtGui import QTextDocument
from PySide6.QtTest import QTest

from app.i18n.translation import read_dictionary, use_language
from app.settings.schema import LanguageName
from app.views.actions import ACTIONS, MENUS, MOUSE_GESTURES
from app.views.dialogs.guide import PICTURE_WIDTH, GuideDialog, anchor, find_guide
from app.views.dialogs.preferences import PreferencesDialog
from tests.conftest import REPOSITORY
from tests.helpers.app_robot import AppRobot, run_with
from tests.helpers.fake_predictor import FakeDetector
from tests.helpers.photos import write_photos

DOCS = REPOSITORY / "docs"
GUIDES: Final[dict[LanguageName, Path]] = {"en": DOCS / "guide.md", "zh_TW": DOCS / "guide.zh_TW.md"}
PICTURE = re.compile(r"!\[([^\]]*)\]\(([^)]+)\)")
HEADING = re.compile(r'^(?:<a id="([^"]+)"></a>\n\n)?(#+) (.+)$', re.MULTILINE)
NAME = re.compile(r"\*\*([^*]+)\*\*|(?<!\*)\*([^*]+)\*(?!\*)")
LARGEST_PICTURE, LARGEST_ALL = 100_000, 2_500_000


@pytest.fixture(params=GUIDES)
def language(request) -> LanguageName:
    return request.param


@pytest.fixture
def words(language: LanguageName) -> str:
    return GUIDES[language].read_text(encoding="utf-8")


class Section(NamedTuple):
    """A heading, the name that links call it by, and what stands below it."""

    level: int
    name: str
    heading: str
    body: str

    def count(self, beginning: str) -> int:
        """Lines that begin so: rows of tables, points of lists."""
        return sum(line.startswith(beginning) for line in self.body.splitlines())

    def pictures(self) -> list[str]:
        return [name for _, name in PICTURE.findall(self.body)]

    def code(self) -> Counter[str]:
        """Keys, commands and names of files, however the lines are broken."""
        blocks = re.findall("```.*?```", self.body, re.DOTALL)
        rest = re.sub("```.*?```", "", self.body, flags=re.DOTALL)
        return Counter(blocks) + Counter(" ".join(code.split()) for code in re.findall("`([^`]+)`", rest))

    def names(self) -> list[str]:
        """What stands out: names of menus, buttons and settings, and some that only stand out."""
        found = [" ".join((bold or slanted).split()) for bold, slanted in NAME.findall(self.body)]
        return [part.rstrip(".") for name in found for part in name.split(" > ")]


def _sections(language: LanguageName) -> list[Section]:
    words = GUIDES[language].read_text(encoding="utf-8")
    found = list(HEADING.finditer(words))
    ends = [*(one.start() for one in found[1:]), len(words)]
    return [
        Section(len(one[2]), one[1] or anchor(one[3]), one[3], words[one.end() : end])
        for one, end in zip(found, ends, strict=True)
    ]


def _shown(language: LanguageName, text: str) -> str:
    """What the program shows for it."""
    return read_dictionary(language).find(text) or text


def test_the_menu_opens_the_guide_beside_the_work(qapp, tmp_path: Path):
    def script(robot: AppRobot):
        yield robot.picture_shown
        robot.trigger("guide")
        dialog = robot.window.findChild(GuideDialog)
        yield dialog.isVisible
        assert not dialog.isModal()
        assert "Open a folder" in dialog.text.toPlainText()
        robot.type("unplugged", dialog.search)
        QTest.keyClick(dialog.search, "\r")
        assert dialog.text.textCursor().selectedText().lower() == "unplugged"
        assert dialog.isVisible()
        dialog.text.anchorClicked.emit(QUrl("#the-keys"))
        assert dialog.text.textCursor().block().text() == "The keys"
        robot.trigger("next")  # the window is not blocked
        yield lambda: robot.key == "b.png"
        dialog.close()

    run_with(FakeDetector(), [str(write_photos(tmp_path / "photos"))], script)


def test_the_guide_follows_the_language(qapp, tmp_path: Path, private_home: Path):
    (private_home / "settings.toml").write_text('[view]\nlanguage = "zh_TW"\n', encoding="utf-8")

    def speak(robot: AppRobot, language: str) -> None:
        robot.trigger("preferences")
        dialogs = robot.window.findChildren(PreferencesDialog)
        preferences = next(dialog for dialog in dialogs if dialog.isVisible())
        control = preferences.controls["view", "language"]
        control.show_setting(language)
        control.edited.emit()
        preferences.accept()

    def script(robot: AppRobot):
        yield robot.picture_shown
        robot.trigger("guide")
        dialog = robot.window.findChild(GuideDialog)
        assert dialog.text.guide == find_guide("zh_TW")
        assert dialog.windowTitle() == "使用指南"
        page = dialog.text
        shown = page.toPlainText()
        assert "開啟照片資料夾" in shown
        assert "**" not in shown
        assert "<a id" not in shown
        for link, heading in (("#the-keys", "按鍵總表"), ("#clip-weights", "CLIP 權重"), ("#review", "審核")):
            page.anchorClicked.emit(QUrl(link))
            assert page.textCursor().block().text() == heading
        assert page.textCursor().blockFormat().headingLevel() == 2  # the chapter, not its table of keys
        page.anchorClicked.emit(QUrl("guide.md"))
        assert page.guide == find_guide("en")
        page.anchorClicked.emit(QUrl("guide.zh_TW.md"))
        assert page.guide == find_guide("zh_TW")
        page.anchorClicked.emit(QUrl("formats.md"))
        assert page.guide == find_guide("zh_TW"), "only guides are opened in the window"
        dialog.close()
        for language, title in (("en", "User's guide"), ("zh_CN", "使用指南"), ("zh_TW", "使用指南")):
            speak(robot, language)
            robot.trigger("guide")
            assert page.guide == find_guide("zh_TW" if language == "zh_TW" else "en")
            assert dialog.windowTitle() == title
            dialog.close()

    try:
        run_with(FakeDetector(), [str(write_photos(tmp_path / "photos"))], script)
    finally:
        use_language("en")


def test_the_guides_have_the_same_chapters_in_the_same_order():
    chapters = {language: _sections(language) for language in GUIDES}
    shape = [(one.level, one.name) for one in chapters["en"]][1:]
    keys = shape.index((2, "the-keys")) + 1
    assert [(one.level, one.name) for one in chapters["zh_TW"]][1 : keys + 1] == shape[:keys]
    menus = [_shown("zh_TW", menu) for menu in MENUS]
    assert [one.heading for one in chapters["zh_TW"]][keys + 1 :] == [*menus, "滑鼠與圖片"]
    assert [one.heading for one in chapters["en"]][keys + 1 :] == [*MENUS, "Mouse and picture"]


def test_each_chapter_has_the_same_pictures_keys_rows_and_names_in_both_guides():
    dictionary = read_dictionary("zh_TW")
    named = 0
    for english, chinese in zip(_sections("en")[1:], _sections("zh_TW")[1:], strict=True):
        where = english.name
        assert chinese.pictures() == english.pictures(), where
        assert chinese.code() == english.code(), where
        for beginning in ("|", "- "):
            assert chinese.count(beginning) == english.count(beginning), (where, beginning)
        for name in english.names():
            entry = dictionary.entries.get(name, dictionary.entries.get(f"{name}..."))
            named += entry is not None
            assert entry is None or entry.removesuffix("...") in chinese.body, (where, name)
    assert named >= 100


def test_every_picture_is_there_described_and_small(words: str):
    found = PICTURE.findall(words)
    assert len(found) >= 25
    files = [DOCS / name for _, name in found]
    assert all(description for description, _ in found)
    assert [file.name for file in files if not file.is_file()] == []
    made = set((DOCS / "images" / "guide").iterdir())
    assert made == set(files), "pictures that the guide does not show"
    sizes = [file.stat().st_size for file in made]
    assert max(sizes) <= LARGEST_PICTURE
    assert sum(sizes) <= LARGEST_ALL


def test_pictures_are_loaded_into_the_page_and_not_wider_than_it(qtbot, language: LanguageName, words: str):
    dialog = GuideDialog(find_guide(language))
    qtbot.addWidget(dialog)
    for _, name in PICTURE.findall(words):
        image = dialog.text.loadResource(QTextDocument.ResourceType.ImageResource.value, QUrl(name))
        assert 0 < image.width() <= PICTURE_WIDTH, name
    outside = QUrl("../README.md")
    assert dialog.text.loadResource(QTextDocument.ResourceType.ImageResource.value, outside) is None


def test_links_lead_to_headings_of_the_guide_or_to_files(language: LanguageName, words: str):
    names = [section.name for section in _sections(language)]
    links = re.findall(r"(?<!!)\[[^\]]+\]\(([^)]+)\)", words)
    assert len(links) > 20
    for link in links:
        file, _, name = link.partition("#")
        if file:
            assert (DOCS / file).exists(), link
        else:
            assert name in names, link


@pytest.mark.parametrize("spec", ACTIONS, ids=lambda spec: spec.id)
def test_the_key_table_has_every_command_with_its_keys(language: LanguageName, words: str, spec):
    keys = ", ".join(f"`{key}`" for key in spec.keys)
    text, hint = _shown(language, spec.text.removesuffix("...")), _shown(language, spec.hint)
    assert f"| {text} | {keys} | {hint} |" in words.splitlines()


def test_the_last_table_has_what_the_mouse_does(language: LanguageName, words: str):
    rows = [f"| {_shown(language, gesture)} | {_shown(language, what)} |" for gesture, what in MOUSE_GESTURES]
    assert words.splitlines()[-len(rows) :] == rows


def test_without_the_file_the_window_says_where_it_is(qtbot):
    dialog = GuideDialog(None)
    qtbot.addWidget(dialog)
    assert "docs/guide.md" in dialog.text.toPlainText()
