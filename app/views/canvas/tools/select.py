"""The select tool: choose, move, reshape and delete regions, accept detections, pan."""

import math
from dataclasses import dataclass
from typing import Final

from app.domain.edits import DeleteRegions, DeleteVertices, InsertVertex, MoveRegions, MoveVertex
from app.domain.reading_order import reading_order
from app.views.canvas.tools.gestures import (
    Gesture,
    InsertGesture,
    MoveGesture,
    RubberBand,
    VertexGesture,
)
from app.views.canvas.tools.local_level import LocalLevel
from app.views.canvas.tools.picking import on_edge, pick
from app.views.canvas.tools.plain import PlainTool
from app.views.canvas.tools.tool import (
    DRAG_STARTS_AT,
    NOTHING,
    AcceptDetections,
    Command,
    CursorName,
    Key,
    Pointer,
    Preview,
    Reveal,
    Scene,
    Select,
    SendEdit,
    ShowHint,
    StartPan,
    Target,
    ToolName,
)

_IDLE: Final = "Click selects, drag pans, Shift+drag selects several, wheel zooms"
_HINTS: Final = {
    "vertex": "Drag moves the vertex, Alt+click deletes it, Shift+click adds it to the chosen vertices",
    "ghost": "Drag or Alt+click inserts a vertex here",
    "edge": "Alt+click inserts a vertex, drag moves the region",
    "body": "Click selects, Ctrl+click adds or removes, drag moves the region",
    "detection": "Double click or Enter accepts this detection",
}
_CURSORS: Final[dict[str, CursorName]] = {
    "vertex": "vertex",
    "ghost": "insert",
    "edge": "move",
    "body": "move",
    "detection": "pointing",
}
_STEPS: Final = {"left": (-1.0, 0.0), "right": (1.0, 0.0), "up": (0.0, -1.0), "down": (0.0, 1.0)}
_NUDGE: Final = 1.0  # image pixels; ten times with Shift, a quarter with Alt
TOO_FEW_VERTICES: Final = "A region needs three vertices. Delete removes the whole region."


@dataclass(frozen=True)
class _Press:
    pointer: Pointer
    target: Target | None


class SelectTool(PlainTool):
    """Presses become clicks or drags; a drag is one edit, sent when the button is released."""

    name: ToolName = "select"

    def __init__(self) -> None:
        self._press: _Press | None = None
        self._gesture: Gesture | None = None
        self._hover: Target | None = None
        self._nudged: tuple[frozenset[str], frozenset[int]] | None = None  # what the run of nudges moves
        self._nudge_run = 0
        self._level = LocalLevel()

    @property
    def idle_hint(self) -> str:
        return _IDLE if self._hover is None else _HINTS[self._hover.kind]

    @property
    def busy(self) -> bool:
        return self._press is not None

    @property
    def cursor(self) -> CursorName:
        return "arrow" if self._hover is None else _CURSORS[self._hover.kind]

    def preview(self) -> Preview:
        if self._gesture is not None:
            return self._gesture.preview()
        return Preview(hover=self._hover) if self._hover is not None else NOTHING

    def press(self, pointer: Pointer, scene: Scene) -> list[Command]:
        self._nudged = None
        self._press = _Press(pointer, pick(scene, pointer))
        self._gesture = None
        return []

    def move(self, pointer: Pointer, scene: Scene) -> list[Command]:
        if self._press is None:
            self._hover = pick(scene, pointer)
            return []
        if self._gesture is None:
            start = self._press.pointer
            if math.hypot(pointer.x - start.x, pointer.y - start.y) < DRAG_STARTS_AT * pointer.pixel:
                return []
            commands = self._start(self._press, scene)
            if self._gesture is not None:
                self._gesture.follow(pointer)
            return commands
        self._gesture.follow(pointer)
        return []

    def release(self, pointer: Pointer, scene: Scene) -> list[Command]:
        press, gesture = self._press, self._gesture
        self.cancel()
        if press is None:
            return []
        commands = gesture.finish(scene) if gesture is not None else self._click(press, scene)
        self._hover = None  # it may have changed under the mouse; the next move looks again
        return commands

    def double_click(self, pointer: Pointer, scene: Scene) -> list[Command]:
        target = pick(scene, pointer)
        if target is not None and target.kind == "detection":
            self.cancel()
            return [AcceptDetections((target.index,))]
        return self.press(pointer, scene)

    def wheel(self, notches: float, pointer: Pointer, scene: Scene) -> list[Command] | None:
        """Alt and the wheel move the threshold of the only selected region, when it came from a map."""
        region = scene.only_selected
        if not pointer.alt or region is None or region.origin == "person" or scene.maps is None or self.busy:
            return None
        return self._level.step(notches, region, scene.maps)

    def leave(self) -> None:
        self._hover = None

    def cancel(self) -> None:
        self._press = self._gesture = None

    def claims(self, key: Key, scene: Scene) -> bool:
        match key.name:
            case "escape":
                return self.busy or bool(scene.selected)
            case "enter":
                # with a selection Enter belongs to its transcription
                return self._hovers_detection() and not self.busy and not scene.selected
            case "tab":
                return bool(scene.regions) and not key.ctrl
            case _:
                return bool(scene.selected) and not key.ctrl

    def key(self, key: Key, scene: Scene) -> list[Command]:
        if not self.claims(key, scene):
            return []
        if key.name in _STEPS:
            return self._nudge(key, scene)
        self._nudged = None
        match key.name:
            case "escape":
                return self._give_up(scene)
            case "enter" if self._hover is not None:
                return [AcceptDetections((self._hover.index,))]
            case "tab":
                return _next_region(scene, backwards=key.shift)
            case "backspace":
                return _delete_vertices(scene)
            case "delete":
                ids = tuple(region.id for region in scene.page.regions if region.id in scene.selected)
                self.cancel()
                return [SendEdit(DeleteRegions(ids), select=())]
            case _:
                return []

    def _hovers_detection(self) -> bool:
        return self._hover is not None and self._hover.kind == "detection"

    def _give_up(self, scene: Scene) -> list[Command]:
        if self.busy:
            self.cancel()
            return []
        if scene.vertices:
            return [Select(scene.selected)]
        return [Select(frozenset())]

    def _start(self, press: _Press, scene: Scene) -> list[Command]:
        """The drag that begins with this press."""
        pointer, target = press.pointer, press.target
        if pointer.shift and (target is None or target.kind != "vertex"):
            self._gesture = RubberBand(pointer)
            return []
        if target is None or target.kind == "detection":
            self.cancel()
            return [StartPan()]
        region = scene.regions[target.region_id]
        if target.kind == "vertex":
            alone = scene.only_selected is region and target.index in scene.vertices
            indices = sorted(scene.vertices) if alone else [target.index]
            self._gesture = VertexGesture(region, target.index, indices, pointer)
            return []
        if target.kind == "ghost" or (target.kind == "edge" and pointer.alt):
            self._gesture = InsertGesture(region, target.index, pointer)
            return []
        if target.region_id in scene.selected:
            self._gesture = MoveGesture([scene.regions[id_] for id_ in scene.selected], pointer)
            return []
        self._gesture = MoveGesture([region], pointer)
        return [Select(frozenset((region.id,)))]

    def _click(self, press: _Press, scene: Scene) -> list[Command]:
        pointer, target = press.pointer, press.target
        if target is None or target.kind == "detection":
            keep = pointer.ctrl or pointer.shift
            return [] if keep or not scene.selected else [Select(frozenset())]
        this = frozenset((target.region_id,))
        if target.kind == "vertex" and not pointer.ctrl:
            return _click_on_vertex(target, pointer, scene)
        if target.kind in ("edge", "ghost") and pointer.alt:
            region = scene.regions[target.region_id]
            x, y = on_edge(region.polygon, target.index, pointer.x, pointer.y)
            index = target.index + 1
            return [SendEdit(InsertVertex(region.id, index, x, y), select=(region.id,), vertices=(index,))]
        if pointer.ctrl or pointer.shift:
            return [Select(scene.selected ^ this)]
        return [Select(this)]

    def _nudge(self, key: Key, scene: Scene) -> list[Command]:
        what = scene.selected, scene.vertices
        if self._nudged != what:
            self._nudge_run += 1
            self._nudged = what
        merge_key = f"nudge:{id(self)}:{self._nudge_run}"
        step = _NUDGE * (10.0 if key.shift else 0.25 if key.alt else 1.0)
        dx, dy = (step * part for part in _STEPS[key.name])
        region = scene.only_selected
        if region is not None and scene.vertices:
            return [
                SendEdit(MoveVertex(region.id, index, float(x + dx), float(y + dy), merge_key))
                for index in sorted(scene.vertices)
                for x, y in (region.polygon[index],)
            ]
        ids = tuple(region.id for region in scene.page.regions if region.id in scene.selected)
        return [SendEdit(MoveRegions(ids, dx, dy, merge_key))]


def _click_on_vertex(target: Target, pointer: Pointer, scene: Scene) -> list[Command]:
    region = scene.regions[target.region_id]
    this = frozenset((region.id,))
    if pointer.alt:
        if len(region.polygon) <= 3:
            return [ShowHint(TOO_FEW_VERTICES)]
        return [SendEdit(DeleteVertices(region.id, (target.index,)), select=(region.id,))]
    if pointer.shift and scene.selected == this:
        return [Select(this, scene.vertices ^ {target.index})]
    return [Select(this, frozenset((target.index,)))]


def _delete_vertices(scene: Scene) -> list[Command]:
    region = scene.only_selected
    if region is None or not scene.vertices:
        return [ShowHint("No vertex is chosen: click one first. Delete removes whole regions.")]
    if len(region.polygon) - len(scene.vertices) < 3:
        return [ShowHint(TOO_FEW_VERTICES)]
    return [SendEdit(DeleteVertices(region.id, tuple(sorted(scene.vertices))), select=(region.id,))]


def _next_region(scene: Scene, *, backwards: bool) -> list[Command]:
    order = reading_order(scene.page.regions)
    chosen = [place for place, id_ in enumerate(order) if id_ in scene.selected]
    if not chosen:
        place = len(order) - 1 if backwards else 0
    else:
        place = chosen[0] - 1 if backwards else chosen[-1] + 1
    next_id = order[place % len(order)]
    return [Select(frozenset((next_id,))), Reveal(next_id)]
