"""Model settings: everything that decides the shape of the network, stored inside every checkpoint."""

from typing import Annotated, Final, Literal, NamedTuple, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

HeadName = Literal["db", "pan", "fce"]
ClipName = Literal["RN50", "RN101", "RN50x4"]


class ClipSizes(NamedTuple):
    """The sizes of one of CLIP's models."""

    embedding: int
    text_width: int
    text_heads: int
    text_layers: int


CLIP_SIZES: Final[dict[ClipName, ClipSizes]] = {
    "RN50": ClipSizes(1024, 512, 8, 12),
    "RN101": ClipSizes(512, 512, 8, 12),
    "RN50x4": ClipSizes(640, 640, 10, 12),
}
"""Source: Radford et al. 2021, appendix F."""


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


_false_is_none = BeforeValidator(lambda value: None if value is False else value)
"""TOML has no null: false leaves a part out."""


def _tag(key: str, default: str) -> BeforeValidator:
    """Settings that do not say which of the alternatives they are for are for the default one."""
    return BeforeValidator(lambda value: {key: default, **value} if isinstance(value, dict) else value)


class TimmEncoder(_Frozen):
    """An image encoder of timm with four stages at strides 4, 8, 16 and 32."""

    kind: Literal["timm"] = "timm"
    name: str = "tf_efficientnet_lite0"
    """timm's name of the backbone."""
    embedding: int = Field(128, ge=8)
    """Channels of the joint image-text embedding, a learnt map of the last stage."""
    deep_stem: int = Field(0, ge=0, multiple_of=2)
    """ResNets only: channels of a stem of three 3x3 convolutions, as mmdet's deep stem; 0: timm's own."""
    stride_in: Literal["3x3", "1x1"] = "3x3"
    """ResNets of bottlenecks only: which convolution of a stage's first block has the stride: the second
    (timm, torchvision, mmdet's style "pytorch"), or the first (mmdet's style "caffe")."""


class ClipEncoder(_Frozen):
    """CLIP's convolutional image encoder with its attention pool; the embedding is CLIP's own."""

    kind: Literal["clip"] = "clip"
    name: ClipName = "RN50"
    position_side: int = Field(0, ge=0)
    """Side of the attention pool's position table; 0: CLIP's own, 7 (9 for RN50x4). The released TCM
    checkpoints have a larger one."""


class SmallText(_Frozen):
    """A text transformer in CLIP's structure that is trained along; it knows the words of its prompt only."""

    kind: Literal["small"] = "small"
    width: int = Field(128, ge=8)
    layers: int = Field(2, ge=1)
    heads: int = Field(4, ge=1)


class ClipText(_Frozen):
    """CLIP's text encoder, its token table cut to the prompt."""

    kind: Literal["clip"] = "clip"
    name: ClipName = "RN50"
    frozen: bool = True
    """Whether its weights stay as they are: no gradient, no optimiser state, evaluation mode (the paper)."""


class LanguagePrompt(_Frozen):
    """What the text encoder reads: the predefined words behind learnable context vectors."""

    words: str = "text"
    """The predefined prompt, tokenised with CLIP's byte pairs; empty for learnable vectors only."""
    context_vectors: int = Field(4, ge=0)
    """Learnable vectors before the words (the paper's n)."""
    context_std: float = Field(0.02, gt=0)
    """Standard deviation of their truncated normal start; the released code has 1."""
    cue: Literal["image", "meta_query", "none"] = "meta_query"
    """What the language prompt generator reads: the image's global vector (TCM), a learnt one (FastTCM); or
    there is no generator."""
    activation: Literal["relu", "sigmoid"] = "relu"
    """Between the generator's layers: ReLU in the released code, sigma in the paper."""


class PromptDecoder(_Frozen):
    """A transformer decoder between the image embedding and the text embedding."""

    layers: int = Field(3, ge=1)
    heads: int = Field(4, ge=1)
    width: int = Field(256, ge=8)
    """Channels inside; the hidden layer of its MLPs has four times as many."""
    self_attention: bool = True
    """Whether queries read each other before they read the memory (only in the released code)."""
    dropout: float = Field(0.0, ge=0, lt=1)
    """On projections and MLPs; the released code has 0.1."""
    gate: float = 1e-3
    """Start of what weighs its output: a scalar for pixels, a vector for the text."""


class Matching(_Frozen):
    """Instance-language matching."""

    temperature: float = Field(0.07, gt=0)
    learned_temperature: bool = False
    """Whether the temperature is learnt from there on."""
    bimodal: bool = True
    """FastTCM's bimodal similarity matching: the text vector leans towards the image's global vector."""
    score_channel: bool = True
    """Whether the cosine becomes one more channel of the last stage."""


class TcmModules(_Frozen):
    """The language side of TCM."""

    text: Annotated[SmallText | ClipText, Field(discriminator="kind"), _tag("kind", "small")] = SmallText()
    language: LanguagePrompt = LanguagePrompt()
    visual: Annotated[PromptDecoder | None, _false_is_none] = PromptDecoder()
    """The visual prompt generator: pixels read the text; false leaves it out."""
    context: Annotated[PromptDecoder | None, _false_is_none] = None
    """The text-side context decoder of the released code: the text reads the pixels; false leaves it out."""
    matching: Matching = Matching()


class DbHeadConfig(_Frozen):
    """DBNet's neck and head."""

    name: Literal["db"] = "db"
    neck_width: int = Field(96, ge=8, multiple_of=4)
    """Channels of the neck's lateral connections; DBNet has 256."""
    width: int = Field(24, ge=4)
    """Hidden channels of the head; DBNet has 64."""


class PanHeadConfig(_Frozen):
    """PAN's neck and head."""

    name: Literal["pan"] = "pan"
    neck_width: int = Field(48, ge=8)
    """Channels of the feature pyramid enhancement modules; PAN has 128."""
    enhancements: int = Field(2, ge=1)
    """Feature pyramid enhancement modules, one behind the other."""
    upsampling: Literal["nearest", "bilinear"] = "bilinear"
    """Inside the enhancement modules: bilinear in the authors' code, nearest in mmocr."""
    width: int = Field(48, ge=0)
    """Hidden channels of the head; PAN has 128, and mmocr 0.x has none (0): a single 1x1 convolution."""
    embedding: int = Field(4, ge=1)
    """Channels of the similarity vectors."""


class FceHeadConfig(_Frozen):
    """FCENet's neck and head."""

    name: Literal["fce"] = "fce"
    neck_width: int = Field(64, ge=8)
    """Channels of the feature pyramid; FCENet has 256."""
    degree: int = Field(5, ge=1)
    """Fourier degree k: 2k + 1 complex coefficients describe a contour."""


HeadConfig = DbHeadConfig | PanHeadConfig | FceHeadConfig


class ModelConfig(_Frozen):
    """A whole detector."""

    encoder: Annotated[TimmEncoder | ClipEncoder, Field(discriminator="kind"), _tag("kind", "timm")] = (
        TimmEncoder()
    )
    tcm: Annotated[TcmModules | None, _false_is_none] = TcmModules()
    """The language side; false for the plain detector of the same parts."""
    head: Annotated[HeadConfig, Field(discriminator="name"), _tag("name", "db")] = DbHeadConfig()
    norm: Literal["batch", "group"] = "batch"
    """The norms between convolutions: batch norms, or group norms in their place, which need no batch."""
    mean: tuple[float, float, float] = (123.675, 116.28, 103.53)
    """Subtracted from RGB values in 0..255."""
    std: tuple[float, float, float] = (58.395, 57.12, 57.375)
    """RGB values are divided by this after the mean is taken off."""

    @property
    def embedding(self) -> int:
        """Channels of the joint image-text embedding."""
        if isinstance(self.encoder, ClipEncoder):
            return CLIP_SIZES[self.encoder.name].embedding
        return self.encoder.embedding

    @model_validator(mode="after")
    def _embeddings_fit(self) -> Self:
        if self.tcm is not None and isinstance(self.tcm.text, ClipText):
            text = CLIP_SIZES[self.tcm.text.name].embedding
            if text != self.embedding:
                raise ValueError(
                    f"CLIP {self.tcm.text.name}'s text embedding has {text} channels, the image encoder's "
                    f"{self.embedding}; take the text encoder of the same CLIP, or a timm encoder with "
                    f"embedding = {text}"
                )
        return self
