"""Time to score the 500 test images of ICDAR 2015, beside a plain loop over all pairs of polygons.

python -m benchmarks.evaluate [--gt DIR] [--det DIR] [--json FILE]

Without --det the results are the labels themselves, moved by some pixels, a tenth of them twice and a tenth
left out, with a tenth invented. The plain loop makes every polygon once and then goes through all pairs of an
image; both must come to the same counts. The times are those of the processor, one core: other programs that
run meanwhile do not count.
"""

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

import numpy as np
from rich.console import Console
from rich.table import Table
from shapely.geometry import Polygon

from tcm_core.evaluate.icdar15 import evaluate_icdar15
from tcm_core.evaluate.labels import Labels
from tcm_core.evaluate.run import evaluate_files, read_detections, read_ground_truth
from tcm_core.geometry.polygon import Points, signed_area

LABELS: Final = Path(__file__).resolve().parents[2] / "shared" / "data" / "icdar2015" / "test" / "gt"
LIMIT_MS: Final = 500.0
ROUNDS: Final = 7

Counts = tuple[int, int, int]


@dataclass(frozen=True)
class Row:
    """One way to do it; processor times in milliseconds, over all images."""

    way: str
    images: int
    texts: int
    detections: int
    median_ms: float
    worst_ms: float
    limit_ms: float | None


def moved_labels(gt: Labels) -> dict[str, list[Points]]:
    """Results like a detector's, made from the labels; whole pixels, clockwise."""
    random = np.random.default_rng(0)
    det: dict[str, list[Points]] = {}
    for name, texts in gt.items():
        found: list[Points] = []
        for text in texts:
            fate = random.random()
            size = float(np.ptp(text.polygon, axis=0).min())
            times = 0 if fate < 0.1 else 2 if fate < 0.2 else 1
            moves = random.normal(0, max(1.0, 0.06 * size), (times, 4, 2))
            found.extend(text.polygon + move for move in moves)
            if random.random() < 0.1:
                found.append(text.polygon + random.uniform(-300, 300, 2))
        quads = [quad.round() for quad in found]
        det[name] = [quad if signed_area(quad) >= 0 else quad[::-1] for quad in quads]
    return det


def plain_counts(gt: Labels, det: dict[str, list[Points]]) -> Counts:
    """(matched, texts that count, detections that count), pair by pair."""
    matched = care_gt = care_det = 0
    for name, texts in gt.items():
        labelled = [(Polygon(text.polygon), text.ignore) for text in texts]
        found = [Polygon(polygon) for polygon in det.get(name, ())]
        ignored = [shape for shape, ignore in labelled if ignore]
        kept = [f for f in found if not any(_share(f, shape) > 0.5 for shape in ignored)]
        care = [shape for shape, ignore in labelled if not ignore]
        taken = [False] * len(kept)
        for text in care:
            ious = [_iou(text, f) for f in kept]
            for index, iou in enumerate(ious):
                if iou > 0.5 and not taken[index]:
                    taken[index] = True
                    break
        matched, care_gt, care_det = matched + sum(taken), care_gt + len(care), care_det + len(kept)
    return matched, care_gt, care_det


def _share(found: Polygon, text: Polygon) -> float:
    return found.buffer(0).intersection(text.buffer(0)).area / found.area if found.area else 0.0


def _iou(a: Polygon, b: Polygon) -> float:
    shared = a.buffer(0).intersection(b.buffer(0)).area
    union = a.area + b.area - shared
    return shared / union if union else 0.0


def timed(work: Callable[[], Counts], rounds: int) -> tuple[Counts, list[float]]:
    """What the work came to, and its processor times in milliseconds."""
    times = []
    counts = (0, 0, 0)
    for _ in range(rounds):
        started = time.process_time()
        counts = work()
        times.append((time.process_time() - started) * 1000)
    return counts, times


def measure(labels: Path, results: Path) -> list[Row]:
    """All ways on the same labels and results."""
    gt, det = read_ground_truth(labels), read_detections(results)

    def in_memory() -> Counts:
        result = evaluate_icdar15(gt, det)
        return result.matched, result.care_gt, result.care_det

    def from_files() -> Counts:
        result = evaluate_files(labels, results)
        return result.matched, result.care_gt, result.care_det

    ways: dict[str, tuple[Callable[[], Counts], int, float | None]] = {
        "evaluate_icdar15": (in_memory, ROUNDS, LIMIT_MS),
        "with reading the files": (from_files, ROUNDS, LIMIT_MS),
        "pair by pair": (lambda: plain_counts(gt, det), 2, None),
    }
    texts, detections = sum(map(len, gt.values())), sum(map(len, det.values()))
    rows, found = [], set()
    for way, (work, rounds, limit) in ways.items():
        counts, times = timed(work, rounds)
        found.add(counts)
        rows.append(Row(way, len(gt), texts, detections, statistics.median(times), max(times), limit))
    assert len(found) == 1, f"the ways disagree: {found}"
    return rows


def write_results(folder: Path, det: dict[str, list[Points]]) -> None:
    """res_<name>.txt for every image."""
    for name, quads in det.items():
        lines = [",".join(str(int(value)) for value in quad.ravel()) for quad in quads]
        (folder / f"res_{name}.txt").write_text("\n".join(lines), encoding="utf-8")


def main() -> None:
    """Measure, print a table, and write the figures when asked to."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--gt", type=Path, default=LABELS, help="labels gt_<name>.txt")
    parser.add_argument("--det", type=Path, help="results res_<name>.txt; without them, moved labels")
    parser.add_argument("--json", type=Path, help="also write the figures here")
    arguments = parser.parse_args()
    if not arguments.gt.is_dir():
        sys.exit(f"no labels in {arguments.gt}: name a folder of gt_<name>.txt with --gt")
    with tempfile.TemporaryDirectory() as made:
        if arguments.det is None:
            write_results(Path(made), moved_labels(read_ground_truth(arguments.gt)))
        rows = measure(arguments.gt, arguments.det or Path(made))
    source = "moved labels" if arguments.det is None else str(arguments.det)
    first = rows[0]
    title = f"{first.images} images, {first.texts} texts, {first.detections} detections ({source})"
    table = Table("way", "median ms", "worst ms", "limit ms", "times slower", title=title)
    for row in rows:
        limit = "" if row.limit_ms is None else f"{row.limit_ms:.0f}"
        slower = f"{row.median_ms / first.median_ms:.1f}"
        table.add_row(row.way, f"{row.median_ms:.0f}", f"{row.worst_ms:.0f}", limit, slower)
    Console().print(table)
    if arguments.json:
        content = {"results": source, "rows": [asdict(row) for row in rows]}
        arguments.json.write_text(json.dumps(content, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
