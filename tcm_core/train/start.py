"""The weights that a run starts from."""

from typing import Final

import timm
import torch
from torch import nn

from tcm_core.build import build_detector
from tcm_core.checkpoint import load_checkpoint
from tcm_core.checkpoint_file import resolve_checkpoint
from tcm_core.config.train import TrainConfig
from tcm_core.convert.clip import load_clip
from tcm_core.convert.efficientnet_lite import load_imagenet
from tcm_core.errors import BadCheckpoint, BadConfig
from tcm_core.models.detector import TextDetector
from tcm_core.models.encoders.clip import ClipImageEncoder
from tcm_core.models.encoders.timm import TimmImageEncoder
from tcm_core.models.text_encoder import TextEncoder

CLIP_PREFIX: Final = "clip:"


def start_detector(config: TrainConfig) -> TextDetector:
    """The detector that a run starts from, in training mode on the CPU.

    Raises:
        BadCheckpoint: the weights are missing, damaged or do not fit.
        BadConfig: the model has no place for them.
        TcmError: they had to be downloaded, and that failed.
    """
    start = config.start
    if start not in ("random", "timm", "imagenet-lite0") and not start.startswith(CLIP_PREFIX):
        return load_checkpoint(resolve_checkpoint(start)).detector
    detector = build_detector(config.model)
    if start.startswith(CLIP_PREFIX):
        _load_clip(detector, start.removeprefix(CLIP_PREFIX))
    elif start == "imagenet-lite0":
        load_imagenet(_backbone(detector, start))
    elif start == "timm":
        _load_timm(detector)
    return detector


def _load_clip(detector: TextDetector, source: str) -> None:
    """CLIP's weights into whichever of its towers the detector has."""
    image = detector.encoder if isinstance(detector.encoder, ClipImageEncoder) else None
    branch = detector.language
    text = None if branch is None else branch.text_encoder
    text = text if isinstance(text, TextEncoder) and text.quick_gelu else None
    if image is None and text is None:
        raise BadConfig(f'start = "{CLIP_PREFIX}{source}": neither the encoder nor the text tower is CLIP\'s')
    load_clip(source, image=image, text=text)


def _backbone(detector: TextDetector, start: str) -> nn.Module:
    if not isinstance(detector.encoder, TimmImageEncoder):
        raise BadConfig(f'start = "{start}": the encoder is not one of timm; see model.encoder')
    return detector.encoder.backbone


def _load_timm(detector: TextDetector) -> None:
    """timm's own weights of the backbone, downloaded by timm where it has not kept them."""
    backbone = _backbone(detector, "timm")
    assert isinstance(detector.encoder, TimmImageEncoder)
    name = detector.encoder.name
    try:
        given = timm.create_model(name, pretrained=True, features_only=True)
    except (OSError, RuntimeError, ValueError, ConnectionError) as error:
        raise BadCheckpoint(
            f"timm's weights of {name} cannot be had ({type(error).__name__}); with a network timm downloads "
            'them once. Without one, set start = "random" or name a checkpoint.'
        ) from error
    with torch.no_grad():
        backbone.load_state_dict(given.state_dict())
