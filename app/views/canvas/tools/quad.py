"""The quad tool: the four corners of a word."""

from typing import Final

import numpy as np

from app.views.canvas.tools.drafting import add_region
from app.views.canvas.tools.plain import PointsTool
from app.views.canvas.tools.tool import (
    NOTHING,
    Command,
    CursorName,
    Pointer,
    Preview,
    Scene,
    ToolName,
)
from tcm_core.geometry.polygon import Points, is_simple

_CORNERS: Final = ("upper left", "upper right", "lower right", "lower left")


class QuadTool(PointsTool):
    """Four clicks make a region; the first corner is where reading begins."""

    name: ToolName = "quad"
    cursor: CursorName = "cross"

    @property
    def idle_hint(self) -> str:
        corner = _CORNERS[min(len(self._draft), 3)]
        if not self._draft:
            return f"Click the {corner} corner of the text. Esc goes back to selecting"
        return f"Click the {corner} corner, Backspace takes back, Shift locks the angle, Esc cancels"

    def preview(self) -> Preview:
        if not self._draft:
            return NOTHING
        return Preview(
            draft=self._draft.with_mouse, draft_points=len(self._draft), closing=len(self._draft) == 3
        )

    def press(self, pointer: Pointer, scene: Scene) -> list[Command]:
        super().press(pointer, scene)
        if len(self._draft) < 4:
            return []
        polygon = uncrossed(self._draft.polygon)
        self.cancel()
        return add_region(polygon)


def uncrossed(corners: Points) -> Points:
    """Four corners in an order around their middle when the given order crosses itself; the first stays."""
    if is_simple(corners):
        return corners
    middle = corners.mean(axis=0)
    angles = np.arctan2(corners[:, 1] - middle[1], corners[:, 0] - middle[0])
    order = np.argsort((angles - angles[0]) % (2 * np.pi), kind="stable")
    return corners[order]
