"""What several files about detection and the project file begin with."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from app.workers.gpu_thread import GpuThread
from app.workers.gpu_worker import GpuWorker
from tests.helpers.detection_studio import build, make_folder, tear_down
from tests.helpers.fake_predictor import FakeDetector


@pytest.fixture
def pictures(tmp_path: Path) -> dict[str, Path]:
    """Grey pictures by key: page N has the value 10 N."""
    paths = {}
    for number in range(1, 8):
        paths[f"p{number}"] = tmp_path / f"p{number}.png"
        cv2.imwrite(str(paths[f"p{number}"]), np.full((64, 96, 3), 10 * number, np.uint8))
    return paths


@pytest.fixture
def detector() -> FakeDetector:
    return FakeDetector()


@pytest.fixture
def worker(qtbot, detector):
    worker = GpuWorker(detector)
    yield worker
    worker.close()
    worker._release()  # the worker has no thread of its own here


@pytest.fixture
def gpu(qtbot, detector):
    gpu = GpuThread(detector)
    yield gpu
    detector.gate.set()
    gpu.stop()


@pytest.fixture
def studio(qtbot, tmp_path):
    studio = build(qtbot, tmp_path, make_folder(tmp_path / "photos"))
    yield studio
    tear_down(studio)


@pytest.fixture
def unchecked(monkeypatch):
    """Projects are not checked when they are opened, as large ones are not."""
    monkeypatch.setattr("app.storage.opening.CHECKED_BYTES", 0)
