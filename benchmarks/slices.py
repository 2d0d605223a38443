"""Quality on the hard parts of ICDAR 2015 test: pictures at night, and pictures turned.

python -m benchmarks.slices --data icdar2015/test [--checkpoints NAME ...] [--degrees 15 45 90] [--limit N]
                            [--json FILE]

"night" are the pictures whose mean luminance (Rec. 601, 0..255) lies below 60. "turned" are all pictures,
turned clockwise about their middle onto a canvas that holds them whole, grey (128) around them; the labels
are turned by the same matrix. 90 degrees move pixels without interpolation. Detectors run as they are
shipped; words are scored by the ICDAR 2015 protocol.
"""

import argparse
import json
import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from tcm_core.data.image_io import read_image
from tcm_core.data.layout import load_samples
from tcm_core.data.sample import Sample, TextInstance
from tcm_core.evaluate.icdar15 import evaluate_icdar15
from tcm_core.infer.load import AnyPredictor, load_predictor

Picture = NDArray[np.uint8]
Labelled = tuple[Picture, tuple[TextInstance, ...]]

NIGHT: Final = 60.0
"""Mean luminance below which a picture counts as taken at night."""
GREY: Final = 128
DEGREES: Final = (15, 45, 90)


@dataclass(frozen=True)
class Row:
    """One checkpoint on one part."""

    checkpoint: str
    part: str
    images: int
    precision: float
    recall: float
    hmean: float


def luminance(image: Picture) -> float:
    """Mean of Rec. 601 luma of an image (H, W, 3) RGB, 0..255."""
    return float(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).mean())


def turned(image: Picture, instances: Sequence[TextInstance], degrees: int) -> Labelled:
    """The picture and its labels, turned clockwise about the middle onto a canvas that holds all of it.

    Args:
        image: (H, W, 3) RGB.
        instances: in its pixels.
        degrees: clockwise on the screen.
    """
    height, width = image.shape[:2]
    cosine, sine = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    if degrees % 90 == 0:
        cosine, sine = ((1.0, 0.0), (0.0, 1.0), (-1.0, 0.0), (0.0, -1.0))[degrees // 90 % 4]  # exactly
    turn = np.array([[cosine, -sine], [sine, cosine]], np.float64)
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float64) @ turn.T
    start = corners.min(axis=0)
    columns, rows = np.ceil(corners.max(axis=0) - start - 1e-9).astype(int)
    labels = tuple(replace(text, polygon=text.polygon @ turn.T - start) for text in instances)
    if degrees % 90 == 0:
        return np.ascontiguousarray(np.rot90(image, -(degrees // 90) % 4)), labels
    # from corners of pixels, as labels have them, to centres, as OpenCV has them
    offset = turn @ np.array([0.5, 0.5]) - start - 0.5
    matrix = np.concatenate([turn, offset[:, None]], axis=1)
    picture = cv2.warpAffine(
        image, matrix, (int(columns), int(rows)), flags=cv2.INTER_LINEAR, borderValue=(GREY, GREY, GREY)
    )
    return np.asarray(picture, np.uint8), labels


def measure(
    predictor: AnyPredictor,
    samples: Sequence[Sample],
    part: str,
    change: Callable[[Picture, Sample], Labelled | None],
) -> Row:
    """The row of a part; change gives picture and labels, or None for a picture that is no part of it."""
    truth, found = {}, {}
    for sample in samples:
        image = read_image(sample.image, "stored")
        changed = change(image, sample)
        if changed is None:
            continue
        picture, labels = changed
        truth[str(sample.image)] = labels
        found[str(sample.image)] = [text.polygon for text in predictor.predict(picture).detections]
    if not truth:
        return Row(predictor.checkpoint_name, part, 0, 0.0, 0.0, 0.0)
    result = evaluate_icdar15(truth, found)
    return Row(predictor.checkpoint_name, part, len(truth), result.precision, result.recall, result.hmean)


def at_night(image: Picture, sample: Sample) -> Labelled | None:
    """Dark pictures as they are."""
    return (image, tuple(sample.instances)) if luminance(image) < NIGHT else None


def main() -> None:
    """Measure, print a table, and write the figures when asked to."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True, help="folder of icdar2015/test")
    parser.add_argument("--checkpoints", nargs="+", default=["db-small"])
    parser.add_argument("--degrees", nargs="*", type=int, default=DEGREES)
    parser.add_argument("--limit", type=int, default=0, help="only the first so many pictures")
    parser.add_argument("--json", type=Path, help="also write the figures here")
    arguments = parser.parse_args()
    packed = load_samples("icdar2015", arguments.data)
    samples = [packed[index] for index in range(min(len(packed), arguments.limit or len(packed)))]
    rows = []
    for checkpoint in arguments.checkpoints:
        predictor = load_predictor(checkpoint)
        rows.append(measure(predictor, samples, "all", lambda image, of: (image, tuple(of.instances))))
        rows.append(measure(predictor, samples, "night", at_night))
        for degrees in arguments.degrees:

            def change(image: Picture, of: Sample, degrees: int = degrees) -> Labelled:
                return turned(image, of.instances, degrees)

            rows.append(measure(predictor, samples, f"turned {degrees}", change))
    table = Table(title=f"ICDAR 2015 protocol, {len(samples)} pictures")
    for column in ("checkpoint", "part", "pictures", "P", "R", "F"):
        table.add_column(column)
    for row in rows:
        figures = (f"{value:.3f}" for value in (row.precision, row.recall, row.hmean))
        table.add_row(row.checkpoint, row.part, str(row.images), *figures)
    Console().print(table)
    if arguments.json is not None:
        arguments.json.write_text(json.dumps([asdict(row) for row in rows], indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
