"""The thread of the network: results arrive in the GUI thread, and it ends."""

import threading
from pathlib import Path

import cv2
import numpy as np
import pytest
from PySide6.QtCore import QObject, QThread, Slot

from app.workers.gpu_thread import _PARKED, GpuThread
from app.workers.messages import DetectDone, DetectRequest, LoadCheckpoint, Priority, Problem


class Receiver(QObject):
    """Notes results and the thread that they arrive in."""

    def __init__(self) -> None:
        super().__init__()
        self.done: list[DetectDone] = []
        self.threads: set[QThread] = set()

    @Slot(object)
    def take(self, done: DetectDone) -> None:
        self.done.append(done)
        self.threads.add(QThread.currentThread())


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    path = tmp_path / "text.png"
    cv2.imwrite(str(path), np.full((160, 240, 3), 70, np.uint8))
    return path


def test_the_network_runs_in_its_thread_and_results_arrive_in_this_one(qtbot, gpu, detector, picture):
    receiver = Receiver()
    gpu.detect_done.connect(receiver.take)
    gpu.start()
    gpu.submit(LoadCheckpoint("a"))
    gpu.submit(DetectRequest(1, "text.png", picture))
    qtbot.waitUntil(lambda: bool(receiver.done))
    assert receiver.threads == {QThread.currentThread()}
    assert threading.get_ident() not in detector.threads
    assert len(receiver.done[0].detections) == 2
    assert receiver.done[0].maps.frame.image_size == (160, 240)


def test_work_given_before_the_start_is_done_after_it(qtbot, gpu, picture):
    gpu.submit(LoadCheckpoint("a"))
    gpu.submit([DetectRequest(1, "text.png", picture)])
    with qtbot.waitSignal(gpu.detect_done):
        gpu.start()


def test_an_urgent_page_overtakes_a_batch_in_work(qtbot, gpu, detector, picture):
    receiver = Receiver()
    gpu.detect_done.connect(receiver.take)
    detector.gate.clear()
    gpu.start()
    gpu.submit(LoadCheckpoint("a"))
    gpu.submit([DetectRequest(n, f"p{n}", picture) for n in range(1, 5)])
    qtbot.waitUntil(lambda: len(detector.seen) == 1)
    gpu.submit(DetectRequest(9, "open", picture, Priority.OPEN))
    detector.gate.set()
    qtbot.waitUntil(lambda: len(receiver.done) == 5)
    assert [done.key for done in receiver.done] == ["p1", "open", "p2", "p3", "p4"]


def test_stop_waits_for_the_picture_in_work_and_drops_the_rest(qtbot, gpu, detector, picture):
    detector.gate.clear()
    gpu.start()
    gpu.submit(LoadCheckpoint("a"))
    gpu.submit([DetectRequest(n, f"p{n}", picture) for n in range(1, 50)])
    qtbot.waitUntil(lambda: len(detector.seen) == 1)
    threading.Timer(0.2, detector.gate.set).start()
    assert gpu.stop()
    assert not gpu.running
    assert len(detector.seen) == 1


def test_stopping_twice_or_before_the_start_is_harmless(qtbot, gpu):
    assert gpu.stop()
    gpu.start()
    assert gpu.stop()
    assert gpu.stop()


@pytest.mark.logs_warnings
def test_a_thread_that_does_not_end_in_time_is_left_behind(qtbot, gpu, detector, picture, caplog):
    detector.gate.clear()
    gpu.start()
    gpu.submit(LoadCheckpoint("a"))
    gpu.submit(DetectRequest(1, "p1", picture))
    qtbot.waitUntil(lambda: len(detector.seen) == 1)
    assert not gpu.stop(timeout_ms=50)
    assert "in maps\n" in caplog.text, "the log does not say where the thread is"
    thread, _ = _PARKED.pop()
    detector.gate.set()
    assert thread.wait(5000)


def test_the_real_detector_finds_its_way_through_the_thread(qtbot, tmp_path, picture):
    tiny_model = pytest.importorskip("tests.helpers.tiny_model")
    checkpoint = tiny_model.tiny_checkpoint(tmp_path)
    gpu = GpuThread()
    gpu.start()
    try:
        with qtbot.waitSignal(gpu.checkpoint_ready, timeout=60_000) as ready:
            gpu.submit(LoadCheckpoint(str(checkpoint), "cpu"))
        with qtbot.waitSignal(gpu.detect_done, timeout=60_000) as done:
            gpu.submit(DetectRequest(1, "text.png", picture))
    finally:
        assert gpu.stop()
    assert ready.args[0].device_text.startswith("cpu")
    assert done.args[0].checkpoint_hash == ready.args[0].sha256
    assert done.args[0].maps.frame.image_size == (160, 240)
    assert "probability" in done.args[0].maps.planes


def refused(qtbot, file: Path) -> Problem:
    """Why the real detector does not take a file."""
    gpu = GpuThread()
    gpu.start()
    try:
        with qtbot.waitSignal(gpu.checkpoint_failed, timeout=60_000) as failed:
            gpu.submit(LoadCheckpoint(str(file), "cpu"))
    finally:
        assert gpu.stop()
    return failed.args[0].problem


def test_the_real_detector_says_in_words_what_is_wrong_with_a_checkpoint(qtbot, tmp_path):
    cut = tmp_path / "cut.safetensors"
    cut.write_bytes(b"\x10\x00\x00\x00\x00\x00\x00\x00{")
    problem = refused(qtbot, cut)
    assert str(cut) in problem.what
    assert problem.remedy


def test_a_checkpoint_with_values_that_are_not_finite_is_refused_in_words(qtbot, tmp_path):
    from safetensors import safe_open
    from safetensors.numpy import load_file, save_file

    from tcm_core.checkpoint_file import SEAL
    from tests.helpers.tiny_model import tiny_checkpoint

    path = tiny_checkpoint(tmp_path)
    with safe_open(path, "numpy") as file:
        metadata = file.metadata()
    del metadata[SEAL]  # written with these values, not changed since
    tensors = load_file(path)
    name = next(name for name, tensor in tensors.items() if tensor.ndim == 4)
    tensors[name] = np.full_like(tensors[name], np.nan)
    save_file(tensors, path, metadata)
    problem = refused(qtbot, path)
    assert f"{name} has values that are not finite" in problem.what
