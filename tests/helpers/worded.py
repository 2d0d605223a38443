"""A tiny checkpoint whose text tower knows several words."""

from pathlib import Path

import torch

from tcm_core.build import build_detector
from tcm_core.checkpoint import save_checkpoint
from tcm_core.config.model import ModelConfig
from tests.helpers.tiny_model import TINY, tiny_metadata

OWN = "a photo of text sign"


def model_with(words: str, **language: object) -> ModelConfig:
    """The tiny model with another prompt."""
    tcm = TINY.tcm
    assert tcm is not None
    changed = tcm.language.model_copy(update={"words": words, **language})
    return TINY.model_copy(update={"tcm": tcm.model_copy(update={"language": changed})})


def worded_checkpoint(folder: Path, **language: object) -> Path:
    """The file of a freshly made checkpoint that knows the words of OWN; the same weights every time."""
    random_state = torch.get_rng_state()
    torch.manual_seed(3)
    model = model_with(OWN, **language)
    state = build_detector(model).state_dict()
    torch.set_rng_state(random_state)
    state["language.visual_prompt.gate"] = torch.tensor(0.5)  # words change what is seen, too
    path = folder / "words.safetensors"
    save_checkpoint(path, state, tiny_metadata(name="words", model=model), half=False)
    return path
