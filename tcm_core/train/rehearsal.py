"""A few steps of a run without writing anything: whether it would work, its memory and its time."""

import time
from collections.abc import Callable
from typing import Final, NamedTuple

import psutil  # type: ignore[import-untyped]
import torch

from tcm_core.config.train import TrainConfig
from tcm_core.infer.device import choose_device
from tcm_core.train.batch import Loader
from tcm_core.train.distribute import make_accelerator, seed_step, share_of
from tcm_core.train.loading import load_training_data
from tcm_core.train.optim import set_learning_rate, set_training
from tcm_core.train.passes import Passes
from tcm_core.train.run import begin, validation_of

_STEPS: Final = 3
"""The first one warms up and is not counted."""


class Rehearsal(NamedTuple):
    """What a run would be like."""

    device: str
    loaded: str  # weights, in words
    learnt: int  # images
    validation: int  # images
    losses: dict[str, float]  # of the last step
    step_seconds: float  # a step, with the wait for its images
    data_seconds: float  # of which it waited for them
    memory_mb: int
    gpu_memory_mb: int
    hours: float  # for all steps, without validation


def rehearse(config: TrainConfig, say: Callable[[str], None]) -> Rehearsal:
    """Loads data and weights and does three steps of the first stage; nothing is written.

    Args:
        config: with paths that hold from here.
        say: told what happens.

    Raises:
        BadConfig, BadLabels, BadCheckpoint, DeviceUnavailable: as the run itself would.
    """
    stage = config.stretches[0]
    datas = [load_training_data(other.data) for other in config.stretches]
    device = choose_device(config.device)
    accelerator = make_accelerator(config, device)
    state, loaded = begin(config, accelerator)
    say(f"{sum(data.learnt for data in datas)} images, weights: {loaded}; {_STEPS} steps on {device}")
    model, optimizer = accelerator.prepare(state.model, state.optimizer)
    set_training(state.model, stage.optim, state.learnable)
    passes = Passes(accelerator, model, config, stage.optim)
    loader = Loader(datas[0], config, stage, share_of(accelerator, stage.optim), 0, lambda _: None)
    batches, seconds, waited = iter(loader), 0.0, 0.0
    losses: dict[str, float] = {}
    steps = min(_STEPS, stage.optim.steps)
    for step in range(steps):
        began = time.monotonic()
        batch = next(batches)
        came = time.monotonic()
        seed_step(config.seed, step, accelerator.process_index)
        set_learning_rate(optimizer, step, stage.optim)
        terms = passes.backward(batch, state.passes)
        accelerator.clip_grad_norm_(model.parameters(), stage.optim.clip_norm)
        optimizer.step()
        optimizer.zero_grad()
        losses = {name: float(value) for name, value in terms.items()}
        if step or steps == 1:
            seconds, waited = seconds + time.monotonic() - began, waited + came - began
    counted = max(1, steps - 1)
    gpu = torch.cuda.max_memory_allocated() >> 20 if torch.cuda.is_available() else 0
    return Rehearsal(
        device=str(device),
        loaded=loaded,
        learnt=sum(data.learnt for data in datas),
        validation=len(validation_of(datas)),
        losses=losses,
        step_seconds=seconds / counted,
        data_seconds=waited / counted,
        memory_mb=psutil.Process().memory_info().rss >> 20,
        gpu_memory_mb=gpu,
        hours=config.steps * seconds / counted / 3600,
    )
