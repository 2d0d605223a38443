"""The scores of queues in the project file: what was found, by whom, and what the labels say."""

import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from app.domain.edits import AddRegions, SetReview
from app.domain.region import new_region
from app.services.queues import Queues
from app.storage.errors import StorageError
from app.storage.predictions import PredictionRow
from app.storage.queue_scores import read_scores
from tcm_core.detection import Detection
from tests.helpers.detection_studio import build, detect_all, load, make_folder, tear_down


def box(x: float, y: float) -> np.ndarray:
    return np.array(((x, y), (x + 40, y), (x + 40, y + 20), (x, y + 20)), dtype=np.float64)


def found(*places: tuple[float, float]) -> tuple[Detection, ...]:
    return tuple(Detection(box(*place), 0.9) for place in places)


@pytest.fixture
def studio(qtbot, tmp_path: Path):
    studio = build(qtbot, tmp_path, make_folder(tmp_path / "photos"))
    yield studio
    tear_down(studio)


def scores(studio, kind) -> dict[str, float]:
    return read_scores(studio.workspace.db.path, kind, lambda: True)


def test_heads_disagree_where_the_second_found_something_else(studio):
    db = studio.workspace.db
    for key, other in (("p1.png", found((0, 0))), ("p2.png", found((0, 0), (100, 0)))):
        db.save_predictions(key, PredictionRow("own", "a", "{}", found((0, 0), (100, 0))))
        db.save_predictions(key, PredictionRow("other", "b", "{}", other, 0.0, True))
    db.save_predictions("p3.png", PredictionRow("own", "a", "{}", found((0, 0))))
    assert scores(studio, "disagreement") == {"p1.png": 1.0}


def test_only_approved_pages_have_label_errors(studio):
    db, session = studio.workspace.db, studio.workspace.session
    for key in ("p1.png", "p2.png", "p3.png"):
        session.apply_to(key, AddRegions((new_region(box(0, 0)),)))
        db.save_predictions(key, PredictionRow("own", "a", "{}", found((0, 0), (100, 0))))
    db.save_predictions("p3.png", PredictionRow("own", "a", "{}", found((0, 0))))
    for key in ("p1.png", "p3.png"):
        session.apply_to(key, SetReview("approved"))
    assert scores(studio, "errors") == {"p1.png": pytest.approx(0.9)}


def test_doubt_is_kept_when_a_page_is_detected(qtbot, studio):
    load(qtbot, studio)
    studio.detector.probabilities = lambda name: (0.9, 0.5)
    detect_all(qtbot, studio)
    doubts = scores(studio, "mass")
    assert set(doubts) == set(studio.workspace.keys)
    assert len(set(doubts.values())) == 1
    assert 0.0 < doubts["p1.png"] < 0.2


def test_scores_are_read_in_a_thread_and_a_file_that_is_gone_is_told(qtbot, studio):
    queues = Queues(studio.workspace)
    with qtbot.waitSignal(queues.ready) as ready:
        queues.request("missed")
    assert ready.args == ["missed"]
    assert queues.scores == {}
    with pytest.raises(StorageError):
        read_scores(studio.folder / "none.sqlite3", "mass", lambda: True)


def test_a_reading_under_way_ends_before_the_queues_do(studio, monkeypatch):
    began, ended = threading.Event(), threading.Event()

    def slow(path: Path, kind: str, is_wanted: Callable[[], bool]) -> dict[str, float]:
        began.set()
        while is_wanted():
            time.sleep(0.01)
        time.sleep(0.2)
        ended.set()
        return {}

    monkeypatch.setattr("app.services.queues.read_scores", slow)
    queues = Queues(studio.workspace)
    queues.request("missed")
    assert began.wait(10)
    queues.shutdown()
    assert ended.is_set()
    assert queues.kind is None
