"""One piece of text on a page: its polygon, its transcription and where it came from."""

import uuid
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from tcm_core.geometry.polygon import Points, as_points

Origin = Literal["model", "person", "both"]  # both: a model's proposal that a person corrected


@dataclass(frozen=True, eq=False)
class Region:
    """An immutable text region; equal to another when all values are equal.

    Copies of a region share the polygon, which is read-only. Make one with `new_region`.
    """

    id: str
    polygon: Points  # (N, 2), N >= 3, image pixels, view frame, read-only
    text: str = ""
    ignore: bool = False  # unreadable: neither counted for nor against a detector
    origin: Origin = "person"
    score: float | None = None  # of the detection it was accepted from

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        if not isinstance(other, Region):
            return NotImplemented
        return (
            self.id == other.id
            and self.text == other.text
            and self.ignore == other.ignore
            and self.origin == other.origin
            and self.score == other.score
            and np.array_equal(self.polygon, other.polygon)
        )

    def __hash__(self) -> int:
        return hash((self.id, self.text, self.ignore, self.origin, self.score))


def frozen_polygon(points: ArrayLike) -> Points:
    """A read-only copy of the points.

    Args:
        points: (N, 2), N >= 3, image pixels.

    Raises:
        ValueError: another shape, a coordinate that is not finite, or fewer than three points.
    """
    polygon = as_points(points)
    if len(polygon) < 3:
        raise ValueError(f"a polygon needs at least three points, got {len(polygon)}")
    polygon.setflags(write=False)
    return polygon


def new_region(
    polygon: ArrayLike,
    *,
    text: str = "",
    ignore: bool = False,
    origin: Origin = "person",
    score: float | None = None,
) -> Region:
    """A region with a fresh id; the polygon is copied and made read-only.

    Raises:
        ValueError: the polygon is not (N, 2) finite numbers with N >= 3.
    """
    return Region(uuid.uuid4().hex, frozen_polygon(polygon), text, ignore, origin, score)
