"""A real TCM-DB detector small enough for tests: random weights, every module there."""

from pathlib import Path

import torch

from tcm_core.build import build_detector
from tcm_core.checkpoint import save_checkpoint
from tcm_core.checkpoint_file import CheckpointMetadata
from tcm_core.config.decode import DbDecode, FceDecode, PanDecode
from tcm_core.config.model import (
    DbHeadConfig,
    FceHeadConfig,
    HeadName,
    ModelConfig,
    PanHeadConfig,
    PromptDecoder,
    SmallText,
    TcmModules,
    TimmEncoder,
)

TINY = ModelConfig(
    encoder=TimmEncoder(embedding=32),
    head=DbHeadConfig(neck_width=32, width=8),
    tcm=TcmModules(
        text=SmallText(width=32, layers=1, heads=2), visual=PromptDecoder(layers=1, heads=2, width=32)
    ),
)


def tiny_metadata(**changes: object) -> CheckpointMetadata:
    """What the tiny checkpoint says of itself."""
    metadata = CheckpointMetadata(
        name="tiny", model=TINY, decode=DbDecode(score_threshold=0.3), short_side=96, max_long_side=256
    )
    return metadata.model_copy(update=changes)


def tiny_checkpoint(folder: Path, **changes: object) -> Path:
    """The file of a freshly made tiny checkpoint; the same weights every time."""
    random_state = torch.get_rng_state()
    torch.manual_seed(7)
    detector = build_detector(TINY)
    torch.set_rng_state(random_state)
    path = folder / "tiny.safetensors"
    save_checkpoint(path, detector.state_dict(), tiny_metadata(**changes))
    return path


def tiny_head_checkpoint(folder: Path, head: HeadName, *, nan: bool = False) -> Path:
    """The file of a tiny checkpoint of any head, named after it, whose thresholds let a lot through.

    Args:
        folder: where it is written.
        head: "db", "pan" or "fce".
        nan: whether its weights are not numbers.
    """
    config = {
        "db": DbHeadConfig(neck_width=32, width=8),
        "pan": PanHeadConfig(neck_width=16, width=16),
        "fce": FceHeadConfig(neck_width=16, degree=3),
    }[head]
    settings = {
        "db": DbDecode(threshold=0.3, score_threshold=0.3),
        "pan": PanDecode(score_threshold=0.1, min_area=4),
        "fce": FceDecode(score_threshold=0.2),
    }[head]
    random_state = torch.get_rng_state()
    torch.manual_seed(11)
    model = TINY.model_copy(update={"head": config})
    weights = build_detector(model).state_dict()
    torch.set_rng_state(random_state)
    if nan:
        weights = {name: torch.full_like(value, float("nan")) if value.is_floating_point() else value
                   for name, value in weights.items()}  # fmt: skip
    name = f"tiny-{head}-nan" if nan else f"tiny-{head}"
    path = folder / f"{name}.safetensors"
    save_checkpoint(path, weights, tiny_metadata(name=name, model=model, decode=settings))
    return path
