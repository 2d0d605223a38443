"""A few steps of a run without writing anything: whether it would work, its memory and its time."""

import math
import time
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

import psutil  # type: ignore[import-untyped]
import torch

from tcm_core.checkpoint_file import CheckpointMetadata
from tcm_core.config.train import TrainConfig
from tcm_core.data.sample import Sample
from tcm_core.infer.device import Device, choose_device
from tcm_core.infer.predictor import Predictor
from tcm_core.train.batch import Loader
from tcm_core.train.distribute import make_accelerator, seed_step, share_of
from tcm_core.train.loading import load_training_data
from tcm_core.train.optim import set_learning_rate, set_training
from tcm_core.train.passes import Passes
from tcm_core.train.run import begin, joining_of, validation_of
from tcm_core.train.state import TrainState
from tcm_core.train.validation import validate

_STEPS: Final = 3
"""The first one warms up and is not counted."""


class Rehearsal(NamedTuple):
    """What a run would be like."""

    device: str
    loaded: str  # weights, in words
    learnt: int  # images
    validation: int  # images
    losses: dict[str, float]  # of the last step
    steps: int  # of the run
    step_seconds: float  # a step, with the wait for its images
    data_seconds: float  # of which it waited for them
    validation_seconds: float  # one validation of all its images
    validations: int
    memory_mb: int
    gpu_memory_mb: int

    @property
    def hours(self) -> float:
        """For all steps and validations."""
        return (self.steps * self.step_seconds + self.validations * self.validation_seconds) / 3600


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
    samples = validation_of(datas)
    judged = _seconds_of_an_image(config, state, samples, device) if samples else 0.0
    gpu = torch.cuda.max_memory_allocated() >> 20 if torch.cuda.is_available() else 0
    return Rehearsal(
        device=str(device),
        loaded=loaded,
        learnt=sum(data.learnt for data in datas),
        validation=len(samples),
        losses=losses,
        steps=config.steps,
        step_seconds=seconds / counted,
        data_seconds=waited / counted,
        validation_seconds=(len(samples) + len(joining_of(datas, config))) * judged,
        validations=math.ceil(config.steps / config.validation.every) + config.validation.at_start,
        memory_mb=psutil.Process().memory_info().rss >> 20,
        gpu_memory_mb=gpu,
    )


def _seconds_of_an_image(
    config: TrainConfig, state: TrainState, samples: Sequence[Sample], device: Device
) -> float:
    """What validating one image takes, decode settings chosen and all."""
    settings = config.validation
    metadata = CheckpointMetadata(
        name=config.name,
        model=config.model,
        decode=settings.decode,
        short_side=settings.short_side,
        max_long_side=settings.max_long_side,
    )
    predictor = Predictor(state.average.module, metadata, device)
    began = time.monotonic()
    validate(predictor, samples[:1], settings.decode, settings.protocol)
    return time.monotonic() - began
