"""Decode settings: how maps become detections. They are not part of the model and can change at any time."""

from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

Output = Literal["quad", "polygon"]
"""Minimum-area rectangles, or the outline as it is."""


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class DbDecode(_Frozen):
    """How DBNet's probability map becomes detections. Source: Liao et al. 2020, section 3.5."""

    head: Literal["db"] = "db"
    threshold: float = Field(0.3, ge=0.0, le=1.0)
    """Pixels above this probability are text."""
    score_threshold: float = Field(0.5, ge=0.0, le=1.0)
    """A text is kept when its mean probability reaches this."""
    grow: Literal["area", "inverse"] = "area"
    """How far the shrunk text is grown back: by its area over its perimeter (the paper), or by solving the
    equation of the shrinking backwards, which is exact for rectangles of any shape."""
    unclip_ratio: float = Field(1.6, ge=0.0, le=5.0)
    """With "area": A * ratio / L network pixels."""
    shrink_ratio: float = Field(0.4, gt=0.0, le=1.0)
    """With "inverse": the ratio that the texts were shrunk by in training."""
    min_side: float = Field(3.0, ge=0.0)
    """Texts whose shorter side, before growing, is below this many network pixels are dropped."""
    max_candidates: int = Field(1000, ge=1)
    """At most this many connected components are looked at, the largest first."""
    output: Output = "quad"


class PanDecode(_Frozen):
    """How PAN's maps become detections. Source: Wang et al. 2019, section 3.4."""

    head: Literal["pan"] = "pan"
    threshold: float = Field(0.5, ge=0.0, le=1.0)
    """Pixels above this probability are text."""
    kernel_threshold: float = Field(0.5, ge=0.0, le=1.0)
    """Text pixels above this kernel probability are seeds."""
    score_threshold: float = Field(0.85, ge=0.0, le=1.0)
    """A text is kept when its mean text probability reaches this: 0.85 for ICDAR 2015, 0.86 for MSRA-TD500,
    0.87 for Total-Text, 0.88 for CTW1500."""
    aggregation: Literal["distance", "area_ratio"] = "distance"
    """When a pixel's distance from the kernel counts: always (the paper, mmocr 1.x), or only for kernels that
    share a text component with one of very different area (the authors' code)."""
    area_ratio: float = Field(1024.0, ge=1.0)
    """With "area_ratio": areas that differ by more than this factor are very different."""
    max_distance: float = Field(3.0, ge=0.0)
    """A pixel joins a kernel when its similarity vector is no further than this from the kernel's mean; mmocr
    0.x has 0.85 here, the number meant for the score threshold."""
    min_area: int = Field(16, ge=1)
    """Texts of fewer map pixels are dropped."""
    min_kernel_area: int = Field(1, ge=1)
    """Kernels of fewer map pixels are no seeds."""
    max_candidates: int = Field(1000, ge=1)
    """At most this many texts are given, the largest first."""
    output: Output = "quad"


class FceDecode(_Frozen):
    """How FCENet's maps become detections. Source: Zhu et al. 2021, section 3.2."""

    head: Literal["fce"] = "fce"
    score_threshold: float = Field(0.3, ge=0.0, le=1.0)
    """Pixels whose score, text^alpha * centre^beta, reaches this give a contour."""
    alpha: float = Field(1.2, ge=0.0)
    """Exponent of the text region's probability; 1.2 for words (ICDAR 2015), 1.0 for curved text."""
    beta: float = Field(1.0, ge=0.0)
    """Exponent of the text centre region's probability; 1.0 for words, 2.0 for curved text."""
    nms_threshold: float = Field(0.1, ge=0.0, le=1.0)
    """Of two contours whose intersection over union exceeds this, the better one stays."""
    points: int = Field(50, ge=4)
    """Points of a reconstructed contour."""
    max_candidates: int = Field(1000, ge=1)
    """At most this many pixels of one connected component are looked at, the best first."""
    max_comparisons: int = Field(100, ge=1)
    """At most this many contours of one connected component are compared with those already found in it, the
    best first; contours that plainly repeat a better one do not count."""
    output: Output = "quad"


DecodeSettings = Annotated[
    DbDecode | PanDecode | FceDecode,
    Field(discriminator="head"),
    BeforeValidator(lambda value: {"head": "db", **value} if isinstance(value, dict) else value),
]
"""The settings of any head; without a name they are DBNet's, as all were in the first version."""
