"""What each head learns from: its targets and its loss; and the instance-language loss of all of them."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class _TextTargets(_Frozen):
    min_side: float = Field(6.0, ge=0)
    """Texts whose minimum-area rectangle is thinner than this many network pixels are ignored."""


class DbTargetConfig(_TextTargets):
    """How polygons become DBNet's targets. Source: Liao et al. 2020, sections 3.3 and 3.4."""

    head: Literal["db"] = "db"
    shrink_ratio: float = Field(0.4, gt=0, le=1)
    threshold_range: tuple[float, float] = (0.3, 0.7)
    """Values of the border map: far from an outline, and on it."""


class PanTargetConfig(_TextTargets):
    """How polygons become PAN's targets. Source: Wang et al. 2019; constants of the authors' code."""

    head: Literal["pan"] = "pan"
    form: Literal["grid", "full"] = "grid"
    """Drawn on the maps' own grid at stride 4 (mmocr 0.x takes every fourth pixel instead), or at the input's
    size, to which the loss then enlarges the maps (the authors, mmocr 1.x; 16 times the work)."""
    shrink_ratio: float = Field(0.5, gt=0, le=1)
    """0.5 for words (ICDAR 2015), 0.7 for lines and curved text."""
    max_offset: float = Field(20.0, ge=0)
    """The kernel's edges move inwards by at most so many network pixels."""
    kernel_thickness: float = Field(6.0, ge=0)
    """The kernel's edges move less where a kernel would be thinner than this many network pixels: a kernel
    thinner than the map's cells breaks into pieces or falls between them. 0 is the paper's rule."""


class FceTargetConfig(_TextTargets):
    """How polygons become FCENet's targets. Source: Zhu et al. 2021, section 3.3; constants of mmocr."""

    head: Literal["fce"] = "fce"
    level_ranges: tuple[tuple[float, float], tuple[float, float], tuple[float, float]] = (
        (0.0, 0.4),
        (0.3, 0.7),
        (0.6, 1.0),
    )
    """Which level learns a text, by the longer side of its bounds over the crop's longer side; both ends
    excluded. A text in no range is learnt by the level whose range is nearest."""
    degree: int = Field(5, ge=1)
    """Fourier degree k; the head's. Filled in from the model where it is not given."""
    centre_shrink: float = Field(0.3, gt=0, lt=1)
    """The centre region's half height over the text's half height."""
    resample_step: float = Field(4.0, gt=0)
    """Largest distance of the points on the centre line, in network pixels."""


TargetConfig = Annotated[DbTargetConfig | PanTargetConfig | FceTargetConfig, Field(discriminator="head")]


class DbLossConfig(_Frozen):
    """DBNet's loss. Source: Liao et al. 2020, equations 3, 5, 6 and 7."""

    head: Literal["db"] = "db"
    steepness: float = Field(50.0, gt=0)
    """k of the differentiable binarisation."""
    negative_ratio: float = Field(3.0, gt=0)
    """Hard negatives for each positive pixel."""
    probability_weight: float = Field(5.0, ge=0)
    binary_weight: float = Field(1.0, ge=0)
    threshold_weight: float = Field(10.0, ge=0)


class PanLossConfig(_Frozen):
    """PAN's loss. Source: Wang et al. 2019, section 3.5; constants of the authors' code."""

    head: Literal["pan"] = "pan"
    negative_ratio: float = Field(3.0, gt=0)
    """Hard negatives for each positive pixel of an image in the text term."""
    without_text: Literal["negatives", "constant"] = "negatives"
    """The text term of an image without text: the mean squared probability of its hardest negatives, or the
    constant 1 of the dice loss (the authors), from which nothing is learnt."""
    kernel_weight: float = Field(0.5, ge=0)
    embedding_weight: float = Field(0.25, ge=0)
    """Of the aggregation, the discrimination and the regulariser term."""
    aggregation_margin: float = Field(0.5, ge=0)
    """Pixels whose similarity vector is nearer than this to their kernel's mean cost nothing."""
    discrimination_margin: float = Field(3.0, ge=0)
    """Kernels whose means are further apart than this cost nothing."""
    discrimination_mean: Literal["ordered", "unordered"] = "ordered"
    """Ordered pairs over n(n-1) (the authors), or unordered pairs over it (mmocr 0.x: half the value)."""
    regulariser: float = Field(0.001, ge=0)
    """Weight of the length of the kernels' means (the authors' code; the paper has none: 0)."""


class FceLossConfig(_Frozen):
    """FCENet's loss. Source: Zhu et al. 2021, equations 6 to 8; constants of mmocr."""

    head: Literal["fce"] = "fce"
    negative_ratio: float = Field(3.0, gt=0)
    """Hard negatives for each positive pixel in the text region term."""
    negatives_without_text: int = Field(100, ge=1)
    """Hard negatives of a level without any text."""
    points: int = Field(50, ge=4)
    """Points of a contour at which regression is compared."""
    contour_weight: float = Field(1.0, ge=0)
    """The paper's lambda."""


LossConfig = Annotated[DbLossConfig | PanLossConfig | FceLossConfig, Field(discriminator="head")]


class LanguageConfig(_Frozen):
    """The instance-language loss. Source: Yu et al. 2023, equation 8; released code: see docs/model.md."""

    weight: float = Field(1.0, ge=0)
    """The paper's lambda."""
    form: Literal["grid", "full"] = "grid"
    """Judged on the 1/32 grid (the paper), or enlarged to the input's size (released code for DB, PAN)."""
    loss: Literal["bce", "balanced_bce", "dice"] = "bce"
    """Plain cross-entropy (the paper), with hard negatives (the released code), or dice."""
    share: float = Field(0.1, gt=0, le=1)
    """Form "grid": a cell is text when at least this share of it is covered."""
    shrink_ratio: float = Field(1.0, gt=0, le=1)
    """Texts are shrunk before they are drawn; the released code has 0.4 for DB and 1 for PAN and FCE."""
    min_side: float = Field(6.0, ge=0)
    """Thinner texts are ignored, in network pixels."""
