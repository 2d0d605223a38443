"""The gradients of a step, made in one pass over a process's images or in several."""

from collections.abc import Sequence
from contextlib import nullcontext
from typing import Any

import torch
from accelerate import Accelerator
from torch import Tensor, nn

from tcm_core.config.train import OptimConfig, TrainConfig
from tcm_core.data.normalize import Normalize
from tcm_core.families import FAMILIES
from tcm_core.losses.matching import matching_loss
from tcm_core.models.outputs import DetectorOutput
from tcm_core.train.batch import Batch


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


def loss_per_image(
    output: DetectorOutput, targets: Sequence[Tensor], config: TrainConfig
) -> dict[str, Tensor]:
    """As total_loss, but each image balances its own positives and negatives, and all images count the same.

    The mean over the images of a step is then the same however they are shared out.
    """
    each = [
        total_loss(_of_image(output, image), [target[image : image + 1] for target in targets], config)
        for image in range(len(targets[-1]))
    ]
    return {name: torch.stack([terms[name] for terms in each]).mean() for name in each[0]}


def _of_image(value: Any, image: int) -> Any:
    """The same structure of tensors with one image of the batch."""
    if isinstance(value, Tensor):
        return value[image : image + 1]
    if isinstance(value, tuple):
        parts = [_of_image(part, image) for part in value]
        return type(value)(*parts) if hasattr(value, "_fields") else tuple(parts)
    return value


class Passes:
    """Makes the gradients of steps.

    Args:
        accelerator: holds device, precision and the other processes.
        model: prepared by it.
        config: the run's.
        optim: the stage's.
    """

    def __init__(
        self, accelerator: Accelerator, model: nn.Module, config: TrainConfig, optim: OptimConfig
    ) -> None:
        self._accelerator = accelerator
        self._model = model
        self._config = config
        self._loss = loss_per_image if optim.loss_per == "image" else total_loss
        self._normalize = Normalize(config.model.mean, config.model.std).to(accelerator.device)
        self._layout = torch.channels_last if config.channels_last else torch.contiguous_format

    def backward(self, batch: Batch, count: int) -> dict[str, Tensor]:
        """Adds the gradient of the mean loss over the images, averaged over the processes in the last pass.

        Args:
            batch: this process's images of the step and their targets.
            count: of passes.

        Returns:
            The terms by name, means over this process's images.
        """
        images, targets = batch
        size = -(-len(images) // count)
        firsts = range(0, len(images), size)
        means: dict[str, Tensor] = {}
        for first in firsts:
            part = slice(first, first + size)
            last = first == firsts[-1]
            with nullcontext() if last else self._accelerator.no_sync(self._model):
                losses = self._forward(images[part], [target[part] for target in targets])
                weight = len(images[part]) / len(images)
                self._accelerator.backward(weight * torch.stack(list(losses.values())).sum())
            for name, loss in losses.items():
                means[name] = means.get(name, 0.0) + weight * loss.detach()
        return means

    def _forward(self, images: Tensor, targets: Sequence[Tensor]) -> dict[str, Tensor]:
        device = self._accelerator.device
        pixels = self._normalize(images.to(device, memory_format=self._layout, non_blocking=True))
        output = self._model(pixels)
        return self._loss(output, [target.to(device, non_blocking=True) for target in targets], self._config)
