"""The transform tool: turns, scales and moves any selection by the handles of a frame around it."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from app.domain.edits import MoveRegions
from app.domain.region import Region
from app.domain.reshape import fitted_box, turned
from app.domain.shape_edits import ReshapeRegions
from app.views.canvas.tools.picking import pick
from app.views.canvas.tools.plain import PlainTool
from app.views.canvas.tools.tool import (
    NOTHING,
    Command,
    CursorName,
    Key,
    LeaveTool,
    Pointer,
    Preview,
    Scene,
    Select,
    SendEdit,
    StartPan,
    ToolName,
)
from tcm_core.geometry.polygon import Points

HANDLE_REACH: Final = 9.0  # widget pixels
KNOB_AWAY: Final = 26.0  # widget pixels above the frame
ANGLE_STEP: Final = 15.0
SMALLEST_FACTOR: Final = 0.02
# where the handles are: along and across the frame, 0 to 1; the knob is handle 8
PLACES: Final = np.array(
    ((0.0, 0.0), (0.5, 0.0), (1.0, 0.0), (1.0, 0.5), (1.0, 1.0), (0.5, 1.0), (0.0, 1.0), (0.0, 0.5))
)
KNOB: Final = 8
INSIDE: Final = 9
_HINTS: Final = {
    "turn": "Drag turns, Shift in steps of 15 degrees, Esc cancels",
    "scale": "Drag scales, Shift keeps the proportions, Ctrl around the middle, Esc cancels",
    "move": "Drag moves",
}


@dataclass(frozen=True)
class Frame:
    """A rectangle around the selection that lies as its only region does, or upright."""

    corners: Points  # (4, 2) clockwise from the upper left of what is inside

    @property
    def middle(self) -> NDArray[np.float64]:
        middle: NDArray[np.float64] = self.corners.mean(axis=0)
        return middle

    @property
    def degrees(self) -> float:
        """How far the frame is turned clockwise."""
        x, y = self.corners[1] - self.corners[0]
        return math.degrees(math.atan2(y, x))

    def handles(self, pixel: float) -> Points:
        """(9, 2) the eight handles and the knob."""
        along, across = self.corners[1] - self.corners[0], self.corners[3] - self.corners[0]
        places = self.corners[0] + PLACES[:, :1] * along + PLACES[:, 1:] * across
        up = -across / max(float(np.hypot(*across)), 1e-9)
        return np.concatenate([places, [places[1] + KNOB_AWAY * pixel * up]])

    def holds(self, x: float, y: float) -> bool:
        """Whether a place lies inside."""
        local = turned(np.array(((x, y), *self.corners)), -self.degrees, self.middle)
        low, high = local[1:].min(axis=0), local[1:].max(axis=0)
        return bool(np.all(local[0] >= low) and np.all(local[0] <= high))


def frame_around(regions: list[Region]) -> Frame:
    """The frame of a selection."""
    if len(regions) == 1:
        return Frame(fitted_box(regions[0].polygon))
    points = np.concatenate([region.polygon for region in regions])
    (x0, y0), (x1, y1) = points.min(axis=0), points.max(axis=0)
    return Frame(np.array(((x0, y0), (x1, y0), (x1, y1), (x0, y1))))


@dataclass(frozen=True)
class _Drag:
    start: Pointer
    handle: int
    change: Callable[[Points], Points] | None = None


class TransformTool(PlainTool):
    """Handles at the corners and sides scale, the knob turns, inside moves; each drag is one edit."""

    name: ToolName = "transform"

    def __init__(self) -> None:
        self._regions: list[Region] = []
        self._frame: Frame | None = None
        self._handle: int | None = None  # under the mouse
        self._drag: _Drag | None = None

    @property
    def busy(self) -> bool:
        return self._drag is not None

    @property
    def cursor(self) -> CursorName:
        if self._handle is None:
            return "arrow"
        return "move" if self._handle == INSIDE else "turn" if self._handle == KNOB else "resize"

    @property
    def idle_hint(self) -> str:
        if self._frame is None:
            return "Click a region to turn and scale it. Esc goes back to selecting"
        if self._handle is None:
            return "Drag a handle to scale, the knob to turn, inside to move. Esc goes back to selecting"
        return _HINTS["move" if self._handle == INSIDE else "turn" if self._handle == KNOB else "scale"]

    def see(self, scene: Scene) -> None:
        self._drag = None
        self._regions = [region for id_, region in scene.regions.items() if id_ in scene.selected]
        self._frame = frame_around(self._regions) if self._regions else None

    def preview(self) -> Preview:
        if self._frame is None:
            return NOTHING
        change = None if self._drag is None else self._drag.change
        if change is None:
            return Preview(frame=self._frame.corners, bare=True)
        polygons = {region.id: change(region.polygon) for region in self._regions}
        return Preview(polygons, frame=change(self._frame.corners), bare=True)

    def press(self, pointer: Pointer, scene: Scene) -> list[Command]:
        handle = self._at(pointer)
        if handle is not None:
            self._drag = _Drag(pointer, handle)
            return []
        target = pick(scene, pointer)
        if target is None or target.kind == "detection":
            return [StartPan()]
        this = frozenset((target.region_id,))
        return [Select(scene.selected ^ this if pointer.ctrl else this)]

    def move(self, pointer: Pointer, scene: Scene) -> list[Command]:
        if self._drag is None:
            self._handle = self._at(pointer)
        else:
            self._drag = _Drag(self._drag.start, self._drag.handle, self._changed_by(self._drag, pointer))
        return []

    def release(self, pointer: Pointer, scene: Scene) -> list[Command]:
        drag, self._drag = self._drag, None
        if drag is None or drag.change is None:
            return []
        if drag.handle == INSIDE:
            ids = tuple(region.id for region in self._regions)
            return [SendEdit(MoveRegions(ids, pointer.x - drag.start.x, pointer.y - drag.start.y))]
        polygons = {region.id: drag.change(region.polygon) for region in self._regions}
        return [SendEdit(ReshapeRegions(polygons, "Turn" if drag.handle == KNOB else "Scale"))]

    def leave(self) -> None:
        self._handle = None

    def claims(self, key: Key, scene: Scene) -> bool:
        return key.name in ("escape", "enter")

    def key(self, key: Key, scene: Scene) -> list[Command]:
        if key.name == "enter" and not self.busy:
            return [LeaveTool()]
        return super().key(key, scene)

    def cancel(self) -> None:
        self._drag = None

    def _at(self, pointer: Pointer) -> int | None:
        if self._frame is None:
            return None
        place = np.array((pointer.x, pointer.y))
        distances = np.hypot(*(self._frame.handles(pointer.pixel) - place).T)
        nearest = int(np.argmin(distances))
        if distances[nearest] <= HANDLE_REACH * pointer.pixel:
            return nearest
        return INSIDE if self._frame.holds(pointer.x, pointer.y) else None

    def _changed_by(self, drag: _Drag, pointer: Pointer) -> Callable[[Points], Points]:
        assert self._frame is not None
        if drag.handle == INSIDE:
            step = np.array((pointer.x - drag.start.x, pointer.y - drag.start.y))
            return lambda points: points + step
        if drag.handle == KNOB:
            return _turn(self._frame, drag.start, pointer)
        return _scale(self._frame, drag.handle, pointer)


def _turn(frame: Frame, start: Pointer, now: Pointer) -> Callable[[Points], Points]:
    middle = frame.middle
    before = math.degrees(math.atan2(start.y - middle[1], start.x - middle[0]))
    after = math.degrees(math.atan2(now.y - middle[1], now.x - middle[0]))
    degrees = after - before
    if now.shift:
        degrees = round(degrees / ANGLE_STEP) * ANGLE_STEP
    return lambda points: turned(points, degrees, middle)


def _scale(frame: Frame, handle: int, now: Pointer) -> Callable[[Points], Points]:
    """Scales along the frame's own directions; the opposite handle stays, or the middle with Ctrl."""
    degrees, middle = frame.degrees, frame.middle
    local = turned(frame.corners, -degrees, middle)
    low, high = local.min(axis=0), local.max(axis=0)
    place = PLACES[handle]
    anchor = (low + high) / 2 if now.ctrl else low + (1 - place) * (high - low)
    grasped = low + place * (high - low)
    mouse = turned(np.array(((now.x, now.y),)), -degrees, middle)[0]
    reach = grasped - anchor
    factors = np.ones(2)
    useful = np.abs(reach) > 1e-9  # a handle in the middle of a side scales one way only
    factors[useful] = np.maximum(
        ((mouse - anchor) / np.where(reach == 0, 1.0, reach))[useful], SMALLEST_FACTOR
    )
    if now.shift:
        factors[:] = factors[useful].max(initial=SMALLEST_FACTOR)

    def change(points: Points) -> Points:
        flat = turned(points, -degrees, middle)
        return turned((flat - anchor) * factors + anchor, degrees, middle)

    return change
