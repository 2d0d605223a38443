"""Training settings: optimisation and validation of one run, and everything else it needs."""

from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from tcm_core.config.data import AugmentConfig, DataConfig
from tcm_core.config.decode import DbDecode, DecodeSettings
from tcm_core.config.learning import (
    DbLossConfig,
    DbTargetConfig,
    FceTargetConfig,
    LanguageConfig,
    LossConfig,
    TargetConfig,
)
from tcm_core.config.model import FceHeadConfig, ModelConfig


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class OptimConfig(_Frozen):
    """AdamW with warm-up, a plateau and a linear way down."""

    steps: int = Field(2000, ge=1)
    batch_size: int = Field(8, ge=1)
    learning_rate: float = Field(1e-3, gt=0)
    encoder_factor: float = Field(0.5, ge=0)
    """The image encoder learns at this multiple of the rate."""
    weight_decay: float = Field(1e-4, ge=0)
    """Not applied to norms, biases, gates and vectors."""
    warmup_steps: int = Field(100, ge=0)
    cooldown_steps: int = Field(800, ge=0)
    """The rate falls to zero over these last steps."""
    clip_norm: float = Field(5.0, gt=0)
    average_decay: float = Field(0.998, ge=0, lt=1)
    """Decay of the moving average of the weights, which is what is validated and saved."""
    freeze: tuple[str, ...] = ()
    """Modules that keep their weights and batch statistics; "*" stands for any run of characters."""


class ValidationConfig(_Frozen):
    """When and how the validation images are scored."""

    every: int = Field(250, ge=1)
    """Steps between two validations."""
    short_side: int = Field(736, ge=32)
    max_long_side: int = Field(2048, ge=32)
    decode: DecodeSettings = DbDecode()
    """Start settings; thresholds and the like are chosen on the validation images."""


class TrainConfig(_Frozen):
    """One training run."""

    name: str = "db"
    """Name of the checkpoint."""
    seed: int = 0
    start: str = "random"
    """The first weights: "random"; "clip:NAME" for CLIP's (a tag such as openai, a name in the weights store
    or a file); "timm" for timm's of the backbone; "imagenet-lite0" for tf_efficientnet_lite0's from their
    package; or a checkpoint."""
    start_fit: Literal["whole", "parts"] = "whole"
    """A checkpoint whose model is another one than this run's is refused ("whole"), or gives whatever tensors
    fit by name and shape, such as the encoder's ("parts")."""
    device: Literal["auto", "cpu", "cuda"] = "auto"
    precision: Literal["bf16", "fp16", "no"] = "bf16"
    workers: int = Field(1, ge=0)
    """Loader processes."""
    save_every: int = Field(50, ge=1)
    """Steps between two resumable states."""
    data: DataConfig
    model: ModelConfig = ModelConfig()
    augment: AugmentConfig = AugmentConfig()
    targets: TargetConfig = DbTargetConfig()
    loss: LossConfig = DbLossConfig()
    language: LanguageConfig = LanguageConfig()
    optim: OptimConfig = OptimConfig()
    validation: ValidationConfig = ValidationConfig()

    @model_validator(mode="before")
    @classmethod
    def _sections_follow_the_head(cls, values: Any) -> Any:
        """Gives targets, loss and decode settings the model's head where they do not name one."""
        if not isinstance(values, dict):
            return values
        head = _head_of(values.get("model"))
        filled = dict(values)
        for section in ("targets", "loss"):
            filled[section] = _with_head(filled.get(section, {}), head)
        if head == "fce" and isinstance(filled["targets"], dict):
            filled["targets"] = {"degree": _fourier_degree(filled["model"]), **filled["targets"]}
        validation = filled.get("validation", {})
        if isinstance(validation, dict):
            filled["validation"] = {**validation, "decode": _with_head(validation.get("decode", {}), head)}
        return filled

    @model_validator(mode="after")
    def _one_head(self) -> Self:
        head = self.model.head.name
        named = {"targets": self.targets, "loss": self.loss, "validation.decode": self.validation.decode}
        for section, settings in named.items():
            if settings.head != head:
                raise ValueError(f"{section} is for the head {settings.head!r}, the model has {head!r}")
        if isinstance(self.model.head, FceHeadConfig) and isinstance(self.targets, FceTargetConfig):
            wanted, given = self.model.head.degree, self.targets.degree
            if wanted != given:
                raise ValueError(f"targets.degree is {given}, the model's head has the degree {wanted}")
        return self


def _head_of(model: Any) -> str:
    head = model.get("head", {}) if isinstance(model, dict) else getattr(model, "head", {})
    name = head.get("name", "db") if isinstance(head, dict) else getattr(head, "name", "db")
    return str(name)


def _fourier_degree(model: Any) -> Any:
    head = model.get("head", {}) if isinstance(model, dict) else model.head
    default = FceHeadConfig().degree
    return head.get("degree", default) if isinstance(head, dict) else head.degree


def _with_head(section: Any, head: str) -> Any:
    return {"head": head, **section} if isinstance(section, dict) else section
