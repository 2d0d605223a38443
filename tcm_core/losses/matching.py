"""The auxiliary loss of instance-language matching."""

from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional

from tcm_core.losses.pixel import balanced_bce, dice_loss


def matching_loss(
    logits: Tensor, text: Tensor, mask: Tensor, loss: Literal["bce", "balanced_bce", "dice"] = "bce"
) -> Tensor:
    """How far the score map is from the text map.

    Args:
        logits: (B, 1, h, w), cosine / temperature on the 1/32 grid; enlarged bilinearly when the text map is
            larger.
        text: (B, 1, H, W), 1 where there is text.
        mask: (B, 1, H, W), 0 where nothing is judged.
        loss: mean cross-entropy over what is judged, the same with hard negatives only, or dice.

    Raises:
        ValueError: shapes differ (broadcasting would weigh samples by each other's masks).

    Source: Yu et al. 2023, equation 8 ("bce" on the grid); the others: released code.
    """
    if logits.shape[:2] == text.shape[:2] and logits.shape[2:] != text.shape[2:]:
        logits = functional.interpolate(logits, size=text.shape[2:], mode="bilinear", align_corners=False)
    if not logits.shape == text.shape == mask.shape:
        raise ValueError(f"shapes differ: {logits.shape}, {text.shape}, {mask.shape}")
    if loss == "balanced_bce":
        return balanced_bce(logits, text, mask)
    if loss == "dice":
        return dice_loss(torch.sigmoid(logits), text, mask)
    each = functional.binary_cross_entropy_with_logits(logits, text, reduction="none")
    return (each * mask).sum() / mask.sum().clamp(min=1.0)
