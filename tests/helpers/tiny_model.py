"""A real TCM-DB detector small enough for tests: random weights, every module there."""

from pathlib import Path

import torch

from tcm_core.build import build_detector
from tcm_core.checkpoint import save_checkpoint
from tcm_core.checkpoint_file import CheckpointMetadata
from tcm_core.config.decode import DbDecode
from tcm_core.config.model import (
    DbHeadConfig,
    ModelConfig,
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
