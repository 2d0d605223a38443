"""Many images in the real program: opened, detected, edited page by page, exported; the cost is measured.

    python -m tests.faults.long_run --images 20000 --detect 300 [--place DIR] [--seed 0]

The images are small generated JPEG files: so many scenes, each with a number of its own in the file, so that
no two files are equal. The text of the first of them is found by the shipped checkpoint; every page is then
walked to in the open window, shown, and given two edits (a new region and its text; detections are accepted
where there are some). At the end the labels are exported and counted.

A table shows, every so often: resident memory, open files, threads, the project on the disk and the time of
a page. The last line tells how memory grew over the second half.
"""

import argparse
import logging
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
import psutil
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication

from app.compose import Studio
from app.domain.edits import AddRegions, SetText
from app.domain.region import new_region
from app.gui_collector import GuiCollector
from app.large_blocks import give_back_large_blocks
from app.settings.store import find_home
from tests.helpers.photos import scene

SCENES = 100
SIZE = (240, 320)
PATIENCE_S = 3600.0
SQUARE = ((20.0, 20.0), (90.0, 20.0), (90.0, 50.0), (20.0, 50.0))


class Plan(NamedTuple):
    """How much is done."""

    images: int
    detect: int  # of them, by the shipped checkpoint
    every: int = 1000  # pages between two rows of the table
    minutes: float = float("inf")  # of walking; then what was edited is exported
    seed: int = 0


Step = tuple[str, Callable[[], object]]


class Sample(NamedTuple):
    """What the program costs at a moment."""

    stage: str
    pages: int
    seconds: float  # since the sample before
    rss_mb: float
    files: int
    threads: int
    project_mb: float
    home_mb: float  # kept maps, thumbnails, settings


def write_images(folder: Path, count: int, seed: int) -> None:
    """JPEG files n00000.jpg and so on, in folders of a thousand; no two are equal."""
    scenes = []
    for number in range(min(SCENES, count)):
        picture = scene(SIZE, seed * SCENES + number)
        scenes.append(cv2.imencode(".jpg", picture[..., ::-1])[1].tobytes())
    for number in range(count):
        content = scenes[number % len(scenes)]
        note = f"{number:08}".encode()
        comment = b"\xff\xfe" + (len(note) + 2).to_bytes(2, "big") + note
        path = folder / f"{number // 1000:03}" / f"n{number:05}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content[:2] + comment + content[2:])


class LongRun:
    """Leads a studio through all images.

    Attributes:
        samples: what was measured on the way.
        failure: what went wrong, in words; empty: nothing did.
    """

    def __init__(self, studio: Studio, folder: Path, out: Path, plan: "Plan") -> None:
        self.samples: list[Sample] = []
        self.failure = ""
        self._studio, self._folder, self._out = studio, folder, out
        self._plan = plan
        self._process = psutil.Process()
        self._measured = self._since = time.monotonic()
        self._steps = self._lead()
        self._waiting: Step = ("the window", lambda: True)
        self._look()

    def _look(self) -> None:
        try:
            if (problem := self._studio.problems.shown) is not None:
                raise RuntimeError(f"{problem.what} {problem.remedy} {problem.details}")
            if self._waiting[1]():
                self._waiting, self._since = next(self._steps), time.monotonic()
            elif time.monotonic() - self._since > PATIENCE_S:
                raise TimeoutError(f"waited {PATIENCE_S:.0f} s for this: {self._waiting[0]}")
        except StopIteration:
            QApplication.quit()
            return
        except Exception as error:  # noqa: BLE001 the edge of a timer: reported
            self.failure = f"{type(error).__name__}: {error}"
            QApplication.quit()
            return
        QTimer.singleShot(1, self._look)

    def _lead(self) -> Iterator[Step]:
        studio, parts = self._studio, self._studio.parts
        actions, window = studio.actions.by_id, studio.window
        self._sample("start", 0)
        studio.commands.file.open_path(str(self._folder))
        yield "the folder is open", lambda: parts.workspace.session is not None
        yield "all images are listed", lambda: not parts.workspace.scanning
        keys = list(parts.workspace.keys)
        self._sample("listed", len(keys))
        yield "the checkpoint", lambda: window.status.checkpoint_label.property("state") == "good"
        self._sample("checkpoint", 0)
        for first in range(0, self._plan.detect, 100):
            last = min(first + 100, self._plan.detect)
            parts.detection.detect_all(keys[first:last])
            yield "text is found", lambda: not parts.detection.running
            self._sample("detected", last)
        session = parts.workspace.session
        assert session is not None
        began, done = time.monotonic(), 0
        for number, key in enumerate(keys):
            if time.monotonic() - began > self._plan.minutes * 60:
                break
            yield f"{key} is shown", lambda key=key: session.key == key and actions["fit"].isEnabled()
            self._edit(number)
            done = number + 1
            if done % self._plan.every == 0 or done == len(keys):
                self._sample("edited", done)
            if done < len(keys):
                actions["next"].trigger()
        edited = keys[:done]
        self._export(edited)
        yield "labels are written", lambda: not parts.export.writing
        self._sample("exported", done)
        written = sum(1 for _ in self._out.rglob("gt_*.txt"))
        if written != done:
            raise RuntimeError(f"{written} label files of {done} pages")

    def _edit(self, number: int) -> None:
        session = self._studio.parts.workspace.session
        assert session is not None
        if self._studio.actions.by_id["accept_all"].isEnabled():
            self._studio.actions.by_id["accept_all"].trigger()
        region = new_region([(x + number % 50, y) for x, y in SQUARE])
        session.apply(AddRegions([region]))
        session.apply(SetText(region.id, f"word {number}"))
        if session.dirty:
            raise RuntimeError("an edit is not saved")

    def _export(self, keys: Sequence[str]) -> None:
        plan = self._studio.parts.export.plan(keys)
        self._studio.parts.export.write(plan, self._out)

    def _sample(self, stage: str, pages: int) -> None:
        now, process = time.monotonic(), self._process
        db = self._studio.parts.workspace.db
        sample = Sample(
            stage, pages, now - self._measured, process.memory_info().rss / 1e6, process.num_fds(),
            process.num_threads(), 0.0 if db is None else _folder_mb(db.path.parent),
            _folder_mb(self._studio.parts.home.data),
        )  # fmt: skip
        self._measured = now
        self.samples.append(sample)
        sys.stdout.write(row(sample) + "\n")
        sys.stdout.flush()


def row(sample: Sample) -> str:
    """A row of the table, in Markdown."""
    return (
        f"| {sample.stage} | {sample.pages} | {sample.seconds:.1f} | {sample.rss_mb:.0f} | {sample.files} | "
        f"{sample.threads} | {sample.project_mb:.1f} | {sample.home_mb:.1f} |"
    )


def growth(samples: Sequence[Sample]) -> float:
    """How memory grew over the second half of the edited pages: MB for 1000 pages, by least squares."""
    edited = [sample for sample in samples if sample.stage == "edited"]
    half = edited[len(edited) // 2 :]
    if len(half) < 2:
        return float("nan")
    slope, _ = np.polyfit([sample.pages for sample in half], [sample.rss_mb for sample in half], 1)
    return float(slope) * 1000


def _folder_mb(folder: Path) -> float:
    total = 0
    for path in folder.rglob("*"):
        try:
            total += path.stat().st_size if path.is_file() else 0
        except OSError:
            continue  # gone meanwhile
    return total / 1e6


def run(place: Path, plan: Plan) -> LongRun:
    """Make the images and let the program work on them."""
    folder = place / "photos"
    write_images(folder, plan.images, plan.seed)
    give_back_large_blocks()
    application = QApplication.instance() or QApplication([])
    collector = GuiCollector()
    collector.start()
    studio = Studio(find_home(place / "home"), "long run", device="cpu")
    studio.preferences.use(studio.preferences.settings.model_copy(update={"tour_closed": True}))
    studio.show()
    led = LongRun(studio, folder, place / "labels", plan)
    application.exec()
    if not studio.shut_down():
        led.failure = led.failure or "a thread did not end"
    studio.discard()
    collector.stop()
    return led


def main() -> int:
    """The command line; 1 when something went wrong."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--images", type=int, default=20_000)
    parser.add_argument("--detect", type=int, default=300, help="so many of them, by the shipped checkpoint")
    parser.add_argument("--every", type=int, default=1000, help="pages between two rows of the table")
    parser.add_argument("--minutes", type=float, default=float("inf"), help="walk for so long at most")
    parser.add_argument("--place", type=Path, help="an empty folder to work in (default: one that goes away)")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    logging.basicConfig(level=logging.WARNING)
    sys.stdout.write("| stage | pages | s | memory MB | files | threads | project MB | home MB |\n")
    sys.stdout.write("|---|---|---|---|---|---|---|---|\n")
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as temporary:
        place = arguments.place or Path(temporary)
        plan = Plan(arguments.images, arguments.detect, arguments.every, arguments.minutes, arguments.seed)
        led = run(place, plan)
    sys.stdout.write(f"\nmemory over the second half: {growth(led.samples):+.2f} MB for 1000 pages\n")
    if led.failure:
        sys.stdout.write(f"FAILED: {led.failure}\n")
    return 1 if led.failure else 0


if __name__ == "__main__":
    sys.exit(main())
