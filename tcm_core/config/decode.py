"""Decode settings: how maps become detections. They are not part of the model and can change at any time."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class DbDecode(BaseModel):
    """How DBNet's probability map becomes detections. Source: Liao et al. 2020, section 3.5."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    threshold: float = Field(0.3, ge=0.0, le=1.0)
    """Pixels above this probability are text."""
    score_threshold: float = Field(0.5, ge=0.0, le=1.0)
    """A text is kept when its mean probability reaches this."""
    unclip_ratio: float = Field(1.6, ge=0.0, le=5.0)
    """How far the shrunk text is grown back: A * ratio / L network pixels."""
    min_side: float = Field(3.0, ge=0.0)
    """Texts whose shorter side, before growing, is below this many network pixels are dropped."""
    max_candidates: int = Field(1000, ge=1)
    """At most this many connected components are looked at, the largest first."""
    output: Literal["quad", "polygon"] = "quad"
    """Minimum-area rectangles, or the outline as it is."""
