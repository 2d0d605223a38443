"""Training crops with their targets, addressed by the position in an endless, reproducible order."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import Dataset, Sampler

from tcm_core.config.data import AugmentConfig
from tcm_core.data.image_io import read_image
from tcm_core.data.sample import Sample, TextInstance
from tcm_core.data.transforms.geometric import random_crop_matrix, warp_image, warp_instances
from tcm_core.data.transforms.photometric import change_colours

TargetMaker = Callable[[Sequence[TextInstance], tuple[int, int]], tuple[NDArray[Any], ...]]
"""Texts in crop pixels and the crop's (height, width) -> arrays of (h, w) or (c, h, w)."""


class Crop(NamedTuple):
    """One augmented crop before targets are made."""

    image: NDArray[np.uint8]  # (S, S, 3) RGB
    instances: tuple[TextInstance, ...]  # crop pixels


def make_crop(
    sample: Sample, config: AugmentConfig, fill: Sequence[float], random: np.random.Generator
) -> Crop:
    """A random crop of a sample; benchmarks' labels are in the stored frame, so is the image.

    Raises:
        BadImage: the image cannot be read.
    """
    image = read_image(sample.image, "stored")
    matrix = random_crop_matrix((image.shape[0], image.shape[1]), sample.instances, config, random)
    warped = change_colours(warp_image(image, matrix, config.size, fill), config, random)
    return Crop(warped, warp_instances(sample.instances, matrix, config.size))


class CropDataset(Dataset[tuple[Tensor, tuple[Tensor, ...]]]):
    """Position in the run -> (image, targets); the same position and seed always give the same crop.

    Args:
        samples: at least one.
        augment: how crops are drawn.
        make_targets: texts in crop pixels and the crop's (height, width) -> a tuple of (h, w) or (c, h, w) arrays.
        fill: RGB colour outside the image.
        seed: of the run.

    Raises:
        ValueError: no samples.
    """

    def __init__(
        self,
        samples: Sequence[Sample],
        augment: AugmentConfig,
        make_targets: TargetMaker,
        fill: Sequence[float],
        seed: int,
    ) -> None:
        if not samples:
            raise ValueError("no samples to learn from")
        self._samples = list(samples)
        self._augment = augment
        self._make_targets = make_targets
        self._fill = tuple(fill)
        self._seed = seed

    def __len__(self) -> int:
        return len(self._samples)

    def __getitem__(self, position: int) -> tuple[Tensor, tuple[Tensor, ...]]:
        """The crop (3, S, S) uint8 and its targets, each (c, h, w); a target without channels gets one."""
        epoch, index = divmod(position, len(self._samples))
        order = np.random.default_rng((self._seed, epoch)).permutation(len(self._samples))
        random = np.random.default_rng((self._seed, 1, position))
        crop = make_crop(self._samples[order[index]], self._augment, self._fill, random)
        targets = self._make_targets(crop.instances, (self._augment.size, self._augment.size))
        image = torch.from_numpy(np.ascontiguousarray(crop.image.transpose(2, 0, 1)))
        return image, tuple(
            torch.from_numpy(np.ascontiguousarray(target.reshape(-1, *target.shape[-2:])))
            for target in targets
        )


class PositionSampler(Sampler[int]):
    """The positions from first up to last, so that a resumed run reads on where it stopped."""

    def __init__(self, first: int, last: int) -> None:
        super().__init__()
        self._positions = range(first, last)

    def __iter__(self) -> Iterator[int]:
        return iter(self._positions)

    def __len__(self) -> int:
        return len(self._positions)
