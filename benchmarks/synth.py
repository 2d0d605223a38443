"""Synthetic scenes: images per second and core, in memory and written to disk.

python -m benchmarks.synth [--backgrounds DIR] [--json FILE]

Processor time is what counts here, so that other work on the machine does not blur the figures; elapsed time
stands beside it. The scenes are the defaults of `tcm synth` with the fonts and word lists of this machine.
"""

import argparse
import json
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import cv2
from rich.console import Console
from rich.table import Table

from tcm_core.config.synth import BackgroundConfig, PlacementConfig, ShapeConfig, SynthConfig
from tcm_core.data.synth.folder import write_scenes
from tcm_core.data.synth.scene import SceneRenderer

SCENES = 60
WARM_UP = 10
WORKERS = 2


@dataclass(frozen=True)
class Row:
    """One case; times of a scene in milliseconds."""

    case: str
    texts: float
    megapixels: float
    median_ms: float
    worst_ms: float
    images_per_core_second: float
    images_per_second: float


def cases(backgrounds: Path | None) -> dict[str, SynthConfig]:
    """What is measured."""
    plain = SynthConfig()
    result = {"textures": plain}
    if backgrounds is not None:
        plain = SynthConfig(backgrounds=BackgroundConfig(folder=backgrounds))
        result["photographs"] = plain
    result["all curved"] = plain.model_copy(update={"shape": ShapeConfig(curved=1)})
    result["30 to 40 blocks"] = plain.model_copy(update={"placement": PlacementConfig(blocks=(30, 40))})
    return result


def measure(case: str, config: SynthConfig) -> Row:
    """Renders scenes one after the other in this process."""
    renderer = SceneRenderer(config)
    for index in range(WARM_UP):
        renderer.scene(SCENES + index)
    used, texts, pixels = [], 0, 0
    began = time.perf_counter()
    for index in range(SCENES):
        started = time.process_time()
        scene = renderer.scene(index)
        used.append(time.process_time() - started)
        texts += len(scene.instances)
        pixels += scene.image.shape[0] * scene.image.shape[1]
    elapsed = time.perf_counter() - began
    return Row(
        case,
        texts / SCENES,
        pixels / SCENES / 1e6,
        statistics.median(used) * 1000,
        max(used) * 1000,
        SCENES / sum(used),
        SCENES / elapsed,
    )


def timed(work: Callable[[], object]) -> float:
    """Elapsed seconds."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def written_per_second(config: SynthConfig, workers: int) -> float:
    """Images a second that `tcm synth` writes; the start of the processes included."""
    with tempfile.TemporaryDirectory() as folder:
        return SCENES / timed(lambda: list(write_scenes(config, Path(folder), SCENES, workers)))


def main() -> None:
    """Measure, print a table, and write the figures when asked to."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--backgrounds", type=Path, help="folder of photographs")
    parser.add_argument("--json", type=Path, help="also write the figures here")
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    configs = cases(arguments.backgrounds)
    rows = [measure(case, config) for case, config in configs.items()]
    title = f"synthetic scenes, short side {SynthConfig().backgrounds.short_side}, {os.cpu_count()} cores"
    table = Table("scenes", "texts", "Mpx", "median ms", "worst ms", "images/s/core", "images/s", title=title)
    for row in rows:
        table.add_row(
            row.case, f"{row.texts:.1f}", f"{row.megapixels:.2f}", f"{row.median_ms:.0f}",
            f"{row.worst_ms:.0f}", f"{row.images_per_core_second:.1f}", f"{row.images_per_second:.1f}",
        )  # fmt: skip
    console = Console()
    console.print(table)
    config = configs.get("photographs", configs["textures"])
    written = {workers: written_per_second(config, workers) for workers in (1, WORKERS)}
    for workers, rate in written.items():
        console.print(f"written to disk with {workers} worker(s): {rate:.1f} images / s")
    if arguments.json:
        figures = {"rows": [asdict(row) for row in rows], "written_per_second": written}
        arguments.json.write_text(json.dumps(figures, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
