"""A training run in this process that keeps the losses of each step as they are.

torchrun --nproc-per-node 2 -m tests.helpers.recorded_run CONFIG OUT LOSSES
"""

import json
import sys
from pathlib import Path

from tcm_core.train.progress import Silence
from tcm_core.train.resolve import load_run
from tcm_core.train.run import train_config


class Recorder(Silence):
    """Writes the losses down; only the first process of a run is asked to."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._losses: list[dict[str, float]] = []

    def step(self, step: int, losses: dict[str, float], rate: float) -> None:
        self._losses.append(losses)
        self._path.write_text(json.dumps(self._losses), encoding="utf-8")


if __name__ == "__main__":
    config, out, losses = map(Path, sys.argv[1:])
    train_config(load_run(config), out, progress=Recorder(losses))
