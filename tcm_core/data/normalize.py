"""From RGB bytes to what the network reads."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn


class Normalize(nn.Module):
    """(image - mean) / std for each channel.

    Args:
        mean: three values in 0..255.
        std: three values in 0..255.
    """

    def __init__(self, mean: Sequence[float], std: Sequence[float]) -> None:
        super().__init__()
        self.register_buffer("mean", torch.tensor(mean, dtype=torch.float32).view(1, 3, 1, 1))
        self.register_buffer("std", torch.tensor(std, dtype=torch.float32).view(1, 3, 1, 1))

    def forward(self, images: Tensor) -> Tensor:
        """Normalised float32 of (B, 3, H, W) RGB in 0..255, any dtype."""
        return (images.to(torch.float32) - self.get_buffer("mean")) / self.get_buffer("std")
