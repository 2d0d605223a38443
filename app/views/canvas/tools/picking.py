"""What the mouse is on: handles of the selected regions, regions, detections. One rule for all tools."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from app.domain.hit_test import Hit
from app.views.canvas.tools.tool import Pointer, Scene, Target
from tcm_core.geometry.polygon import Points, area, perimeter

PICK_RADIUS: Final = 6.0  # widget pixels; a click that misses a region by less still counts
LARGEST_HANDLE_RADIUS: Final = 7.0  # widget pixels
SMALLEST_HANDLE_RADIUS: Final = 3.5
MOST_WITH_HANDLES: Final = 8  # selected regions; with more, only whole regions can be edited
SHORTEST_GHOST_EDGE: Final = 26.0  # widget pixels; shorter edges show no handle in their middle


def pick(scene: Scene, pointer: Pointer) -> Target | None:
    """What lies under the pointer: vertex, mid-edge handle, edge, region, detection, in this order."""
    with_handles = len(scene.selected) <= MOST_WITH_HANDLES
    radius = handle_radius(scene, pointer.pixel) * pointer.pixel
    if with_handles:
        near = scene.hits.at(pointer.x, pointer.y, radius, scene.selected)
        if near is not None and near.kind == "vertex":
            return Target("vertex", near.region_id, near.index)
        ghost = _ghost_at(scene, pointer, radius)
        if ghost is not None:
            return ghost
    hit = scene.hits.at(pointer.x, pointer.y, PICK_RADIUS * pointer.pixel, scene.selected)
    if hit is not None:
        if hit.kind == "body" or not with_handles:
            return Target("body", hit.region_id)
        if hit.kind == "vertex":
            index = _nearest_edge(scene.regions[hit.region_id].polygon, pointer)
            return Target("edge", hit.region_id, index)
        return Target("edge", hit.region_id, hit.index)
    detection = scene.detection_hits.at(pointer.x, pointer.y, PICK_RADIUS * pointer.pixel)
    return None if detection is None else Target("detection", index=int(detection.region_id))


def hit_of(target: Target | None) -> Hit | None:
    """The part of a region that a target is; None for a detection or nothing."""
    if target is None or target.kind == "detection":
        return None
    return Hit("edge" if target.kind == "ghost" else target.kind, target.region_id, target.index)


def detection_of(target: Target | None) -> int | None:
    """The index of the detection that a target is, or None."""
    return target.index if target is not None and target.kind == "detection" else None


def handle_radius(scene: Scene, pixel: float) -> float:
    """How near the mouse must be to a handle, in widget pixels.

    The handles of a small polygon take less room, so that its body can still be grasped.
    """
    region = scene.only_selected
    if region is None:
        return LARGEST_HANDLE_RADIUS
    thickness = 2 * area(region.polygon) / max(perimeter(region.polygon), 1e-9) / pixel
    return min(max(0.4 * thickness, SMALLEST_HANDLE_RADIUS), LARGEST_HANDLE_RADIUS)


def ghosts(polygon: Points, pixel: float) -> tuple[NDArray[np.intp], Points]:
    """The mid-edge handles of a polygon: the indices (K,) of their edges and their places (K, 2)."""
    following = np.roll(polygon, -1, axis=0)
    lengths = np.hypot(*(following - polygon).T)
    edges = np.flatnonzero(lengths >= SHORTEST_GHOST_EDGE * pixel)
    return edges, (polygon[edges] + following[edges]) / 2


def on_edge(polygon: Points, edge: int, x: float, y: float) -> tuple[float, float]:
    """The point of an edge that is nearest to (x, y)."""
    start, end = polygon[edge], polygon[(edge + 1) % len(polygon)]
    along = end - start
    length = float(along @ along)
    share = 0.0 if length == 0 else min(max(float((np.array((x, y)) - start) @ along) / length, 0.0), 1.0)
    point = start + share * along
    return float(point[0]), float(point[1])


def _ghost_at(scene: Scene, pointer: Pointer, radius: float) -> Target | None:
    place = np.array((pointer.x, pointer.y))
    for region_id in scene.selected:
        edges, middles = ghosts(scene.regions[region_id].polygon, pointer.pixel)
        if len(edges):
            distances = np.hypot(*(middles - place).T)
            nearest = int(np.argmin(distances))
            if distances[nearest] <= radius:
                return Target("ghost", region_id, int(edges[nearest]))
    return None


def _nearest_edge(polygon: Points, pointer: Pointer) -> int:
    distances = [
        np.hypot(*(np.array(on_edge(polygon, edge, pointer.x, pointer.y)) - (pointer.x, pointer.y)))
        for edge in range(len(polygon))
    ]
    return int(np.argmin(distances))
