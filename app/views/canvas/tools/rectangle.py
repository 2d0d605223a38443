"""The rectangle tool: from one corner to the opposite one."""

import numpy as np

from app.views.canvas.tools.drafting import add_region
from app.views.canvas.tools.plain import PlainTool
from app.views.canvas.tools.tool import (
    NOTHING,
    Command,
    CursorName,
    Pointer,
    Preview,
    Scene,
    ToolName,
)
from tcm_core.geometry.polygon import Points


class RectangleTool(PlainTool):
    """A drag makes an upright region, its first vertex the upper left corner."""

    name: ToolName = "rectangle"
    cursor: CursorName = "cross"

    def __init__(self) -> None:
        self._start: tuple[float, float] | None = None
        self._end = (0.0, 0.0)

    @property
    def idle_hint(self) -> str:
        if self._start is None:
            return "Drag from one corner of the text to the opposite one. Esc goes back to selecting"
        return "Release to add the region, Esc cancels"

    @property
    def busy(self) -> bool:
        return self._start is not None

    def preview(self) -> Preview:
        if self._start is None or self._start == self._end:
            return NOTHING
        return Preview(draft=self._polygon(self._start), draft_points=4, closing=True)

    def press(self, pointer: Pointer, scene: Scene) -> list[Command]:
        self._start = self._end = pointer.x, pointer.y
        return []

    def move(self, pointer: Pointer, scene: Scene) -> list[Command]:
        self._end = pointer.x, pointer.y
        return []

    def release(self, pointer: Pointer, scene: Scene) -> list[Command]:
        if self._start is None:
            return []
        self._end = pointer.x, pointer.y
        polygon = self._polygon(self._start)
        self.cancel()
        return add_region(polygon)

    def cancel(self) -> None:
        self._start = None

    def _polygon(self, start: tuple[float, float]) -> Points:
        (x0, x1), (y0, y1) = sorted((start[0], self._end[0])), sorted((start[1], self._end[1]))
        return np.array(((x0, y0), (x1, y0), (x1, y1), (x0, y1)), dtype=np.float64)
