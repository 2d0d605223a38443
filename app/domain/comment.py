"""A remark that is pinned on a picture."""

import math
import time
from dataclasses import dataclass
from typing import Final

MICROSECONDS: Final = 1_000_000


@dataclass(frozen=True)
class Comment:
    """One comment of a page. Make one with `new_comment`."""

    id: int
    x: float  # image pixels, view frame
    y: float
    text: str
    author: str
    at: float  # when it was written, seconds since 1970, UTC
    resolved: bool = False


def one_line(text: str) -> str:
    """The text as comments are kept: line ends and rows of blanks are one blank each."""
    return " ".join(text.split())


def new_comment(place: tuple[float, float], text: str, author: str) -> Comment:
    """A comment of now with a fresh id.

    Args:
        place: x and y, image pixels.
        text: what is said.
        author: who says it.

    Raises:
        ValueError: no words, or a place that is no number.
    """
    words, (x, y), at = one_line(text), place, time.time_ns()
    if not words or not (math.isfinite(x) and math.isfinite(y)):
        raise ValueError("a comment needs words and a place on the picture")
    return Comment(at // 1000, float(x), float(y), words, author, at / (1000 * MICROSECONDS))
