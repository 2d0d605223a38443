"""FCENet's head: text region, text centre region and Fourier coefficients at three levels."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from tcm_core.models.outputs import FceLevel, FceMaps


class FceHead(nn.Module):
    """Two 3x3 convolutions shared by the levels.

    Args:
        channels: of each level.
        degree: the Fourier degree k.

    Source: Zhu et al. 2021, section 3.2; one convolution a branch, as in mmocr.
    """

    def __init__(self, channels: int, degree: int) -> None:
        super().__init__()
        self.classification = nn.Conv2d(channels, 4, 3, padding=1)
        self.regression = nn.Conv2d(channels, 2 * (2 * degree + 1), 3, padding=1)
        for name, parameter in self.named_parameters():
            if name.endswith("bias"):
                nn.init.zeros_(parameter)
            else:
                nn.init.normal_(parameter, std=0.01)

    def forward(self, levels: Sequence[Tensor]) -> FceMaps:
        """The maps of three levels (B, channels, H/s, W/s), s = 8, 16, 32."""
        first, second, third = (self._level(level) for level in levels)
        return FceMaps((first, second, third))

    def _level(self, level: Tensor) -> FceLevel:
        classes = self.classification(level)
        return FceLevel(classes[:, :2], classes[:, 2:], self._coefficients(level))

    def _coefficients(self, level: Tensor) -> Tensor:
        """In single precision always: bfloat16 would round contours to pixels."""
        kind = level.device.type
        # without it, exported graphs know of no autocast, and the device meta has none
        if not (torch.amp.is_autocast_available(kind) and torch.is_autocast_enabled(kind)):
            return self.regression(level)
        with torch.autocast(kind, enabled=False):
            return self.regression(level.float())
