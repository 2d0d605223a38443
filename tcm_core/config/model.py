"""Model settings: everything that decides the shape of the network, stored inside every checkpoint."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

HeadName = Literal["db"]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class TimmEncoder(_Frozen):
    """An image encoder of timm with four stages at strides 4, 8, 16 and 32."""

    name: str = "tf_efficientnet_lite0"
    """timm's name of the backbone."""


class TextTower(_Frozen):
    """A text transformer in CLIP's structure that is trained along; it knows the words of its prompt only."""

    width: int = Field(128, ge=8)
    layers: int = Field(2, ge=1)
    heads: int = Field(4, ge=1)


class LanguagePrompt(_Frozen):
    """What the text encoder reads: the predefined words behind learnable context vectors."""

    words: str = "text"
    """The predefined prompt, tokenised with CLIP's byte pairs."""
    context_vectors: int = Field(4, ge=0)
    """Learnable vectors before the words (the paper's n)."""
    context_std: float = Field(0.02, gt=0)
    """Standard deviation of their truncated normal start."""
    cue: Literal["image", "meta_query"] = "meta_query"
    """What the language prompt generator reads: the image's global vector (TCM) or a learnt one (FastTCM)."""


class VisualPrompt(_Frozen):
    """The visual prompt generator: a transformer decoder from pixels to the text embedding."""

    layers: int = Field(3, ge=1)
    heads: int = Field(4, ge=1)
    width: int = Field(256, ge=8)
    gate: float = 1e-3
    """Start of the scalar that weighs its output."""


class Matching(_Frozen):
    """Instance-language matching."""

    temperature: float = Field(0.07, gt=0)
    bimodal: bool = True
    """FastTCM's bimodal similarity matching: the text vector leans towards the image's global vector."""


class TcmModules(_Frozen):
    """The language side of TCM."""

    text: TextTower = TextTower()
    language: LanguagePrompt = LanguagePrompt()
    visual: VisualPrompt = VisualPrompt()
    matching: Matching = Matching()


class ModelConfig(_Frozen):
    """A whole detector."""

    encoder: TimmEncoder = TimmEncoder()
    embedding: int = Field(128, ge=8)
    """Channels of the joint image-text embedding (CLIP RN50 has 1024)."""
    tcm: TcmModules | None = TcmModules()
    """The language side, or None for the plain detector of the same parts."""
    head: HeadName = "db"
    neck_width: int = Field(96, ge=8)
    """Channels of the neck's lateral connections; a multiple of 4."""
    head_width: int = Field(24, ge=4)
    """Hidden channels of the head."""
    mean: tuple[float, float, float] = (123.675, 116.28, 103.53)
    """Subtracted from RGB values in 0..255."""
    std: tuple[float, float, float] = (58.395, 57.12, 57.375)
    """RGB values are divided by this after the mean is taken off."""
