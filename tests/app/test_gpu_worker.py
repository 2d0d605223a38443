"""The worker: order of the queue, superseding, cancelling, and exceptions that become messages."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from app.workers.gpu_worker import GpuWorker
from app.workers.messages import DetectRequest, LoadCheckpoint, Priority
from app.workers.predictor import is_out_of_memory
from tests.helpers.fake_predictor import FakeDetector, OutOfMemoryError


class Heard:
    """What a worker sent, in order."""

    def __init__(self, worker: GpuWorker) -> None:
        self.ready, self.refused, self.done, self.failed = [], [], [], []
        worker.checkpoint_ready.connect(self.ready.append)
        worker.checkpoint_failed.connect(self.refused.append)
        worker.detect_done.connect(self.done.append)
        worker.detect_failed.connect(self.failed.append)

    @property
    def order(self) -> list[str]:
        return [done.key for done in self.done]


@pytest.fixture
def pictures(tmp_path: Path) -> dict[str, Path]:
    """Grey pictures by key: page N has the value 10 N."""
    paths = {}
    for number in range(1, 8):
        paths[f"p{number}"] = tmp_path / f"p{number}.png"
        cv2.imwrite(str(paths[f"p{number}"]), np.full((64, 96, 3), 10 * number, np.uint8))
    return paths


def request(number: int, key: str, pictures: dict[str, Path], **rest) -> DetectRequest:
    return DetectRequest(number, key, pictures[key], **rest)


def spin(qtbot, worker: GpuWorker, heard: Heard, answers: int) -> None:
    """Run the worker in this thread until it has answered so often."""
    qtbot.waitUntil(lambda: len(heard.done) + len(heard.failed) >= answers, timeout=10_000)


@pytest.fixture
def detector() -> FakeDetector:
    return FakeDetector()


@pytest.fixture
def worker(qtbot, detector):
    worker = GpuWorker(detector)
    yield worker
    worker.close()
    worker._release()  # the worker has no thread of its own here


def test_pages_are_done_in_the_order_asked(qtbot, worker, pictures):
    heard = Heard(worker)
    worker.submit(LoadCheckpoint("a"))
    worker.submit([request(n, f"p{n}", pictures) for n in range(1, 6)])
    spin(qtbot, worker, heard, 5)
    assert heard.order == ["p1", "p2", "p3", "p4", "p5"]
    assert [done.number for done in heard.done] == [1, 2, 3, 4, 5]


def test_urgent_pages_go_first_and_the_newest_of_them_before_all(qtbot, worker, pictures):
    heard = Heard(worker)
    worker.submit(LoadCheckpoint("a"))
    worker.submit([request(n, f"p{n}", pictures) for n in range(1, 4)])
    worker.submit([request(4, "p4", pictures, priority=Priority.OPEN)])
    worker.submit([request(5, "p5", pictures, priority=Priority.OPEN)])
    spin(qtbot, worker, heard, 5)
    assert heard.order == ["p5", "p4", "p1", "p2", "p3"]


def test_a_newer_request_of_a_page_replaces_the_waiting_one(qtbot, worker, detector, pictures):
    heard = Heard(worker)
    worker.submit(LoadCheckpoint("a"))
    worker.submit([request(1, "p1", pictures), request(2, "p2", pictures)])
    worker.submit([request(3, "p2", pictures)])
    worker.submit([request(4, "p1", pictures)])
    spin(qtbot, worker, heard, 2)
    assert [(done.key, done.number) for done in heard.done] == [("p1", 4), ("p2", 3)]
    assert detector.seen == [10, 20]


def test_a_page_that_was_urgent_stays_urgent_when_a_batch_asks_for_it_too(qtbot, worker, pictures):
    heard = Heard(worker)
    worker.submit(LoadCheckpoint("a"))
    worker.submit([request(1, "p3", pictures, priority=Priority.OPEN)])
    worker.submit([request(n + 1, f"p{n}", pictures) for n in range(1, 4)])
    spin(qtbot, worker, heard, 3)
    assert heard.order == ["p3", "p1", "p2"]


def test_cancelled_pages_are_not_looked_at(qtbot, worker, detector, pictures):
    heard = Heard(worker)
    worker.submit(LoadCheckpoint("a"))
    worker.submit([request(n, f"p{n}", pictures) for n in range(1, 6)])
    worker.cancel([2, 4, 5])
    spin(qtbot, worker, heard, 2)
    qtbot.wait(50)
    assert heard.order == ["p1", "p3"]
    assert detector.seen == [10, 30]


def test_a_picture_that_is_cancelled_after_it_was_read_ahead_is_dropped(qtbot, worker, detector, pictures):
    heard = Heard(worker)

    def cancel_the_next_two(device, image):
        worker.cancel([2, 3])

    detector.raises = cancel_the_next_two
    worker.submit(LoadCheckpoint("a"))
    worker.submit([request(n, f"p{n}", pictures) for n in range(1, 5)])
    spin(qtbot, worker, heard, 2)
    assert heard.order == ["p1", "p4"]
    assert worker._ahead == {}


def test_every_turn_of_the_event_loop_does_one_picture(qtbot, worker, pictures):
    heard = Heard(worker)
    worker.submit(LoadCheckpoint("a"))
    worker.submit([request(n, f"p{n}", pictures) for n in range(1, 4)])
    counts = []
    for _ in range(4):
        worker._turn()
        counts.append(len(heard.done))
    assert counts == [0, 1, 2, 3]


def test_one_bad_image_is_a_message_and_the_others_go_on(qtbot, worker, pictures, tmp_path):
    heard = Heard(worker)
    cut = tmp_path / "cut.png"
    cut.write_bytes(pictures["p1"].read_bytes()[:60])
    worker.submit(LoadCheckpoint("a"))
    worker.submit(
        [
            request(1, "p1", pictures),
            DetectRequest(2, "cut", cut),
            DetectRequest(3, "gone", tmp_path / "gone.png"),
            request(4, "p4", pictures),
        ]
    )
    spin(qtbot, worker, heard, 4)
    assert heard.order == ["p1", "p4"]
    assert [failed.key for failed in heard.failed] == ["cut", "gone"]
    problem = heard.failed[0].problem
    assert "damaged or cut off" in problem.what
    assert problem.where == str(cut)
    assert "BadImage" in problem.details
    assert "no such file" in heard.failed[1].problem.what


def test_an_exception_of_the_network_is_a_message_with_its_traceback(qtbot, worker, detector, pictures):
    heard = Heard(worker)
    detector.raises = lambda device, image: ValueError("not a number") if image.mean() == 20 else None
    worker.submit(LoadCheckpoint("a"))
    worker.submit([request(n, f"p{n}", pictures) for n in range(1, 4)])
    spin(qtbot, worker, heard, 3)
    assert heard.order == ["p1", "p3"]
    (failed,) = heard.failed
    assert (failed.key, failed.number) == ("p2", 2)
    assert "not a number" in failed.problem.what
    assert "Traceback" in failed.problem.details


def test_without_a_checkpoint_pages_fail_in_words(qtbot, worker, pictures):
    heard = Heard(worker)
    worker.submit([request(1, "p1", pictures)])
    spin(qtbot, worker, heard, 1)
    assert "No checkpoint is loaded" in heard.failed[0].problem.what


def test_a_checkpoint_that_fails_leaves_the_old_one_in_use(qtbot, worker, detector, pictures):
    heard = Heard(worker)
    detector.refuse = frozenset({"broken"})
    worker.submit(LoadCheckpoint("a"))
    qtbot.waitUntil(lambda: bool(heard.ready))
    worker.submit(LoadCheckpoint("broken"))
    worker.submit([request(1, "p1", pictures)])
    spin(qtbot, worker, heard, 1)
    (refused,) = heard.refused
    assert refused.in_use
    assert "broken: no such checkpoint" in refused.problem.what
    assert heard.done[0].checkpoint_hash == "hash of a"


def test_a_waiting_checkpoint_is_replaced_by_a_newer_one(qtbot, worker, detector):
    heard = Heard(worker)
    worker.submit(LoadCheckpoint("a"))
    worker.submit(LoadCheckpoint("b", "cpu"))
    qtbot.waitUntil(lambda: bool(heard.ready))
    assert detector.loads == [("b", "cpu")]
    assert heard.ready[0].name == "b"


def test_out_of_device_memory_moves_to_the_cpu_and_says_so(qtbot, worker, detector, pictures):
    heard = Heard(worker)
    detector.gpu = "cuda:0 fake, fp16"

    def full(device, image):
        return OutOfMemoryError("CUDA out of memory") if device.startswith("cuda") else None

    detector.raises = full
    worker.submit(LoadCheckpoint("a"))
    worker.submit([request(n, f"p{n}", pictures) for n in range(1, 3)])
    spin(qtbot, worker, heard, 2)
    assert heard.order == ["p1", "p2"]
    assert detector.loads == [("a", "auto"), ("a", "cpu")]
    assert [ready.device_text for ready in heard.ready] == ["cuda:0 fake, fp16", "cpu, fake"]
    notice = heard.ready[1].notice
    assert notice is not None
    assert "cuda:0 fake, fp16" in notice.what
    assert heard.ready[0].notice is None


def test_out_of_memory_on_the_cpu_fails_that_page_only(qtbot, worker, detector, pictures):
    heard = Heard(worker)
    detector.raises = lambda device, image: OutOfMemoryError("full") if image.mean() == 10 else None
    worker.submit(LoadCheckpoint("a"))
    worker.submit([request(n, f"p{n}", pictures) for n in range(1, 3)])
    spin(qtbot, worker, heard, 2)
    assert heard.order == ["p2"]
    assert "not enough memory" in heard.failed[0].problem.what
    assert len(detector.loads) == 1


def test_when_the_cpu_cannot_take_over_the_person_hears_of_both(qtbot, worker, detector, pictures):
    heard = Heard(worker)
    detector.gpu, detector.refuse = "cuda:0 fake, fp16", frozenset({"a@cpu"})
    detector.raises = lambda device, image: OutOfMemoryError("full")
    worker.submit(LoadCheckpoint("a"))
    worker.submit([request(n, f"p{n}", pictures) for n in range(1, 3)])
    spin(qtbot, worker, heard, 2)
    assert not heard.refused[0].in_use
    assert "no such checkpoint" in heard.failed[0].problem.what
    assert "No checkpoint is loaded" in heard.failed[1].problem.what


def test_out_of_memory_is_known_by_torchs_own_error():
    import torch

    assert is_out_of_memory(torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB"))
    assert not is_out_of_memory(RuntimeError("shapes differ"))


def test_the_settings_of_a_request_are_used_and_told(qtbot, worker, pictures):
    heard = Heard(worker)
    worker.submit(LoadCheckpoint("a"))
    qtbot.waitUntil(lambda: bool(heard.ready))
    strict = heard.ready[0].decode.model_copy(update={"score_threshold": 0.7})
    worker.submit([request(1, "p1", pictures), request(2, "p2", pictures, settings=strict)])
    spin(qtbot, worker, heard, 2)
    assert [len(done.detections) for done in heard.done] == [2, 1]
    assert heard.done[0].settings == heard.ready[0].decode
    assert heard.done[1].settings == strict


def test_after_close_nothing_is_taken_any_more(qtbot, worker, detector, pictures):
    heard = Heard(worker)
    worker.submit(LoadCheckpoint("a"))
    worker.close()
    worker.submit([request(1, "p1", pictures)])
    qtbot.wait(50)
    assert detector.loads == []
    assert not heard.done
    assert not heard.failed
