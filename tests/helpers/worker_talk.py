"""What is asked of a worker of the network, and what it answers."""

from pathlib import Path

from app.workers.gpu_worker import GpuWorker
from app.workers.messages import DetectRequest


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


def request(number: int, key: str, pictures: dict[str, Path], **rest) -> DetectRequest:
    return DetectRequest(number, key, pictures[key], **rest)


def spin(qtbot, worker: GpuWorker, heard: Heard, answers: int) -> None:
    """Run the worker in this thread until it has answered so often."""
    qtbot.waitUntil(lambda: len(heard.done) + len(heard.failed) >= answers, timeout=10_000)


def answers(qtbot, worker, heard: Heard, requests: list[DetectRequest]) -> list:
    before = len(heard.done)
    worker.submit(requests)
    spin(qtbot, worker, heard, before + len(heard.failed) + len(requests))
    return heard.done[before:]
