"""The share of a training step outside forward, backward and optimiser, and what TCM costs over its baseline.

python -m benchmarks.training [--preset NAME] [--data FOLDER] [--steps N] [--batch N] [--size N] [--json FILE]

Real runs of the engine, with its loader processes, moving average, events, heartbeat and saved states;
nothing is validated. A step goes from the end of one optimiser's step to the end of the next. Inside is
what lies between the first call of the network and the end of the optimiser's step; everything else is
outside: the wait for the loader, the transfer to the device, the moving average, events, states. On a GPU
the device is waited for at both ends, so that work which overlaps counts as outside: the share is an upper
bound. The baseline is the same preset without the language side. Without ICDAR 2015 the pages are rendered.
"""

import argparse
import json
import statistics
import tempfile
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

import torch
from rich.console import Console
from rich.table import Table
from torch import nn
from torch.nn.modules.module import register_module_forward_pre_hook
from torch.optim.optimizer import Optimizer, register_optimizer_step_post_hook

from tcm_core.config.load import parse_config, read_toml
from tcm_core.config.train import TrainConfig
from tcm_core.infer.device import choose_device
from tcm_core.models.detector import TextDetector
from tcm_core.resources import resource
from tcm_core.train.run import train_config

DATA: Final = Path(__file__).resolve().parents[2] / "shared" / "data" / "icdar2015" / "train"
LIMIT_PERCENT: Final = 10.0
COLUMNS: Final = (
    "preset", "variant", "batch", "step ms", "loader ms", "other ms", "a state ms", "outside %", "samples/s",
    "of baseline",
)  # fmt: skip
WARM_UP: Final = 5
"""Steps that do not count: loader processes start, memory is asked for."""


@dataclass(frozen=True)
class Row:
    """One run; times are means over its steps."""

    preset: str
    variant: str
    size: int
    batch: int
    steps: int
    step_ms: float
    loader_ms: float
    """Of the step: waiting for the loader."""
    other_ms: float
    """Of the step: transfer, moving average, events."""
    saving_ms: float
    """One state; a step has its share of the preset's save_every."""
    outside_percent: float
    samples_per_second: float
    device: str
    data: str


@dataclass
class Clock:
    """When each step's network was first called, and when its optimiser was done."""

    began: list[float] = field(default_factory=list)
    ended: list[float] = field(default_factory=list)

    def called(self, module: nn.Module, _: Any) -> None:
        """Before a module runs."""
        if isinstance(module, TextDetector) and len(self.began) == len(self.ended):
            self.began.append(_now())

    def stepped(self, *_: Optimizer | tuple[Any, ...] | dict[str, Any]) -> None:
        """After an optimiser's step."""
        self.ended.append(_now())


def _now() -> float:
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return time.perf_counter()


def config_of(preset: str, arguments: argparse.Namespace, *, tcm: bool) -> TrainConfig:
    """The preset's run at the size asked for, with or without the language side."""
    values = read_toml(resource("presets", f"{preset}.toml"))
    model = dict(values["model"])
    if not tcm:
        model["tcm"] = None
    data: dict[str, Any] = {"dataset": "icdar2015", "root": str(arguments.data)}
    if not arguments.data.is_dir():
        data = {"dataset": "synthetic"}
    random = {"start": "random", "data": data, "model": model, "workers": arguments.workers}
    saving = {"save_every": arguments.steps // 2 + 1}  # once, in the middle
    augment = {**values.get("augment", {}), "size": arguments.size}
    optim = {**values["optim"], "batch_size": arguments.batch, "steps": arguments.steps}
    validation = {**values.get("validation", {}), "every": arguments.steps + 1}
    run = {**values, **random, **saving, "augment": augment, "optim": optim, "validation": validation}
    return parse_config(run, TrainConfig, preset)


def measure(preset: str, arguments: argparse.Namespace, *, tcm: bool) -> Row:
    """One run in a folder of its own."""
    config = config_of(preset, arguments, tcm=tcm)
    clock = Clock()
    hooks = [register_module_forward_pre_hook(clock.called), register_optimizer_step_post_hook(clock.stepped)]
    with tempfile.TemporaryDirectory() as folder:
        try:
            train_config(config, Path(folder) / "run")
        finally:
            for hook in hooks:
                hook.remove()
        lines = (Path(folder) / "run" / "events.jsonl").read_text(encoding="utf-8").splitlines()
    events = [json.loads(line) for line in lines]
    waits = [event["data_seconds"] for event in events if event["event"] == "step"][1:]
    outside = [began - ended for began, ended in zip(clock.began[1:], clock.ended, strict=False)]
    inside = [ended - began for began, ended in zip(clock.began[1:], clock.ended[1:], strict=True)]
    saved = outside.pop(config.save_every - 1)
    plain, work = statistics.fmean(outside[WARM_UP:]), statistics.fmean(inside[WARM_UP:])
    saving = max(0.0, saved - plain)
    shared = plain + saving / TrainConfig.model_fields["save_every"].default
    loader = statistics.fmean(waits) if waits else 0.0
    return Row(
        preset,
        "TCM" if tcm else "plain baseline",
        arguments.size,
        arguments.batch,
        len(inside) - WARM_UP,
        1000 * (shared + work),
        1000 * loader,
        1000 * max(0.0, plain - loader),
        1000 * saving,
        100 * shared / (shared + work),
        arguments.batch / (shared + work),
        str(choose_device("auto")),
        "ICDAR 2015 train" if arguments.data.is_dir() else "rendered pages",
    )


def main() -> None:
    """Measure, print a table, and write the figures when asked to."""
    arguments = _arguments()
    console = Console(width=120)
    rows: list[Row] = []
    table = Table(
        title=f"training at {arguments.size} pixels; limit of the share outside: {LIMIT_PERCENT:.0f} %"
    )
    for column in COLUMNS:
        table.add_column(column, justify="left" if column in ("preset", "variant") else "right")
    for preset in arguments.preset:
        plain, with_tcm = (measure(preset, arguments, tcm=tcm) for tcm in (False, True))
        for row in (plain, with_tcm):
            table.add_row(*_cells(row, plain))
            rows.append(row)
    console.print(table)
    console.print(
        f"on {rows[0].device}, {arguments.workers} loader processes, {rows[0].data}", highlight=False
    )
    if arguments.json:
        arguments.json.write_text(
            json.dumps([asdict(row) for row in rows], indent=1) + "\n", encoding="utf-8"
        )


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--preset", nargs="+", default=["db-small"])
    parser.add_argument("--data", type=Path, default=DATA, help="in the layout of ICDAR 2015")
    parser.add_argument("--size", type=int, default=640, help="side of the crops")
    parser.add_argument("--batch", type=int, default=4)
    parser.add_argument("--steps", type=int, default=40, help="of a run")
    parser.add_argument("--workers", type=int, default=1, help="loader processes")
    parser.add_argument("--json", type=Path, help="also write the figures here")
    arguments = parser.parse_args()
    if arguments.steps < 4 * WARM_UP:
        parser.error(f"--steps: at least {4 * WARM_UP}")
    return arguments


def _cells(row: Row, baseline: Row) -> list[str]:
    """A line of the table, in the order of COLUMNS."""
    missed = " (missed)" if row.outside_percent > LIMIT_PERCENT else ""
    return [
        row.preset,
        row.variant,
        str(row.batch),
        f"{row.step_ms:.0f}",
        f"{row.loader_ms:.1f}",
        f"{row.other_ms:.1f}",
        f"{row.saving_ms:.0f}",
        f"{row.outside_percent:.1f}{missed}",
        f"{row.samples_per_second:.2f}",
        f"{row.samples_per_second / baseline.samples_per_second:.2f}",
    ]


if __name__ == "__main__":
    main()
