"""Settings on all pages: what they would change is counted in a thread, superseded, and applied."""

import threading
from pathlib import Path

import numpy as np
import pytest

from app.domain.page import Page
from app.domain.queue import alone
from app.services.all_pages import Effect
from app.services.detection import DetectionService
from app.services.workspace import Workspace
from app.storage.map_cache import MapCache
from app.workers.gpu_thread import GpuThread
from tcm_core.detection import Detection
from tests.helpers.detection_studio import Studio, detect_all, load, make_folder, tear_down
from tests.helpers.fake_predictor import FakeDetector


class SlowCache(MapCache):
    """Waits before it gives maps when a test wants that; notes in which thread it was asked."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.gate = threading.Event()
        self.gate.set()
        self.asked: list[int] = []

    def get(self, key: str):
        self.asked.append(threading.get_ident())
        assert self.gate.wait(20)
        return super().get(key)


@pytest.fixture
def cache(tmp_path):
    return SlowCache(tmp_path / "maps")


@pytest.fixture
def studio(qtbot, tmp_path, cache):
    workspace, detector = Workspace(tmp_path / "data home"), FakeDetector()
    service = DetectionService(workspace, GpuThread(detector), cache, memory_bytes=1)
    folder = make_folder(tmp_path / "photos", 4)
    with qtbot.waitSignal(workspace.scan_finished):
        workspace.open_folder(folder)
    made = Studio(workspace, service, detector, folder)
    load(qtbot, made)
    detect_all(qtbot, made)
    service.store.flush()
    yield made
    cache.gate.set()
    tear_down(made)


def move(studio: Studio, threshold: float) -> None:
    studio.service.set_settings(studio.service.settings.model_copy(update={"score_threshold": threshold}))


def counted(qtbot, studio: Studio) -> Effect:
    """The effect when all pages have been looked at."""
    pages = studio.service.all_pages
    with qtbot.waitSignal(
        pages.counted, check_params_cb=lambda effect: effect.over and effect != Effect(over=True)
    ):
        pass
    return pages.effect


def test_the_texts_that_would_appear_and_go_are_counted_in_another_thread(qtbot, studio, cache):
    cache.asked.clear()
    move(studio, 0.7)
    assert counted(qtbot, studio) == Effect(4, 0, 4, 4, 0, over=True)
    assert threading.get_ident() not in cache.asked
    assert len(cache.asked) == 4


def test_a_slider_that_moves_on_supersedes_the_counting(qtbot, studio, cache):
    heard: list[Effect] = []
    cache.gate.clear()
    move(studio, 0.95)  # nothing would be left
    qtbot.waitUntil(lambda: len(cache.asked) > 0 and studio.service.all_pages._counting > 0)
    studio.service.all_pages.counted.connect(heard.append)
    move(studio, 0.7)
    cache.gate.set()
    assert counted(qtbot, studio) == Effect(4, 0, 4, 4, 0, over=True)
    assert all(effect.vanish <= 4 for effect in heard)


def test_applied_settings_are_those_of_all_pages_and_labels_stay(qtbot, studio):
    before = {key: studio.workspace.db.load_page(key) for key in studio.workspace.keys}
    move(studio, 0.7)
    counted(qtbot, studio)
    with qtbot.waitSignal(studio.service.all_pages.applied) as applied:
        assert studio.service.all_pages.apply()
        assert not studio.service.all_pages.apply()  # once at a time
    assert applied.args == [4]
    rows = [studio.workspace.db.load_predictions(key) for key in studio.workspace.keys]
    assert [len(row.detections) for row in rows] == [1] * 4
    assert [studio.workspace.summary(key).detection_count for key in studio.workspace.keys] == [1] * 4
    assert (
        {key: studio.workspace.db.load_page(key) for key in before} == before == dict.fromkeys(before, Page())
    )
    qtbot.wait(500)
    assert studio.service.all_pages.effect == Effect(over=True)  # nothing is left to change
    move(studio, 0.5)
    assert counted(qtbot, studio) == Effect(4, 4, 0, 4, 0, over=True)


def test_pages_with_settings_of_their_own_and_pages_without_maps_are_left_out(qtbot, studio, tmp_path):
    studio.workspace.session.open_page("p1.png")
    studio.service.decoding.set_own("p1.png", on=True)
    move(studio, 0.7)
    assert counted(qtbot, studio) == Effect(3, 0, 3, 3, 0, over=True)
    for file in (tmp_path / "maps").rglob("*.npz"):
        file.unlink()
    move(studio, 0.71)
    assert counted(qtbot, studio) == Effect(0, 0, 0, 0, 3, over=True)


def test_texts_that_only_moved_their_outline_neither_appear_nor_go():
    square = np.array(((0, 0), (40, 0), (40, 20), (0, 20)), dtype=np.float64)
    one = [Detection(square, 0.9, "quad"), Detection(square + 100, 0.9, "quad")]
    grown = Detection(square * 1.05, 0.9, "quad")
    assert alone(one, [grown]) == (1, 0)
    assert alone([grown], one) == (0, 1)
    assert alone(one, one) == (0, 0)
