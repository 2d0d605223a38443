"""Any timm backbone as an image encoder."""

import difflib
from typing import Any, Final, Literal

import timm
import torch
from timm.models.resnet import Bottleneck
from torch import Tensor, nn

from tcm_core.errors import BadConfig
from tcm_core.models.outputs import ImageFeatures

STRIDES: Final = (4, 8, 16, 32)
_TRIAL_SIZE: Final = (64, 96)  # height and width of the picture that shows whether any rectangle will do
_REFUSALS = (RuntimeError, ValueError, AssertionError, AttributeError, TypeError, LookupError)


class TimmImageEncoder(nn.Module):
    """A timm backbone with fresh weights; a normalised linear map leads from its last stage into the joint
    embedding.

    Args:
        name: timm's name of the backbone; four of its stages must have strides 4, 8, 16, 32.
        embedding: channels E of the joint embedding. None leaves the linear map out, for a detector that
            reads the stages only; then the last stage stands in for the dense embedding.
        deep_stem: channels of a ResNet's stem of three 3x3 convolutions; 0: timm's own stem.
        stride_in: the convolution of a bottleneck that has the stride; "1x1": the first.

    Attributes:
        name: the backbone.
        channels: of the four stages.
        embedding: channels E of the dense embedding.

    Raises:
        BadConfig: timm knows no such backbone, its stages have other strides, it takes one size of picture
            only, or it is no ResNet that could be given another stem or stride.
    """

    def __init__(
        self,
        name: str,
        embedding: int | None,
        *,
        deep_stem: int = 0,
        stride_in: Literal["3x3", "1x1"] = "3x3",
    ) -> None:
        super().__init__()
        self.name = name
        self.backbone = _features(name, deep_stem)
        if stride_in == "1x1":
            _stride_in_first(name, self.backbone)
        info: Any = self.backbone.feature_info
        stages = {stride: index for index, stride in enumerate(info.reduction())}
        if not set(STRIDES) <= stages.keys():
            raise BadConfig(
                f"encoder {name}: its stages have the strides {sorted(stages)}, a detector needs 4, 8, 16 "
                "and 32. Choose a convolutional backbone, such as resnet50."
            )
        self._indices = tuple(stages[stride] for stride in STRIDES)
        self.channels: tuple[int, ...] = tuple(info.channels()[index] for index in self._indices)
        self.embedding: int = embedding or self.channels[-1]
        self.projection = nn.Conv2d(self.channels[-1], embedding, 1) if embedding else None
        self.norm = nn.GroupNorm(1, embedding) if embedding else None
        self._try()

    def forward(self, images: Tensor) -> ImageFeatures:
        """The features of normalised images (B, 3, H, W)."""
        features = self.backbone(images)
        stages = tuple(features[index] for index in self._indices)
        dense = stages[-1]
        if self.projection is not None and self.norm is not None:
            dense = self.norm(self.projection(dense))
        return ImageFeatures(stages, dense, dense.mean(dim=(2, 3)))

    @torch.no_grad()
    def _try(self) -> None:
        """One small picture: some backbones take a single size, or give maps that are a pixel short."""
        height, width = _TRIAL_SIZE
        wanted = [
            (1, channels, height // stride, width // stride)
            for channels, stride in zip(self.channels, STRIDES, strict=True)
        ]
        self.eval()
        try:
            found = [tuple(stage.shape) for stage in self(torch.zeros(1, 3, height, width)).stages]
        except _REFUSALS as error:
            raise BadConfig(
                f"encoder {self.name}: it does not take a picture of {height}x{width} ({error}). "
                "Choose a backbone that takes any size, such as resnet50."
            ) from error
        self.train()
        if found != wanted:
            raise BadConfig(
                f"encoder {self.name}: of a picture of {height}x{width} it makes {found}, a detector needs "
                f"{wanted}. Choose another backbone, such as resnet50."
            )


def _features(name: str, deep_stem: int) -> nn.Module:
    if not timm.is_model(name):
        near = difflib.get_close_matches(name, timm.list_models(), n=4, cutoff=0.5)
        raise BadConfig(
            f"encoder {name}: timm has no such backbone. "
            + (f"Near are: {', '.join(near)}." if near else "Try resnet50, or look at timm.list_models().")
        )
    stem = {"stem_type": "deep", "stem_width": deep_stem // 2} if deep_stem else {}
    if deep_stem and not name.startswith("resnet"):
        raise BadConfig(f"encoder {name}: only a ResNet takes a deep stem. Set deep_stem = 0.")
    try:
        return timm.create_model(name, pretrained=False, features_only=True, **stem)
    except _REFUSALS as error:
        raise BadConfig(
            f"encoder {name}: timm gives no feature maps of it ({error}). "
            "Choose a convolutional backbone, such as resnet50."
        ) from error


def _stride_in_first(name: str, backbone: nn.Module) -> None:
    """Moves the stride of every bottleneck from its 3x3 convolution to the 1x1 convolution before it."""
    blocks = [module for module in backbone.modules() if isinstance(module, Bottleneck)]
    if not blocks:
        raise BadConfig(f'encoder {name}: no ResNet of bottlenecks. Set stride_in = "3x3".')
    for block in blocks:
        block.conv1.stride, block.conv2.stride = block.conv2.stride, block.conv1.stride
