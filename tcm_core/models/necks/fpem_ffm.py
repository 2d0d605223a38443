"""PAN's neck: cascaded feature pyramid enhancement modules, fused at stride 4."""

from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

Upsampling = Literal["nearest", "bilinear"]


class Separable(nn.Module):
    """A depthwise 3x3 and a pointwise convolution, batch norm, ReLU.

    The convolutions have no bias: what another implementation's would add is constant over the map, and
    belongs into the batch norm's mean.

    Args:
        width: channels in and out.
        stride: of the depthwise convolution.
    """

    def __init__(self, width: int, stride: int) -> None:
        super().__init__()
        self.depthwise = nn.Conv2d(width, width, 3, stride, 1, groups=width, bias=False)
        self.pointwise = nn.Conv2d(width, width, 1, bias=False)
        self.norm = nn.BatchNorm2d(width)

    def forward(self, features: Tensor) -> Tensor:
        """(B, width, ceil(h / stride), ceil(w / stride)) of (B, width, h, w)."""
        return functional.relu(self.norm(self.pointwise(self.depthwise(features))), inplace=True)


class Fpem(nn.Module):
    """A feature pyramid enhancement module: the levels are joined from coarse to fine, then back.

    `up` has the modules of the results at stride 16, 8 and 4, `down` those at stride 8, 16 and 32, in the
    order in which they work.

    Args:
        width: channels of every level.
        upsampling: how a coarser level is enlarged before it is added.

    Source: Wang et al. 2019, section 3.2.
    """

    def __init__(self, width: int, upsampling: Upsampling) -> None:
        super().__init__()
        self.up = nn.ModuleList(Separable(width, 1) for _ in range(3))
        self.down = nn.ModuleList(Separable(width, 2) for _ in range(3))
        self.upsampling = upsampling

    def forward(self, levels: Sequence[Tensor]) -> list[Tensor]:
        """The four levels (B, width, h, w), stride 4 first, enhanced."""
        result = list(levels)
        for module, index in zip(self.up, (2, 1, 0), strict=True):
            result[index] = module(self._add(result[index + 1], result[index]))
        for module, index in zip(self.down, (1, 2, 3), strict=True):
            result[index] = module(self._add(result[index], result[index - 1]))
        return result

    def _add(self, coarse: Tensor, fine: Tensor) -> Tensor:
        return functional.interpolate(coarse, size=fine.shape[2:], mode=self.upsampling) + fine


class FpemFfm(nn.Module):
    """1x1 reductions, enhancement modules one behind the other, and feature fusion.

    The fusion adds what the modules gave level by level, enlarges it to stride 4 (bilinear) and joins the
    four levels, stride 4 first.

    Args:
        channels: of the four stages, stride 4 first.
        width: channels of every level; the result has four times as many.
        enhancements: modules in the cascade.
        upsampling: inside the enhancement modules.

    Source: Wang et al. 2019, sections 3.2 and 3.3.
    """

    def __init__(
        self, channels: Sequence[int], width: int, enhancements: int = 2, upsampling: Upsampling = "bilinear"
    ) -> None:
        super().__init__()
        self.reduce = nn.ModuleList(
            nn.Sequential(nn.Conv2d(c, width, 1, bias=False), nn.BatchNorm2d(width), nn.ReLU(inplace=True))
            for c in channels
        )
        self.enhance = nn.ModuleList(Fpem(width, upsampling) for _ in range(enhancements))

    def forward(self, stages: Sequence[Tensor]) -> Tensor:
        """(B, 4 * width, H/4, W/4) of the four stages."""
        levels = [reduce(stage) for reduce, stage in zip(self.reduce, stages, strict=True)]
        given = []
        for module in self.enhance:
            levels = module(levels)
            given.append(levels)
        fused = [sum(level[1:], level[0]) for level in zip(*given, strict=True)]
        size = fused[0].shape[2:]
        enlarged = [functional.interpolate(level, size=size, mode="bilinear") for level in fused[1:]]
        return torch.cat([fused[0], *enlarged], 1)
