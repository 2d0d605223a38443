"""What TCM costs over its plain baseline: the same encoder, neck and head with and without the language side.

python -m benchmarks.overhead [--preset db-small ...] [--rounds N] [--json FILE]

Weights are random, which does not change the time. The variants take turns, so that all see the same machine.
"""

import argparse
import json
import statistics
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import torch
from rich.console import Console
from rich.table import Table

from tcm_core.build import build_detector
from tcm_core.config.load import load_config
from tcm_core.config.model import LanguagePrompt, ModelConfig, TcmModules
from tcm_core.config.train import TrainConfig
from tcm_core.infer.device import choose_device
from tcm_core.models.detector import TextDetector
from tcm_core.resources import resource

SIZE: Final = (736, 1280)
LIMIT_PERCENT: Final = 10.0
"""Of FastTCM with its text kept, over the plain baseline (docs/decisions.md, budgets)."""


@dataclass(frozen=True)
class Row:
    """One variant of one preset; times in milliseconds."""

    preset: str
    variant: str
    parameters: int
    median_ms: float
    fastest_ms: float
    over_baseline_percent: float
    device: str


def variants(model: ModelConfig) -> dict[str, ModelConfig]:
    """The plain twin, FastTCM and TCM of a model."""
    modules = model.tcm or TcmModules()

    def with_cue(language: LanguagePrompt, *, bimodal: bool) -> ModelConfig:
        matching = modules.matching.model_copy(update={"bimodal": bimodal})
        changed = modules.model_copy(update={"language": language, "matching": matching})
        return model.model_copy(update={"tcm": changed})

    fast = modules.language.model_copy(update={"cue": "meta_query"})
    image = modules.language.model_copy(update={"cue": "image"})
    return {
        "plain baseline": model.model_copy(update={"tcm": None}),
        "FastTCM, text kept": with_cue(fast, bimodal=True),
        "FastTCM, text every time": with_cue(fast, bimodal=True),
        "TCM, text from the image": with_cue(image, bimodal=False),
    }


def runner(detector: TextDetector, image: torch.Tensor, *, forget: bool) -> Callable[[], None]:
    """One forward pass, with the text embedding forgotten before it or not."""

    def run() -> None:
        if forget and detector.language is not None:
            detector.language.train(False)
        with torch.inference_mode():
            detector(image)
        if image.device.type == "cuda":
            torch.cuda.synchronize()

    return run


def measure(preset: str, rounds: int) -> list[Row]:
    """All variants of a preset, taking turns."""
    config = load_config(resource("presets", f"{preset}.toml"), TrainConfig)
    device = choose_device("auto")
    image = torch.randn(1, 3, *SIZE, device=device.device).to(memory_format=torch.channels_last)
    runs, sizes = {}, {}
    for name, model in variants(config.model).items():
        detector = build_detector(model).to(device.device).to(memory_format=torch.channels_last).eval()
        runs[name] = runner(detector, image, forget="every time" in name)
        sizes[name] = sum(parameter.numel() for parameter in detector.parameters())
        runs[name]()
    times: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(rounds):
        for name, run in runs.items():
            started = time.perf_counter()
            run()
            times[name].append((time.perf_counter() - started) * 1000)
    plain = times["plain baseline"]
    return [
        Row(
            preset,
            name,
            sizes[name],
            statistics.median(taken),
            min(taken),
            100.0 * (statistics.median(now / base for now, base in zip(taken, plain, strict=True)) - 1.0),
            str(device),
        )
        for name, taken in times.items()
    ]


def main() -> None:
    """Measure, print a table, and write the figures when asked to."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--preset", nargs="+", default=["db-small", "pan-small", "fce-small"])
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--json", type=Path, help="also write the figures here")
    arguments: Any = parser.parse_args()
    rows = [row for preset in arguments.preset for row in measure(preset, arguments.rounds)]
    table = Table(
        title=f"one image of {SIZE[0]} x {SIZE[1]}, float32; limit of FastTCM: {LIMIT_PERCENT:.0f} %"
    )
    for column in ("preset", "variant", "million parameters", "median ms", "fastest ms", "over baseline %"):
        table.add_column(column)
    for row in rows:
        table.add_row(
            row.preset,
            row.variant,
            f"{row.parameters / 1e6:.2f}",
            f"{row.median_ms:.0f}",
            f"{row.fastest_ms:.0f}",
            f"{row.over_baseline_percent:+.1f}",
        )
    Console().print(table, f"on {rows[0].device}")
    if arguments.json:
        arguments.json.write_text(json.dumps([asdict(row) for row in rows], indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
