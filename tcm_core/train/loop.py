"""The training loop, read from top to bottom."""

import time
from collections.abc import Callable, Iterable, Sequence

import torch
from accelerate import Accelerator
from torch import Tensor

from tcm_core.config.train import TrainConfig
from tcm_core.data.normalize import Normalize
from tcm_core.families import FAMILIES
from tcm_core.losses.matching import matching_loss
from tcm_core.models.outputs import DetectorOutput
from tcm_core.train.batch import Batch
from tcm_core.train.folder import RunFolder
from tcm_core.train.optim import freeze, set_learning_rate
from tcm_core.train.state import TrainState


def total_loss(output: DetectorOutput, targets: Sequence[Tensor], config: TrainConfig) -> dict[str, Tensor]:
    """The weighted loss terms by name; their sum is minimised.

    Args:
        output: of the detector.
        targets: the head's, then the text and the mask of the instance-language loss.
        config: names the head and weighs the language term.
    """
    losses = FAMILIES[config.model.head.name].loss(output.maps, targets[:-2], config.loss)
    if output.language is not None and config.language.weight > 0:
        text, mask = targets[-2].float(), targets[-1].float()
        losses["language"] = config.language.weight * matching_loss(
            output.language, text, mask, config.language.loss
        )
    return losses


def train(
    state: TrainState,
    loader: Iterable[Batch],
    config: TrainConfig,
    accelerator: Accelerator,
    folder: RunFolder,
    validate: Callable[[TrainState], None],
) -> None:
    """Steps until the configuration's last one, or until the folder holds a stop file.

    Args:
        state: changed in place.
        loader: batches from state.step on.
        config: the run's.
        accelerator: holds device and precision.
        folder: takes a line of figures every ten steps, and the resumable state.
        validate: called every validation.every steps and at the end.
    """
    model, optimizer = accelerator.prepare(state.model, state.optimizer)
    normalize = Normalize(config.model.mean, config.model.std).to(accelerator.device)
    _set_training(state, config)
    started, seen = time.monotonic(), 0
    for images, targets in loader:
        rate = set_learning_rate(optimizer, state.step, config.optim)
        pixels = normalize(images.to(accelerator.device, memory_format=torch.channels_last))
        losses = total_loss(model(pixels), [target.to(accelerator.device) for target in targets], config)
        loss = torch.stack(list(losses.values())).sum()
        if torch.isfinite(loss):
            accelerator.backward(loss)
            accelerator.clip_grad_norm_(model.parameters(), config.optim.clip_norm)
            optimizer.step()
        else:
            folder.events.write("skipped", step=state.step, reason="the loss is not finite")
        optimizer.zero_grad()
        state.step += 1
        state.average.update(state.model, step=state.step)
        seen += len(images)
        if state.step % 10 == 0:
            folder.events.write(
                "step",
                step=state.step,
                losses={name: round(value.item(), 4) for name, value in losses.items()},
                learning_rate=rate,
                samples_per_second=round(seen / (time.monotonic() - started), 2),
            )
        stopping = folder.take_stop_request()
        if stopping or state.step % config.save_every == 0:
            state.save(folder.state_file)
        if stopping:
            folder.events.write("stopped", step=state.step)
            return
        if state.step % config.validation.every == 0 or state.step == config.optim.steps:
            validate(state)
            _set_training(state, config)
    state.save(folder.state_file)


def _set_training(state: TrainState, config: TrainConfig) -> None:
    state.model.train()
    freeze(state.model, config.optim.freeze)
