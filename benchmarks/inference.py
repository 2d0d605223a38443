"""Time of a pass beside the machine's floor, peak memory, and images a second of a folder.

python -m benchmarks.inference [--presets NAME ...] [--sizes HxW ...] [--backends NAME ...] [--threads N]
                               [--folder DIR] [--json FILE]

The floor comes first: the rate of large matrix products and the bandwidth of large copies, in the number type
of the pass. A pass cannot be faster than its multiply-adds at that rate, nor, layer by layer, than the bytes
that its layers read and write at that bandwidth; the larger of the two is its floor. Detectors are shipped
checkpoints of the name, else the preset with random weights; NAME-plain is the preset without TCM. Every row
runs in a process of its own: memory is the largest resident set of that process, time the median pass from
network input to maps on the host, after two that do not count. With --folder, shipped checkpoints also detect
in a folder as `tcm detect` does; the rate counts from the first image on, without loading.
"""

import argparse
import json
import resource as usage
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
import torch
from rich.console import Console
from rich.table import Table
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from benchmarks.backends import BACKENDS, DEFAULT_BACKENDS, build
from tcm_core.checkpoint_file import list_checkpoints
from tcm_core.data.image_io import list_images
from tcm_core.infer.batch_norm import fold_batch_norm
from tcm_core.infer.memory import keep_large_maps
from tcm_core.infer.prepare import ProbabilityHead
from tcm_core.infer.threads import wait_without_spinning
from tcm_core.models.heads.db import DbHead

PRESETS: Final = ("db-small", "db-small-plain", "pan-small", "fce-small")
GPU_PRESETS: Final = ("db-rn50", "pan-rn50", "fce-rn50")
SIZES: Final = ("736x1280", "1152x2048")
PASSES: Final = 5


class Floor(NamedTuple):
    """What a pass cannot be faster than, seconds."""

    multiply_adds: float
    bytes: float
    macs: float


@dataclass(frozen=True)
class Row:
    """One detector in one backend at one size."""

    preset: str
    weights: str
    backend: str
    size: str
    threads: int
    milliseconds: float
    floor_ms: float
    floor_is: str
    """What bounds it: "multiply-adds" or "bytes"."""
    share_percent: float
    gigamacs: float
    peak_mb: float


@dataclass(frozen=True)
class FolderRow:
    """One checkpoint on a folder."""

    checkpoint: str
    images: int
    images_a_second: float
    threads: int
    peak_mb: float


def work(name: str, size: tuple[int, int]) -> tuple[float, float]:
    """Multiply-adds of one pass, and elements that its layers read and write; training-only maps left out."""
    detector, _, _ = build(name)
    if isinstance(detector.head, DbHead):
        detector.head = ProbabilityHead(detector.head)
    fold_batch_norm(detector)
    elements = 0

    def count(_module: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        nonlocal elements
        elements += inputs[0].numel() + output.numel()

    with torch.no_grad():
        detector(torch.zeros(1, 3, 64, 64))  # the kept text embedding costs its time once
        for module in detector.modules():
            if isinstance(module, nn.Conv2d | nn.ConvTranspose2d | nn.Linear):
                module.register_forward_hook(count)
        with FlopCounterMode(display=False) as counter:
            detector(torch.zeros(1, 3, *size))
    weights = sum(parameter.numel() for parameter in detector.parameters())
    return counter.get_total_flops() / 2.0, float(elements + weights)


def machine(precision: torch.dtype, device: str) -> tuple[float, float]:
    """Multiply-adds a second of a large matrix product, and bytes a second of a large copy."""
    side = 8192 if device == "cuda" else 2048
    one, other = (torch.randn(side, side, device=device).to(precision) for _ in range(2))
    product = min(_seconds(lambda: one @ other, device) for _ in range(6))
    source = torch.zeros(2**28, dtype=torch.uint8, device=device)
    target = torch.zeros_like(source)
    copied = min(_seconds(lambda: target.copy_(source), device) for _ in range(6))
    return side**3 / product, 2.0 * source.numel() / copied


def floor_of(preset: str, backend_name: str, size: str) -> Floor:
    """The floor of a pass in the number type of a backend."""
    backend = BACKENDS[backend_name]
    height, width = (int(side) for side in size.split("x"))
    macs, elements = work(preset, (height, width))
    rate, bandwidth = machine(backend.precision, backend.device)
    return Floor(macs / rate, elements * torch.finfo(backend.precision).bits / 8 / bandwidth, macs)


def _seconds(run: Callable[[], object], device: str) -> float:
    wait: Callable[[], object] = torch.cuda.synchronize if device == "cuda" else lambda: None
    wait()
    started = time.perf_counter()
    run()
    wait()
    return time.perf_counter() - started


def measure_pass(preset: str, backend_name: str, size: str) -> dict[str, Any]:
    """Source of the weights, time and memory of a pass, in this process."""
    backend = BACKENDS[backend_name]
    height, width = (int(side) for side in size.split("x"))
    if backend.keep:
        keep_large_maps()
    detector, metadata, weights = build(preset)
    run = backend.make(detector, metadata, backend)
    images = torch.randn(1, 3, height, width).to(memory_format=torch.channels_last)
    taken = [_seconds(lambda: run(images), backend.device) for _ in range(PASSES + 2)][2:]
    if backend.device == "cuda":
        peak = torch.cuda.max_memory_allocated() / 2**20
    else:
        peak = usage.getrusage(usage.RUSAGE_SELF).ru_maxrss / 1024
    return {"weights": weights, "milliseconds": statistics.median(taken) * 1e3, "peak_mb": peak}


def row_of(preset: str, backend: str, size: str, threads: int, floors: dict[Any, Floor]) -> Row | None:
    """The row of a detector in a backend; None when it cannot be run there.

    Args:
        preset: or checkpoint.
        backend: a name of BACKENDS.
        size: HxW.
        threads: of the processor.
        floors: known already, by preset, number type and size; the row's is added.
    """
    key = (preset, BACKENDS[backend].precision, BACKENDS[backend].device, size)
    if key not in floors:
        found = alone("floor", [preset, backend, size], threads)
        if found is None:
            return None
        floors[key] = Floor(**found)
    measured = alone("pass", [preset, backend, size], threads)
    if measured is None:
        return None
    floor = floors[key]
    bounds = {"multiply-adds": floor.multiply_adds * 1e3, "bytes": floor.bytes * 1e3}
    floor_is = max(bounds, key=lambda bound: bounds[bound])
    return Row(
        preset=preset,
        weights=measured["weights"],
        backend=backend,
        size=size,
        threads=threads,
        milliseconds=measured["milliseconds"],
        floor_ms=bounds[floor_is],
        floor_is=floor_is,
        share_percent=100.0 * bounds[floor_is] / measured["milliseconds"],
        gigamacs=floor.macs / 1e9,
        peak_mb=measured["peak_mb"],
    )


def measure_folder(checkpoint: str, folder: Path, threads: int) -> FolderRow:
    """Images a second of `tcm detect` in this process, the first image excepted."""
    from tcm_core.infer.folder import detect_folder
    from tcm_core.infer.load import load_predictor

    keep_large_maps()
    predictor = load_predictor(checkpoint)
    images = list_images(folder)
    with tempfile.TemporaryDirectory() as out:
        running = detect_folder(
            predictor, images, Path(out), root=folder, frame="stored", smallest_scale=0.25
        )
        next(running)
        started = time.perf_counter()
        done = sum(outcome.status == "done" for outcome in running)
        rate = done / (time.perf_counter() - started)
    peak = usage.getrusage(usage.RUSAGE_SELF).ru_maxrss / 1024
    return FolderRow(checkpoint, done + 1, rate, threads, peak)


def alone(kind: str, arguments: Sequence[str], threads: int) -> dict[str, Any] | None:
    """The row of a process of its own, or None when it fails; what it says goes to stderr."""
    command = [sys.executable, "-m", "benchmarks.inference", "--one", kind, *arguments]
    done = subprocess.run(
        [*command, "--threads", str(threads)], stdout=subprocess.PIPE, text=True, check=False
    )
    return json.loads(done.stdout.splitlines()[-1]) if done.returncode == 0 else None


def one(kind: str, arguments: Sequence[str], threads: int) -> None:
    """Measures in this process and prints the row as JSON."""
    torch.set_num_threads(threads)
    torch.set_flush_denormal(True)
    row: dict[str, Any]
    if kind == "folder":
        row = asdict(measure_folder(arguments[0], Path(arguments[1]), threads))
    else:
        preset, backend, size = arguments
        row = (
            measure_pass(preset, backend, size)
            if kind == "pass"
            else floor_of(preset, backend, size)._asdict()
        )
    print(json.dumps(row))


def main() -> None:
    """Measure, print the tables, and write the figures when asked to."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    cuda = torch.cuda.is_available()
    gpu_backends = tuple(name for name in BACKENDS if name.startswith("cuda") and "compiled" not in name)
    parser.add_argument("--presets", nargs="+", default=[*PRESETS, *(GPU_PRESETS if cuda else ())])
    parser.add_argument("--sizes", nargs="+", default=SIZES)
    parser.add_argument(
        "--backends", nargs="+", choices=BACKENDS, default=gpu_backends if cuda else DEFAULT_BACKENDS
    )
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--folder", type=Path, help="images for the rate of tcm detect")
    parser.add_argument("--json", type=Path, help="also write the figures here")
    parser.add_argument("--one", nargs="+", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    wait_without_spinning()  # as tcm detect does; the processes of the rows inherit it
    if arguments.one:
        one(arguments.one[0], arguments.one[1:], arguments.threads)
        return
    console = Console(width=max(120, Console().width))
    rows: list[Row] = []
    folders: list[FolderRow] = []
    floors: dict[Any, Floor] = {}
    for preset in arguments.presets:
        for size in arguments.sizes:
            for backend in arguments.backends:
                row = row_of(preset, backend, size, arguments.threads, floors)
                if row is None:
                    console.print(f"{preset}, {backend}, {size}: could not be run")
                    continue
                rows.append(row)
                console.print(f"{preset:16} {backend:28} {size:10} {row.milliseconds:7.0f} ms")
    if arguments.folder is not None:
        for path in list_checkpoints():
            found = alone("folder", [path.stem, str(arguments.folder)], arguments.threads)
            folders += [] if found is None else [FolderRow(**found)]
    for table in _tables(rows, folders):
        console.print(table)
    if arguments.json is not None:
        content = {"passes": [asdict(row) for row in rows], "folders": [asdict(row) for row in folders]}
        arguments.json.write_text(json.dumps(content, indent=1), encoding="utf-8")


def _tables(rows: Sequence[Row], folders: Sequence[FolderRow]) -> list[Table]:
    passes = Table(title=f"one pass, PyTorch {torch.__version__}, numpy {np.__version__}")
    for column in (
        "detector",
        "weights",
        "backend",
        "size",
        "ms",
        "floor ms",
        "bound by",
        "share",
        "peak MB",
    ):
        passes.add_column(column)
    for row in rows:
        passes.add_row(
            row.preset, row.weights, row.backend, row.size, f"{row.milliseconds:.0f}", f"{row.floor_ms:.0f}",
            row.floor_is, f"{row.share_percent:.0f} %", f"{row.peak_mb:.0f}",
        )  # fmt: skip
    rates = Table(title="tcm detect on a folder")
    for column in ("checkpoint", "images", "images a second", "threads", "peak MB"):
        rates.add_column(column)
    for entry in folders:
        rates.add_row(
            entry.checkpoint, str(entry.images), f"{entry.images_a_second:.2f}", str(entry.threads),
            f"{entry.peak_mb:.0f}",
        )  # fmt: skip
    return [passes, *([rates] if folders else [])]


if __name__ == "__main__":
    main()
