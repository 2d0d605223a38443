"""A run whose steps take no time: a tiny detector on made-up photographs, and how to start it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import tomlkit

from tests.helpers.made_photos import made_dataset

ROOT = Path(__file__).resolve().parents[2]

TINY_RUN = {
    "name": "made",
    "seed": 3,
    "device": "cpu",
    "precision": "no",
    "workers": 0,
    "save_every": 2,
    "pictures": 0,
    "data": {"root": "data"},
    "model": {
        "encoder": {"embedding": 32},
        "head": {"neck_width": 16, "width": 8},
        "tcm": {
            "text": {"width": 32, "layers": 1, "heads": 2},
            "visual": {"layers": 1, "heads": 2, "width": 32, "dropout": 0.1},
        },
    },
    "augment": {"size": 64, "scale": [0.4, 0.6], "blur": 0.0},
    "optim": {
        "steps": 4, "batch_size": 2, "learning_rate": 0.002, "warmup_steps": 2, "cooldown_steps": 0,
        "average_decay": 0.9, "freeze": ["encoder.backbone.blocks.*.conv_dw"],
    },
    "validation": {"every": 1000, "short_side": 64},
}  # fmt: skip


def write_run(folder: Path, name: str = "run", **changes) -> Path:
    """The configuration's file; sections that are given are laid over the tiny run's."""
    if not (folder / "data").exists():
        made_dataset(folder / "data", count=4)
    values = {**TINY_RUN, **{k: v for k, v in changes.items() if not isinstance(v, dict)}}
    for section, given in changes.items():
        if isinstance(given, dict):
            values[section] = {**TINY_RUN.get(section, {}), **given}
    path = folder / f"{name}.toml"
    path.write_text(tomlkit.dumps({k: v for k, v in values.items() if v is not None}), encoding="utf-8")
    return path


def events(run: Path, kind: str = "") -> list[dict]:
    """What the run wrote, or only the events of a kind."""
    lines = (run / "events.jsonl").read_text(encoding="utf-8").splitlines()
    return [event for event in map(json.loads, lines) if kind in ("", event["event"])]


def start(*command: object, processes: int = 0) -> subprocess.Popen:
    """A module of ours in a process of its own, or in several by torchrun."""
    launcher = [sys.executable, "-m"]
    if processes:
        launcher += ["torch.distributed.run", "--standalone", "--nproc-per-node", str(processes), "-m"]
    return subprocess.Popen(
        [*launcher, *map(str, command)],
        env={**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )


def finish(process: subprocess.Popen) -> str:
    """What the process wrote; it must end well."""
    text = process.communicate(timeout=200)[0].decode()
    assert process.returncode == 0, text
    return text
