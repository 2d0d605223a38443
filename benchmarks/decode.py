"""Time from kept maps to detections when a threshold moves: the limit is one frame of the window.

python -m benchmarks.decode [--json FILE]
"""

import argparse
import json
import statistics
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final, Literal

import numpy as np
from rich.console import Console
from rich.table import Table

from tcm_core.config.decode import DbDecode
from tcm_core.data.sample import TextInstance
from tcm_core.decode.decode import decode
from tcm_core.decode.maps import ImageMaps
from tcm_core.geometry.frame import ImageFrame
from tcm_core.geometry.offset import shrink
from tcm_core.geometry.polygon import as_points
from tcm_core.targets.db import fill

FRAME_MS: Final = 16.0
ROUNDS: Final = 50


@dataclass(frozen=True)
class Row:
    """One case; times in milliseconds."""

    texts: int
    output: str
    median_ms: float
    worst_ms: float
    limit_ms: float = FRAME_MS


def maps_with(texts: int) -> ImageMaps:
    """Perfect maps of so many turned words on a 1280 x 720 image, at 736 x 1312 network pixels."""
    random = np.random.default_rng(0)
    frame = ImageFrame.fitting((720, 1280), short_side=736, max_long_side=2048)
    plane = np.zeros(frame.network_size, np.uint8)
    columns = int(np.ceil(np.sqrt(texts * 1280 / 720)))
    cell = 1280 / columns
    for index in range(texts):
        middle = np.array([index % columns + 0.5, index // columns + 0.5]) * cell
        width, height, angle = 0.8 * cell, max(10.0, 0.25 * cell), random.uniform(-0.3, 0.3)
        box = np.array([[-width, -height], [width, -height], [width, height], [-width, height]]) / 2
        turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        word = TextInstance(as_points(box @ turn.T + middle))
        kernel = shrink(frame.to_network(word.polygon), 0.4)
        assert kernel is not None
        fill(plane, kernel, 230)
    return ImageMaps("db", frame, plane[::32, ::32], {"probability": plane})


def measure(texts: int, output: Literal["quad", "polygon"]) -> Row:
    """Decodes the same maps again and again."""
    maps, settings = maps_with(texts), DbDecode(output=output, min_side=0)
    assert len(decode(maps, settings)) == texts  # the work is the whole work
    times = []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        decode(maps, settings)
        times.append((time.perf_counter() - started) * 1000)
    return Row(texts, output, statistics.median(times), max(times))


def main() -> None:
    """Measure, print a table, and write the figures when asked to."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path, help="also write the figures here")
    arguments = parser.parse_args()
    rows = [measure(texts, output) for texts in (30, 100, 300) for output in ("quad", "polygon")]
    table = Table(
        "texts", "output", "median ms", "worst ms", "limit ms", title="decoding kept maps, 736 x 1312"
    )
    for row in rows:
        table.add_row(
            str(row.texts), row.output, f"{row.median_ms:.1f}", f"{row.worst_ms:.1f}", f"{row.limit_ms:.0f}"
        )
    Console().print(table)
    if arguments.json:
        arguments.json.write_text(json.dumps([asdict(row) for row in rows], indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
