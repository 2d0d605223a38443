"""Curved text: along its two sides, or along its middle with a height."""

from typing import Final

import numpy as np
import shapely

from app.domain.curve import LEAST_POINTS, MOST_POINTS, band_around, band_between, smooth
from app.views.canvas.tools.drafting import DraftPoints, add_region
from app.views.canvas.tools.plain import PointsTool
from app.views.canvas.tools.tool import (
    NOTHING,
    Command,
    CursorName,
    Key,
    Pointer,
    Preview,
    Scene,
    ShowHint,
    ToolName,
)
from tcm_core.geometry.polygon import Points, is_simple

USUAL_POINTS: Final = 14  # as SCUT-CTW1500 labels curved text
TOO_FEW: Final = "A side needs at least two points."
CROSSING: Final = "The outline would cross itself. Backspace takes back the last point."
TOO_TIGHT: Final = "The line bends too tightly for that height. Click nearer to it."


class _CurveTool(PointsTool):
    """Draws one line of points, then what completes it."""

    cursor: CursorName = "cross"

    def __init__(self) -> None:
        super().__init__()
        self._first: Points | None = None  # the line that is done
        self._count = USUAL_POINTS

    @property
    def busy(self) -> bool:
        return self._first is not None or len(self._draft) > 0

    def double_click(self, pointer: Pointer, scene: Scene) -> list[Command]:
        return self.finish(scene) if self._draft else self.press(pointer, scene)

    def claims(self, key: Key, scene: Scene) -> bool:
        return super().claims(key, scene) or (self.busy and key.name in ("up", "down"))

    def key(self, key: Key, scene: Scene) -> list[Command]:
        if key.name in ("up", "down") and self.busy:
            step = 2 if key.name == "up" else -2
            self._count = min(max(self._count + step, LEAST_POINTS), MOST_POINTS)
            return []
        return super().key(key, scene)

    def undo_point(self) -> list[Command]:
        if len(self._draft) == 0 and self._first is not None:
            self._draft = DraftPoints.of(self._first)
            self._first = None
        self._draft.drop_last()
        return []

    def cancel(self) -> None:
        super().cancel()
        self._first = None

    def _keep_first(self) -> list[Command]:
        """The first line is done."""
        if len(self._draft) < 2:
            return [ShowHint(TOO_FEW)]
        self._first = self._draft.polygon
        self._draft = DraftPoints()
        return []

    def _add(self, polygon: Points, complaint: str) -> list[Command]:
        commands = add_region(polygon)
        if isinstance(commands[0], ShowHint):
            return commands
        if not is_simple(polygon):
            return [ShowHint(complaint)]
        self.cancel()
        return commands

    def _shown_line(self) -> Preview:
        points = self._draft.with_mouse
        line = smooth(_apart(points)) if len(_apart(points)) > 1 else points
        return Preview(lines=(line,), marks=self._draft.polygon)


class RailsTool(_CurveTool):
    """The upper side click by click, then the lower one."""

    name: ToolName = "curve"

    @property
    def idle_hint(self) -> str:
        if not self.busy:
            return "Click along the upper side, from where reading begins. Esc goes back to selecting"
        side = "upper" if self._first is None else "lower"
        then = "the lower side follows" if self._first is None else "adds the region"
        return (
            f"Click along the {side} side; Enter or double click ends it, {then}. "
            f"{self._count} points (Up, Down), Backspace takes back, Esc cancels"
        )

    def preview(self) -> Preview:
        if not self.busy:
            return NOTHING
        if self._first is None:
            return self._shown_line()
        points = _apart(self._draft.with_mouse)
        marks = np.concatenate([self._first, self._draft.polygon])
        if len(points) < 2:
            return Preview(lines=(smooth(self._first),), marks=marks)
        band = band_between(self._first, points, self._count)
        return Preview(draft=band, draft_points=len(band), closing=True, marks=marks)

    def finish(self, scene: Scene) -> list[Command]:
        if self._first is None:
            return self._keep_first()
        if len(self._draft) < 2:
            return [ShowHint(TOO_FEW)]
        return self._add(band_between(self._first, self._draft.polygon, self._count), CROSSING)


class CentreTool(_CurveTool):
    """A line through the middle of the text, then its height."""

    name: ToolName = "centre"

    def __init__(self) -> None:
        super().__init__()
        self._mouse: tuple[float, float] | None = None

    @property
    def idle_hint(self) -> str:
        if not self.busy:
            return "Click along the middle of the text, from where reading begins. Esc goes back to selecting"
        if self._first is None:
            return "Click along the middle; Enter or double click ends it, then the height. Esc cancels"
        return (
            f"Click where the upper or the lower side is. {self._count} points (Up, Down), "
            "Backspace takes back, Esc cancels"
        )

    def preview(self) -> Preview:
        if not self.busy:
            return NOTHING
        if self._first is None:
            return self._shown_line()
        line = smooth(self._first)
        if self._mouse is None or self._height() <= 0:
            return Preview(lines=(line,), marks=self._first)
        band = band_around(self._first, self._height(), self._count)
        return Preview(draft=band, draft_points=len(band), closing=True, lines=(line,), marks=self._first)

    def press(self, pointer: Pointer, scene: Scene) -> list[Command]:
        self._mouse = pointer.x, pointer.y
        if self._first is None:
            return super().press(pointer, scene)
        return self.finish(scene)

    def move(self, pointer: Pointer, scene: Scene) -> list[Command]:
        self._mouse = pointer.x, pointer.y
        return super().move(pointer, scene)

    def finish(self, scene: Scene) -> list[Command]:
        if self._first is None:
            return self._keep_first()
        if self._height() < 1:
            return [ShowHint("Click beside the line, where the text ends.")]
        return self._add(band_around(self._first, self._height(), self._count), TOO_TIGHT)

    def _height(self) -> float:
        assert self._first is not None
        if self._mouse is None:
            return 0.0
        line = shapely.LineString(smooth(self._first))
        return 2 * float(shapely.distance(line, shapely.Point(self._mouse)))


def _apart(points: Points) -> Points:
    """The points without those on the one before, as the mouse may rest on the last one."""
    if len(points) < 2:
        return points
    steps = np.hypot(*np.diff(points, axis=0).T)
    return points[np.concatenate([[True], steps > 1e-6])]
