"""Training settings: targets, optimisation and validation of one run."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from tcm_core.config.data import AugmentConfig, DataConfig
from tcm_core.config.decode import DbDecode
from tcm_core.config.model import ModelConfig


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class TargetConfig(_Frozen):
    """How polygons become DBNet targets. Source: Liao et al. 2020, sections 3.4 and 3.3."""

    shrink_ratio: float = Field(0.4, gt=0, le=1)
    min_side: float = Field(6.0, ge=0)
    """Texts whose minimum-area rectangle is thinner than this many network pixels are ignored."""
    threshold_range: tuple[float, float] = (0.3, 0.7)
    language_share: float = Field(0.1, gt=0, le=1)
    """A cell of the 1/32 grid is text when at least this share of it is covered."""


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
    language_weight: float = Field(1.0, ge=0)
    """Weight of the instance-language loss (the paper's lambda)."""
    freeze: tuple[str, ...] = ()
    """Modules that keep their weights and batch statistics; "*" stands for any run of characters."""


class ValidationConfig(_Frozen):
    """When and how the validation images are scored."""

    every: int = Field(250, ge=1)
    """Steps between two validations."""
    short_side: int = Field(736, ge=32)
    max_long_side: int = Field(2048, ge=32)
    decode: DbDecode = DbDecode()
    """Start settings; thresholds and the unclip ratio are chosen on the validation images."""


class TrainConfig(_Frozen):
    """One training run."""

    name: str = "db"
    """Name of the checkpoint."""
    seed: int = 0
    start: str = "random"
    """The first weights: "random", "imagenet-lite0" (the backbone's, from their package), or a checkpoint."""
    device: Literal["auto", "cpu", "cuda"] = "auto"
    precision: Literal["bf16", "fp16", "no"] = "bf16"
    workers: int = Field(1, ge=0)
    """Loader processes."""
    save_every: int = Field(50, ge=1)
    """Steps between two resumable states."""
    data: DataConfig
    model: ModelConfig = ModelConfig()
    augment: AugmentConfig = AugmentConfig()
    targets: TargetConfig = TargetConfig()
    optim: OptimConfig = OptimConfig()
    validation: ValidationConfig = ValidationConfig()
