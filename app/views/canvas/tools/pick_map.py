"""The pick tool: a click on a text of the score map makes a region of it."""

from typing import Final

import numpy as np

from app.domain.covered import OVERLAP
from app.domain.edits import AddRegions
from app.domain.level_set import FAINTEST
from app.domain.region import new_region
from app.domain.shape_verbs import NO_MAP
from app.views.canvas.tools.drafting import TOO_SMALL
from app.views.canvas.tools.plain import PlainTool
from app.views.canvas.tools.tool import (
    NOTHING,
    SMALLEST_AREA,
    Command,
    CursorName,
    Pointer,
    Preview,
    Scene,
    SendEdit,
    ShowHint,
    ToolName,
)
from tcm_core.geometry.overlap import iou
from tcm_core.geometry.polygon import Points, area, is_simple

THRESHOLD_STEP: Final = 0.02
NO_TEXT: Final = "The score map shows no text here."
THERE_ALREADY: Final = "There is a region here already."


class PickTool(PlainTool):
    """Shows what a click would give; Alt and the wheel move the threshold of the text under the mouse."""

    name: ToolName = "pick"

    def __init__(self) -> None:
        self._outline: Points | None = None
        self._threshold: float | None = None  # of the text under the mouse
        self._cell: tuple[int, int] | None = None
        self._has_maps = True

    @property
    def cursor(self) -> CursorName:
        return "cross" if self._outline is None else "pointing"

    @property
    def idle_hint(self) -> str:
        if not self._has_maps:
            return NO_MAP
        if self._outline is None or self._threshold is None:
            return "Click a bright place of the score map (J shows it). Esc goes back to selecting"
        return f"Click adds this text, Alt+wheel moves its threshold, {self._threshold:.2f} now"

    def see(self, scene: Scene) -> None:
        self._has_maps = scene.maps is not None
        self.leave()

    def preview(self) -> Preview:
        if self._outline is None:
            return NOTHING
        return Preview(draft=self._outline, draft_points=len(self._outline), closing=True)

    def move(self, pointer: Pointer, scene: Scene) -> list[Command]:
        self._has_maps = scene.maps is not None
        cell = int(np.floor(pointer.x)), int(np.floor(pointer.y))
        if cell == self._cell or scene.maps is None:
            return []
        self._cell = cell
        if self._outline is None or not _holds(self._outline, pointer):
            self._threshold = scene.maps.usual_threshold(pointer.x, pointer.y)
        self._look(pointer, scene)
        return []

    def press(self, pointer: Pointer, scene: Scene) -> list[Command]:
        self._cell = None
        self.move(pointer, scene)
        polygon = self._outline
        if scene.maps is None:
            return [ShowHint(NO_MAP)]
        if polygon is None:
            return [ShowHint(NO_TEXT)]
        if area(polygon) < SMALLEST_AREA or not is_simple(polygon):
            return [ShowHint(TOO_SMALL)]
        if any(iou(polygon, region.polygon) >= OVERLAP for region in scene.page.regions):
            return [ShowHint(THERE_ALREADY)]
        region = new_region(polygon, origin="model")
        return [SendEdit(AddRegions((region,)), select=(region.id,))]

    def wheel(self, notches: float, pointer: Pointer, scene: Scene) -> list[Command] | None:
        if not pointer.alt or scene.maps is None or self._threshold is None:
            return None
        wanted = self._threshold + THRESHOLD_STEP * notches
        self._threshold = min(max(wanted, FAINTEST / 2), 0.99)
        self._look(pointer, scene)
        return []

    def leave(self) -> None:
        self._outline = self._threshold = self._cell = None

    def _look(self, pointer: Pointer, scene: Scene) -> None:
        assert scene.maps is not None
        if self._threshold is None:
            self._outline = None
        else:
            self._outline = scene.maps.text_at(pointer.x, pointer.y, self._threshold)


def _holds(polygon: Points, pointer: Pointer) -> bool:
    low, high = polygon.min(axis=0), polygon.max(axis=0)
    return bool(np.all(low <= (pointer.x, pointer.y)) and np.all(high >= (pointer.x, pointer.y)))
