"""How much texts and detections share, measured for all images in one go and handed out image by image.

Official evaluations differ in what they make of a polygon that crosses itself, so the way is a parameter.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, Literal, NamedTuple, TypeAlias

import numpy as np
import shapely
from numpy.typing import NDArray

from tcm_core.evaluate.result import Found, GroundTruth
from tcm_core.geometry.overlap import Shapes, to_raw_shapes, touching_pairs

Floats: TypeAlias = NDArray[np.float64]
Crossed: TypeAlias = Literal["even-odd", "buffer", "leave out"]
"""What becomes of polygons that cross themselves.

"even-odd": as the GPC library of the official ICDAR evaluation has it: what is shared is found by the
even-odd rule, the area is what the shoelace formula gives (0 for a symmetric bow tie).
"buffer": repaired by a buffer of 0, which keeps one side of a bow tie.
"leave out": they share nothing and are marked as not usable; so are polygons without area.
"""


RATIO_DECIMALS: Final = 10


@dataclass(frozen=True, eq=False)
class Overlaps:
    """The G texts and D detections of one image.

    Attributes:
        shared: (G, D) square pixels that both cover.
        union: (G, D) square pixels that one of them covers.
        area_gt: (G,) square pixels by the shoelace formula.
        area_det: (D,) likewise.
        usable_gt: (G,) whether the polygon may take part; all True unless crossed ones are left out.
        usable_det: (D,) likewise.
    """

    shared: Floats
    union: Floats
    area_gt: Floats
    area_det: Floats
    usable_gt: NDArray[np.bool_]
    usable_det: NDArray[np.bool_]

    def iou(self, extra: float = 0.0) -> Floats:
        """(G, D) shared by (union + extra square pixels), steady; 0 where there is nothing to divide by."""
        return steady(divide(self.shared, self.union + extra))

    def share_of_det(self, extra: float = 0.0) -> Floats:
        """(G, D) which part of the detection lies in the text: shared by (area + extra square pixels)."""
        return divide(self.shared, np.broadcast_to(self.area_det + extra, self.shared.shape))

    def share_of_gt(self) -> Floats:
        """(G, D) which part of the text lies in the detection."""
        return divide(self.shared, np.broadcast_to(self.area_gt[:, None], self.shared.shape))


class _Side(NamedTuple):
    """All texts, or all detections, of all images."""

    shapes: Shapes
    boxes: Floats
    area: Floats
    filled: Floats
    usable: NDArray[np.bool_]
    starts: list[int]


def measure(gt: GroundTruth, det: Found, crossed: Crossed) -> Iterator[tuple[str, Overlaps]]:
    """The overlaps of every image of the labels, in their order.

    Only pairs whose bounding boxes share area are intersected, all of them in one call.
    """
    texts = _side([[instance.polygon for instance in gt[name]] for name in gt], crossed)
    found = _side([list(det.get(name, ())) for name in gt], crossed)
    spans = list(zip(pairwise(texts.starts), pairwise(found.starts), strict=True))
    near = [
        touching_pairs(texts.boxes[gt0:gt1], found.boxes[det0:det1]) for (gt0, gt1), (det0, det1) in spans
    ]
    rows = np.concatenate(
        [np.empty(0, np.intp), *(pair[0] + s[0][0] for pair, s in zip(near, spans, strict=True))]
    )
    columns = np.concatenate(
        [np.empty(0, np.intp), *(pair[1] + s[1][0] for pair, s in zip(near, spans, strict=True))]
    )
    areas = shapely.area(shapely.intersection(texts.shapes[rows], found.shapes[columns]))
    done = 0
    for name, ((gt0, gt1), (det0, det1)), (near_rows, near_columns) in zip(gt, spans, near, strict=True):
        shared = np.zeros((gt1 - gt0, det1 - det0))
        shared[near_rows, near_columns] = areas[done : done + len(near_rows)]
        done += len(near_rows)
        union = texts.filled[gt0:gt1, None] + found.filled[None, det0:det1] - shared
        yield (
            name,
            Overlaps(
                shared,
                union,
                texts.area[gt0:gt1],
                found.area[det0:det1],
                texts.usable[gt0:gt1],
                found.usable[det0:det1],
            ),
        )


def divide(part: Floats, whole: Floats) -> Floats:
    """Element by element; 0 where the whole is 0."""
    return np.divide(part, whole, out=np.zeros_like(part), where=whole != 0)


def steady(ratios: Floats) -> Floats:
    """Rounded so far that what is exactly at a limit is not above it by an error of the arithmetic."""
    return np.round(ratios, RATIO_DECIMALS)


def _side(images: list[list[Floats]], crossed: Crossed) -> _Side:
    polygons = [polygon for image in images for polygon in image]
    shapes = to_raw_shapes(polygons)
    area = shapely.area(shapes)
    broken = ~shapely.is_valid(shapes)
    usable = np.ones(len(shapes), dtype=bool)
    if crossed == "leave out":
        usable = ~broken & (area > 0)
        shapes = np.where(usable, shapes, shapely.Polygon())
    elif crossed == "even-odd":
        shapes[broken] = shapely.make_valid(shapes[broken])
    else:
        shapes[broken] = shapely.buffer(shapes[broken], 0.0)
    filled = shapely.area(shapes) if crossed == "buffer" else area
    starts = np.cumsum([0, *(len(image) for image in images)]).tolist()
    return _Side(shapes, shapely.bounds(shapes), area, filled, usable, starts)
