"""The training loop, read from top to bottom."""

import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import NamedTuple

import psutil  # type: ignore[import-untyped]
import torch
from accelerate import Accelerator
from torch import nn

from tcm_core.config.train import StageConfig, TrainConfig
from tcm_core.train.batch import Batch, Loader
from tcm_core.train.control import RunControl
from tcm_core.train.distribute import Agreed, agree, seed_step
from tcm_core.train.folder import RunFolder
from tcm_core.train.heartbeat import Heartbeat
from tcm_core.train.keeper import CheckpointKeeper
from tcm_core.train.optim import set_learning_rate, set_training
from tcm_core.train.passes import Passes
from tcm_core.train.passes import total_loss as total_loss
from tcm_core.train.progress import Progress
from tcm_core.train.state import TrainState
from tcm_core.train.trouble import Share, Trouble, is_out_of_memory


class Run(NamedTuple):
    """What a run works with."""

    config: TrainConfig
    accelerator: Accelerator
    folder: RunFolder
    control: RunControl
    heartbeat: Heartbeat
    trouble: Trouble
    keeper: CheckpointKeeper
    progress: Progress


def train(run: Run, state: TrainState, loader: Loader, stage: StageConfig, first: int) -> bool:
    """Steps up to the stage's end, or until somebody asks the run to stop.

    Args:
        run: what it works with.
        state: changed in place; saved every save_every steps and at the end.
        loader: batches of this process from state.step on.
        stage: how is learnt.
        first: the stage's first step.

    Returns:
        Whether the stage is done.

    Raises:
        TrainingFailed: it cannot go on; the last saved state is whole.
    """
    config, accelerator = run.config, run.accelerator
    if state.step == 0 and config.validation.at_start:
        _validate(run, state)
    model, optimizer = accelerator.prepare(state.model, state.optimizer)
    passes, meter = Passes(accelerator, model, config, stage.optim), _Meter(state.step)
    set_training(state.model, stage.optim, state.learnable)
    for batch in meter.timed(loader):
        run.heartbeat.note(state.step)
        rate = set_learning_rate(optimizer, state.step - first, stage.optim)
        told = _gradients(run, state, passes, batch)
        norm = accelerator.clip_grad_norm_(model.parameters(), stage.optim.clip_norm)
        scaled = accelerator.scaler is not None  # of fp16; the scaler leaves out steps that overflow
        if _finite(told) and (scaled or bool(torch.isfinite(norm))):
            optimizer.step()
            run.trouble.step_went_well()
            state.average.update(state.model, step=state.step + 1)
        else:
            _skip(run, state, batch, told)
            if scaled:
                optimizer.step()
        optimizer.zero_grad()
        state.step += 1
        run.progress.step(state.step, told.losses, rate)
        if state.step % config.report_every == 0:
            figures = {"learning_rate": rate, "grad_norm": round(float(norm), 4)}
            _report(run, state.step, told, figures | meter.figures(state.step, stage.optim.batch_size))
        done = state.step == first + stage.optim.steps
        if state.step % config.validation.every == 0 or state.step == config.steps:
            _validate(run, state)
            set_training(state.model, stage.optim, state.learnable)
        if config.keep_every and state.step % config.keep_every == 0:
            run.keeper.keep(state)
        asked = told.stopping or run.control.request() == "pause"
        if done or asked or state.step % config.save_every == 0:
            _save(run, state)
        if told.stopping and not done:
            break
        run.control.wait(state.step, lambda: run.heartbeat.note(state.step, "paused"))
    accelerator.unwrap_model(model, keep_fp32_wrapper=False)
    accelerator.free_memory()
    return state.step == first + stage.optim.steps


def _gradients(run: Run, state: TrainState, passes: Passes, batch: Batch) -> Agreed:
    """The step's gradients; where memory does not suffice, in more passes of fewer images."""
    while True:
        seed_step(run.config.seed, state.step, run.accelerator.process_index)
        try:
            losses = passes.backward(batch, state.passes)
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error):
                raise
            at_once = -(-len(batch[0]) // state.passes)
            state.passes = run.trouble.out_of_memory(error, Share(at_once, state.passes)).accumulate
            state.optimizer.zero_grad()
            continue
        return agree(run.accelerator, losses, run.control.request() == "stop")


def _report(run: Run, step: int, told: Agreed, figures: Mapping[str, float]) -> None:
    run.folder.events.write(
        "step",
        step=step,
        losses={name: round(value, 4) for name, value in told.losses.items()},
        total=round(sum(told.losses.values()), 4),
        **figures,
    )


def _finite(told: Agreed) -> bool:
    return all(abs(value) < float("inf") for value in told.losses.values())


def _skip(run: Run, state: TrainState, batch: Batch, told: Agreed) -> None:
    """Reports a step that is left out, and takes back what it did to batch statistics."""
    _mend_statistics(state.model, state.average.module)
    run.trouble.loss_not_finite(state.step, batch, told.losses, state.model)


@torch.no_grad()
def _mend_statistics(model: nn.Module, average: nn.Module) -> None:
    """Statistics that are not finite any more come back from the moving average."""
    for (_, buffer), (_, kept) in zip(model.named_buffers(), average.named_buffers(), strict=True):
        if buffer.is_floating_point() and not bool(torch.isfinite(buffer).all()):
            buffer.copy_(kept)


def _validate(run: Run, state: TrainState) -> None:
    """The first process validates, the others wait for it."""
    run.heartbeat.note(state.step, "validating")
    if run.folder.writes:
        run.keeper.validate(state)
        run.progress.note(run.keeper.summary)
    run.accelerator.wait_for_everyone()


def _save(run: Run, state: TrainState) -> None:
    """Writes the state, unless steps are just failing: their weights may be spoilt."""
    if run.folder.writes and not run.trouble.in_a_row:
        run.heartbeat.note(state.step, "saving")
        state.save(run.folder.state_file)


class _Meter:
    """Where the time of steps goes."""

    def __init__(self, step: int) -> None:
        self._step = step
        self._started = time.monotonic()
        self._waited = 0.0
        self._process = psutil.Process()

    def timed(self, loader: Loader) -> Iterator[Batch]:
        """The batches; the time that each is waited for is counted."""
        batches = iter(loader)
        with suppress(StopIteration):
            while True:
                asked = time.monotonic()
                batch = next(batches)
                self._waited += time.monotonic() - asked
                yield batch

    def figures(self, step: int, images: int) -> dict[str, float]:
        """Speed and memory since the last call, for an event."""
        now = time.monotonic()
        steps, seconds, waited = step - self._step, now - self._started, self._waited
        self._step, self._started, self._waited = step, now, 0.0
        figures = {
            "samples_per_second": round(steps * images / seconds, 2),
            "data_seconds": round(waited / steps, 4),
            "compute_seconds": round((seconds - waited) / steps, 4),
            "memory_mb": self._process.memory_info().rss >> 20,
        }
        if torch.cuda.is_available():
            figures["gpu_memory_mb"] = torch.cuda.max_memory_allocated() >> 20
        return figures
