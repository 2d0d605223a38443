"""From samples to batches of crops and targets."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import DataLoader, Sampler

from tcm_core.config.train import StageConfig, TrainConfig
from tcm_core.data.dataset import CropDataset, Item, Unreadable
from tcm_core.data.image_io import keep_large_blocks
from tcm_core.data.sample import TextInstance
from tcm_core.families import FAMILIES
from tcm_core.targets.language import language_targets
from tcm_core.train.control import leave_signals_to_the_run
from tcm_core.train.distribute import Share
from tcm_core.train.loading import TrainingData

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


class Loader:
    """The batches from a step to the run's end; the same step always holds the same crops.

    Args:
        data: what is learnt from.
        config: the run's.
        stage: crops and length of the stage.
        share: which of a step's images are wanted.
        first_step: that batches are wanted for, from the stage's start.
        on_unreadable: told of every image that is passed over because it cannot be read.

    Raises:
        BadImage: while going through: too many images in a row cannot be read.
    """

    def __init__(
        self,
        data: TrainingData,
        config: TrainConfig,
        stage: StageConfig,
        share: Share,
        first_step: int,
        on_unreadable: Callable[[Unreadable], None],
    ) -> None:
        dataset = CropDataset(
            data.sources,
            stage.augment,
            TargetRecipe(config),
            config.model.mean,
            config.seed + config.stretches.index(stage),
            data.weights,
        )
        self._on_unreadable = on_unreadable
        self._loader = DataLoader(
            dataset,
            batch_size=share.images,
            sampler=_ShareSampler(share, first_step, stage.optim.steps),
            num_workers=config.workers,
            worker_init_fn=_start_worker if config.workers else None,
            collate_fn=_collate,
            persistent_workers=False,
            pin_memory=torch.cuda.is_available(),
        )

    def __len__(self) -> int:
        return len(self._loader)

    def __iter__(self) -> Iterator[Batch]:
        for batch in self._loader:
            for image in batch.unreadable:
                self._on_unreadable(image)
            yield batch.images, batch.targets


class _ShareSampler(Sampler[int]):
    """The positions of a share of each step, from a step up to another."""

    def __init__(self, share: Share, first_step: int, last_step: int) -> None:
        super().__init__()
        self._share = share
        self._steps = range(first_step, last_step)

    def __iter__(self) -> Iterator[int]:
        rank, processes, images = self._share
        for step in self._steps:
            first = (step * processes + rank) * images
            yield from range(first, first + images)

    def __len__(self) -> int:
        return len(self._steps) * self._share.images


class _Items(NamedTuple):
    """The items of a batch."""

    images: Tensor  # (B, 3, S, S) uint8, in channels_last order
    targets: tuple[Tensor, ...]  # each (B, c, h, w)
    unreadable: tuple[Unreadable, ...]


def _collate(items: Sequence[Item]) -> _Items:
    images = torch.stack([item.image.permute(1, 2, 0) for item in items]).permute(0, 3, 1, 2)
    targets = zip(*(item.targets for item in items), strict=True)
    return _Items(
        images,
        tuple(torch.stack(target) for target in targets),
        tuple(image for item in items for image in item.unreadable),
    )


def _start_worker(_worker: int) -> None:
    import cv2

    leave_signals_to_the_run()
    cv2.setNumThreads(0)
    torch.set_num_threads(1)
    keep_large_blocks()
