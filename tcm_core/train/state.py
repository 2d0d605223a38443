"""The resumable state of a run: weights, averages, optimiser and step in one file."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from timm.utils.model_ema import ModelEmaV3

from tcm_core.errors import BadCheckpoint
from tcm_core.models.detector import TextDetector


@dataclass
class TrainState:
    """Everything that changes while a run goes on."""

    model: TextDetector
    average: ModelEmaV3
    optimizer: torch.optim.Optimizer
    step: int = 0
    best_hmean: float = -1.0

    def save(self, path: Path) -> None:
        """Writes the state; a crash in the middle leaves the former file."""
        content = {
            "model": self.model.state_dict(),
            "average": self.average.module.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "step": self.step,
            "best_hmean": self.best_hmean,
            "random": torch.get_rng_state(),
        }
        partial = path.with_name(path.name + ".part")
        with partial.open("wb") as file:
            torch.save(content, file)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)

    def load(self, path: Path) -> None:
        """Takes over a saved state.

        Raises:
            BadCheckpoint: the file is damaged or of another model.
        """
        try:
            content: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
            self.model.load_state_dict(content["model"])
            self.average.module.load_state_dict(content["average"])
            self.optimizer.load_state_dict(content["optimizer"])
            self.step, self.best_hmean = content["step"], content["best_hmean"]
            torch.set_rng_state(content["random"])
        except (RuntimeError, KeyError, ValueError, EOFError) as error:
            raise BadCheckpoint(
                f"{path}: cannot be resumed from ({error}); start the run in a new folder"
            ) from error
