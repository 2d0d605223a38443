"""FCENet's loss."""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from tcm_core.config.learning import FceLossConfig
from tcm_core.geometry.fourier import reconstruction_matrix
from tcm_core.models.outputs import FceLevel, FceMaps


class FceTargetBatch(NamedTuple):
    """FceLevelTargets of a batch, as float tensors."""

    text: Tensor  # (B, 1, h, w)
    centre: Tensor  # (B, 1, h, w)
    mask: Tensor  # (B, 1, h, w)
    fourier: Tensor  # (B, 2(2k+1), h, w)


def fce_loss(maps: FceMaps, targets: Sequence[FceTargetBatch], config: FceLossConfig) -> dict[str, Tensor]:
    """The weighted terms of FCENet's loss by name, each summed over the levels; their sum is minimised.

    Args:
        maps: of the head.
        targets: of the levels, in the maps' order.
        config: ratios and weights.

    Raises:
        ValueError: the targets have another Fourier degree or another size than the maps.

    Source: Zhu et al. 2021, equations 5 to 8.
    """
    terms = [
        _level_loss(level, of_level, config) for level, of_level in zip(maps.levels, targets, strict=True)
    ]
    text, centre, contour = (torch.stack(term).sum() for term in zip(*terms, strict=True))
    return {"text": text, "centre": centre, "contour": config.contour_weight * contour}


def _level_loss(
    maps: FceLevel, targets: FceTargetBatch, config: FceLossConfig
) -> tuple[Tensor, Tensor, Tensor]:
    if maps.fourier.shape != targets.fourier.shape:
        raise ValueError(f"shapes differ: {tuple(maps.fourier.shape)}, {tuple(targets.fourier.shape)}")
    judged = targets.mask[:, 0] > 0.5
    text, centre = targets.text[:, 0] > 0.5, targets.centre[:, 0] > 0.5
    inside, outside = text & judged, ~text & judged
    return (
        _text_loss(_cross_entropy(maps.text, text), inside, outside, config),
        _centre_loss(_cross_entropy(maps.centre, centre), inside, outside),
        _contour_loss(maps.fourier, targets.fourier, inside, centre, config.points),
    )


def _cross_entropy(logits: Tensor, target: Tensor) -> Tensor:
    """(B, h, w): of two-class logits (B, 2, h, w) and a boolean map."""
    return functional.cross_entropy(logits.float(), target.long(), reduction="none")


def _text_loss(each: Tensor, inside: Tensor, outside: Tensor, config: FceLossConfig) -> Tensor:
    """The mean over all text pixels and the hardest others of the batch."""
    positives = int(inside.sum())
    wanted = int(positives * config.negative_ratio) if positives else config.negatives_without_text
    hardest = torch.topk(each[outside], min(wanted, int(outside.sum())), sorted=False).values
    return (each[inside].sum() + hardest.sum()) / max(1, positives + len(hardest))


def _centre_loss(each: Tensor, inside: Tensor, outside: Tensor) -> Tensor:
    """The mean inside the texts, and half the mean outside of them."""
    return _mean(each[inside]) + 0.5 * _mean(each[outside])


def _contour_loss(predicted: Tensor, wanted: Tensor, inside: Tensor, centre: Tensor, points: int) -> Tensor:
    """Smooth L1 between both contours' points of each text pixel, in cells; half as much off the centre."""
    degree = (predicted.shape[1] // 2 - 1) // 2
    matrix = torch.tensor(reconstruction_matrix(degree, points), dtype=torch.float32, device=predicted.device)
    with torch.autocast(predicted.device.type, enabled=False):
        ours = predicted.permute(0, 2, 3, 1)[inside].float() @ matrix
        theirs = wanted.permute(0, 2, 3, 1)[inside].float() @ matrix
    each = functional.smooth_l1_loss(ours, theirs, reduction="none").view(-1, 2, points).sum(dim=1)
    weight = (1.0 + centre[inside].float()) / 2.0
    return _mean(weight[:, None] * each)


def _mean(values: Tensor) -> Tensor:
    """The mean; 0, and no gradient, of nothing."""
    return values.sum() / max(1, values.numel())
