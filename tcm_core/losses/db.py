"""DBNet's loss."""

from typing import NamedTuple

import torch
from torch import Tensor

from tcm_core.losses.pixel import balanced_bce, dice_loss, masked_l1
from tcm_core.models.outputs import DbMaps

STEEPNESS = 50.0
"""k of the differentiable binarisation."""


class DbTargetBatch(NamedTuple):
    """DbTargets of a batch, as float tensors of (B, 1, H, W)."""

    probability: Tensor
    mask: Tensor
    threshold: Tensor
    threshold_mask: Tensor


def db_loss(maps: DbMaps, targets: DbTargetBatch) -> dict[str, Tensor]:
    """The weighted terms of DBNet's loss by name; their sum is what is minimised.

    Source: Liao et al. 2020, equations 3 and 6 (5 x cross-entropy, 1 x dice on the binary map, 10 x L1).
    """
    probability, threshold = torch.sigmoid(maps.probability), torch.sigmoid(maps.threshold)
    binary = torch.sigmoid(STEEPNESS * (probability - threshold))
    return {
        "probability": 5.0 * balanced_bce(maps.probability, targets.probability, targets.mask),
        "binary": dice_loss(binary, targets.probability, targets.mask),
        "threshold": 10.0 * masked_l1(threshold, targets.threshold, targets.threshold_mask),
    }
