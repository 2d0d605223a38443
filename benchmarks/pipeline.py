"""Training samples per second and core at 640 pixels, beside a straightforward pipeline in the usual style.

python -m benchmarks.pipeline [--data FOLDER] [--samples N] [--json FILE]

The usual style is that of mmocr's DBNet recipe: the whole image is decoded, changed in colour, normalised,
rotated and resized, each a step of its own; then a crop between the texts is cut out, resized and padded. A
leaner form of it normalises the crop in the end. DB's border map takes the distance of every pixel to every
edge of every text, over the whole crop or over a window around the text; the other heads' targets are ours.
All draw scale, rotation and colours from the same ranges and keep texts whole. Ours hands over bytes, which
the device normalises; what that would take on the core is printed too. The time is processor time of one
process and one thread.
"""

import argparse
import json
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image, ImageEnhance
from rich.console import Console
from rich.table import Table

from tcm_core.config.learning import LanguageConfig
from tcm_core.config.model import HeadName, ModelConfig
from tcm_core.config.train import TrainConfig
from tcm_core.data.dataset import CropDataset, PhotoSource
from tcm_core.data.image_io import keep_large_blocks
from tcm_core.data.layout import load_samples
from tcm_core.data.normalize import Normalize
from tcm_core.data.sample import Sample, TextInstance
from tcm_core.families import FAMILIES
from tcm_core.geometry.offset import offset, shrink, shrink_distance
from tcm_core.geometry.polygon import Points, area
from tcm_core.resources import resource
from tcm_core.targets.language import language_targets
from tcm_core.train.batch import TargetRecipe

SIZE: Final = 640
SCALE: Final = (0.5, 3.0)
WANTED: Final = 3.0
ROUNDS: Final = 5
MEAN: Final = np.array(ModelConfig().mean, np.float32)
STD: Final = np.array(ModelConfig().std, np.float32)
Targets = tuple[NDArray[Any], ...]
Crop = tuple[NDArray[np.float32], list[TextInstance]]


@dataclass(frozen=True)
class Row:
    """One head."""

    head: str
    usual: str
    claimed: bool  # whether it counts as the usual style, and not only as a leaner form of it
    samples_per_second: float
    usual_samples_per_second: float

    @property
    def factor(self) -> float:
        """How many times as fast."""
        return self.samples_per_second / self.usual_samples_per_second


def usual_crop(sample: Sample, random: np.random.Generator, *, normalise_first: bool) -> Crop:
    """A training crop made step by step on the whole image."""
    with Image.open(sample.image) as opened:
        picture = opened.convert("RGB")
    picture = ImageEnhance.Brightness(picture).enhance(random.uniform(0.6, 1.4))
    picture = ImageEnhance.Color(picture).enhance(random.uniform(0.3, 1.5))
    image: NDArray[Any] = np.asarray(picture)
    if normalise_first:
        image = normalised(image)
    height, width = image.shape[:2]
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), random.uniform(-10, 10), 1.0)
    image = cv2.warpAffine(image, turn, (width, height))
    polygons = [instance.polygon @ turn[:, :2].T + turn[:, 2] for instance in sample.instances]
    scale = float(np.exp(random.uniform(*np.log(SCALE))))
    image = cv2.resize(image, None, fx=scale, fy=scale)
    polygons = [polygon * scale for polygon in polygons]
    ignored = [instance.ignore for instance in sample.instances]
    x, y, w, h = crop_between_texts(
        image.shape[:2], [p for p, skip in zip(polygons, ignored, strict=True) if not skip], random
    )
    fit = min(SIZE / w, SIZE / h)
    part = cv2.resize(image[y : y + h, x : x + w], (int(w * fit), int(h * fit)))
    padded = np.zeros((SIZE, SIZE, 3), part.dtype)
    padded[: part.shape[0], : part.shape[1]] = part
    if not normalise_first:
        padded = normalised(padded)
    moved = [(polygon - (x, y)) * fit for polygon in polygons]
    kept = [
        TextInstance(polygon, "", skip)
        for polygon, skip in zip(moved, ignored, strict=True)
        if (polygon.max(axis=0) > 0).all() and (polygon.min(axis=0) < (w * fit, h * fit)).all()
    ]
    return padded, kept


def normalised(image: NDArray[np.uint8]) -> NDArray[np.float32]:
    """The pixels with the mean taken off, in standard deviations."""
    values = image.astype(np.float32)
    values -= MEAN
    values /= STD
    return values


def crop_between_texts(
    size: tuple[int, ...], polygons: Sequence[Points], random: np.random.Generator
) -> tuple[int, int, int, int]:
    """x, y, width and height of a crop whose borders run along columns and rows without text."""
    height, width = size[:2]
    rows, columns = np.ones(height, bool), np.ones(width, bool)
    for polygon in polygons:
        (x0, y0), (x1, y1) = (
            np.rint(polygon.min(axis=0)).astype(int),
            np.rint(polygon.max(axis=0)).astype(int),
        )
        columns[max(x0, 0) : max(x1, 0)] = False
        rows[max(y0, 0) : max(y1, 0)] = False
    free_x, free_y = np.flatnonzero(columns), np.flatnonzero(rows)
    if len(free_x) < 2 or len(free_y) < 2:
        return 0, 0, width, height
    for _ in range(10):
        x0, x1 = np.sort(random.choice(free_x, 2))
        y0, y1 = np.sort(random.choice(free_y, 2))
        if x1 - x0 < 0.1 * width or y1 - y0 < 0.1 * height:
            continue
        if not polygons or any(
            (p.max(axis=0) > (x0, y0)).all() and (p.min(axis=0) < (x1, y1)).all() for p in polygons
        ):
            return int(x0), int(y0), int(x1 - x0), int(y1 - y0)
    return 0, 0, width, height


def usual_db_targets(instances: Sequence[TextInstance], *, windows: bool) -> Targets:
    """DBNet's four maps; the distances over the whole crop, or over the window of each text."""
    probability, mask = np.zeros((SIZE, SIZE), np.uint8), np.ones((SIZE, SIZE), np.uint8)
    border, judged = np.zeros((SIZE, SIZE), np.float32), np.zeros((SIZE, SIZE), np.uint8)
    for instance in instances:
        polygon = instance.polygon
        small = min(polygon.max(axis=0) - polygon.min(axis=0)) < 8 or area(polygon) < 1
        kernel = None if instance.ignore or small else shrink(polygon, 0.4)
        if kernel is None:
            cv2.fillPoly(mask, [np.rint(polygon).astype(np.int32)], (0,))
            continue
        cv2.fillPoly(probability, [np.rint(kernel).astype(np.int32)], (1,))
        distance = shrink_distance(polygon, 0.4)
        outer = offset(polygon, distance)
        if outer is None:
            continue
        cv2.fillPoly(judged, [np.rint(outer).astype(np.int32)], (1,))
        x0, y0, x1, y1 = 0, 0, SIZE, SIZE
        if windows:
            x0, y0 = np.clip(np.floor(outer.min(axis=0)).astype(int), 0, SIZE)
            x1, y1 = np.clip(np.ceil(outer.max(axis=0)).astype(int) + 1, 0, SIZE)
        if x1 > x0 and y1 > y0:
            near = 1 - np.clip(edge_distances(polygon, (x0, y0, x1, y1)).min(axis=0) / distance, 0, 1)
            border[y0:y1, x0:x1] = np.maximum(border[y0:y1, x0:x1], near)
    return probability, mask, border * 0.4 + 0.3, judged


def edge_distances(polygon: Points, window: tuple[int, int, int, int]) -> NDArray[np.float32]:
    """(N, h, w): the distance of each pixel to each edge, by the law of cosines."""
    x0, y0, x1, y1 = window
    xs, ys = np.meshgrid(np.arange(x0, x1, dtype=np.float32), np.arange(y0, y1, dtype=np.float32))
    distances = np.empty((len(polygon), y1 - y0, x1 - x0), np.float32)
    for index, (start, end) in enumerate(zip(polygon, np.roll(polygon, -1, axis=0), strict=True)):
        to_start = np.square(xs - start[0]) + np.square(ys - start[1])
        to_end = np.square(xs - end[0]) + np.square(ys - end[1])
        length = np.square(start - end).sum()
        cosine = (length - to_start - to_end) / (2 * np.sqrt(to_start * to_end) + 1e-6)
        height = np.sqrt(to_start * to_end * np.nan_to_num(1 - np.square(cosine)).clip(0) / (length + 1e-6))
        distances[index] = np.where(cosine < 0, height, np.sqrt(np.minimum(to_start, to_end)))
    return distances


def rates(ways: Sequence[Callable[[int], object]], count: int) -> list[float]:
    """Samples per second of processor time for each way: the best of rounds in which they take turns.

    What else runs on the machine takes from all of them, but not evenly from round to round.
    """
    best = [math.inf] * len(ways)
    each = -(-count // ROUNDS)
    for turn in range(ROUNDS):
        for index, make in enumerate(ways):
            make(0)
            started = time.process_time()
            for position in range(turn * each, (turn + 1) * each):
                make(position)
            best[index] = min(best[index], time.process_time() - started)
    return [each / seconds for seconds in best]


def normalising_ms() -> float:
    """What the device is spared or given: the time to normalise one crop."""
    normalize = Normalize(ModelConfig().mean, ModelConfig().std)
    crop = torch.zeros((1, SIZE, SIZE, 3), dtype=torch.uint8).permute(0, 3, 1, 2)
    (rate,) = rates([lambda _position: normalize(crop)], 100)
    return 1000 / rate


def config_of(head: HeadName) -> TrainConfig:
    """A run of the head at 640 pixels, with the ranges that the usual pipeline has too."""
    return TrainConfig.model_validate(
        {
            "data": {"root": "."},
            "model": {"head": {"name": head}},
            "augment": {
                "size": SIZE, "scale": SCALE, "stretch": 1.0, "colour": 1.0, "blur": 0.0, "noise": 0.0,
            },
        }
    )  # fmt: skip


@dataclass(frozen=True)
class UsualPipeline:
    """A sample, step by step."""

    samples: Sequence[Sample]
    normalise_first: bool
    make_targets: Callable[[Sequence[TextInstance]], object]
    language: LanguageConfig

    def __call__(self, position: int) -> None:
        """Makes what stands at a position."""
        random = np.random.default_rng(position)
        sample = self.samples[position % len(self.samples)]
        image, texts = usual_crop(sample, random, normalise_first=self.normalise_first)
        self.make_targets(texts)
        language_targets(texts, (SIZE, SIZE), self.language)
        np.ascontiguousarray(image.transpose(2, 0, 1))


def usual_ways(head: HeadName, config: TrainConfig) -> dict[str, tuple[bool, Callable[..., object]]]:
    """The usual pipelines by name: whether they normalise first, and how they make targets."""

    def ours(texts: Sequence[TextInstance]) -> Targets:
        return FAMILIES[head].make_targets(texts, (SIZE, SIZE), config.targets)

    if head != "db":
        return {"normalised first": (True, ours), "normalised last": (False, ours)}
    whole, windows = (partial(usual_db_targets, windows=windows) for windows in (False, True))
    return {
        "normalised first, distances over the crop": (True, whole),
        "normalised first, distances in windows": (True, windows),
        "normalised last, distances in windows": (False, windows),
    }


def measure(samples: Sequence[Sample], count: int) -> list[Row]:
    """Both pipelines, head by head, on the same images."""
    rows = []
    for head in FAMILIES:
        config = config_of(head)
        dataset = CropDataset(
            [PhotoSource(samples)], config.augment, TargetRecipe(config), config.model.mean, seed=0
        )
        ways = usual_ways(head, config)
        usual = [UsualPipeline(samples, first, make, config.language) for first, make in ways.values()]
        our_rate, *usual_rates = rates([dataset.__getitem__, *usual], count)
        rows += [
            Row(head, name, first, our_rate, usual_rate)
            for (name, (first, _)), usual_rate in zip(ways.items(), usual_rates, strict=True)
        ]
    return rows


def main() -> None:
    """Measure, print a table, and write the figures when asked to."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--data", type=Path, default=None, help="in the layout of ICDAR 2015; else the samples"
    )
    parser.add_argument("--samples", type=int, default=200, help="crops a figure")
    parser.add_argument("--json", type=Path, help="also write the figures here")
    arguments = parser.parse_args()
    cv2.setNumThreads(0)
    torch.set_num_threads(1)
    keep_large_blocks()
    samples = load_samples("icdar2015", arguments.data or resource("samples"))
    rows = measure(samples, arguments.samples)
    table = Table(title=f"samples per second and core, {SIZE} pixels, {len(samples)} images")
    for column in ("head", "TCM Studio", "usual style", "factor", "the usual style is"):
        table.add_column(column, justify="right" if column not in ("head", "the usual style is") else "left")
    for row in rows:
        factor = f"{row.factor:.1f}" + (" (missed)" if row.claimed and row.factor < WANTED else "")
        figures = (f"{row.samples_per_second:.1f}", f"{row.usual_samples_per_second:.1f}", factor)
        table.add_row(row.head, *figures, row.usual)
    Console().print(table)
    Console().print(f"normalising a crop on this core: {normalising_ms():.1f} ms", highlight=False)
    if arguments.json:
        arguments.json.write_text(
            json.dumps([{**asdict(row), "factor": row.factor} for row in rows], indent=1) + "\n",
            encoding="utf-8",
        )


if __name__ == "__main__":
    main()
