"""The whole window beside labelme's: start, folders, next image, frames of 100 to 5,000 polygons, memory.

    python -m benchmarks.gui [--labelme PYTHON] [--only WORD] [--runs 3] [--json FILE]

PYTHON is the interpreter of an environment that labelme 7 is installed in, for example made by
`uv venv --python 3.12 DIR` and `uv pip install --python DIR labelme`; without it the peer is absent.

Every measure is a process of its own, ours and labelme's one after the other, on the platform of Qt that the
environment says (offscreen when there is no display). Figures are medians; "least" is the best of all rounds
and "cpu" the time of the processor in the window's thread (of the whole process for start and folders), which
suffer less from what else the machine is doing. labelme is asked for the nearest to the same: its folder is
given to a second window and the time of a window without one taken off; its view is panned one notch of zoom
further in, because it cannot be panned before.
"""

import argparse
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
from rich.console import Console
from rich.table import Table

from app.domain.page import Page
from app.storage.journal import encode_regions
from app.storage.project_db import ProjectDb
from benchmarks.canvas import HEIGHT, WIDTH, make_page, make_polygons
from tcm_core.resources import resource

REPOSITORY: Final = Path(__file__).resolve().parent.parent
WORK: Final = REPOSITORY / "out"
"""On the file system of the samples, so that they can be linked; git ignores it."""
FOLDERS: Final = {1_000: 0.5, 10_000: 0.5, 50_000: 1.0}
POLYGONS: Final = (100, 1_000, 5_000)
SLIDERS: Final = {
    "db": ("score_threshold", "threshold", "unclip_ratio"),
    "pan": ("score_threshold", "threshold"),
    "fce": ("score_threshold",),
}
STEPS: Final = 2_000
WARM_UP: Final = 10  # samples of memory that do not count, a hundred images each: the caches fill
LARGE: Final = 100_000
LABELLED: Final = 20_000
TWELVE_MEGAPIXELS: Final = (4000, 3000)


@dataclass
class Row:
    """One thing that was measured; budget and figures in the unit that `what` names."""

    what: str
    budget: float | None
    studio: dict[str, Any] = field(default_factory=dict)
    labelme: dict[str, Any] = field(default_factory=dict)


class Bench:
    """Runs the drivers in a folder of its own.

    Attributes:
        rows: what was measured so far.
        facts: version of the peer, platform.
    """

    def __init__(self, work: Path, peer: Path | None, runs: int) -> None:
        self.rows: list[Row] = []
        self.facts: dict[str, str] = {}
        self._work, self._peer, self._runs = work, peer, runs
        self._environment = dict(os.environ)
        if not any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")):
            self._environment["QT_QPA_PLATFORM"] = "offscreen"

    def add(self, what: str, budget: float | None, studio: dict[str, Any], labelme: dict[str, Any]) -> None:
        """Keep a row."""
        self.rows.append(Row(what, budget, studio, labelme))

    def studio(self, *arguments: object) -> dict[str, Any]:
        """A measure of gui_studio with a fresh home."""
        measure, *others = arguments
        with tempfile.TemporaryDirectory(dir=self._work) as home:
            command = [sys.executable, "-m", "benchmarks.gui_studio", measure, home, *others]
            return self._run(command, home)

    def labelme(self, *arguments: object) -> dict[str, Any]:
        """A measure of gui_labelme with a fresh home; empty without a peer."""
        if self._peer is None:
            return {}
        with tempfile.TemporaryDirectory(dir=self._work) as home:
            script = REPOSITORY / "benchmarks" / "gui_labelme.py"
            found = self._run([self._peer, script, *arguments], home)
        self.facts["labelme"] = found["version"]
        return found

    def starts(self) -> None:
        """Cold start to the painted window."""
        ours, theirs = [], []
        for _ in range(self._runs):
            with tempfile.TemporaryDirectory(dir=self._work) as home:
                command = [sys.executable, "-m", "app", "--data-home", home, "--exit-when-shown"]
                ours.append(self._started(partial(self._run, command, home)))
            if self._peer is not None:
                theirs.append(self._started(partial(self.labelme, "start")))
        self.add("start to painted window, s", 1.5, summed(ours), summed(theirs) if theirs else {})

    def _started(self, start: Callable[[], dict[str, Any]]) -> tuple[float, float]:
        """Seconds by the clock and of the processor until a window was painted."""
        cpu, began = os.times(), time.time()
        painted = start()["painted_at"]
        ended = os.times()
        used = ended.children_user + ended.children_system - cpu.children_user - cpu.children_system
        return painted - began, used

    def _run(self, command: list[Any], home: str) -> dict[str, Any]:
        """What a driver prints.

        Raises:
            RuntimeError: it failed.
        """
        environment = self._environment | {"HOME": home, "XDG_CONFIG_HOME": home, "XDG_CACHE_HOME": home}
        ended = subprocess.run(
            [str(part) for part in command],
            cwd=REPOSITORY,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        if ended.returncode != 0 or not ended.stdout.strip():
            raise RuntimeError(f"{command} failed:\n{ended.stderr[-3000:]}")
        found: dict[str, Any] = json.loads(ended.stdout.splitlines()[-1])
        self.facts["platform"] = found.get("platform", self.facts.get("platform", ""))
        return found


def summed(runs: list[tuple[float, float]]) -> dict[str, float]:
    """Median and least of some runs."""
    times = [spent for spent, _ in runs]
    return {
        "value": float(np.median(times)),
        "least": min(times),
        "cpu": float(np.median([used for _, used in runs])),
    }


def linked_images(root: Path, count: int, sources: list[Path]) -> Path:
    """A folder of so many images in sub-folders of a thousand: hard links to these."""
    for number in range(count):
        folder = root / f"{number // 1000:03d}"
        if number % 1000 == 0:
            folder.mkdir(parents=True, exist_ok=True)
        source = sources[number % len(sources)]
        (folder / f"img_{number}{source.suffix}").hardlink_to(source)
    return root


def samples() -> list[Path]:
    """The bundled photographs."""
    return sorted(resource("samples", "images").glob("*.jpg"))


def folders(bench: Bench, work: Path) -> None:
    """Folders of many images to the first painted picture."""
    for count, budget in FOLDERS.items():
        root = linked_images(work / f"folder_{count}", count, samples())
        ours, theirs = bench.studio("folder", root), bench.labelme("folder", root)
        bench.add(f"folder of {count:,} to first picture, s", budget, ours, theirs)
        shutil.rmtree(root)


def next_images(bench: Bench, work: Path) -> None:
    """The next of some photographs of twelve megapixels."""
    root = work / "photos"
    root.mkdir()
    for number, source in enumerate(samples()):
        picture = cv2.resize(cv2.imread(str(source)), TWELVE_MEGAPIXELS, interpolation=cv2.INTER_CUBIC)
        cv2.imwrite(str(root / f"{number}.jpg"), picture, [cv2.IMWRITE_JPEG_QUALITY, 90])
    ours, theirs = bench.studio("next", root, 5), bench.labelme("next", root, 5)
    bench.add("next image of 12 megapixels, warm, ms", 100.0, ours, theirs)


def frames(bench: Bench, work: Path) -> None:
    """Frames with many polygons."""
    for count in POLYGONS:
        root = work / f"polygons_{count}"
        root.mkdir()
        write_picture(root / "a.png", HEIGHT)
        write_labelme(root / "a.json", count)
        theirs = bench.labelme("canvas", root)
        (root / "a.json").unlink()
        ours = bench.studio("canvas", root, count)
        of_1000 = count == 1_000
        for name, what, budget in (
            ("pan", "pan frame", 16.0),
            ("zoom", "zoom frame", 16.0),
            ("vertex", "vertex drag", 8.0),
        ):
            if name == "pan" or of_1000:
                text = f"{what}, {count:,} polygons, ms"
                bench.add(text, budget if count <= 1_000 else None, ours[name], theirs.get(name, {}))


def slider(bench: Bench, work: Path) -> None:
    """A tick of a slider of the detector, by head, setting and form of the outlines."""
    for head, fields in SLIDERS.items():
        for name in fields:
            for output in ("quad", "polygon"):
                root = work / f"slider_{head}_{name}_{output}"
                root.mkdir()
                write_picture(root / "a.png", 736)
                figures = bench.studio("slider", root, head, name, output)
                bench.add(f"slider {head} {name}, 100 {output}s, ms", 16.0, figures, {})


def memory(bench: Bench, work: Path) -> None:
    """Memory while stepping through many images."""
    root = linked_images(work / "memory", STEPS + 1, samples())
    ours, theirs = bench.studio("memory", root, STEPS), bench.labelme("memory", root, STEPS)
    text = f"memory over {STEPS:,} images, MB per 1,000"
    bench.add(text, 5.0, with_slope(ours), with_slope(theirs) if theirs else {})
    shutil.rmtree(root)


def with_slope(found: dict[str, Any]) -> dict[str, Any]:
    """Adds the slope after the warm-up, by least squares."""
    kept = found["samples"][WARM_UP:]
    return found | {"value": float(np.polyfit(np.arange(len(kept)) / 10, kept, 1)[0])}


def large(bench: Bench, work: Path) -> None:
    """What a person does with 100,000 images, a fifth of them labelled."""
    root = work / "large"
    root.mkdir()
    tiny = [root / f"{number}.jpg" for number in range(4)]  # a file system has a limit of links to one file
    for path in tiny:
        cv2.imwrite(str(path), np.full((60, 80, 3), 120, np.uint8))
    images = linked_images(root / "images", LARGE, tiny)
    label(images)
    steps = bench.studio("large", images)["steps"]
    for what, figures in steps.items():
        bench.add(f"{LARGE:,} images: {what}, s", None, figures, {})
    shutil.rmtree(root)


def label(folder: Path) -> None:
    """Put ten regions on every fifth image, in all review states, straight into the project's file."""
    db = ProjectDb.open(folder, folder.parent)
    key = f"{0:03d}/img_0.jpg"
    regions = make_page(make_polygons(10)).regions
    db.save_edit(key, Page(regions), "Add regions", "edit")
    body = encode_regions(regions)
    states = ("detected", "edited", "approved", "rejected")
    every = LARGE // LABELLED
    keys = [f"{at // 1000:03d}/img_{at}.jpg" for at in range(every, LARGE, every)]
    path = db.path
    db.close()
    with closing(sqlite3.connect(path)) as connection, connection:  # an edit each would take half an hour
        connection.executemany(
            "INSERT INTO pages (key, revision, review, region_count, regions) VALUES (?, 1, ?, 10, ?)",
            [(key, states[at % 4], body) for at, key in enumerate(keys)],
        )


MEASURES: Final[dict[str, Callable[[Bench, Path], None]]] = {
    "start": lambda bench, _: bench.starts(),
    "folders": folders,
    "next": next_images,
    "frames": frames,
    "slider": slider,
    "memory": memory,
    "large": large,
}


def write_picture(path: Path, height: int) -> None:
    """A picture with detail everywhere."""
    random = np.random.default_rng(3)
    small = random.integers(0, 255, (height // 4, WIDTH // 4, 3), dtype=np.uint8)
    cv2.imwrite(str(path), small.repeat(4, 0).repeat(4, 1))


def write_labelme(path: Path, count: int) -> None:
    """The same polygons as labelme reads them."""
    shapes = [
        {"label": "text", "points": polygon.tolist(), "group_id": None, "shape_type": "polygon", "flags": {}}
        for polygon in make_polygons(count)
    ]
    labels: dict[str, Any] = {
        "version": "5.0.0",
        "flags": {},
        "shapes": shapes,
        "imagePath": "a.png",
        "imageData": None,
    }
    labels |= {"imageHeight": HEIGHT, "imageWidth": WIDTH}
    path.write_text(json.dumps(labels), encoding="utf-8")


def report(bench: Bench) -> None:
    """Print the rows as a table."""
    peer = f"labelme {bench.facts['labelme']}" if "labelme" in bench.facts else "labelme: absent"
    table = Table(title=f"TCM Studio beside {peer}, Qt platform {bench.facts.get('platform', '?')}")
    for heading in ("what", "budget", "studio", "least", "cpu", "pause", "cpu ms", "labelme", "least", "cpu"):
        table.add_column(heading, justify="left" if heading == "what" else "right")
    for row in bench.rows:
        table.add_row(
            row.what,
            "" if row.budget is None else f"{row.budget:g}",
            *(shown(row.studio, name) for name in ("value", "least", "cpu", "pause_ms", "pause_cpu_ms")),
            *(shown(row.labelme, name) for name in ("value", "least", "cpu")),
        )
    Console(width=130).print(table)


def shown(figures: dict[str, Any], name: str) -> str:
    """A figure in the table, or nothing."""
    return f"{figures[name]:.2f}" if name in figures else ""


def main() -> None:
    """Measure, print a table, and write the figures when asked to."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--labelme", type=Path, help="the interpreter of an environment with labelme 7")
    parser.add_argument("--only", choices=tuple(MEASURES), action="append", help="measure this alone")
    parser.add_argument("--runs", type=int, default=3, help="of the start")
    parser.add_argument("--json", type=Path, help="also write the figures here")
    arguments = parser.parse_args()
    WORK.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=WORK) as work:
        bench = Bench(Path(work), arguments.labelme, arguments.runs)
        for name in arguments.only or MEASURES:
            MEASURES[name](bench, Path(work))
    report(bench)
    if arguments.json is not None:
        written = {"facts": bench.facts, "rows": [asdict(row) for row in bench.rows]}
        arguments.json.write_text(json.dumps(written, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
