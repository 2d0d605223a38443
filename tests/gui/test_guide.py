"""The user's guide: opened from the menu, whole, and in step with the program."""

import re
from pathlib import Path

import pytest
from PySide6.QtCore import QUrl
from PySide6.QtGui import QTextDocument
from PySide6.QtTest import QTest

from app.views.actions import ACTIONS
from app.views.dialogs.guide import PICTURE_WIDTH, GuideDialog, anchor, find_guide
from tests.conftest import REPOSITORY
from tests.helpers.app_robot import AppRobot, run_with
from tests.helpers.fake_predictor import FakeDetector
from tests.helpers.photos import write_photos

GUIDE = REPOSITORY / "docs" / "guide.md"
PICTURE = re.compile(r"!\[([^\]]*)\]\(([^)]+)\)")
LARGEST_PICTURE, LARGEST_ALL = 100_000, 2_500_000


@pytest.fixture(scope="module")
def words() -> str:
    return GUIDE.read_text(encoding="utf-8")


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


def test_every_picture_is_there_described_and_small(words: str):
    found = PICTURE.findall(words)
    assert len(found) >= 25
    files = [GUIDE.parent / name for _, name in found]
    assert all(description for description, _ in found)
    assert [file.name for file in files if not file.is_file()] == []
    made = set((GUIDE.parent / "images" / "guide").iterdir())
    assert made == set(files), "pictures that the guide does not show"
    sizes = [file.stat().st_size for file in made]
    assert max(sizes) <= LARGEST_PICTURE
    assert sum(sizes) <= LARGEST_ALL


def test_pictures_are_loaded_into_the_page_and_not_wider_than_it(qtbot, words: str):
    dialog = GuideDialog(find_guide())
    qtbot.addWidget(dialog)
    for _, name in PICTURE.findall(words):
        image = dialog.text.loadResource(QTextDocument.ResourceType.ImageResource.value, QUrl(name))
        assert 0 < image.width() <= PICTURE_WIDTH, name
    outside = QUrl("../README.md")
    assert dialog.text.loadResource(QTextDocument.ResourceType.ImageResource.value, outside) is None


def test_links_lead_to_headings_of_the_guide_or_to_files(words: str):
    headings = {anchor(line.lstrip("# ")) for line in words.splitlines() if line.startswith("#")}
    links = re.findall(r"(?<!!)\[[^\]]+\]\(([^)]+)\)", words)
    assert links
    for link in links:
        file, _, heading = link.partition("#")
        if file:
            assert (GUIDE.parent / file).exists(), link
        else:
            assert heading in headings, link


@pytest.mark.parametrize("spec", ACTIONS, ids=lambda spec: spec.id)
def test_the_key_table_has_every_command_with_its_keys(words: str, spec):
    keys = ", ".join(f"`{key}`" for key in spec.keys)
    assert f"| {spec.text.removesuffix('...')} | {keys} | {spec.hint} |" in words.splitlines()


def test_without_the_file_the_window_says_where_it_is(qtbot):
    dialog = GuideDialog(None)
    qtbot.addWidget(dialog)
    assert "docs/guide.md" in dialog.text.toPlainText()
