"""The drags of the select tool: each follows the mouse, shows what would be, and ends in one change."""

import itertools
from collections.abc import Sequence
from typing import Final, Protocol

import numpy as np

from app.domain.edits import InsertVertex, MoveRegions, MoveVertex
from app.domain.region import Region
from app.views.canvas.tools.picking import on_edge
from app.views.canvas.tools.tool import (
    SMALLEST_AREA,
    Command,
    Pointer,
    Preview,
    Scene,
    Select,
    SendEdit,
    ShowHint,
    Target,
)
from tcm_core.geometry.polygon import Points, area

COLLAPSED: Final = "The region would have no area, so it stays as it was."
_drags = itertools.count(1)


class Gesture(Protocol):
    """One drag, from the press to the release."""

    def follow(self, pointer: Pointer) -> None: ...

    def preview(self) -> Preview: ...

    def finish(self, scene: Scene) -> list[Command]: ...


class MoveGesture:
    """Moves whole regions."""

    def __init__(self, regions: Sequence[Region], start: Pointer) -> None:
        self._regions = regions
        self._start = start
        self._shift = np.zeros(2)

    def follow(self, pointer: Pointer) -> None:
        self._shift = np.array((pointer.x - self._start.x, pointer.y - self._start.y))

    def preview(self) -> Preview:
        return Preview({region.id: region.polygon + self._shift for region in self._regions})

    def finish(self, scene: Scene) -> list[Command]:
        if not self._shift.any():
            return []
        ids = tuple(region.id for region in self._regions)
        return [SendEdit(MoveRegions(ids, float(self._shift[0]), float(self._shift[1])))]


class VertexGesture:
    """Moves the grasped vertex, and the other chosen vertices with it."""

    def __init__(self, region: Region, grasped: int, indices: Sequence[int], start: Pointer) -> None:
        self._region = region
        self._grasped = grasped
        self._indices = list(indices)
        self._start = start
        self._polygon: Points = region.polygon

    def follow(self, pointer: Pointer) -> None:
        polygon = self._region.polygon.copy()
        polygon[self._indices] += (pointer.x - self._start.x, pointer.y - self._start.y)
        self._polygon = polygon

    def preview(self) -> Preview:
        return Preview(
            {self._region.id: self._polygon}, hover=Target("vertex", self._region.id, self._grasped)
        )

    def finish(self, scene: Scene) -> list[Command]:
        if np.array_equal(self._polygon, self._region.polygon):
            return []
        if area(self._polygon) < SMALLEST_AREA:
            return [ShowHint(COLLAPSED)]
        several = len(self._indices) > 1  # several vertices of one drag are one step of undo
        merge_key = f"vertices:{next(_drags)}" if several else None
        return [self._moved(index, merge_key) for index in self._indices]

    def _moved(self, index: int, merge_key: str | None) -> SendEdit:
        x, y = self._polygon[index].tolist()
        edit = MoveVertex(self._region.id, index, x, y, merge_key)
        return SendEdit(edit, select=(self._region.id,), vertices=tuple(self._indices))


class InsertGesture:
    """Pulls a new vertex out of an edge."""

    def __init__(self, region: Region, edge: int, start: Pointer) -> None:
        self._region = region
        self._index = edge + 1
        self._origin = np.array(on_edge(region.polygon, edge, start.x, start.y))
        self._start = start
        self._point = self._origin

    def follow(self, pointer: Pointer) -> None:
        self._point = self._origin + np.array((pointer.x - self._start.x, pointer.y - self._start.y))

    def preview(self) -> Preview:
        return Preview(
            {self._region.id: np.insert(self._region.polygon, self._index, self._point, axis=0)},
            hover=Target("vertex", self._region.id, self._index),
        )

    def finish(self, scene: Scene) -> list[Command]:
        x, y = map(float, self._point)
        return [
            SendEdit(
                InsertVertex(self._region.id, self._index, x, y),
                select=(self._region.id,),
                vertices=(self._index,),
            )
        ]


class RubberBand:
    """Selects what lies inside a rectangle: some vertices of the only selected region, or whole regions."""

    def __init__(self, start: Pointer) -> None:
        self._start = start
        self._end = start

    def follow(self, pointer: Pointer) -> None:
        self._end = pointer

    def preview(self) -> Preview:
        return Preview(band=(self._start.x, self._start.y, self._end.x, self._end.y))

    def finish(self, scene: Scene) -> list[Command]:
        low = np.minimum((self._start.x, self._start.y), (self._end.x, self._end.y))
        high = np.maximum((self._start.x, self._start.y), (self._end.x, self._end.y))
        only = scene.only_selected
        if only is not None:
            inside = np.all((only.polygon >= low) & (only.polygon <= high), axis=1)
            if inside.any() and not inside.all():
                return [Select(scene.selected, frozenset(np.flatnonzero(inside).tolist()))]
        ids = frozenset(
            region.id
            for region in scene.page.regions
            if np.all((region.polygon >= low) & (region.polygon <= high))
        )
        return [Select(ids | scene.selected if self._start.ctrl else ids)]
