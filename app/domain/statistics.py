"""What can be counted in all pages of a project, and how fast it was made."""

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final, NamedTuple

import numpy as np

from app.domain.page import Page
from app.domain.region import Region
from app.domain.review import ReviewState
from tcm_core.geometry.polygon import Points

HEIGHT_ENDS: Final = (8, 12, 16, 24, 32, 48, 64, 96, 128)  # of the bins of text heights, image pixels
ANGLE_ENDS: Final = (-75, -45, -15, -5, 5, 15, 45, 75)  # of the bins of angles, degrees
SQUARE: Final = 1e-3  # pixels by which the sides of a square may differ; its angle is that of the flatter one
PAUSE_S: Final = 300.0
"""A longer time between two edits was not spent on the work."""
DAY_S: Final = 86_400


class Untouched(NamedTuple):
    """An approved page with polygons that are as the detector made them."""

    key: str
    untouched: int
    regions: int


@dataclass
class Tally:
    """Counts of the pages that were added."""

    pages: int = 0
    states: Counter[ReviewState] = field(default_factory=Counter)
    regions: int = 0
    ignored: int = 0
    with_text: int = 0
    origins: Counter[str] = field(default_factory=Counter)
    vertices: Counter[int] = field(default_factory=Counter)
    heights: Counter[int] = field(default_factory=Counter)  # by bin, see `bin_names`
    angles: Counter[int] = field(default_factory=Counter)
    characters: Counter[str] = field(default_factory=Counter)
    untouched: list[Untouched] = field(default_factory=list)

    def add(self, key: str, page: Page) -> None:
        """Count a page."""
        self.pages += 1
        self.states[page.review] += 1
        for region in page.regions:
            self._add(region)
        left = sum(region.origin == "model" for region in page.regions)
        if page.review == "approved" and left:
            self.untouched.append(Untouched(key, left, len(page.regions)))

    def _add(self, region: Region) -> None:
        self.regions += 1
        self.ignored += region.ignore
        self.origins[region.origin] += 1
        self.vertices[len(region.polygon)] += 1
        height, angle = height_and_angle(region.polygon)
        self.heights[bisect_right(HEIGHT_ENDS, height)] += 1
        self.angles[bisect_right(ANGLE_ENDS, angle)] += 1
        if region.text and not region.ignore:
            self.with_text += 1
            self.characters.update(region.text.replace(" ", ""))


class Speed(NamedTuple):
    """How the work went on one day, or on all."""

    day: int | None  # days since 1970, UTC; None: all days
    hours: float  # worked, pauses left out
    pages: int  # different ones that were edited
    edits: int

    @property
    def pages_per_hour(self) -> float:
        """Zero when less than a minute was worked: that says nothing."""
        return self.pages / self.hours if self.hours >= 1 / 60 else 0.0


def speeds(times: Iterable[tuple[float, str]], offset_s: float = 0.0) -> list[Speed]:
    """The speed of all work, then of each day, the newest day first.

    Args:
        times: of all edits, rising: seconds since 1970 (UTC) and the page.
        offset_s: of the clock on the wall from UTC, so that days end at midnight there.
    """
    by_day: dict[int, list[tuple[float, str]]] = {}
    everything = list(times)
    for at, key in everything:
        by_day.setdefault(int((at + offset_s) // DAY_S), []).append((at, key))
    days = [_speed(day, by_day[day]) for day in sorted(by_day, reverse=True)]
    return [_speed(None, everything), *days]


def _speed(day: int | None, edits: list[tuple[float, str]]) -> Speed:
    gaps = np.diff([at for at, _ in edits])
    worked = float(gaps[gaps <= PAUSE_S].sum())
    return Speed(day, worked / 3600, len({key for _, key in edits}), len(edits))


def height_and_angle(polygon: Points) -> tuple[float, float]:
    """The shorter side of the smallest rectangle around a polygon (pixels) and how its longer side lies.

    Returns:
        Pixels, and degrees in [-90, 90): 0 is level, positive runs downwards to the right.
    """
    import cv2  # not before the statistics are asked for: the window should open quickly

    near_zero = (polygon - polygon.mean(axis=0)).astype(np.float32)  # OpenCV calculates with 24 bits
    _, (width, height), angle = cv2.minAreaRect(near_zero)
    if abs(width - height) < SQUARE:
        return min(width, height), (angle + 45.0) % 90.0 - 45.0
    along = angle if width > height else angle + 90.0
    return min(width, height), (along + 90.0) % 180.0 - 90.0


def bin_names(ends: tuple[int, ...], unit: str) -> list[str]:
    """What the bins between the ends are called, the first and the last one open."""
    between = [f"{low} to {high}{unit}" for low, high in pairwise(ends)]
    return [f"below {ends[0]}{unit}", *between, f"{ends[-1]}{unit} and more"]
