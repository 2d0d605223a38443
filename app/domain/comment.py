"""A remark that is pinned on a picture."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Comment:
    """One comment of a page."""

    id: int
    x: float  # image pixels, view frame
    y: float
    text: str
    author: str
    at: float  # when it was written, seconds since 1970, UTC
    resolved: bool = False
