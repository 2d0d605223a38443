"""The knife: cuts regions along a line from edge to edge."""

import math
from typing import Final

from app.domain.shape_verbs import cut_regions
from app.views.canvas.tools.plain import PointsTool
from app.views.canvas.tools.tool import (
    DRAG_STARTS_AT,
    NOTHING,
    Command,
    CursorName,
    Pointer,
    Preview,
    Scene,
    SendEdit,
    ShowHint,
    ToolName,
)

CUTS_NOTHING: Final = "The line does not cross a region from edge to edge. Begin and end outside it."


class KnifeTool(PointsTool):
    """A drag cuts straight; clicks make a bent line that Enter or a double click ends.

    With a selection only its regions are cut.
    """

    name: ToolName = "knife"
    cursor: CursorName = "cross"

    def __init__(self) -> None:
        super().__init__()
        self._pressed: Pointer | None = None

    @property
    def idle_hint(self) -> str:
        if not self._draft:
            return "Drag across a region, or click a line through it. Esc goes back to selecting"
        return "Click adds a point, Enter or double click cuts, Backspace takes back, Esc cancels"

    def preview(self) -> Preview:
        if not self._draft:
            return NOTHING
        return Preview(lines=(self._draft.with_mouse,), marks=self._draft.polygon)

    def press(self, pointer: Pointer, scene: Scene) -> list[Command]:
        self._pressed = pointer
        return super().press(pointer, scene)

    def release(self, pointer: Pointer, scene: Scene) -> list[Command]:
        start, self._pressed = self._pressed, None
        if start is None or len(self._draft) != 1:
            return []
        if math.hypot(pointer.x - start.x, pointer.y - start.y) < DRAG_STARTS_AT * pointer.pixel:
            return []
        self._draft.add(pointer)
        return self.finish(scene)

    def double_click(self, pointer: Pointer, scene: Scene) -> list[Command]:
        return self.finish(scene) if self._draft else self.press(pointer, scene)

    def finish(self, scene: Scene) -> list[Command]:
        line = self._draft.polygon
        if len(line) < 2:
            return [ShowHint("Set a second point first.")]
        self.cancel()
        edit = cut_regions(scene.page, scene.selected or scene.regions.keys(), line)
        if edit is None:
            return [ShowHint(CUTS_NOTHING)]
        parts = tuple(region.id for regions in edit.exchanges.values() for region in regions)
        return [SendEdit(edit, select=parts)]

    def cancel(self) -> None:
        super().cancel()
        self._pressed = None
