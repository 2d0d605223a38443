"""The quad tool: the four corners of a word."""

from typing import Final

import numpy as np

from app.views.canvas.tools.drafting import DraftPoints, add_region
from app.views.canvas.tools.tool import (
    NOTHING,
    Command,
    CursorName,
    Key,
    LeaveTool,
    Pointer,
    Preview,
    Scene,
    ToolName,
)
from tcm_core.geometry.polygon import Points, is_simple

_CORNERS: Final = ("upper left", "upper right", "lower right", "lower left")


class QuadTool:
    """Four clicks make a region; the first corner is where reading begins."""

    name: ToolName = "quad"
    cursor: CursorName = "cross"

    def __init__(self) -> None:
        self._draft = DraftPoints()

    @property
    def idle_hint(self) -> str:
        corner = _CORNERS[min(len(self._draft), 3)]
        if not self._draft:
            return f"Click the {corner} corner of the text. Esc goes back to selecting"
        return f"Click the {corner} corner, Backspace takes back, Shift locks the angle, Esc cancels"

    @property
    def busy(self) -> bool:
        return len(self._draft) > 0

    @property
    def has_draft(self) -> bool:
        return len(self._draft) > 0

    def preview(self) -> Preview:
        if not self._draft:
            return NOTHING
        return Preview(
            draft=self._draft.with_mouse, draft_points=len(self._draft), closing=len(self._draft) == 3
        )

    def press(self, pointer: Pointer, scene: Scene) -> list[Command]:
        self._draft.add(pointer)
        if len(self._draft) < 4:
            return []
        polygon = uncrossed(self._draft.polygon)
        self.cancel()
        return add_region(polygon)

    def move(self, pointer: Pointer, scene: Scene) -> list[Command]:
        self._draft.follow(pointer)
        return []

    def release(self, pointer: Pointer, scene: Scene) -> list[Command]:
        return []

    def double_click(self, pointer: Pointer, scene: Scene) -> list[Command]:
        return self.press(pointer, scene)

    def leave(self) -> None:
        return

    def claims(self, key: Key, scene: Scene) -> bool:
        return key.name == "escape" or (self.has_draft and key.name in ("backspace", "delete"))

    def key(self, key: Key, scene: Scene) -> list[Command]:
        if key.name == "escape" and not self.busy:
            return [LeaveTool()]
        if key.name == "escape":
            self.cancel()
        elif key.name in ("backspace", "delete"):
            return self.undo_point()
        return []

    def undo_point(self) -> list[Command]:
        self._draft.drop_last()
        return []

    def cancel(self) -> None:
        self._draft.clear()


def uncrossed(corners: Points) -> Points:
    """Four corners in an order around their middle when the given order crosses itself; the first stays."""
    if is_simple(corners):
        return corners
    middle = corners.mean(axis=0)
    angles = np.arctan2(corners[:, 1] - middle[1], corners[:, 0] - middle[0])
    order = np.argsort((angles - angles[0]) % (2 * np.pi), kind="stable")
    return corners[order]
