"""Training crops with their targets, addressed by the position in an endless, reproducible order."""

from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import Dataset

from tcm_core.config.data import AugmentConfig, ScaleUnit
from tcm_core.config.synth import SynthConfig
from tcm_core.data.image_io import read_header, read_stored
from tcm_core.data.sample import Sample, TextInstance
from tcm_core.data.schedule import Pick, Schedule
from tcm_core.data.synth.scene import SceneRenderer
from tcm_core.data.transforms.geometric import largest_scale, plan_crop, warp_image, warp_instances
from tcm_core.data.transforms.photometric import change_colours
from tcm_core.errors import BadImage
from tcm_core.geometry.orientation import stored_to_view

TargetMaker = Callable[[Sequence[TextInstance], tuple[int, int]], tuple[NDArray[Any], ...]]
"""Texts in crop pixels and the crop's (height, width) -> arrays of (h, w)."""

_UNREADABLE_IN_A_ROW: Final = 20


class Scale(NamedTuple):
    """The sizes that crops of a source are drawn at."""

    range: tuple[float, float]
    unit: ScaleUnit = "pixel"


class Crop(NamedTuple):
    """One augmented crop before targets are made."""

    image: NDArray[np.uint8]  # (S, S, 3) RGB
    instances: tuple[TextInstance, ...]  # crop pixels


class Unreadable(NamedTuple):
    """An image that was passed over, because it cannot be read."""

    image: str
    reason: str


class Item(NamedTuple):
    """What stands at one position of a run."""

    image: Tensor  # (3, S, S) uint8, RGB
    targets: tuple[Tensor, ...]  # each (c, h, w)
    unreadable: tuple[Unreadable, ...]  # images that should have stood here


class CropSource(Protocol):
    """Where crops come from."""

    @property
    def count(self) -> int | None:
        """Number of images; None when there is no end of them."""
        ...

    def crop(
        self, index: int, config: AugmentConfig, fill: Sequence[float], random: np.random.Generator
    ) -> Crop:
        """A random crop of an image.

        Raises:
            BadImage: the image cannot be read.
        """
        ...

    def name(self, index: int) -> str:
        """The image in words."""
        ...


class PhotoSource:
    """Crops of labelled image files.

    Args:
        samples: at least one.
        scale: of the crops; None: as the run draws them.
    """

    def __init__(self, samples: Sequence[Sample], scale: Scale | None = None) -> None:
        self._samples = samples
        self._scale = scale

    @property
    def samples(self) -> Sequence[Sample]:
        """The labelled images."""
        return self._samples

    @property
    def count(self) -> int:
        """Number of images."""
        return len(self._samples)

    def crop(
        self, index: int, config: AugmentConfig, fill: Sequence[float], random: np.random.Generator
    ) -> Crop:
        """See CropSource."""
        return make_crop(self._samples[index], _at_scale(config, self._scale), fill, random)

    def name(self, index: int) -> str:
        """The image's path."""
        return str(self._samples[index].image)


class SceneSource:
    """Crops of synthetic scenes that are rendered as they are needed, another one every time.

    Args:
        config: of the scenes.
        scale: of the crops; None: as the run draws them.
    """

    def __init__(self, config: SynthConfig, scale: Scale | None = None) -> None:
        self._renderer = SceneRenderer(config)
        self._scale = scale

    @property
    def count(self) -> None:
        """There is no end."""
        return

    def crop(
        self, index: int, config: AugmentConfig, fill: Sequence[float], random: np.random.Generator
    ) -> Crop:
        """See CropSource."""
        config = _at_scale(config, self._scale)
        scene = self._renderer.scene(index)
        size = (scene.image.shape[0], scene.image.shape[1])
        plan = plan_crop(size, scene.instances, config, random)
        pixels = change_colours(warp_image(scene.image, plan, config.size, fill), config, random)
        return Crop(pixels, warp_instances(scene.instances, plan))

    def name(self, index: int) -> str:
        """The scene's number."""
        return f"synthetic scene {index}"


def make_crop(
    sample: Sample, config: AugmentConfig, fill: Sequence[float], random: np.random.Generator
) -> Crop:
    """A random crop of a sample, whichever frame its texts are in.

    The picture is decoded as it is stored, at a reduced size where the crop shrinks it anyway; the turn to
    the frame of the texts and that reduction are part of the one matrix.

    Raises:
        BadImage: the image cannot be read.
    """
    header = read_header(sample.image)
    plan = plan_crop(header.size(sample.frame), sample.instances, config, random)
    turn = stored_to_view(header.stored_size, header.orientation) if sample.frame == "view" else np.eye(3)
    reduce = _reduction(largest_scale(plan.matrix, config.size))
    stored = read_stored(sample.image, reduce)
    from_file = plan._replace(matrix=plan.matrix @ turn @ np.diag([reduce, reduce, 1.0]))
    pixels = change_colours(warp_image(stored.pixels, from_file, config.size, fill), config, random)
    return Crop(pixels, warp_instances(sample.instances, plan))


def _at_scale(config: AugmentConfig, scale: Scale | None) -> AugmentConfig:
    if scale is None:
        return config
    return config.model_copy(update={"scale": scale.range, "scale_unit": scale.unit})


def _reduction(scale: float) -> int:
    """The largest of 1, 2, 4 and 8 that leaves the picture no smaller than the crop needs it."""
    return next((factor for factor in (8, 4, 2) if scale * factor <= 1.0), 1)


class CropDataset(Dataset[Item]):
    """Position in the run -> a crop and its targets; the same position and seed always give the same.

    An image that cannot be read is passed over: the next one of its source stands in its place, and the item
    says so.

    Args:
        sources: at least one.
        augment: how crops are drawn.
        make_targets: texts in crop pixels and the crop's (height, width) -> a tuple of (h, w) or (c, h, w).
        fill: RGB colour outside the image.
        seed: of the run.
        weights: how often each source is drawn from, relative to the others; None: by its number of images.

    Raises:
        ValueError: no samples.
    """

    def __init__(
        self,
        sources: Sequence[CropSource],
        augment: AugmentConfig,
        make_targets: TargetMaker,
        fill: Sequence[float],
        seed: int,
        weights: Sequence[float] | None = None,
    ) -> None:
        self._sources = tuple(sources)
        self._schedule = Schedule([source.count for source in sources], weights, seed)
        self._augment = augment
        self._make_targets = make_targets
        self._fill = tuple(fill)
        self._seed = seed

    def __getitem__(self, position: int) -> Item:
        """The item of a position.

        Raises:
            BadImage: twenty images in a row cannot be read.
        """
        crop, unreadable = self._crop(position)
        targets = self._make_targets(crop.instances, (self._augment.size, self._augment.size))
        return Item(
            torch.from_numpy(crop.image).permute(2, 0, 1),
            tuple(
                torch.from_numpy(np.ascontiguousarray(target.reshape(-1, *target.shape[-2:])))
                for target in targets
            ),
            unreadable,
        )

    def _crop(self, position: int) -> tuple[Crop, tuple[Unreadable, ...]]:
        first = self._schedule.pick(position)
        source = self._sources[first.source]
        unreadable: list[Unreadable] = []
        for further in range(_UNREADABLE_IN_A_ROW):
            index = self._schedule.image(Pick(first.source, first.number + further))
            random = np.random.default_rng((self._seed, 1, position))
            try:
                return source.crop(index, self._augment, self._fill, random), tuple(unreadable)
            except BadImage as error:
                unreadable.append(Unreadable(source.name(index), str(error)))
        raise BadImage(
            f"{len(unreadable)} images in a row could not be read. The last one: {unreadable[-1].reason}"
        )
