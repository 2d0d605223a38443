"""Recognition hints: off by default, never in the way, and without the package they say how to get it."""

import sys
import threading
from importlib.util import find_spec
from pathlib import Path

import pytest
from PySide6.QtGui import QImage

from app.domain.page import Page
from app.domain.region import new_region
from app.storage.project_db import ProjectDb
from app.workers.recognition import HOW_TO_INSTALL, Reading, Recogniser
from tests.helpers.app_robot import AppRobot, run_with
from tests.helpers.fake_predictor import FakeDetector
from tests.helpers.photos import write_photos

needs_rapidocr = pytest.mark.skipif(find_spec("rapidocr") is None, reason="the extra rapidocr is missing")


def box(x: float, y: float, width: float, height: float):
    return new_region([(x, y), (x + width, y), (x + width, y + height), (x, y + height)])


@pytest.fixture
def picture() -> QImage:
    image = QImage(200, 100, QImage.Format.Format_RGB32)
    image.fill(0x336699)
    return image


class Reader:
    """Reads the strip's size; waits while its gate is closed, and can fail."""

    def __init__(self) -> None:
        self.gate, self.seen, self.error = threading.Event(), [], None
        self.gate.set()
        self.threads: set[int] = set()

    def __call__(self, strip) -> Reading:
        self.threads.add(threading.get_ident())
        assert self.gate.wait(20)
        self.seen.append(strip.shape)
        if self.error is not None:
            raise self.error
        return Reading(f"{strip.shape[1]}x{strip.shape[0]}", 0.9)


@pytest.fixture
def reader() -> Reader:
    return Reader()


@pytest.fixture
def recogniser(qtbot, reader: Reader):
    recogniser = Recogniser(lambda: reader)
    yield recogniser
    reader.gate.set()
    recogniser.shutdown()


def test_a_region_is_read_in_another_thread(qtbot, recogniser, reader, picture):
    region = box(10, 10, 64, 32)
    with qtbot.waitSignal(recogniser.read) as read:
        recogniser.request(picture, region)
    assert read.args == [region.id, "128x64"]
    assert reader.threads.isdisjoint({threading.get_ident()})


def test_only_the_region_asked_for_last_is_answered(qtbot, recogniser, reader, picture):
    reader.gate.clear()
    answers = []
    recogniser.read.connect(lambda region_id, text: answers.append(region_id))
    regions = [box(10, 10 + 5 * number, 64, 32) for number in range(5)]
    for region in regions:
        recogniser.request(picture, region)
    reader.gate.set()
    qtbot.waitUntil(lambda: answers == [regions[-1].id])
    assert len(reader.seen) <= 2  # the others were not wanted any more when their turn came


def test_a_failure_is_reported_once_and_nothing_is_read_any_more(qtbot, recogniser, reader, picture):
    reader.error = RuntimeError("broken model")
    problems = []
    recogniser.failed.connect(problems.append)
    for _ in range(2):
        recogniser.request(picture, box(10, 10, 64, 32))
        qtbot.waitUntil(lambda: len(problems) == 1)
    assert "broken model" in problems[0].what
    assert HOW_TO_INSTALL in problems[0].remedy


def test_a_doubtful_reading_is_no_hint(qtbot, picture):
    recogniser = Recogniser(lambda: lambda strip: Reading("B", 0.3))
    with qtbot.assertNotEmitted(recogniser.read, wait=200):
        recogniser.request(picture, box(10, 10, 64, 32))
        recogniser._pool.waitForDone()
    recogniser.shutdown()


def photographs(tmp_path: Path) -> Path:
    folder = write_photos(tmp_path / "photos", ("a.jpg",))
    db = ProjectDb.open(folder)
    db.save_edit("a.jpg", Page((box(24, 27, 176, 47), box(24, 123, 176, 47)), "edited"), "Draw", "edit")
    db.close()
    return folder


def test_hints_are_off_until_they_are_wanted(qapp, tmp_path: Path):
    def script(robot: AppRobot):
        yield robot.picture_shown
        robot.select(robot.page.regions[0].id)
        assert not robot.action("text.hints").isChecked()
        yield lambda: not robot.window.regions.lane.strip.image.isNull()
        assert robot.window.regions.lane.proposal is None

    run_with(FakeDetector(), [str(photographs(tmp_path))], script)


def test_without_the_package_the_command_says_how_to_get_it(qapp, tmp_path: Path, monkeypatch):
    monkeypatch.setitem(sys.modules, "rapidocr", None)  # as if it were not installed

    def script(robot: AppRobot):
        yield robot.picture_shown
        robot.trigger("text.hints")
        assert robot.window.status.currentMessage() == HOW_TO_INSTALL
        assert not robot.action("text.hints").isChecked()

    run_with(FakeDetector(), [str(photographs(tmp_path))], script)


@needs_rapidocr
@pytest.mark.filterwarnings("default")
def test_the_hint_is_what_the_picture_says_and_one_key_takes_it(qapp, tmp_path: Path):
    def script(robot: AppRobot):
        yield robot.picture_shown
        robot.trigger("text.hints")
        assert robot.action("text.hints").isChecked()
        lane = robot.window.regions.lane
        robot.select(robot.page.regions[0].id)
        robot.press("F2")
        yield lambda: lane.proposal is not None
        assert lane.proposal == "OPEN"
        assert lane.text.text() == ""  # a hint is no transcription
        robot.press("Ctrl+Space", lane.text)
        robot.press("Return", lane.text)
        assert robot.page.regions[0].text == "OPEN"
        yield lambda: lane.proposal == "TAXI"

    run_with(FakeDetector(), [str(photographs(tmp_path))], script)
