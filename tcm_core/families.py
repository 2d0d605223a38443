"""FAMILIES: what belongs to each detection method; decoding, which needs no torch, is in decode.decode."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from tcm_core.config.model import HeadName
from tcm_core.config.train import TargetConfig
from tcm_core.data.sample import TextInstance
from tcm_core.decode.maps import Plane
from tcm_core.losses.db import DbTargetBatch, db_loss
from tcm_core.models.heads.db import DbHead
from tcm_core.models.necks.fpn_cat import FpnCat
from tcm_core.models.outputs import DbMaps
from tcm_core.targets.db import DbTargets, db_targets


@dataclass(frozen=True)
class HeadFamily:
    """Neck, head, targets and loss of one method."""

    neck: type[FpnCat]
    head: type[DbHead]
    make_targets: Callable[[Sequence[TextInstance], tuple[int, int], TargetConfig], DbTargets]
    loss: Callable[[DbMaps, Sequence[Tensor]], dict[str, Tensor]]
    planes: Callable[[DbMaps], dict[str, Plane]]
    """The maps to keep of a batch of one."""


def _db_loss(maps: DbMaps, targets: Sequence[Tensor]) -> dict[str, Tensor]:
    return db_loss(maps, DbTargetBatch(*(target.float() for target in targets)))


def _db_planes(maps: DbMaps) -> dict[str, NDArray[np.uint8]]:
    return {"probability": as_plane(torch.sigmoid(maps.probability.float()))}


def as_plane(values: Tensor) -> NDArray[np.uint8]:
    """(1, 1, h, w) values in [0, 1] as a plane of (h, w) bytes."""
    return (values[0, 0] * 255.0).round().clamp(0, 255).to(torch.uint8).cpu().numpy()


FAMILIES: Final[dict[HeadName, HeadFamily]] = {
    "db": HeadFamily(FpnCat, DbHead, db_targets, _db_loss, _db_planes),
}
