"""PAN's loss."""

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from tcm_core.config.learning import PanLossConfig
from tcm_core.models.outputs import PanMaps

_SMOOTH = 1e-3


class PanTargetBatch(NamedTuple):
    """PanTargets of a batch."""

    instance: Tensor  # (B, 1, h, w) integers: 0 where there is no text, else the number of the text
    kernel: Tensor  # (B, 1, h, w) 1 inside kernels
    mask: Tensor  # (B, 1, h, w) 0 where nothing is judged


class _Kernels(NamedTuple):
    """The texts of a batch that have a kernel."""

    owner: Tensor  # (P,) for each text pixel of the batch the row of its text in the tensors below, or -1
    image: Tensor  # (K,) index of the image
    mean: Tensor  # (K, D) mean similarity vector of the kernel's pixels


def pan_loss(maps: PanMaps, targets: PanTargetBatch, config: PanLossConfig) -> dict[str, Tensor]:
    """The weighted terms of PAN's loss by name; their sum is what is minimised.

    Every term is the mean over the images of the batch. Maps smaller than the targets are enlarged
    bilinearly. An image without text counts 1 in "kernel", and 0 in what similarity vectors cost.

    Raises:
        ValueError: the targets differ in shape, or from the maps in the size of the batch.

    Source: Wang et al. 2019, section 3.5; constants of the authors' code.
    """
    shapes = {tuple(target.shape) for target in targets}
    if len(shapes) > 1 or maps.text.shape[:2] != targets.instance.shape[:2]:
        raise ValueError(f"shapes differ: maps {tuple(maps.text.shape)}, targets {shapes}")
    size = targets.instance.shape[2:]
    text_logits, kernel_logits, embedding = (_enlarged(plane.float(), size) for plane in maps)
    judged = targets.mask > 0.5
    text = (targets.instance > 0) & judged
    kernel = (targets.kernel > 0.5) & text
    aggregation, discrimination, length = embedding_terms(
        embedding, targets.instance.long() * text, kernel, config
    )
    weight = config.embedding_weight
    return {
        "text": _text_term(text_logits, text, judged, config),
        "kernel": config.kernel_weight * _dice(torch.sigmoid(kernel_logits), kernel, text).mean(),
        "aggregation": weight * aggregation,
        "discrimination": weight * discrimination,
        "regulariser": weight * config.regulariser * length,
    }


def _enlarged(plane: Tensor, size: torch.Size) -> Tensor:
    if plane.shape[2:] == size:
        return plane
    return functional.interpolate(plane, size=size, mode="bilinear", align_corners=False)


def _text_term(logits: Tensor, text: Tensor, judged: Tensor, config: PanLossConfig) -> Tensor:
    """The loss of the text map, a scalar. All (B, 1, h, w)."""
    chosen = hard_negatives(logits, ~text & judged, text, config.negative_ratio)
    probability = torch.sigmoid(logits)
    each = _dice(probability, text, text | chosen)
    if config.without_text == "negatives":
        squares = (probability.square() * chosen).flatten(1).sum(1) / chosen.flatten(1).sum(1).clamp(min=1)
        each = torch.where(text.flatten(1).any(1), each, squares)
    return each.mean()


@torch.no_grad()
def hard_negatives(logits: Tensor, negative: Tensor, positive: Tensor, ratio: float) -> Tensor:
    """The negatives with the highest logits of each image, as many as ratio times its positives.

    Args:
        logits: (B, 1, h, w).
        negative: same shape, which pixels may be chosen.
        positive: same shape, which pixels are counted.
        ratio: negatives for each positive.

    Returns:
        (B, 1, h, w) booleans; equal logits are chosen together; the hardest thousandth of an image without
        positives.

    Source: Shrivastava et al. 2016, as Wang et al. 2019 use it.
    """
    scores = logits.masked_fill(~negative, -torch.inf).flatten(1)
    positives, negatives = positive.flatten(1).sum(1), negative.flatten(1).sum(1)
    wanted = torch.where(positives > 0, (positives * ratio).long(), negatives // 1000)
    last = (torch.minimum(wanted, negatives) - 1).clamp(min=0)
    threshold = scores.sort(dim=1, descending=True).values.gather(1, last[:, None])
    return (scores >= threshold).view_as(negative) & negative


def _dice(prediction: Tensor, target: Tensor, mask: Tensor) -> Tensor:
    """(B,): one minus each image's dice ratio with squares. All arguments (B, 1, h, w)."""
    prediction, truth = (prediction * mask).flatten(1), (target & mask).float().flatten(1)
    overlap = (prediction * truth).sum(1)
    total = prediction.square().sum(1) + truth.sum(1) + 2.0 * _SMOOTH
    return 1.0 - 2.0 * overlap / total


def embedding_terms(
    embedding: Tensor, instance: Tensor, kernel: Tensor, config: PanLossConfig
) -> tuple[Tensor, Tensor, Tensor]:
    """Aggregation, discrimination and the length of the kernels' means, each the mean over the images.

    Texts without a pixel of their kernel are left out; an image without kernels counts 0. The length follows
    the authors' code: ln(1 + |mean|), averaged over the kernels and one background of length 0.

    Args:
        embedding: (B, D, h, w).
        instance: (B, 1, h, w) integers, 0 where there is no text or nothing is judged.
        kernel: (B, 1, h, w) booleans.
        config: margins and the convention of the discrimination mean.

    Source: Wang et al. 2019, equations 1 to 4.
    """
    images = len(embedding)
    place = instance[:, 0].nonzero()  # (P, 3) image, row, column of every text pixel
    image, row, column = place.unbind(1)
    vectors = embedding[image, :, row, column]  # (P, D)
    kernels = _kernels(vectors, image, instance[image, 0, row, column], kernel[image, 0, row, column])
    count = torch.bincount(kernels.image, minlength=images)  # kernels of each image

    owned = kernels.owner >= 0
    owner = kernels.owner[owned]
    distance = torch.linalg.vector_norm(vectors[owned] - kernels.mean[owner], dim=1)
    cost = torch.log1p(functional.relu(distance - config.aggregation_margin).square())
    of_kernel = _mean_by(cost, owner, len(kernels.image))
    aggregation = _mean_by(of_kernel, kernels.image, images).mean()

    same = kernels.image[:, None] == kernels.image[None, :]
    first, second = same.triu(diagonal=1).nonzero().unbind(1)
    distance = torch.linalg.vector_norm(kernels.mean[first] - kernels.mean[second], dim=1)
    cost = torch.log1p(functional.relu(config.discrimination_margin - distance).square())
    discrimination = _mean_by(cost, kernels.image[first], images).mean()
    if config.discrimination_mean == "unordered":
        discrimination = discrimination / 2.0

    length = torch.log1p(torch.linalg.vector_norm(kernels.mean, dim=1))
    total = length.new_zeros(images).index_add(0, kernels.image, length)
    return aggregation, discrimination, (total / (count + 1.0)).mean()


def _kernels(vectors: Tensor, image: Tensor, number: Tensor, in_kernel: Tensor) -> _Kernels:
    """The kernels of a batch from its text pixels.

    Args:
        vectors: (P, D) similarity vectors.
        image: (P,) index of the image.
        number: (P,) of the text, from 1 in each image.
        in_kernel: (P,) booleans.
    """
    key = image * (int(number.max()) + 1 if len(number) else 1) + number
    keys, row = key[in_kernel].unique(return_inverse=True)  # sorted
    sums = vectors.new_zeros((len(keys), vectors.shape[1])).index_add(0, row, vectors[in_kernel])
    pixels = torch.bincount(row, minlength=len(keys))
    owner = torch.searchsorted(keys, key).clamp(max=max(0, len(keys) - 1))
    missing = keys[owner] != key if len(keys) else torch.ones_like(key, dtype=torch.bool)
    of_image = image.new_zeros(len(keys)).index_copy(0, row, image[in_kernel])
    return _Kernels(owner.masked_fill(missing, -1), of_image, sums / pixels[:, None])


def _mean_by(values: Tensor, group: Tensor, groups: int) -> Tensor:
    """(groups,): the mean of the values (N,) of each group; 0 for a group without any."""
    sums = values.new_zeros(groups).index_add(0, group, values)
    return sums / torch.bincount(group, minlength=groups).clamp(min=1)
