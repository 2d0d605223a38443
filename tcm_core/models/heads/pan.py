"""PAN's head: a text map, a kernel map and similarity vectors at stride 4."""

from torch import Tensor, nn

from tcm_core.models.outputs import PanMaps


class PanHead(nn.Module):
    """A 3x3 convolution with batch norm and ReLU, then a 1x1 convolution; or that one alone.

    `out` gives the text map's channel, the kernel map's, then the similarity vector's. `hidden` has no bias
    in front of its batch norm (see Separable).

    Args:
        channels: of the neck's result.
        width: hidden channels; 0 for a single 1x1 convolution.
        embedding: channels of the similarity vectors.

    Source: Wang et al. 2019, section 3.1; the two forms: the authors' code, and mmocr 0.x.
    """

    def __init__(self, channels: int, width: int, embedding: int) -> None:
        super().__init__()
        self.hidden = (
            nn.Sequential(
                nn.Conv2d(channels, width, 3, padding=1, bias=False),
                nn.BatchNorm2d(width),
                nn.ReLU(inplace=True),
            )
            if width
            else nn.Identity()
        )
        self.out = nn.Conv2d(width or channels, 2 + embedding, 1)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight)
        nn.init.zeros_(self.out.bias)  # type: ignore[arg-type]  # a convolution may lack a bias, this one has it

    def forward(self, features: Tensor) -> PanMaps:
        """The maps, at the size of the features (B, channels, H/4, W/4)."""
        maps = self.out(self.hidden(features))
        return PanMaps(maps[:, :1], maps[:, 1:2], maps[:, 2:])
