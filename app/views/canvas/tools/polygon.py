"""The polygon tool: click by click around a text."""

from typing import Final

from app.views.canvas.tools.drafting import add_region
from app.views.canvas.tools.plain import PointsTool
from app.views.canvas.tools.tool import (
    NOTHING,
    Command,
    CursorName,
    Pointer,
    Preview,
    Scene,
    ShowHint,
    ToolName,
)
from tcm_core.geometry.polygon import is_simple

CLOSE_RADIUS: Final = 9.0  # widget pixels around the first point
CROSSING: Final = "The outline crosses itself. Backspace takes back the last point."
TOO_FEW: Final = "A polygon needs at least three points."


class PolygonTool(PointsTool):
    """A click sets a point; double click, Enter or a click on the first point closes."""

    name: ToolName = "polygon"
    cursor: CursorName = "cross"

    def __init__(self) -> None:
        super().__init__()
        self._closing = False

    @property
    def idle_hint(self) -> str:
        if not self._draft:
            return "Click around the text, beginning at its upper left. Esc goes back to selecting"
        if self._closing:
            return "Click closes the polygon"
        return (
            "Click adds a point, double click or Enter closes, Backspace takes back, "
            "Shift locks the angle, Esc cancels"
        )

    def preview(self) -> Preview:
        if not self._draft:
            return NOTHING
        return Preview(draft=self._draft.with_mouse, draft_points=len(self._draft), closing=self._closing)

    def press(self, pointer: Pointer, scene: Scene) -> list[Command]:
        if self._can_close(pointer):
            return self._close()
        self._draft.add(pointer)
        return []

    def move(self, pointer: Pointer, scene: Scene) -> list[Command]:
        self._draft.follow(pointer)
        self._closing = self._can_close(pointer)
        return []

    def double_click(self, pointer: Pointer, scene: Scene) -> list[Command]:
        return self._close() if self._draft else self.press(pointer, scene)

    def leave(self) -> None:
        self._closing = False

    def finish(self, scene: Scene) -> list[Command]:
        return self._close()

    def undo_point(self) -> list[Command]:
        self._draft.drop_last()
        self._closing = False
        return []

    def cancel(self) -> None:
        self._draft.clear()
        self._closing = False

    def _can_close(self, pointer: Pointer) -> bool:
        return len(self._draft) >= 3 and self._draft.near_first(pointer, CLOSE_RADIUS)

    def _close(self) -> list[Command]:
        polygon = self._draft.polygon
        if len(polygon) < 3:
            return [ShowHint(TOO_FEW)]
        commands = add_region(polygon)
        if isinstance(commands[0], ShowHint):
            return commands
        if not is_simple(polygon):
            return [ShowHint(CROSSING)]
        self.cancel()
        return commands
