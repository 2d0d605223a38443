"""DBNet's neck: a top-down pyramid whose levels are concatenated at stride 4."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional


class FpnCat(nn.Module):
    """Lateral 1x1 convolutions, top-down addition, 3x3 convolutions to a quarter each, joined at stride 4.

    Args:
        channels: of the four stages, stride 4 first.
        width: channels of the laterals and of the result; a multiple of 4.

    Source: Liao et al. 2020, figure 3.
    """

    def __init__(self, channels: Sequence[int], width: int) -> None:
        super().__init__()
        self.laterals = nn.ModuleList(nn.Conv2d(c, width, 1, bias=False) for c in channels)
        self.smooth = nn.ModuleList(nn.Conv2d(width, width // 4, 3, padding=1, bias=False) for _ in channels)

    def forward(self, stages: Sequence[Tensor]) -> Tensor:
        """(B, width, H/4, W/4) of the four stages."""
        levels = [lateral(stage) for lateral, stage in zip(self.laterals, stages, strict=True)]
        for index in (2, 1, 0):
            levels[index] = levels[index] + functional.interpolate(levels[index + 1], scale_factor=2.0)
        smoothed = [smooth(level) for smooth, level in zip(self.smooth, levels, strict=True)]
        return torch.cat(
            [functional.interpolate(level, scale_factor=2.0**i) for i, level in enumerate(smoothed)], 1
        )
