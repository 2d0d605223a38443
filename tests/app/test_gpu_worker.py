"""The worker: order of the queue, superseding, cancelling, and exceptions that become messages."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from app.workers.gpu_worker import GpuWorker
from app.workers.messages import DetectRequest, LoadCheckpoint, Priority
from app.workers.predictor import is_device_lost, is_out_of_memory
from tcm_core.geometry.polygon import signed_area
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


def test_a_graphics_card_that_disappears_is_left_for_the_cpu_at_once_and_it_is_said(
    qtbot, worker, detector, pictures
):
    heard = Heard(worker)
    detector.gpu = "cuda:0 fake, fp16"

    def lost(device, image):
        gone = device.startswith("cuda") and image.mean() > 10
        return RuntimeError("CUDA error: unspecified launch failure") if gone else None

    detector.raises = lost
    worker.submit(LoadCheckpoint("a"))
    worker.submit([request(n, f"p{n}", pictures) for n in range(1, 4)])
    spin(qtbot, worker, heard, 3)
    assert heard.order == ["p1", "p2", "p3"]
    assert detector.loads == [("a", "auto"), ("a", "cpu")]
    assert detector.scales == [1.0] * 4  # a smaller picture would not help
    notice = heard.ready[1].notice
    assert notice is not None
    assert "cuda:0 fake, fp16 does not answer" in notice.what
    assert "labels are not affected" in notice.remedy


def test_a_lost_device_is_neither_full_memory_nor_a_faulty_picture():
    assert is_device_lost(RuntimeError("CUDA error: device-side assert triggered"))
    assert is_device_lost(RuntimeError("cuDNN error: CUDNN_STATUS_EXECUTION_FAILED"))
    assert not is_device_lost(RuntimeError("CUDA out of memory. Tried to allocate 2 GiB"))
    assert not is_device_lost(RuntimeError("shapes differ"))
    assert not is_device_lost(ValueError("CUDA error"))
    assert is_out_of_memory(RuntimeError("CUDA error: out of memory"))


def test_a_mirrored_picture_is_told_as_in_the_picture_itself(qtbot, worker, pictures):
    heard = Heard(worker)
    worker.submit(LoadCheckpoint("a"))
    worker.submit([request(1, "p1", pictures), request(2, "p1", pictures, mirrored=True)])
    spin(qtbot, worker, heard, 2)
    plain, turned = heard.done
    assert len(plain.detections) == len(turned.detections) == 2
    for one, other in zip(plain.detections, turned.detections, strict=True):
        # the fake finds the same places in whatever picture, so the mirrored ones lie on the other side
        assert np.allclose(other.polygon[:, 0].min(), 96 - one.polygon[:, 0].max())
        assert np.allclose(np.sort(other.polygon[:, 1]), np.sort(one.polygon[:, 1]))
        assert signed_area(other.polygon) > 0


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


def answers(qtbot, worker, heard: Heard, requests: list[DetectRequest]) -> list:
    before = len(heard.done)
    worker.submit(requests)
    spin(qtbot, worker, heard, before + len(heard.failed) + len(requests))
    return heard.done[before:]


def weight_files(tmp_path: Path, *sizes_kb: int) -> list[str]:
    """Files of these sizes, whose names are their places: LoadedCheckpoints weighs files."""
    paths = [tmp_path / f"weights {at}.safetensors" for at, _ in enumerate(sizes_kb)]
    for path, size in zip(paths, sizes_kb, strict=True):
        path.write_bytes(bytes(size * 1000))
    return [str(path) for path in paths]


def test_pages_that_are_seen_go_between_the_open_one_and_those_ahead(qtbot, worker, pictures):
    heard = Heard(worker)
    worker.submit(LoadCheckpoint("a"))
    worker.submit([request(1, "p1", pictures), request(2, "p2", pictures)])
    worker.submit([request(3, "p3", pictures, priority=Priority.PREFETCH)])
    worker.submit([request(n, f"p{n}", pictures, priority=Priority.VISIBLE) for n in (4, 5)])
    worker.submit([request(6, "p6", pictures, priority=Priority.OPEN)])
    spin(qtbot, worker, heard, 6)
    assert heard.order == ["p6", "p4", "p5", "p3", "p1", "p2"]


def test_a_page_that_comes_into_sight_is_moved_up_with_its_number(qtbot, worker, pictures):
    heard = Heard(worker)
    worker.submit(LoadCheckpoint("a"))
    worker.submit([request(n, f"p{n}", pictures) for n in range(1, 6)])
    worker.promote([4, 5, 99], Priority.VISIBLE)
    spin(qtbot, worker, heard, 5)
    assert [done.number for done in heard.done] == [4, 5, 1, 2, 3]


def test_while_paused_only_the_open_page_is_done(qtbot, worker, pictures):
    heard = Heard(worker)
    worker.submit(LoadCheckpoint("a"))
    worker.pause(True)
    worker.submit([request(n, f"p{n}", pictures) for n in range(1, 4)])
    worker.submit([request(4, "p4", pictures, priority=Priority.OPEN)])
    spin(qtbot, worker, heard, 1)
    qtbot.wait(50)
    assert heard.order == ["p4"]
    worker.pause(False)
    spin(qtbot, worker, heard, 4)
    assert heard.order == ["p4", "p1", "p2", "p3"]


def test_a_page_cancelled_in_the_network_is_not_decoded_and_says_nothing(qtbot, worker, detector, pictures):
    heard = Heard(worker)
    detector.raises = lambda device, image: worker.cancel([1])
    worker.submit(LoadCheckpoint("a"))
    worker.submit([request(1, "p1", pictures), request(2, "p2", pictures)])
    spin(qtbot, worker, heard, 1)
    assert heard.order == ["p2"]
    assert not heard.failed
    assert detector.seen == [10, 20]


def test_a_page_asked_for_again_while_it_is_in_work_answers_once(qtbot, worker, detector, pictures):
    heard = Heard(worker)

    def ask_again(device, image):
        if len(detector.seen) == 1:
            worker.submit([request(2, "p1", pictures)])

    detector.raises = ask_again
    worker.submit(LoadCheckpoint("a"))
    worker.submit([request(1, "p1", pictures)])
    spin(qtbot, worker, heard, 1)
    assert [done.number for done in heard.done] == [2]


def test_two_checkpoints_are_loaded_side_by_side_and_a_page_may_wait_for_both(
    qtbot, worker, detector, pictures
):
    heard = Heard(worker)
    worker.submit(LoadCheckpoint("a"))
    requests = [
        request(1, "p1", pictures),
        request(2, "p1", pictures, checkpoint="b"),
        request(3, "p2", pictures),
        request(4, "p2", pictures, checkpoint="b"),
    ]
    found = answers(qtbot, worker, heard, requests)
    assert [done.checkpoint_hash for done in found] == ["hash of a", "hash of b"] * 2
    assert [done.checkpoint for done in found] == ["", "b"] * 2
    assert detector.loads == [("a", "auto"), ("b", "auto")]
    assert [ready.name for ready in heard.ready] == ["a"]


def test_a_checkpoint_that_cannot_be_compared_fails_its_page_and_the_one_in_use_stays(
    qtbot, worker, detector, pictures
):
    heard = Heard(worker)
    detector.refuse = frozenset({"broken"})
    worker.submit(LoadCheckpoint("a"))
    worker.submit([request(1, "p1", pictures, checkpoint="broken"), request(2, "p2", pictures)])
    spin(qtbot, worker, heard, 2)
    assert (heard.failed[0].checkpoint, heard.failed[0].key) == ("broken", "p1")
    assert "no such checkpoint" in heard.failed[0].problem.what
    assert not heard.refused
    assert heard.done[0].checkpoint_hash == "hash of a"


def test_the_least_recently_used_checkpoint_is_freed_when_the_memory_is_full(
    qtbot, detector, pictures, tmp_path
):
    one, two, three = weight_files(tmp_path, 40, 40, 40)
    worker = GpuWorker(detector, limit_bytes=90_000)
    heard = Heard(worker)
    worker.submit(LoadCheckpoint(one))
    answers(qtbot, worker, heard, [request(1, "p1", pictures, checkpoint=two)])
    answers(qtbot, worker, heard, [request(2, "p1", pictures)])  # one is the more recent now
    answers(qtbot, worker, heard, [request(3, "p1", pictures, checkpoint=three)])
    assert [name for name, _ in detector.loads] == [one, two, three]
    answers(qtbot, worker, heard, [request(4, "p2", pictures)])
    assert len(detector.loads) == 3
    answers(qtbot, worker, heard, [request(5, "p1", pictures, checkpoint=two)])
    assert [name for name, _ in detector.loads[3:]] == [two]
    worker.set_limit(1000)
    qtbot.waitUntil(lambda: len(worker._loaded.asked) == 1)
    worker.close()
    worker._release()


def test_a_file_that_was_replaced_is_loaded_again(qtbot, worker, detector, pictures, tmp_path):
    heard = Heard(worker)
    (path,) = weight_files(tmp_path, 1)
    worker.submit(LoadCheckpoint("a"))
    answers(qtbot, worker, heard, [request(1, "p1", pictures, checkpoint=path)])
    Path(path).write_bytes(bytes(2000))
    answers(qtbot, worker, heard, [request(2, "p1", pictures, checkpoint=path)])
    assert [name for name, _ in detector.loads] == ["a", path, path]


def test_unloaded_checkpoints_are_loaded_again_when_they_are_asked_for(qtbot, worker, detector, pictures):
    heard = Heard(worker)
    worker.submit(LoadCheckpoint("a"))
    answers(qtbot, worker, heard, [request(1, "p1", pictures)])
    with qtbot.waitSignal(worker.unloaded):
        worker.unload()
    assert worker._loaded.asked == ()
    answers(qtbot, worker, heard, [request(2, "p1", pictures)])
    assert detector.loads == [("a", "auto")] * 2


def test_out_of_memory_frees_the_others_before_anything_else(qtbot, worker, detector, pictures):
    heard = Heard(worker)
    detector.gpu = "cuda:0 fake, fp16"

    def full_of_two(device, image):
        return OutOfMemoryError("CUDA out of memory") if len(worker._loaded.asked) > 1 else None

    detector.raises = full_of_two
    worker.submit(LoadCheckpoint("a"))
    (done,) = answers(qtbot, worker, heard, [request(1, "p1", pictures, checkpoint="b")])
    assert (done.checkpoint_hash, done.notice) == ("hash of b", None)
    assert detector.scales == [1.0, 1.0]
    assert [asked.checkpoint for asked in worker._loaded.asked] == ["b"]


def test_when_that_is_not_enough_the_image_is_made_smaller_and_it_is_said(qtbot, worker, detector, pictures):
    heard = Heard(worker)
    detector.gpu = "cuda:0 fake, fp16"
    detector.raises = lambda device, image: OutOfMemoryError("full") if detector.scales[-1] > 0.6 else None
    worker.submit(LoadCheckpoint("a"))
    (done,) = answers(qtbot, worker, heard, [request(1, "p1", pictures)])
    assert detector.scales == [1.0, 0.7, 0.5]
    assert "50%" in done.notice.what
    assert done.notice.where == str(pictures["p1"])
    assert [ready.device_text for ready in heard.ready] == ["cuda:0 fake, fp16"]


def test_a_checkpoint_that_does_not_fit_at_all_is_loaded_on_the_cpu(qtbot, detector, pictures):
    class Small(FakeDetector):
        def __call__(self, checkpoint, device):
            predictor = super().__call__(checkpoint, device)
            if device != "cpu":
                raise OutOfMemoryError("CUDA out of memory")
            return predictor

    detector = Small()
    worker = GpuWorker(detector)
    heard = Heard(worker)
    worker.submit(LoadCheckpoint("a", "cuda"))
    qtbot.waitUntil(lambda: bool(heard.ready))
    assert detector.loads == [("a", "cuda"), ("a", "cpu")]
    assert "CPU" in heard.ready[0].notice.what
    worker.close()
    worker._release()
