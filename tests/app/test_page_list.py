"""The page list: rows, states, filter, lazy thumbnails, and ten thousand rows."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QPixmap
from PySide6.QtTest import QAbstractItemModelTester

from app.domain.edits import AddRegions, SetReview
from app.domain.region import new_region
from app.qtmodels.pages import (
    STATE_COLOURS,
    ColourRole,
    DetectionRole,
    KeyRole,
    PageListModel,
    ProblemRole,
    RegionCountRole,
    ReviewRole,
    StateRole,
)
from app.services.detection import DetectionService
from app.services.workspace import Workspace
from app.storage.map_cache import MapCache
from app.workers.gpu_thread import GpuThread
from app.workers.image_pool import ImagePool
from tests.helpers.fake_predictor import FakeDetector

SQUARE = ((0, 0), (10, 0), (10, 10), (0, 10))


class Studio:
    """The model and what it looks at."""

    def __init__(self, root: Path) -> None:
        self.detector = FakeDetector()
        self.workspace = Workspace(root / "data home")
        self.images = ImagePool()
        self.detection = DetectionService(self.workspace, GpuThread(self.detector), MapCache(root / "maps"))
        self.model = PageListModel(self.workspace, self.images, self.detection)
        self.tester = QAbstractItemModelTester(
            self.model, QAbstractItemModelTester.FailureReportingMode.Warning
        )

    def data(self, key: str, role: int):
        return self.model.data(self.model.index_of(key), role)

    def shown(self) -> list[str]:
        return [self.model.index(row).data() for row in range(self.model.rowCount())]

    def close(self) -> None:
        self.detector.gate.set()
        assert self.detection.shutdown()
        self.images.shutdown()
        assert self.workspace.close()


@pytest.fixture
def studio(qtbot, tmp_path):
    studio = Studio(tmp_path)
    yield studio
    studio.close()


def photos(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(folder / name), np.full((80, 120, 3), 90, np.uint8))
    return folder


def open_folder(qtbot, studio: Studio, folder: Path) -> None:
    with qtbot.waitSignal(studio.workspace.scan_finished, timeout=20_000):
        studio.workspace.open_folder(folder)


def test_every_page_has_a_row_in_order(qtbot, studio, tmp_path):
    open_folder(qtbot, studio, photos(tmp_path / "a", "10.png", "9.png", "sub/1.png"))
    assert studio.shown() == ["9.png", "10.png", "sub/1.png"]
    assert studio.model.total_count == 3
    assert studio.model.row_of("10.png") == 1
    assert studio.data("sub/1.png", KeyRole) == "sub/1.png"
    assert studio.model.rowCount(studio.model.index(0)) == 0
    assert not studio.model.index_of("none.png").isValid()


def test_rows_tell_the_state_of_their_page(qtbot, studio, tmp_path):
    folder = photos(tmp_path / "a", "1.png", "2.png", "3.png", "4.png")
    (folder / "4.png").write_bytes(b"no picture")
    open_folder(qtbot, studio, folder)
    session = studio.workspace.session
    session.apply_to("1.png", AddRegions((new_region(SQUARE),)))
    session.apply_to("2.png", SetReview("approved"))
    with qtbot.waitSignal(studio.detection.checkpoint_ready):
        studio.detection.load_checkpoint("a")
    with qtbot.waitSignal(studio.detection.finished):
        studio.detection.detect_all(["3.png", "4.png"])
    states = {key: studio.data(key, StateRole) for key in studio.shown()}
    assert states == {"1.png": "edited", "2.png": "approved", "3.png": "detected", "4.png": "failed"}
    assert studio.data("1.png", RegionCountRole) == 1
    assert studio.data("2.png", ReviewRole) == "approved"
    assert studio.data("3.png", ReviewRole) == "detected"
    assert [studio.data(key, DetectionRole) for key in studio.shown()] == ["", "", "2 detected", "failed"]
    assert studio.data("4.png", ColourRole) == STATE_COLOURS["failed"]
    assert str(folder / "4.png") in studio.data("4.png", ProblemRole).what
    assert studio.data("3.png", ProblemRole) is None
    assert "2 detections" in studio.data("3.png", Qt.ItemDataRole.ToolTipRole)


def test_a_waiting_page_says_so_until_it_is_cancelled(qtbot, studio, tmp_path):
    open_folder(qtbot, studio, photos(tmp_path / "a", "1.png", "2.png"))
    with qtbot.waitSignal(studio.detection.checkpoint_ready):
        studio.detection.load_checkpoint("a")
    studio.detector.gate.clear()
    with qtbot.waitSignal(studio.model.dataChanged):
        studio.detection.detect_all()
    assert studio.data("2.png", StateRole) == "waiting"
    assert studio.data("2.png", DetectionRole) == "waiting"
    with qtbot.waitSignal(studio.model.dataChanged):
        studio.detection.cancel()
    assert studio.data("2.png", StateRole) == "unseen"
    assert studio.data("2.png", DetectionRole) == ""


def test_an_edit_redraws_its_row_only(qtbot, studio, tmp_path):
    open_folder(qtbot, studio, photos(tmp_path / "a", "1.png", "2.png", "3.png"))
    rows = []
    studio.model.dataChanged.connect(lambda first, last, roles: rows.append((first.row(), last.row())))
    studio.workspace.session.apply_to("2.png", AddRegions((new_region(SQUARE),)))
    assert rows == [(1, 1)]


def test_the_filter_wants_all_words_in_any_case(qtbot, studio, tmp_path):
    open_folder(
        qtbot, studio, photos(tmp_path / "a", "Paris/Street 1.png", "Paris/Shop.png", "rome/street.png")
    )
    studio.model.set_filter("street")
    assert studio.shown() == ["Paris/Street 1.png", "rome/street.png"]
    studio.model.set_filter(" STREET  paris ")
    assert studio.shown() == ["Paris/Street 1.png"]
    assert list(studio.model.shown_keys) == ["Paris/Street 1.png"]
    assert studio.model.total_count == 3
    assert not studio.model.index_of("rome/street.png").isValid()
    studio.model.set_filter("")
    assert studio.model.rowCount() == 3


def test_pages_found_later_pass_the_filter_too(qtbot, studio, tmp_path):
    folder = photos(tmp_path / "a", "cat 1.png", "dog.png", "cat 2.png")
    studio.model.set_filter("cat")
    open_folder(qtbot, studio, folder)
    assert studio.shown() == ["cat 1.png", "cat 2.png"]


def test_a_thumbnail_is_asked_for_when_it_is_painted(qtbot, studio, tmp_path):
    open_folder(qtbot, studio, photos(tmp_path / "a", "1.png", "2.png"))
    empty = studio.data("1.png", Qt.ItemDataRole.DecorationRole)
    assert isinstance(empty, QPixmap)
    assert empty.toImage().pixelColor(5, 5).alpha() == 0
    with qtbot.waitSignal(studio.model.dataChanged) as changed:
        pass
    assert changed.args[0].row() == 0
    pixmap = studio.data("1.png", Qt.ItemDataRole.DecorationRole)
    assert (pixmap.width(), pixmap.height()) == (96, 64)
    assert pixmap.toImage().pixelColor(5, 5).red() == 90
    assert list(studio.model._thumbnails) == ["1.png"]


def test_a_picture_that_cannot_be_read_is_asked_for_once(qtbot, studio, tmp_path):
    folder = photos(tmp_path / "a", "1.png")
    (folder / "1.png").write_bytes(b"no picture")
    open_folder(qtbot, studio, folder)
    with qtbot.waitSignal(studio.images.thumbnail_failed):
        studio.data("1.png", Qt.ItemDataRole.DecorationRole)
    with qtbot.assertNotEmitted(studio.images.thumbnail_failed, wait=100):
        broken = studio.data("1.png", Qt.ItemDataRole.DecorationRole)
    image = broken.toImage()
    assert image.pixelColor(5, 5).alpha() == 255
    assert image.pixelColor(image.rect().center()) != image.pixelColor(5, 5), "no cross in the middle"


def test_another_folder_takes_over_all_rows(qtbot, studio, tmp_path):
    open_folder(qtbot, studio, photos(tmp_path / "a", "1.png", "2.png"))
    open_folder(qtbot, studio, photos(tmp_path / "b", "3.png"))
    assert studio.shown() == ["3.png"]
    assert studio.model.row_of("1.png") is None
