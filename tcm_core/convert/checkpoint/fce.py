"""FCENet's neck and head under the names of mmocr and mmdet."""

from typing import Final

from torch import Tensor

from tcm_core.config.model import FceHeadConfig
from tcm_core.convert.checkpoint.rows import Row, Source, convolution

LAST_INPUT: Final = "neck.laterals.2.weight"
"""What reads the last stage."""

_LEVELS: Final = 3


def fce_config(source: Source, prefix: str) -> FceHeadConfig:
    """Neck width and Fourier degree. Raises BadCheckpoint as Source.size does, or for odd channels."""
    name = f"{prefix}out_conv_reg.weight"
    channels = source.size(name, 0)
    if channels < 6 or (channels - 2) % 4:
        raise source.unfit([f"{name} gives {channels} channels, which is 2 (2k + 1) for no degree k"])
    return FceHeadConfig(
        neck_width=source.size("neck.lateral_convs.0.conv.weight", 0), degree=(channels - 2) // 4
    )


def fce_rows(prefix: str) -> list[Row]:
    """Where neck and head come from.

    mmocr's c_0 is relative to a cell's number, ours to its centre: half a cell less, in x and in y.
    """
    rows = []
    for level in range(_LEVELS):
        rows += convolution(f"neck.laterals.{level}", f"neck.lateral_convs.{level}.conv", bias=True)
        rows += convolution(f"neck.smooth.{level}", f"neck.fpn_convs.{level}.conv", bias=True)
    rows += convolution("head.classification", f"{prefix}out_conv_cls", bias=True)
    rows += convolution("head.regression", f"{prefix}out_conv_reg", bias=False)
    return [*rows, Row("head.regression.bias", (f"{prefix}out_conv_reg.bias",), _from_centre)]


def _from_centre(bias: Tensor) -> Tensor:
    moved = bias.clone()
    coefficients = len(bias) // 2  # real parts, then imaginary ones; c_0 in the middle
    moved[coefficients // 2] -= 0.5
    moved[coefficients + coefficients // 2] -= 0.5
    return moved
