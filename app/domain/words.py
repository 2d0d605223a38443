"""From a line of text to its words and back: where the spaces are, and which part of the text is where."""

import itertools
import unicodedata
from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from app.domain.sides import sides
from tcm_core.geometry.polygon import Points, clockwise

LEAST_DEPTH: Final = 0.35  # of a valley, as a share of the lower of its two banks
_WIDE: Final = ("W", "F")
_RIGHT_TO_LEFT: Final = ("R", "AL")


def split_at(polygon: Points, fractions: Sequence[float]) -> list[Points]:
    """The polygon cut across its line of reading at fractions of its length, in reading order.

    Args:
        polygon: (N, 2), simple.
        fractions: rising, each between 0 and 1.

    Returns:
        One part more than fractions, each clockwise from its upper left.
    """
    whole = sides(polygon)
    ends = [0.0, *fractions, 1.0]
    return [clockwise(whole.between(start, end).ring) for start, end in itertools.pairwise(ends)]


def space_fractions(text: str) -> list[float]:
    """Where the spaces of a transcription lie along its line, 0 to 1, were all characters as wide as usual.

    A wide character counts twice, a combining one not at all. For text that runs from right to left the
    fractions are those of the picture, from the left.
    """
    words = text.split()
    at, found = 0.0, []
    for word in words:
        at += sum(_width(letter) for letter in word)
        found.append(at + 0.5)
        at += 1.0
    whole = at - 1.0
    fractions = [place / whole for place in found[:-1]] if whole > 0 else []
    return [1.0 - place for place in reversed(fractions)] if runs_right_to_left(text) else fractions


def valley_fractions(profile: NDArray[np.float64], count: int | None = None) -> list[float]:
    """Where a score along a line sinks between two hills, 0 to 1, rising.

    Args:
        profile: (K,) scores along the line at even distances.
        count: find only the deepest of so many; None: all that are deep enough.
    """
    found: list[tuple[float, int]] = []
    padded = np.concatenate([[np.inf], profile, [np.inf]])
    falling = padded[1:-1] < padded[:-2]
    for start in np.flatnonzero(falling):
        end = int(start)  # a valley may have a flat bottom
        while end + 1 < len(profile) and profile[end + 1] == profile[start]:
            end += 1
        if end + 1 >= len(profile) or start == 0 or profile[end + 1] < profile[start]:
            continue
        depth = 1.0 - profile[start] / max(min(profile[:start].max(), profile[end + 1 :].max()), 1e-9)
        if depth >= LEAST_DEPTH:
            found.append((float(depth), (int(start) + end) // 2))
    found = _one_for_each_dip(found, profile)
    chosen = sorted(found, reverse=True)[: len(found) if count is None else count]
    return sorted((at + 0.5) / len(profile) for _, at in chosen)


def _one_for_each_dip(
    found: list[tuple[float, int]], profile: NDArray[np.float64]
) -> list[tuple[float, int]]:
    """Of neighbouring valleys without a hill between them only the deepest."""
    kept: list[tuple[float, int]] = []
    for depth, at in found:
        if kept:
            ridge = float(profile[kept[-1][1] : at + 1].max())
            floor = max(float(profile[kept[-1][1]]), float(profile[at]))
            if floor > (1 - LEAST_DEPTH) * ridge:
                kept[-1] = max(kept[-1], (depth, at))
                continue
        kept.append((depth, at))
    return kept


def shared_out(text: str, count: int) -> list[str]:
    """The text for each of so many parts in the picture's order; all of it to the first when words are not
    as many as parts."""
    words = text.split()
    if len(words) != count:
        return [text, *[""] * (count - 1)]
    return words[::-1] if runs_right_to_left(text) else words


def put_together(texts: Sequence[str]) -> str:
    """One text of the texts of words in the picture's order; empty ones are left out."""
    words = [text for text in texts if text.strip()]
    return " ".join(words[::-1] if runs_right_to_left("".join(words)) else words)


def runs_right_to_left(text: str) -> bool:
    """Whether the first letter with a direction is of a script written from right to left."""
    for letter in text:
        direction = unicodedata.bidirectional(letter)
        if direction in _RIGHT_TO_LEFT:
            return True
        if direction == "L":
            return False
    return False


def _width(letter: str) -> float:
    if unicodedata.combining(letter):
        return 0.0
    return 2.0 if unicodedata.east_asian_width(letter) in _WIDE else 1.0
