"""The weights that a run starts from."""

from collections import Counter
from collections.abc import Iterable
from typing import Final

import timm
import torch
from torch import Tensor, nn

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
        return _from_checkpoint(config)
    detector = build_detector(config.model)
    if start.startswith(CLIP_PREFIX):
        _load_clip(detector, start.removeprefix(CLIP_PREFIX))
    elif start == "imagenet-lite0":
        load_imagenet(_backbone(detector, start))
    elif start == "timm":
        _load_timm(detector)
    return detector


def _from_checkpoint(config: TrainConfig) -> TextDetector:
    """The detector of a checkpoint; with start_fit = "parts" a new one with whatever of it fits."""
    path = resolve_checkpoint(config.start)
    given, metadata = load_checkpoint(path)
    if metadata.model == config.model:
        return given.train()
    detector = build_detector(config.model)
    fitting = fitting_tensors(given, detector)
    if config.start_fit == "parts" and fitting:
        detector.load_state_dict(fitting, strict=False)
        return detector
    parts = ", ".join(_counted(fitting, detector)) or "nothing"
    raise BadCheckpoint(
        f"{path}: its model is not the one of this run. Of its tensors these fit: {parts}. "
        'Set start_fit = "parts" to begin with them and with random weights for the rest, or leave [model] '
        "as the checkpoint has it."
    )


def fitting_tensors(given: nn.Module, wanted: nn.Module) -> dict[str, Tensor]:
    """The tensors of a model that have the name and the shape of one in another."""
    own = wanted.state_dict()
    return {
        name: tensor
        for name, tensor in given.state_dict().items()
        if name in own and own[name].shape == tensor.shape
    }


def _counted(fitting: Iterable[str], detector: nn.Module) -> list[str]:
    """Each part of a detector with the number of its tensors that are there and that it has."""
    there = Counter(name.split(".", 1)[0] for name in fitting)
    own = Counter(name.split(".", 1)[0] for name in detector.state_dict())
    return [f"{part} {there[part]} of {count}" for part, count in own.items() if there[part]]


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
