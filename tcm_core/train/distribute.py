"""One process or several: who takes which share of a step, on which device and in which precision."""

from datetime import timedelta
from typing import Final, NamedTuple

import numpy as np
import torch
from accelerate import Accelerator
from accelerate.state import AcceleratorState
from accelerate.utils import DistributedDataParallelKwargs, InitProcessGroupKwargs, set_seed
from torch import Tensor

from tcm_core.config.train import OptimConfig, TrainConfig
from tcm_core.errors import BadConfig
from tcm_core.infer.device import Device

_WAIT: Final = timedelta(days=2)
"""How long the others wait for the process that validates, or that a person paused."""


class Share(NamedTuple):
    """A process's share of every step."""

    rank: int
    processes: int
    images: int
    """The process takes so many of the step's images, those from rank * images on."""


def make_accelerator(config: TrainConfig, device: Device) -> Accelerator:
    """The processes that `accelerate launch` or `torchrun` started, or the only one, made ready.

    Raises:
        BadConfig: the precision or the norms are not to be had on the device.
    """
    on_cpu = device.device.type == "cpu"
    if on_cpu and config.precision == "fp16":
        raise BadConfig('precision = "fp16" needs a GPU; on a CPU take "bf16" or "no"')
    if on_cpu and any(stage.optim.batch_norm == "sync" for stage in config.stretches):
        raise BadConfig('optim.batch_norm = "sync" needs GPUs; on CPUs take "frozen" or "group"')
    AcceleratorState._reset_state(reset_partial_state=True)  # of a run before in the same process
    return Accelerator(
        mixed_precision=config.precision,
        cpu=on_cpu,
        kwargs_handlers=[
            DistributedDataParallelKwargs(find_unused_parameters=config.language.weight == 0),
            InitProcessGroupKwargs(timeout=_WAIT),
        ],
    )


def share_of(accelerator: Accelerator, optim: OptimConfig) -> Share:
    """What this process takes of a step.

    Raises:
        BadConfig: the batch cannot be shared out evenly.
    """
    processes = accelerator.num_processes
    images, left = divmod(optim.batch_size, processes)
    if left or not images:
        raise BadConfig(
            f"optim.batch_size is {optim.batch_size}, for all {processes} processes together; "
            f"take a multiple of {processes}"
        )
    return Share(accelerator.process_index, processes, images)


def seed_step(seed: int, step: int, rank: int) -> None:
    """Gives Python, NumPy and torch, the GPUs too, the random numbers of a step.

    They depend on nothing else, so a run that is resumed at a step draws what it would have drawn anyway.
    """
    set_seed(int(np.random.SeedSequence((seed, step, rank)).generate_state(1)[0]))


class Agreed(NamedTuple):
    """What all processes know of a step."""

    losses: dict[str, float]
    """The terms by name, over all images of the step."""
    stopping: bool
    """Whether any process was asked to stop."""


def agree(accelerator: Accelerator, losses: dict[str, Tensor], stopping: bool) -> Agreed:
    """The mean of the processes' losses, and whether one of them is to stop, in one exchange."""
    asked = torch.tensor(float(stopping), device=accelerator.device)
    values = accelerator.reduce(torch.stack([*(loss.float() for loss in losses.values()), asked]), "mean")
    *means, share_asked = values.tolist()
    return Agreed(dict(zip(losses, means, strict=True)), share_asked > 0)
