"""Texts found in overlapping tiles become the texts of the whole picture: none twice, none cut."""

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray

from tcm_core.detection import Detection
from tcm_core.geometry.nms import overlaps
from tcm_core.geometry.overlap import Shapes, to_shapes
from tcm_core.geometry.polygon import Points, clockwise

SAME: Final = 0.4
"""Two tiles mean the same text when their outlines, where both can see it, overlap by more than this."""

COVERED: Final = 0.5
"""A cut text goes when more than this of it lies within whole texts of other tiles."""

CONTAINED: Final = 0.7
"""A text goes when more than this of it lies within a larger one of other tiles: it is an end of it."""


class Tile(NamedTuple):
    """A rectangle of image pixels; right and bottom lie outside."""

    left: int
    top: int
    right: int
    bottom: int

    @property
    def width(self) -> int:
        """Image pixels."""
        return self.right - self.left

    @property
    def height(self) -> int:
        """Image pixels."""
        return self.bottom - self.top


class Part(NamedTuple):
    """A text as one tile shows it."""

    detection: Detection  # in pixels of the whole picture
    tile: Tile


def merge_parts(parts: Sequence[Part], image_size: tuple[int, int], seam: float) -> tuple[Detection, ...]:
    """The texts of the picture.

    A text that reaches an edge of its tile inside the picture is cut there. Of whole texts that several tiles
    show, the best one stays. Cut texts go when whole ones stand for them; cut texts of neighbours that agree
    where both tiles can see them are joined, however many tiles a text crosses.

    Args:
        parts: what the tiles show.
        image_size: (height, width).
        seam: a text that comes so near to an edge counts as cut, image pixels.

    Returns:
        In the order of the tiles; a joined text stands at its first part and has the mean score of its parts,
        weighted by their areas.
    """
    if not parts:
        return ()
    shapes = to_shapes([part.detection.polygon for part in parts])
    cut = np.array([_is_cut(part, image_size, seam) for part in parts])
    alive = _whole_texts(parts, shapes, cut)
    _drop_covered(parts, shapes, cut, alive)
    groups = _joined(parts, shapes, cut & alive)
    groups += [[int(index)] for index in np.flatnonzero(alive & ~cut)]
    groups.sort()
    texts = [_join([parts[index] for index in group], shapes[group], image_size) for group in groups]
    tiles = [{parts[index].tile for index in group} for group in groups]
    return tuple(text for text, stays in zip(texts, _not_contained(texts, tiles), strict=True) if stays)


def _is_cut(part: Part, image_size: tuple[int, int], seam: float) -> bool:
    """Whether a text reaches an edge of its tile that is no edge of the picture."""
    (x0, y0), (x1, y1) = part.detection.polygon.min(axis=0), part.detection.polygon.max(axis=0)
    tile = part.tile
    return bool(
        (tile.left > 0 and x0 < tile.left + seam)
        or (tile.top > 0 and y0 < tile.top + seam)
        or (tile.right < image_size[1] and x1 > tile.right - seam)
        or (tile.bottom < image_size[0] and y1 > tile.bottom - seam)
    )


def _whole_texts(parts: Sequence[Part], shapes: Shapes, cut: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Which parts are left when each whole text stands once; cut ones are left as they are."""
    alive = np.ones(len(parts), dtype=bool)
    scores = [part.detection.score for part in parts]
    order = sorted(np.flatnonzero(~cut), key=lambda index: (-scores[index], index))
    near = _neighbours(parts, shapes)
    for index in order:
        if not alive[index]:
            continue
        others = [other for other in near[index] if alive[other] and not cut[other]]
        if others:
            areas = shapely.area(shapes[others])
            same = overlaps(shapes[index], shapely.area(shapes[index]), shapes[others], areas) > SAME
            alive[np.array(others)[same]] = False
    return alive


def _drop_covered(
    parts: Sequence[Part], shapes: Shapes, cut: NDArray[np.bool_], alive: NDArray[np.bool_]
) -> None:
    """Cut texts that whole ones stand for are no longer alive."""
    near = _neighbours(parts, shapes)
    for index in np.flatnonzero(cut):
        whole = [other for other in near[index] if alive[other] and not cut[other]]
        if not whole:
            continue
        shared = shapely.area(shapely.intersection(shapes[index], shapely.union_all(shapes[whole])))
        if shared > COVERED * shapely.area(shapes[index]):
            alive[index] = False


def _joined(parts: Sequence[Part], shapes: Shapes, cut: NDArray[np.bool_]) -> list[list[int]]:
    """Groups of cut parts that belong to one text, each in order; a part that is alone is a group."""
    near = _neighbours(parts, shapes)
    label = {int(index): int(index) for index in np.flatnonzero(cut)}
    for index in label:
        for other in near[index]:
            if other in label and other > index and _agree(parts, shapes, index, other):
                old, new = label[other], label[index]
                label = {member: new if of == old else of for member, of in label.items()}
    groups: dict[int, list[int]] = {}
    for member, of in label.items():
        groups.setdefault(of, []).append(member)
    return [sorted(group) for group in groups.values()]


def _not_contained(texts: Sequence[Detection], tiles: Sequence[set[Tile]]) -> list[bool]:
    """Which texts are no mere part of a larger one that other tiles show."""
    shapes = to_shapes([text.polygon for text in texts])
    areas = shapely.area(shapes)
    stays = [True] * len(texts)
    for small, large in zip(*shapely.STRtree(shapes).query(shapes), strict=True):
        larger = (areas[large], -large) > (areas[small], -small)
        if larger and not tiles[small] & tiles[large]:
            shared = shapely.area(shapely.intersection(shapes[small], shapes[large]))
            stays[small] &= bool(shared <= CONTAINED * areas[small])
    return stays


def _agree(parts: Sequence[Part], shapes: Shapes, first: int, second: int) -> bool:
    """Whether two parts are the same where both tiles can see them."""
    one, other = parts[first].tile, parts[second].tile
    left, top = max(one.left, other.left), max(one.top, other.top)
    right, bottom = min(one.right, other.right), min(one.bottom, other.bottom)
    if left >= right or top >= bottom:
        return False
    seen = shapely.box(left, top, right, bottom)
    mine, theirs = shapely.intersection(shapes[[first, second]], seen)
    shared = shapely.area(shapely.intersection(mine, theirs))
    return bool(shared > SAME * min(shapely.area(mine), shapely.area(theirs)))


def _neighbours(parts: Sequence[Part], shapes: Shapes) -> list[list[int]]:
    """For each part those of other tiles whose bounds touch its own."""
    near: list[list[int]] = [[] for _ in parts]
    for first, second in zip(*shapely.STRtree(shapes).query(shapes), strict=True):
        if parts[first].tile != parts[second].tile:
            near[first].append(int(second))
    return [sorted(others) for others in near]


def _join(parts: Sequence[Part], shapes: Shapes, image_size: tuple[int, int]) -> Detection:
    if len(parts) == 1:
        return parts[0].detection
    areas = shapely.area(shapes)
    score = float(np.average([part.detection.score for part in parts], weights=np.maximum(areas, 1e-9)))
    kind = parts[0].detection.kind
    together = shapely.union_all(shapes)
    if kind == "quad":
        outline = shapely.minimum_rotated_rectangle(together)
    else:
        outline = together if together.geom_type == "Polygon" else shapely.convex_hull(together)
    ring: Points = shapely.get_coordinates(shapely.get_exterior_ring(outline))[:-1]
    inside = np.clip(ring, 0.0, (image_size[1], image_size[0]))
    return Detection(clockwise(inside), score, kind)
