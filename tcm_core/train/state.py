"""The resumable state of a run: weights, averages, optimiser, scaler, step and best in one file."""

import os
import pickle
import zipfile
import zlib
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import torch
from timm.utils.model_ema import ModelEmaV3
from torch import Tensor
from torch.amp.grad_scaler import GradScaler

from tcm_core.config.decode import DecodeSettings
from tcm_core.errors import BadCheckpoint
from tcm_core.models.detector import TextDetector

_DAMAGED: Final = (
    RuntimeError, KeyError, ValueError, EOFError, TypeError, AttributeError, pickle.UnpicklingError, OSError,
    zipfile.BadZipFile, zlib.error, NotImplementedError,
)  # fmt: skip


@dataclass
class TrainState:
    """Everything that changes while a run goes on.

    Neither random numbers nor the loader's place are in it: both follow from the step.
    """

    model: TextDetector
    average: ModelEmaV3
    optimizer: torch.optim.Optimizer
    scaler: GradScaler | None = None
    """Of fp16."""
    step: int = 0
    """Steps done, over all stages."""
    stage: int = 0
    """That the optimizer belongs to."""
    passes: int = 1
    """That each process makes of its images."""
    best_hmean: float = -1.0
    best_step: int = 0
    decode: DecodeSettings | None = None
    """Chosen by the last validation."""
    learnable: frozenset[str] = field(default_factory=frozenset)
    """Parameters that the model itself does not freeze."""
    start: dict[str, Tensor] | None = None
    """The first weights, where those that are kept lie between them and the average."""

    def kept_model(self, start_share: float) -> TextDetector:
        """What is validated and saved: the averaged weights, with a share of the first ones."""
        average = self.average.module
        if self.start is None:
            return average
        kept = deepcopy(average)
        with torch.no_grad():
            for name, tensor in kept.state_dict().items():
                if tensor.is_floating_point():
                    tensor.lerp_(self.start[name].to(tensor), start_share)
        return kept

    def save(self, path: Path) -> None:
        """Writes the state; the file before it is kept beside it until the next one is whole.

        Raises:
            OSError, RuntimeError: it cannot be written; the former file is as it was.
        """
        content = {
            "model": self.model.state_dict(),
            "average": self.average.module.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "scaler": None if self.scaler is None else self.scaler.state_dict(),
            "step": self.step,
            "stage": self.stage,
            "passes": self.passes,
            "best_hmean": self.best_hmean,
            "best_step": self.best_step,
            "decode": None if self.decode is None else self.decode.model_dump(),
            "start": self.start,
        }
        partial = path.with_name(path.name + ".part")
        try:
            with partial.open("wb") as file:
                torch.save(content, file)
                file.flush()
                os.fsync(file.fileno())
        except BaseException:
            partial.unlink(missing_ok=True)
            raise
        if path.exists():
            path.replace(former_state(path))
        partial.replace(path)


def former_state(path: Path) -> Path:
    """Where the state before the last one is kept."""
    return path.with_name("state.former.pt")


def has_state(path: Path) -> bool:
    """Whether there is a state to resume from."""
    return path.exists() or former_state(path).exists()


def read_state(path: Path, say: Callable[[str], None]) -> dict[str, Any]:
    """The content of the last saved state, or of the one before when the last one is damaged.

    Raises:
        BadCheckpoint: both are damaged.
    """
    problems = []
    for candidate in (path, former_state(path)):
        try:
            with zipfile.ZipFile(candidate) as archive:  # torch does not look at the checksums
                if (broken := archive.testzip()) is not None:
                    raise ValueError(f"the checksum of {broken} is another one")
            content = torch.load(candidate, map_location="cpu", weights_only=True)
            if not isinstance(content, dict) or "step" not in content:
                raise ValueError("it holds something else")
        except FileNotFoundError:
            continue
        except _DAMAGED as error:
            problems.append(f"{candidate}: cannot be resumed from ({_first_line(error)})")
            continue
        if problems:
            say(f"{problems[0]}; the state before it, of step {content['step']}, is taken")
        return content
    raise BadCheckpoint(f"{'; '.join(problems) or path}; start the run in a new folder")


def restore(state: TrainState, content: dict[str, Any], path: Path) -> None:
    """Puts a read state into a run's; the optimizer is that of the state's stage.

    Raises:
        BadCheckpoint: it is of another model, or of another division into what learns how fast.
    """
    try:
        state.model.load_state_dict(content["model"])
        state.average.module.load_state_dict(content["average"])
        if content.get("stage", 0) == state.stage:
            state.optimizer.load_state_dict(content["optimizer"])
            state.passes = content.get("passes", state.passes)
        if state.scaler is not None and content.get("scaler"):
            state.scaler.load_state_dict(content["scaler"])
        state.step, state.best_hmean = content["step"], content["best_hmean"]
        state.best_step = content.get("best_step", 0)
        if state.start is not None:
            state.start = content["start"]
        if state.decode is not None and content.get("decode"):
            state.decode = type(state.decode).model_validate(content["decode"])
    except _DAMAGED as error:
        raise BadCheckpoint(
            f"{path}: cannot be resumed from, it is of another model or other settings "
            f"({_first_line(error)}); set them back, or start the run in a new folder"
        ) from error


def _first_line(error: BaseException) -> str:
    return str(error).strip().partition("\n")[0][:300] or type(error).__name__
