"""PAN's neck and head under the names of mmocr."""

from typing import Final

from torch import Tensor

from tcm_core.config.model import PanHeadConfig
from tcm_core.convert.checkpoint.rows import Row, Source, convolution, copied, norm

LAST_INPUT: Final = "neck.reduce.3.0.weight"
"""What reads the last stage."""


def pan_config(source: Source, prefix: str) -> PanHeadConfig:
    """Neck and head widths. Raises BadCheckpoint as Source.size does, or when there are too few channels."""
    single = source.has(f"{prefix}out_conv.")
    last = f"{prefix}out_conv.weight" if single else f"{prefix}conv2.weight"
    channels, enhancements = source.size(last, 0), source.count("neck.fpems.")
    if channels < 3:
        raise source.unfit(
            [f"{last} gives {channels} channels, not a text, a kernel and a similarity vector"]
        )
    if not enhancements:
        raise source.unfit(["neck.fpems.0.up_add1.depthwise_conv.weight is missing"])
    return PanHeadConfig(
        neck_width=source.size("neck.reduce_conv_c2.0.weight", 0),
        enhancements=enhancements,
        upsampling="nearest",
        width=0 if single else source.size(f"{prefix}conv1.weight", 0),
        embedding=channels - 2,
    )


def pan_rows(source: Source, prefix: str) -> list[Row]:
    """Where neck and head come from; biases in front of batch norms go into their means."""
    rows = []
    for level in range(4):
        ours, theirs = f"neck.reduce.{level}", f"neck.reduce_conv_c{level + 2}"
        rows.append(copied(f"{ours}.0.weight", f"{theirs}.0.weight"))
        rows += norm(f"{ours}.1", f"{theirs}.1", bias_before=f"{theirs}.0.bias")
    for module in range(source.count("neck.fpems.")):
        for way in ("up", "down"):
            for step in range(3):
                rows += _separable(
                    f"neck.enhance.{module}.{way}.{step}", f"neck.fpems.{module}.{way}_add{step + 1}"
                )
    if source.has(f"{prefix}out_conv."):
        return rows + convolution("head.out", f"{prefix}out_conv", bias=True)
    rows.append(copied("head.hidden.0.weight", f"{prefix}conv1.weight"))
    rows += norm("head.hidden.1", f"{prefix}bn1", bias_before=f"{prefix}conv1.bias")
    return rows + convolution("head.out", f"{prefix}conv2", bias=True)


def _separable(ours: str, theirs: str) -> list[Row]:
    pointwise, depthwise = f"{theirs}.pointwise_conv", f"{theirs}.depthwise_conv"
    norm_rows = norm(f"{ours}.norm", f"{theirs}.bn")
    norm_rows[2] = Row(
        f"{ours}.norm.running_mean",
        (f"{theirs}.bn.running_mean", f"{pointwise}.weight", f"{pointwise}.bias", f"{depthwise}.bias"),
        _mean_without_biases,
    )
    return [
        copied(f"{ours}.depthwise.weight", f"{depthwise}.weight"),
        copied(f"{ours}.pointwise.weight", f"{pointwise}.weight"),
        *norm_rows,
    ]


def _mean_without_biases(mean: Tensor, pointwise: Tensor, bias: Tensor, depthwise_bias: Tensor) -> Tensor:
    """What the two convolutions' biases add is the same at every pixel: P d + p."""
    return mean - bias - pointwise.flatten(1) @ depthwise_bias
