"""The rotated box tool: one side by two clicks, the height by a third."""

from typing import Final

import numpy as np

from app.views.canvas.tools.drafting import add_region
from app.views.canvas.tools.plain import PointsTool
from app.views.canvas.tools.tool import NOTHING, Command, CursorName, Pointer, Preview, Scene, ToolName
from tcm_core.geometry.polygon import Points

_HINTS: Final = (
    "Click where the text begins, on its upper or lower side. Esc goes back to selecting",
    "Click where that side ends. Shift locks the angle, Backspace takes back, Esc cancels",
    "Click at the height of the opposite side. Backspace takes back, Esc cancels",
)


class RotatedTool(PointsTool):
    """Reading runs from the first click to the second, whichever side they lie on."""

    name: ToolName = "rotated"
    cursor: CursorName = "cross"

    @property
    def idle_hint(self) -> str:
        return _HINTS[min(len(self._draft), 2)]

    def preview(self) -> Preview:
        points = self._draft.with_mouse
        if not self.busy:
            return NOTHING
        if len(points) < 3 or len(self._draft) < 2:
            return Preview(draft=points, draft_points=len(self._draft))
        return Preview(draft=box_of(points), draft_points=4, closing=True)

    def press(self, pointer: Pointer, scene: Scene) -> list[Command]:
        if len(self._draft) < 2:
            return super().press(pointer, scene)
        polygon = box_of(np.concatenate([self._draft.polygon, [(pointer.x, pointer.y)]]))
        self.cancel()
        return add_region(polygon)

    def move(self, pointer: Pointer, scene: Scene) -> list[Command]:
        if len(self._draft) == 2:  # the height needs no angle
            pointer = Pointer(pointer.x, pointer.y, pointer.pixel)
        return super().move(pointer, scene)


def box_of(points: Points) -> Points:
    """(4, 2) clockwise from the reading start, of the ends of one side and a point at the other's height."""
    start, end, beyond = points[:3]
    along = end - start
    across = np.array((-along[1], along[0])) / max(float(np.hypot(*along)), 1e-9)  # downwards as read
    height = float((beyond - start) @ across)
    step = height * across
    if height >= 0:
        return np.stack([start, end, end + step, start + step])
    return np.stack([start + step, end + step, end, start])
