"""What the drawing tools share: the points set so far, and the making of a region from them."""

import math
from typing import Final

import numpy as np

from app.domain.edits import AddRegions
from app.domain.region import new_region
from app.views.canvas.tools.tool import SMALLEST_AREA, Command, Pointer, SendEdit, ShowHint
from tcm_core.geometry.polygon import Points, area, clockwise

ANGLE_LOCK: Final = math.radians(15)
TOO_SMALL: Final = "That is smaller than a pixel, so nothing was added."


class DraftPoints:
    """The points of an outline under way, and the mouse behind them."""

    def __init__(self) -> None:
        self._points: list[tuple[float, float]] = []
        self._mouse: tuple[float, float] | None = None

    @classmethod
    def of(cls, points: Points) -> "DraftPoints":
        """A draft with these points set."""
        draft = cls()
        draft._points = [(float(x), float(y)) for x, y in points]
        return draft

    def __len__(self) -> int:
        return len(self._points)

    @property
    def polygon(self) -> Points:
        """(N, 2) the points that are set."""
        return np.array(self._points, dtype=np.float64).reshape(-1, 2)

    @property
    def with_mouse(self) -> Points:
        """(N + 1, 2) the points that are set and the mouse."""
        mouse = [self._mouse] if self._mouse is not None else []
        return np.array([*self._points, *mouse], dtype=np.float64).reshape(-1, 2)

    def follow(self, pointer: Pointer) -> None:
        """The mouse has moved; with Shift its angle from the last point is locked."""
        self._mouse = self._locked(pointer)

    def add(self, pointer: Pointer) -> None:
        """Set a point, unless it is where the last one is."""
        point = self._locked(pointer)
        self._mouse = point
        if not self._points or math.dist(point, self._points[-1]) >= 0.5 * pointer.pixel:
            self._points.append(point)

    def near_first(self, pointer: Pointer, radius: float) -> bool:
        """Whether the pointer is within widget pixels of the first point."""
        return (
            bool(self._points)
            and math.dist(self._points[0], (pointer.x, pointer.y)) <= radius * pointer.pixel
        )

    def drop_last(self) -> None:
        """Take back the last point."""
        if self._points:
            self._points.pop()

    def clear(self) -> None:
        """Take back all points."""
        self._points.clear()
        self._mouse = None

    def _locked(self, pointer: Pointer) -> tuple[float, float]:
        if not pointer.shift or not self._points:
            return pointer.x, pointer.y
        x, y = self._points[-1]
        dx, dy = pointer.x - x, pointer.y - y
        angle = round(math.atan2(dy, dx) / ANGLE_LOCK) * ANGLE_LOCK
        length = dx * math.cos(angle) + dy * math.sin(angle)
        return x + length * math.cos(angle), y + length * math.sin(angle)


def add_region(polygon: Points) -> list[Command]:
    """The command that adds a clockwise region and selects it, or a hint when it has no area to speak of."""
    if not np.isfinite(polygon).all() or area(polygon) < SMALLEST_AREA:
        return [ShowHint(TOO_SMALL)]
    region = new_region(clockwise(polygon))
    return [SendEdit(AddRegions((region,)), select=(region.id,))]
