"""CLIP's ResNets as image encoders: four stages and an attention pool that answers for every pixel."""

import math
from typing import Final, Literal

import open_clip
import torch
from open_clip.modified_resnet import AttentionPool2d, ModifiedResNet
from torch import Tensor, nn
from torch.nn import functional

from tcm_core.models.outputs import ImageFeatures

ClipName = Literal["RN50", "RN101", "RN50x4"]

HEAD_WIDTH: Final = 64  # channels of one attention head in every CLIP ResNet
STRIDE: Final = 32  # of the last stage, whose pixels the position table is for


class ClipImageEncoder(nn.Module):
    """CLIP's modified ResNet, with fresh weights; tensors keep open_clip's names below `tower`.

    The position table of the attention pool stays at its original grid (7x7, or 9x9 for RN50x4, unless
    another side is asked for) and is stretched once to the grid of the image, which may be any rectangle.

    Args:
        name: the architecture, as open_clip names it.
        attention_pool: False leaves the pool out, for a detector that reads the stages only; then the last
            stage stands in for the dense embedding, and its mean for the global vector.
        position_side: of the position table; 0: the original one.

    Attributes:
        name: the architecture.
        channels: of the four stages.
        embedding: channels E of the joint embedding (1024, 512 and 640).

    Source: Radford et al. 2021, section 2.4; dense output: Yu et al. 2023, section 3.2.
    """

    def __init__(self, name: ClipName, *, attention_pool: bool = True, position_side: int = 0) -> None:
        super().__init__()
        config = open_clip.get_model_config(name)
        vision = config["vision_cfg"]
        width: int = vision["width"]
        self.name: ClipName = name
        self.channels: tuple[int, ...] = (4 * width, 8 * width, 16 * width, 32 * width)
        self.embedding: int = config["embed_dim"] if attention_pool else self.channels[-1]
        self.tower = ModifiedResNet(
            layers=vision["layers"],
            output_dim=config["embed_dim"],
            heads=self.channels[-1] // HEAD_WIDTH,
            image_size=position_side * STRIDE or vision["image_size"],
            width=width,
        )
        if not attention_pool:
            self.tower.attnpool = None

    def forward(self, images: Tensor) -> ImageFeatures:
        """The features of normalised images (B, 3, H, W); H and W are multiples of 32."""
        tower = self.tower
        first = tower.layer1(tower.stem(images))
        second = tower.layer2(first)
        third = tower.layer3(second)
        last = tower.layer4(third)
        stages = (first, second, third, last)
        if tower.attnpool is None:
            return ImageFeatures(stages, last, last.mean(dim=(2, 3)))
        dense, pooled = attend(tower.attnpool, last)
        return ImageFeatures(stages, dense, pooled)


def attend(pool: AttentionPool2d, last: Tensor) -> tuple[Tensor, Tensor]:
    """CLIP's attention pool with every pixel as a query, not the mean alone.

    Args:
        pool: the weights.
        last: (B, C, h, w), the last stage.

    Returns:
        dense (B, E, h, w) and pooled (B, E); pooled is what CLIP itself returns.
    """
    batch, channels, height, width = last.shape
    pixels = last.flatten(2).transpose(1, 2)
    rows = torch.cat([pixels.mean(dim=1, keepdim=True), pixels], dim=1)
    rows = rows + position_rows(pool.positional_embedding, height, width).to(rows.dtype)

    def split(projected: Tensor) -> Tensor:
        return projected.reshape(batch, -1, pool.num_heads, channels // pool.num_heads).transpose(1, 2)

    # plain reshapes, which stay open to other sizes in exported graphs; flatten and unflatten do not
    mixed = functional.scaled_dot_product_attention(
        split(pool.q_proj(rows)), split(pool.k_proj(rows)), split(pool.v_proj(rows))
    )
    answers = pool.c_proj(mixed.transpose(1, 2).reshape(batch, -1, channels))
    return answers[:, 1:].transpose(1, 2).reshape(batch, -1, height, width), answers[:, 0]


def position_rows(table: Tensor, height: int, width: int) -> Tensor:
    """The position table for another grid: the global row as it is, the square of the others stretched.

    Bilinear, with corners not aligned; a grid of the table's own size gets the table's own values.

    Args:
        table: (1 + side * side, C), the global row first.
        height: rows of the wanted grid.
        width: columns of the wanted grid.

    Returns:
        (1 + height * width, C).
    """
    side = math.isqrt(int(table.shape[0]) - 1)
    square = table[1:].transpose(0, 1).unflatten(1, (side, side))[None]
    stretched = functional.interpolate(square, size=(height, width), mode="bilinear", align_corners=False)
    return torch.cat([table[:1], stretched[0].flatten(1).transpose(0, 1)])
