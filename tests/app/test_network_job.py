"""Jobs in the detector's thread: before pages, the newest of a slot only, failures as messages."""

import threading
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
import pytest

from app.workers.messages import DetectRequest
from app.workers.network_job import JobDone
from tcm_core.errors import BadConfig


@dataclass(frozen=True, eq=False)
class Job:
    """Notes that it ran; raises what it is given."""

    name: str
    slot: str = "words"
    checkpoint: str = "a"
    device: str = "cpu"
    raises: Exception | None = None
    ran: list[tuple[str, int]] = field(default_factory=list)

    def run(self, predictor):
        self.ran.append((predictor.checkpoint_name, threading.get_ident()))
        if self.raises is not None:
            raise self.raises
        return self.name


def test_a_job_runs_in_the_detectors_thread_with_its_checkpoint_and_comes_back(qtbot, gpu):
    done: list[JobDone] = []
    gpu.job_done.connect(done.append)
    gpu.start()
    job = Job("one")
    gpu.submit_job(job)
    qtbot.waitUntil(lambda: bool(done))
    assert (done[0].job, done[0].result, done[0].problem) == (job, "one", None)
    ((name, thread),) = job.ran
    assert name == "a"
    assert thread != threading.get_ident()


def test_the_newest_of_a_slot_runs_and_jobs_go_before_pages(qtbot, gpu, detector, tmp_path: Path):
    path = tmp_path / "text.png"
    cv2.imwrite(str(path), np.full((160, 240, 3), 70, np.uint8))
    order: list[object] = []
    gpu.job_done.connect(lambda done: order.append(done.result))
    gpu.detect_done.connect(lambda done: order.append(done.number))
    gpu.submit([DetectRequest(7, "text.png", path, checkpoint="a")])
    for name in ("old", "new"):
        gpu.submit_job(Job(name))
    gpu.submit_job(Job("other", slot="save"))
    gpu.start()
    qtbot.waitUntil(lambda: len(order) == 3)
    assert order == ["new", "other", 7]


@pytest.mark.parametrize(
    ("raises", "said"),
    [(BadConfig("in words"), "in words"), (MemoryError(), "not enough memory"), (KeyError("x"), "It failed")],
)
def test_a_job_that_fails_says_why_and_the_next_one_runs(qtbot, gpu, raises, said):
    done: list[JobDone] = []
    gpu.job_done.connect(done.append)
    gpu.start()
    gpu.submit_job(Job("bad", slot="bad", raises=raises))
    gpu.submit_job(Job("good"))
    qtbot.waitUntil(lambda: len(done) == 2)
    assert said in done[0].problem.what
    assert done[1].result == "good"


def test_a_checkpoint_that_cannot_be_loaded_is_a_problem_of_the_job(qtbot, gpu, detector):
    detector.refuse = frozenset({"gone"})
    done: list[JobDone] = []
    gpu.job_done.connect(done.append)
    gpu.start()
    gpu.submit_job(Job("one", checkpoint="gone"))
    qtbot.waitUntil(lambda: bool(done))
    assert "no such checkpoint" in done[0].problem.what
