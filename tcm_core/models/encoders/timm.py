"""Any timm backbone as an image encoder."""

import timm
from torch import Tensor, nn

from tcm_core.models.outputs import ImageFeatures


class TimmImageEncoder(nn.Module):
    """A timm backbone, with a normalised linear map from its last stage into the joint embedding.

    Args:
        name: timm's name of the backbone; four of its stages must have strides 4, 8, 16, 32.
        embedding: channels E of the joint embedding.

    Raises:
        ValueError: the backbone has other strides.
    """

    def __init__(self, name: str, embedding: int) -> None:
        super().__init__()
        self.backbone = timm.create_model(name, pretrained=False, features_only=True)
        info = self.backbone.feature_info
        stages = {stride: index for index, stride in enumerate(info.reduction())}
        if not {4, 8, 16, 32} <= stages.keys():
            raise ValueError(f"{name}: strides {sorted(stages)}, a detector needs 4, 8, 16 and 32")
        self._indices = tuple(stages[stride] for stride in (4, 8, 16, 32))
        self.channels: tuple[int, ...] = tuple(info.channels()[index] for index in self._indices)
        self.projection = nn.Conv2d(self.channels[-1], embedding, 1)
        self.norm = nn.GroupNorm(1, embedding)

    def forward(self, images: Tensor) -> ImageFeatures:
        """The features of normalised images (B, 3, H, W)."""
        features = self.backbone(images)
        stages = tuple(features[index] for index in self._indices)
        dense = self.norm(self.projection(stages[-1]))
        return ImageFeatures(stages, dense, dense.mean(dim=(2, 3)))
