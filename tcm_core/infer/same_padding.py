"""Backbones with TensorFlow's SAME padding, rewritten so that no padded copies are made."""

from typing import Any

import torch
from timm.layers import Conv2dSame
from torch import Tensor, nn

from tcm_core.infer.exchange import exchange, same_maps, trial_picture


class TurnedBackbone(nn.Module):
    """A backbone whose filters are turned by 180 degrees, between two turns of the picture.

    SAME padding of a convolution with stride 2 has one pixel more on the right and below than on the left
    and above, which has to be copied into a larger map each time. Turned around, the larger side is the left,
    and the ordinary symmetric padding does the same, since what it has too much on the right is never read.

    Args:
        backbone: gives a list of feature maps; its convolutions are turned already.
    """

    def __init__(self, backbone: nn.Module) -> None:
        super().__init__()
        self.backbone = backbone

    def forward(self, images: Tensor) -> list[Tensor]:
        """The feature maps of images (B, 3, H, W); H and W are multiples of the largest stride."""
        return [features.flip(2, 3) for features in self.backbone(images.flip(2, 3))]


@torch.no_grad()
def without_same_padding(backbone: nn.Module) -> nn.Module:
    """A backbone that gives the same maps without padding by copies, or the backbone itself.

    The backbone is changed in place where it has SAME padding and nothing else that knows left from right;
    the maps of both are compared before it is given back. For sizes that are multiples of its largest stride.

    Args:
        backbone: in evaluation mode; gives a list of feature maps.
    """
    names = [name for name, module in backbone.named_modules() if isinstance(module, nn.Conv2d)]
    convolutions = [backbone.get_submodule(name) for name in names]
    if not any(isinstance(module, Conv2dSame) for module in convolutions) or not _can_turn(backbone):
        return backbone
    picture = trial_picture(backbone)
    before = backbone(picture)
    for name, module in zip(names, convolutions, strict=True):
        exchange(backbone, name, _turned(module))
    turned = TurnedBackbone(backbone)
    if same_maps(before, turned(picture)):
        return turned
    for name, module in zip(names, convolutions, strict=True):
        exchange(backbone, name, module)
    return backbone


def _can_turn(backbone: nn.Module) -> bool:
    """Whether every convolution is either padded SAME or keeps the size by padding both sides alike."""
    for module in backbone.modules():
        if not isinstance(module, nn.Conv2d):
            continue
        odd = all(side % 2 == 1 for side in module.kernel_size)
        keeps = module.stride == (1, 1) and module.padding == tuple(side // 2 for side in module.kernel_size)
        if not odd or module.dilation != (1, 1) or not (isinstance(module, Conv2dSame) or keeps):
            return False
    return True


def _turned(module: Any) -> nn.Conv2d:
    turned = nn.Conv2d(
        module.in_channels,
        module.out_channels,
        module.kernel_size,
        module.stride,
        tuple(side // 2 for side in module.kernel_size),
        groups=module.groups,
        bias=module.bias is not None,
        device=module.weight.device,
        dtype=module.weight.dtype,
    )
    turned.weight.copy_(module.weight.flip(2, 3))
    if turned.bias is not None:
        turned.bias.copy_(module.bias)
    return turned.train(module.training)
