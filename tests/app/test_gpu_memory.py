"""Several checkpoints in memory, what is done when that is full, and devices that disappear."""

from pathlib import Path

from app.workers.gpu_worker import GpuWorker
from app.workers.messages import LoadCheckpoint
from app.workers.predictor import is_device_lost, is_out_of_memory
from tests.helpers.fake_predictor import FakeDetector, OutOfMemoryError
from tests.helpers.worker_talk import Heard, answers, request, spin


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


def weight_files(tmp_path: Path, *sizes_kb: int) -> list[str]:
    """Files of these sizes, whose names are their places: LoadedCheckpoints weighs files."""
    paths = [tmp_path / f"weights {at}.safetensors" for at, _ in enumerate(sizes_kb)]
    for path, size in zip(paths, sizes_kb, strict=True):
        path.write_bytes(bytes(size * 1000))
    return [str(path) for path in paths]


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
