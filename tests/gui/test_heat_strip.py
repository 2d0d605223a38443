"""The heat strip: one widget for all images; it follows the review and jumps."""

from pathlib import Path

from PySide6.QtCore import QObject, QPoint, Qt, Signal
from PySide6.QtTest import QTest

from app.domain.page import Page
from app.storage.project_db import PageSummary, ProjectDb
from app.views.panels.heat_strip import HEIGHT, HeatStrip
from app.views.theme import LIGHT
from tests.helpers.app_robot import AppRobot, run_with
from tests.helpers.fake_predictor import FakeDetector
from tests.helpers.photos import write_photos


class ManyPages(QObject):
    """A workspace of 100,000 images that are on no disk; one of them is rejected."""

    opened, closing = Signal(), Signal()
    pages_added, summary_changed = Signal(list), Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.keys = [f"{number}.jpg" for number in range(100_000)]
        self.rejected = "70000.jpg"

    def row_of(self, key: str) -> int:
        return int(key.removesuffix(".jpg"))

    def summary(self, key: str) -> PageSummary:
        return PageSummary("rejected" if key == self.rejected else "approved", 1, None)


def column_colours(strip: HeatStrip, at: int) -> set[str]:
    image = strip.image
    return {image.pixelColor(at, y).name() for y in range(image.height())}


def test_the_strip_follows_the_review_and_jumps(qapp, tmp_path: Path):
    folder = write_photos(tmp_path / "photos", ("a.jpg", "b.jpg", "c.jpg"))
    db = ProjectDb.open(folder)
    db.save_edit("b.jpg", Page((), "rejected"), "Mark", "edit")
    db.close()

    def script(robot: AppRobot):
        yield robot.picture_shown
        strip = robot.window.heat_strip
        assert strip.isVisible()
        assert strip.image.width() == 3
        assert column_colours(strip, 0) == {LIGHT.border}
        assert column_colours(strip, 1) == {LIGHT.bad}
        robot.press("Ctrl+Shift+Return")
        yield lambda: column_colours(strip, 0) == {LIGHT.good}
        QTest.mouseClick(strip, Qt.MouseButton.LeftButton, pos=QPoint(strip.width() - 5, 5))
        assert robot.key == "c.jpg"
        QTest.keyClick(strip, Qt.Key.Key_Left)
        assert robot.key == "b.jpg"
        assert strip.words_at(strip.width() / 2) == "b.jpg\nrejected"
        assert strip.words_at(1) == "a.jpg\napproved"
        robot.trigger("view.heat_strip")
        assert not strip.isVisible()
        assert not robot.action("view.heat_strip").isChecked()

    run_with(FakeDetector(), [str(folder)], script)


def test_one_of_a_hundred_thousand_images_is_seen(qtbot):
    strip, pages, chosen = HeatStrip(), ManyPages(), []
    qtbot.addWidget(strip)
    strip.page_chosen.connect(chosen.append)
    strip.resize(1000, HEIGHT)
    strip.show()
    strip.follow(pages)
    for start in range(0, 100_000, 5000):
        pages.pages_added.emit(pages.keys[start : start + 5000])
    qtbot.waitUntil(lambda: strip.image.width() == 1000)
    red = [at for at in range(1000) if LIGHT.bad in column_colours(strip, at)]
    assert red == [700]
    assert strip.words_at(700.5) == "70000.jpg to 70099.jpg\n99 approved, 1 rejected"
    QTest.mouseClick(strip, Qt.MouseButton.LeftButton, pos=QPoint(700, 5))
    assert chosen == ["70000.jpg"]
    pages.rejected = ""
    pages.summary_changed.emit("70000.jpg")
    qtbot.waitUntil(lambda: column_colours(strip, 700) == {LIGHT.good})
