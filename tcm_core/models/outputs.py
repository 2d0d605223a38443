"""What networks return: tuples with one shape a field."""

from typing import NamedTuple

from torch import Tensor


class ImageFeatures(NamedTuple):
    """What an image encoder gives for a batch of (B, 3, H, W); H and W are multiples of 32."""

    stages: tuple[Tensor, ...]  # four of (B, C_i, H/s, W/s), s = 4, 8, 16, 32
    dense: Tensor  # (B, E, H/32, W/32), one joint embedding a pixel
    pooled: Tensor  # (B, E), the global vector


class DbMaps(NamedTuple):
    """DBNet's maps."""

    probability: Tensor  # (B, 1, H, W) logits of the shrunk texts
    threshold: Tensor  # (B, 1, H, W) logits of the border map; training only


class PanMaps(NamedTuple):
    """PAN's maps."""

    text: Tensor  # (B, 1, H/4, W/4) logits of the texts
    kernel: Tensor  # (B, 1, H/4, W/4) logits of the shrunk texts
    embedding: Tensor  # (B, D, H/4, W/4) similarity vectors


class FceLevel(NamedTuple):
    """FCENet's maps of one level at stride s."""

    text: Tensor  # (B, 2, H/s, W/s) logits of background and text region
    centre: Tensor  # (B, 2, H/s, W/s) logits of background and text centre region
    fourier: Tensor  # (B, 2(2k+1), H/s, W/s) real, then imaginary parts of c_-k..c_k, in cells of s network
    # pixels; c_0 is relative to the cell's centre


class FceMaps(NamedTuple):
    """FCENet's maps."""

    levels: tuple[FceLevel, FceLevel, FceLevel]  # strides 8, 16, 32


HeadMaps = DbMaps | PanMaps | FceMaps


class DetectorOutput(NamedTuple):
    """What a text detector gives for a batch of (B, 3, H, W)."""

    maps: HeadMaps
    language: (
        Tensor | None
    )  # (B, 1, H/32, W/32) cosine / temperature, the instance-language logits; None without TCM
