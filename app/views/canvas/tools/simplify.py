"""The simplify tool: fewer vertices, with the count and the outline to be seen before it is done."""

from typing import Final

from app.domain.reshape import simplified
from app.domain.shape_edits import ReshapeRegions
from app.views.canvas.tools.plain import PlainTool
from app.views.canvas.tools.tool import (
    Command,
    CursorName,
    Key,
    LeaveTool,
    Pointer,
    Preview,
    Scene,
    SendEdit,
    ToolName,
)
from tcm_core.geometry.overlap import iou
from tcm_core.geometry.polygon import Points

ENOUGH_OVERLAP: Final = 0.97  # with the outline as it was: where the tool begins
_FEWER: Final = ("down", "left")
_MORE: Final = ("up", "right")


class SimplifyTool(PlainTool):
    """The wheel or the arrows choose how many vertices a selected region keeps at most; Enter does it."""

    name: ToolName = "simplify"
    cursor: CursorName = "arrow"

    def __init__(self) -> None:
        self._before: dict[str, Points] = {}
        self._count = 3
        self._after: dict[str, Points] = {}

    @property
    def idle_hint(self) -> str:
        if not self._before:
            return "Select the regions to simplify first. Esc goes back to selecting"
        now = sum(len(polygon) for polygon in self._after.values())
        was = sum(len(polygon) for polygon in self._before.values())
        return (
            f"{now} of {was} vertices, at most {self._count} a region. Wheel or arrows change it, "
            "Enter or a click keeps it, Esc cancels"
        )

    @property
    def busy(self) -> bool:
        return False

    def see(self, scene: Scene) -> None:
        chosen = {
            region_id: scene.regions[region_id].polygon
            for region_id in sorted(scene.selected)
            if region_id in scene.regions
        }
        if chosen.keys() == self._before.keys() and all(
            chosen[region_id] is self._before[region_id] for region_id in chosen
        ):
            return
        self._before = chosen
        self._count = max((_enough(polygon) for polygon in chosen.values()), default=3)
        self._simplify()

    def preview(self) -> Preview:
        return Preview(dict(self._after))

    def press(self, pointer: Pointer, scene: Scene) -> list[Command]:
        return self._finish()

    def wheel(self, notches: float, pointer: Pointer, scene: Scene) -> list[Command] | None:
        if pointer.ctrl or not self._before:
            return None
        self._change(1 if notches > 0 else -1)
        return []

    def claims(self, key: Key, scene: Scene) -> bool:
        return key.name in ("escape", "enter", *_FEWER, *_MORE)

    def key(self, key: Key, scene: Scene) -> list[Command]:
        if key.name in _FEWER or key.name in _MORE:
            self._change((5 if key.shift else 1) * (1 if key.name in _MORE else -1))
            return []
        return self._finish() if key.name == "enter" else super().key(key, scene)

    def cancel(self) -> None:
        self._before, self._after = {}, {}

    def _change(self, step: int) -> None:
        most = max((len(polygon) for polygon in self._before.values()), default=3)
        self._count = min(max(self._count + step, 3), most)
        self._simplify()

    def _simplify(self) -> None:
        self._after = {
            region_id: simplified(polygon, self._count) for region_id, polygon in self._before.items()
        }

    def _finish(self) -> list[Command]:
        changed = {
            region_id: polygon
            for region_id, polygon in self._after.items()
            if len(polygon) < len(self._before[region_id])
        }
        self.cancel()
        if not changed:
            return [LeaveTool()]
        return [SendEdit(ReshapeRegions(changed, "Simplify")), LeaveTool()]


def _enough(polygon: Points) -> int:
    """The fewest vertices that still cover the outline well."""
    low, high = 3, len(polygon)
    while low < high:
        middle = (low + high) // 2
        if iou(simplified(polygon, middle), polygon) >= ENOUGH_OVERLAP:
            high = middle
        else:
            low = middle + 1
    return low
