"""FCENet's neck: a feature pyramid over the stages at strides 8, 16 and 32."""

from collections.abc import Sequence

from torch import Tensor, nn
from torch.nn import functional


class Fpn(nn.Module):
    """Lateral 1x1 convolutions, top-down addition, one 3x3 convolution a level; no norm, no activation.

    Args:
        channels: of the stages, the finest first.
        width: channels of every level.

    Source: Lin et al. 2017 (Feature Pyramid Networks), section 3.
    """

    def __init__(self, channels: Sequence[int], width: int) -> None:
        super().__init__()
        self.laterals = nn.ModuleList(nn.Conv2d(c, width, 1) for c in channels)
        self.smooth = nn.ModuleList(nn.Conv2d(width, width, 3, padding=1) for _ in channels)
        for name, parameter in self.named_parameters():
            if name.endswith("bias"):
                nn.init.zeros_(parameter)
            else:
                nn.init.xavier_uniform_(parameter)

    def forward(self, stages: Sequence[Tensor]) -> tuple[Tensor, ...]:
        """One (B, width, h, w) for each of the last stages, as many as there are laterals."""
        used = stages[len(stages) - len(self.laterals) :]
        levels = [lateral(stage) for lateral, stage in zip(self.laterals, used, strict=True)]
        for index in range(len(levels) - 1, 0, -1):
            levels[index - 1] = levels[index - 1] + functional.interpolate(levels[index], scale_factor=2.0)
        return tuple(smooth(level) for smooth, level in zip(self.smooth, levels, strict=True))
