"""DBNet's loss."""

from typing import NamedTuple

import torch
from torch import Tensor

from tcm_core.config.learning import DbLossConfig
from tcm_core.losses.pixel import balanced_bce, dice_loss, masked_l1
from tcm_core.models.outputs import DbMaps


class DbTargetBatch(NamedTuple):
    """DbTargets of a batch, as float tensors of (B, 1, H, W)."""

    probability: Tensor
    mask: Tensor
    threshold: Tensor
    threshold_mask: Tensor


def db_loss(maps: DbMaps, targets: DbTargetBatch, config: DbLossConfig) -> dict[str, Tensor]:
    """The weighted terms of DBNet's loss by name; their sum is what is minimised.

    Source: Liao et al. 2020, equations 3 and 6 (cross-entropy, dice on the binary map, L1).
    """
    probability, threshold = torch.sigmoid(maps.probability), torch.sigmoid(maps.threshold)
    binary = torch.sigmoid(config.steepness * (probability - threshold))
    return {
        "probability": config.probability_weight
        * balanced_bce(maps.probability, targets.probability, targets.mask, config.negative_ratio),
        "binary": config.binary_weight * dice_loss(binary, targets.probability, targets.mask),
        "threshold": config.threshold_weight
        * masked_l1(threshold, targets.threshold, targets.threshold_mask),
    }
