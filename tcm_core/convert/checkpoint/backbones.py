"""Backbones: mmdet's ResNets into timm's, and CLIP's ResNets under the names of TCM and of mmocr."""

import re
from collections.abc import Iterable, Mapping
from typing import Final, Literal

import open_clip
from torch import Tensor

from tcm_core.config.model import ClipEncoder, ClipName, TimmEncoder
from tcm_core.convert.checkpoint.rows import Row, Source, copied
from tcm_core.errors import BadCheckpoint

Style = Literal["pytorch", "caffe"]

_TIMM_NAMES: Final[dict[tuple[bool, tuple[int, ...]], str]] = {
    (False, (2, 2, 2, 2)): "resnet18",
    (False, (3, 4, 6, 3)): "resnet34",
    (True, (3, 4, 6, 3)): "resnet50",
    (True, (3, 4, 23, 3)): "resnet101",
    (True, (3, 8, 36, 3)): "resnet152",
}
"""By bottlenecks or basic blocks, and blocks a stage."""
_CLIP_NAMES: Final[tuple[ClipName, ...]] = ("RN50", "RN101", "RN50x4")

# mmdet keeps a deep stem in one sequence of convolutions, norms and activations
_TIMM_STEM: Final = {
    "conv1.0.": "stem.0.",
    "conv1.1.": "stem.1.",
    "conv1.3.": "stem.3.",
    "conv1.4.": "stem.4.",
    "conv1.6.": "stem.6.",
    "bn1.": "stem.7.",
}
_CLIP_STEM: Final = {
    "conv1.": "stem.0.",
    "bn1.": "stem.1.",
    "conv2.": "stem.3.",
    "bn2.": "stem.4.",
    "conv3.": "stem.6.",
    "bn3.": "stem.7.",
}


def encoder_config(source: Source, *, style: Style) -> TimmEncoder | ClipEncoder:
    """The encoder of a checkpoint's backbone.

    Args:
        source: the checkpoint.
        style: where mmdet's bottlenecks have their stride; the weights do not tell.

    Raises:
        BadCheckpoint: a backbone that is not known here.
    """
    blocks = _blocks(source)
    if _pools_down(source) or source.has("backbone.conv3.weight"):
        return _clip_config(source, blocks)
    bottleneck = source.has("backbone.layer1.0.conv3.")
    name = _TIMM_NAMES.get((bottleneck, blocks))
    if name is None:
        raise BadCheckpoint(
            f"{source.path}: {source.title}, with a backbone of {blocks} blocks that is not known. "
            "ResNets of 18, 34, 50, 101 and 152 layers and CLIP's can be converted."
        )
    deep = source.size("backbone.stem.6.weight", 0) if source.has("backbone.stem.") else 0
    stride_in: Literal["3x3", "1x1"] = "1x1" if bottleneck and style == "caffe" else "3x3"
    return TimmEncoder(name=name, deep_stem=deep, stride_in=stride_in)


def encoder_rows(
    source: Source, encoder: TimmEncoder | ClipEncoder, wanted: Mapping[str, Tensor]
) -> list[Row]:
    """The rows of an encoder; its tensors are those of `wanted` below `encoder.`."""
    if isinstance(encoder, TimmEncoder):
        return _renamed(wanted, "encoder.backbone.", _TIMM_STEM if encoder.deep_stem else {})
    if not _pools_down(source):
        return _renamed(wanted, "encoder.tower.", {})
    rows = _renamed(wanted, "encoder.tower.", _CLIP_STEM)
    return [
        row._replace(sources=(re.sub(r"downsample\.(\d)", _one_further, row.sources[0]),)) for row in rows
    ]


def unused_backbone(name: str) -> str | None:
    """Why a tensor of a backbone has no place here, or None when that is not known."""
    return "the backbone's classifier" if name.startswith("backbone.fc.") else None


def _renamed(wanted: Iterable[str], ours: str, starts: Mapping[str, str]) -> list[Row]:
    rows = []
    for target in wanted:
        if not target.startswith(ours):
            continue
        name = target.removeprefix(ours)
        start = next((start for start in starts if name.startswith(start)), "")
        rows.append(copied(target, f"backbone.{starts.get(start, '')}{name.removeprefix(start)}"))
    return rows


def _one_further(match: re.Match[str]) -> str:
    """mmdet counts the pooling of a shortcut, CLIP does not."""
    return f"downsample.{int(match[1]) + 1}"


def _pools_down(source: Source) -> bool:
    """Whether shortcuts begin with an average pooling, which takes the first number of their sequence."""
    shortcut = source.tensors.get("backbone.layer2.0.downsample.1.weight")
    return shortcut is not None and shortcut.ndim == 4


def _blocks(source: Source) -> tuple[int, ...]:
    return tuple(source.count(f"backbone.layer{stage}.") for stage in (1, 2, 3, 4))


def _clip_config(source: Source, blocks: tuple[int, ...]) -> ClipEncoder:
    width = source.size("backbone.layer1.0.conv1.weight", 0)
    for name in _CLIP_NAMES:
        vision = open_clip.get_model_config(name)["vision_cfg"]
        if (tuple(vision["layers"]), vision["width"]) == (blocks, width):
            return ClipEncoder(name=name, position_side=_position_side(source, vision["image_size"] // 32))
    raise BadCheckpoint(
        f"{source.path}: {source.title}, with a CLIP ResNet of {blocks} blocks and width {width}, which is "
        f"not known. {', '.join(_CLIP_NAMES)} can be converted."
    )


def _position_side(source: Source, usual: int) -> int:
    """The side of the position table as stored; 0: the usual one, or there is no table."""
    if not source.has("backbone.attnpool."):
        return 0
    rows = source.size("backbone.attnpool.positional_embedding", 0)
    side = round((rows - 1) ** 0.5)
    if side * side != rows - 1:
        raise source.unfit([f"backbone.attnpool.positional_embedding has {rows} rows, not 1 and a square"])
    return 0 if side == usual else side
