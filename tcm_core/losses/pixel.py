"""Losses over pixels: balanced cross-entropy, dice, masked L1."""

import torch
from torch import Tensor
from torch.nn import functional

_EPSILON = 1e-6


def balanced_bce(logits: Tensor, target: Tensor, mask: Tensor, negative_ratio: float = 3.0) -> Tensor:
    """Binary cross-entropy over all positives and the hardest negatives of the batch.

    Args:
        logits: any shape.
        target: same shape, 0 or 1.
        mask: same shape, 0 where a pixel is not judged.
        negative_ratio: at most so many negatives for each positive.

    Returns:
        A scalar; without any positive, the mean over the hardest hundred negatives of each hundred thousand.

    Raises:
        ValueError: shapes differ (broadcasting would weigh samples by each other's masks).

    Source: Liao et al. 2020, equation 7.
    """
    if not logits.shape == target.shape == mask.shape:
        raise ValueError(f"shapes differ: {logits.shape}, {target.shape}, {mask.shape}")
    loss = functional.binary_cross_entropy_with_logits(logits, target, reduction="none")
    positive = (target > 0.5) & (mask > 0.5)
    negative = (target <= 0.5) & (mask > 0.5)
    positives = int(positive.sum())
    wanted = int(positives * negative_ratio) if positives else max(1, logits.numel() // 1000)
    wanted = min(wanted, int(negative.sum()))
    hardest = torch.topk(loss[negative], wanted, sorted=False).values
    return (loss[positive].sum() + hardest.sum()) / (positives + wanted + _EPSILON)


def dice_loss(prediction: Tensor, target: Tensor, mask: Tensor) -> Tensor:
    """One minus the dice ratio over the whole batch.

    Args:
        prediction: values in [0, 1], any shape.
        target: same shape.
        mask: same shape, 0 where a pixel is not judged.
    """
    overlap = (prediction * target * mask).sum()
    total = (prediction * mask).sum() + (target * mask).sum()
    return 1.0 - 2.0 * overlap / (total + _EPSILON)


def masked_l1(prediction: Tensor, target: Tensor, mask: Tensor) -> Tensor:
    """The mean absolute difference where the mask is 1; zero when it is nowhere."""
    return ((prediction - target).abs() * mask).sum() / (mask.sum() + _EPSILON)
