"""The parts that detection needs, without a window, and how a test leads them."""

from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np

from app.services.batch import BatchSummary
from app.services.detection import DetectionService
from app.services.workspace import Workspace
from app.storage.map_cache import MapCache
from app.workers.gpu_thread import GpuThread
from app.workers.messages import Problem
from tests.helpers.fake_predictor import FakeDetector

SIZE = (160, 240)


class Studio(NamedTuple):
    """The parts that detection needs, without a window."""

    workspace: Workspace
    service: DetectionService
    detector: FakeDetector
    folder: Path


class Heard:
    """What the service said, in order."""

    def __init__(self, service: DetectionService) -> None:
        self.detected: list[str] = []
        self.failed: list[tuple[str, Problem]] = []
        self.progress: list[tuple[int, int, float, int]] = []
        self.summaries: list[BatchSummary] = []
        self.unsaved: list[Problem] = []
        self.ready, self.refused, self.settings = [], [], []
        service.page_detected.connect(self.detected.append)
        service.page_failed.connect(lambda key, problem: self.failed.append((key, problem)))
        service.progress.connect(lambda *args: self.progress.append(args))
        service.finished.connect(self.summaries.append)
        service.save_failed.connect(self.unsaved.append)
        service.checkpoint_ready.connect(self.ready.append)
        service.checkpoint_failed.connect(self.refused.append)
        service.settings_changed.connect(self.settings.append)


def make_folder(folder: Path, pages: int = 5) -> Path:
    folder.mkdir(parents=True)
    for number in range(1, pages + 1):
        cv2.imwrite(str(folder / f"p{number}.png"), np.full((*SIZE, 3), 10 * number % 256, np.uint8))
    return folder


def build(qtbot, tmp_path: Path, folder: Path, **options) -> Studio:
    detector = FakeDetector()
    workspace = Workspace(tmp_path / "data home")
    service = DetectionService(workspace, GpuThread(detector), MapCache(tmp_path / "maps"), **options)
    with qtbot.waitSignal(workspace.scan_finished):
        workspace.open_folder(folder)
    return Studio(workspace, service, detector, folder)


def load(qtbot, studio: Studio, name: str = "a") -> None:
    with qtbot.waitSignal(studio.service.checkpoint_ready):
        studio.service.load_checkpoint(name)


def tear_down(studio: Studio) -> None:
    studio.detector.gate.set()
    assert studio.service.shutdown()
    assert studio.workspace.close()


def detect(qtbot, studio: Studio, key: str) -> None:
    with qtbot.waitSignal(studio.service.page_detected):
        studio.service.detect_page(key)


def detect_all(qtbot, studio: Studio) -> BatchSummary:
    with qtbot.waitSignal(studio.service.finished, timeout=20_000) as finished:
        studio.service.detect_all()
    return finished.args[0]
