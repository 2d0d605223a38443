"""FAMILIES: what belongs to each detection method; decoding, which needs no torch, is in decode.decode."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any, Final, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from tcm_core.config.learning import DbLossConfig, FceLossConfig, FceTargetConfig, PanLossConfig
from tcm_core.config.model import DbHeadConfig, FceHeadConfig, HeadName, PanHeadConfig
from tcm_core.data.sample import TextInstance
from tcm_core.decode.maps import Plane, Values
from tcm_core.losses.db import DbTargetBatch, db_loss
from tcm_core.losses.fce import FceTargetBatch, fce_loss
from tcm_core.losses.pan import PanTargetBatch, pan_loss
from tcm_core.models.heads.db import DbHead
from tcm_core.models.heads.fce import FceHead
from tcm_core.models.heads.pan import PanHead
from tcm_core.models.necks.fpem_ffm import FpemFfm
from tcm_core.models.necks.fpn import Fpn
from tcm_core.models.necks.fpn_cat import FpnCat
from tcm_core.models.outputs import DbMaps, FceMaps, PanMaps
from tcm_core.targets.db import db_targets
from tcm_core.targets.fce import STRIDES, fce_targets
from tcm_core.targets.pan import pan_targets


class NamedMaps(NamedTuple):
    """The maps that decoding needs, by their names in ImageMaps."""

    planes: dict[str, Tensor]  # (B, 1, h, w) in [0, 1]
    values: dict[str, Tensor]  # (B, c, h, w)


class KeptMaps(NamedTuple):
    """What is kept of a batch of one; see ImageMaps."""

    planes: dict[str, Plane]
    values: dict[str, Values]


@dataclass(frozen=True)
class HeadFamily:
    """Neck, head, targets and loss of one method; Any stands for the method's own config and map types."""

    build: Callable[[Any, Sequence[int]], tuple[nn.Module, nn.Module]]
    """HeadConfig and the channels of the four stages -> neck and head."""
    make_targets: Callable[[Sequence[TextInstance], tuple[int, int], Any], tuple[NDArray[Any], ...]]
    """Texts in crop pixels, the crop's (height, width), TargetConfig -> arrays of (h, w) or (c, h, w)."""
    loss: Callable[[Any, Sequence[Tensor], Any], dict[str, Tensor]]
    """HeadMaps, the targets of a batch as (B, c, h, w) in their order, LossConfig -> weighted terms."""
    named: Callable[[Any], NamedMaps]
    """HeadMaps -> what decoding needs, float32; training-only maps are left out."""
    besides: Callable[[Any], dict[str, Tensor]] = lambda _: {}
    """HeadMaps -> the maps (B, 1, h, w) that only a person looks at, by name."""

    def keep(self, maps: Any, *, whole: bool = False) -> KeptMaps:
        """What decoding needs of the HeadMaps of a batch of one, small enough to keep.

        Args:
            maps: of the head.
            whole: with `besides`.
        """
        named = self.named(maps)
        planes = {**named.planes, **(self.besides(maps) if whole else {})}
        return KeptMaps(
            {name: as_plane(plane) for name, plane in planes.items()},
            {name: as_values(values) for name, values in named.values.items()},
        )


def as_plane(probability: Tensor) -> NDArray[np.uint8]:
    """(1, 1, h, w) values in [0, 1] as a plane of (h, w) bytes."""
    return (probability[0, 0] * 255.0).round().clamp(0, 255).to(torch.uint8).cpu().numpy()


def as_values(values: Tensor) -> NDArray[np.float16]:
    """(1, c, h, w) numbers as (c, h, w) halves."""
    return values[0].to(torch.float16).cpu().numpy()


def _build_db(config: DbHeadConfig, channels: Sequence[int]) -> tuple[nn.Module, nn.Module]:
    return FpnCat(channels, config.neck_width), DbHead(config.neck_width, config.width)


def _db_loss(maps: DbMaps, targets: Sequence[Tensor], config: DbLossConfig) -> dict[str, Tensor]:
    return db_loss(maps, DbTargetBatch(*(target.float() for target in targets)), config)


def _named_db(maps: DbMaps) -> NamedMaps:
    return NamedMaps({"probability": torch.sigmoid(maps.probability.float())}, {})


def _threshold_db(maps: DbMaps) -> dict[str, Tensor]:
    """At a quarter of the resolution, which is enough to be looked at; none where it was not made."""
    if not maps.threshold.numel():
        return {}
    return {"threshold": torch.nn.functional.avg_pool2d(torch.sigmoid(maps.threshold.float()), 4)}


def _build_fce(config: FceHeadConfig, channels: Sequence[int]) -> tuple[nn.Module, nn.Module]:
    return Fpn(channels[1:], config.neck_width), FceHead(config.neck_width, config.degree)


def _fce_targets(
    instances: Sequence[TextInstance], size: tuple[int, int], config: FceTargetConfig
) -> tuple[NDArray[Any], ...]:
    return tuple(chain.from_iterable(fce_targets(instances, size, config)))


def _fce_loss(maps: FceMaps, targets: Sequence[Tensor], config: FceLossConfig) -> dict[str, Tensor]:
    each = len(FceTargetBatch._fields)
    levels = [targets[first : first + each] for first in range(0, len(targets), each)]
    return fce_loss(maps, [FceTargetBatch(*(t.float() for t in level)) for level in levels], config)


def _named_fce(maps: FceMaps) -> NamedMaps:
    planes: dict[str, Tensor] = {}
    values: dict[str, Tensor] = {}
    for stride, level in zip(STRIDES, maps.levels, strict=True):
        planes[f"text_{stride}"] = level.text.float().softmax(dim=1)[:, 1:]
        planes[f"centre_{stride}"] = level.centre.float().softmax(dim=1)[:, 1:]
        values[f"fourier_{stride}"] = level.fourier.float()
    return NamedMaps(planes, values)


def _build_pan(config: PanHeadConfig, channels: Sequence[int]) -> tuple[nn.Module, nn.Module]:
    neck = FpemFfm(channels, config.neck_width, config.enhancements, config.upsampling)
    return neck, PanHead(4 * config.neck_width, config.width, config.embedding)


def _pan_loss(maps: PanMaps, targets: Sequence[Tensor], config: PanLossConfig) -> dict[str, Tensor]:
    return pan_loss(maps, PanTargetBatch(*targets), config)


def _named_pan(maps: PanMaps) -> NamedMaps:
    planes = {"text": torch.sigmoid(maps.text.float()), "kernel": torch.sigmoid(maps.kernel.float())}
    return NamedMaps(planes, {"embedding": maps.embedding.float()})


FAMILIES: Final[dict[HeadName, HeadFamily]] = {
    "db": HeadFamily(_build_db, db_targets, _db_loss, _named_db, _threshold_db),
    "pan": HeadFamily(_build_pan, pan_targets, _pan_loss, _named_pan),
    "fce": HeadFamily(_build_fce, _fce_targets, _fce_loss, _named_fce),
}
