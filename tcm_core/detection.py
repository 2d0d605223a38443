"""Detection: one found text, the result type that everyone shares."""

from dataclasses import dataclass
from typing import Literal

from tcm_core.geometry.polygon import Points

DetectionKind = Literal["quad", "polygon"]


@dataclass(frozen=True, eq=False)
class Detection:
    """One found text.

    Attributes:
        polygon: (N, 2) image pixels, clockwise on the screen; four points when kind is "quad".
        score: in [0, 1], the head's mean probability inside the text.
        kind: what the decoder was asked for.
    """

    polygon: Points
    score: float
    kind: DetectionKind = "polygon"
