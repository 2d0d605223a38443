"""From samples to batches of crops and targets."""

from collections.abc import Sequence
from typing import Any

import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import DataLoader

from tcm_core.config.train import TrainConfig
from tcm_core.data.dataset import CropDataset, PositionSampler
from tcm_core.data.sample import Sample, TextInstance
from tcm_core.families import FAMILIES
from tcm_core.targets.language import language_targets

Batch = tuple[Tensor, tuple[Tensor, ...]]
"""Images (B, 3, S, S) uint8, and targets of (B, c, h, w): the head's, then the language loss's two."""


class TargetRecipe:
    """Texts of a crop -> the arrays that the run's losses need; loader processes get a copy."""

    def __init__(self, config: TrainConfig) -> None:
        self._config = config

    def __call__(self, instances: Sequence[TextInstance], size: tuple[int, int]) -> tuple[NDArray[Any], ...]:
        """The head's targets followed by the text and the mask of the instance-language loss."""
        head = FAMILIES[self._config.model.head.name].make_targets(instances, size, self._config.targets)
        return (*head, *language_targets(instances, size, self._config.language))


def make_loader(samples: Sequence[Sample], config: TrainConfig, first_step: int) -> "DataLoader[Batch]":
    """The batches from a step to the run's end; the same step always holds the same crops."""
    dataset = CropDataset(samples, config.augment, TargetRecipe(config), config.model.mean, config.seed)
    size = config.optim.batch_size
    return DataLoader(
        dataset,
        batch_size=size,
        sampler=PositionSampler(first_step * size, config.optim.steps * size),
        num_workers=config.workers,
        worker_init_fn=_one_thread if config.workers else None,
        persistent_workers=False,
        pin_memory=torch.cuda.is_available(),
    )


def _one_thread(_worker: int) -> None:
    import cv2

    cv2.setNumThreads(0)
    torch.set_num_threads(1)
