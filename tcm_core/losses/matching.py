"""The auxiliary loss of instance-language matching."""

from torch import Tensor
from torch.nn import functional


def matching_loss(logits: Tensor, text: Tensor, mask: Tensor) -> Tensor:
    """Mean binary cross-entropy over the judged cells of the 1/32 grid.

    Args:
        logits: (B, 1, h, w), cosine / temperature.
        text: (B, 1, h, w), 1 where a cell holds text.
        mask: (B, 1, h, w), 0 where a cell is not judged.

    Raises:
        ValueError: shapes differ.

    Source: Yu et al. 2023, equation 8.
    """
    if not logits.shape == text.shape == mask.shape:
        raise ValueError(f"shapes differ: {logits.shape}, {text.shape}, {mask.shape}")
    loss = functional.binary_cross_entropy_with_logits(logits, text, reduction="none")
    return (loss * mask).sum() / mask.sum().clamp(min=1.0)
