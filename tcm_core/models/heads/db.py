"""DBNet's head: a probability map and a threshold map at the input's resolution."""

from torch import Tensor, nn

from tcm_core.models.outputs import DbMaps


def _branch(channels: int, width: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(channels, width, 3, padding=1, bias=False),
        nn.BatchNorm2d(width),
        nn.ReLU(inplace=True),
        nn.ConvTranspose2d(width, width, 2, 2, bias=False),
        nn.BatchNorm2d(width),
        nn.ReLU(inplace=True),
        nn.ConvTranspose2d(width, 1, 2, 2),
    )


class DbHead(nn.Module):
    """Two branches of one 3x3 convolution and two transposed convolutions each.

    Args:
        channels: of the neck's result at stride 4.
        width: hidden channels.

    Source: Liao et al. 2020, section 3.1.
    """

    def __init__(self, channels: int, width: int) -> None:
        super().__init__()
        self.probability = _branch(channels, width)
        self.threshold = _branch(channels, width)
        for module in self.modules():
            if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
                nn.init.kaiming_normal_(module.weight)
            elif isinstance(module, nn.BatchNorm2d):
                nn.init.constant_(module.bias, 1e-4)

    def forward(self, features: Tensor) -> DbMaps:
        """Logits of both maps, (B, 1, H, W), of features (B, channels, H/4, W/4)."""
        return DbMaps(self.probability(features), self.threshold(features))
