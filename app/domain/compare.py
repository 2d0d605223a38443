"""Several sets of polygons of one page beside each other: which are the same text, and where they differ."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import combinations
from typing import Final

import numpy as np
from numpy.typing import NDArray

from app.domain.reading_order import reading_order
from app.domain.region import Region
from tcm_core.data.sample import TextInstance
from tcm_core.detection import Detection
from tcm_core.evaluate.protocols import PROTOCOLS
from tcm_core.evaluate.result import ImageResult, Match, Verdict
from tcm_core.geometry.overlap import iou_matrix
from tcm_core.geometry.polygon import Points, bounds

SAME_FROM: Final = 0.5
"""Two polygons are the same text from this intersection over union on."""
ALIKE_FROM: Final = 0.8
"""Below this intersection over union, two polygons of the same text are a difference."""


@dataclass(frozen=True, eq=False)
class Shape:
    """One polygon of a set.

    Attributes:
        polygon: (N, 2) image pixels.
        score: of a detection; None for what has no score.
        text: what it says, where that is known.
        ignore: unreadable, counted neither for nor against a detector.
        region_id: of a region of the page; empty for what is no region.
    """

    polygon: Points
    score: float | None = None
    text: str = ""
    ignore: bool = False
    region_id: str = ""


def shapes_of_detections(detections: Sequence[Detection]) -> tuple[Shape, ...]:
    """The shapes that a detector found."""
    return tuple(Shape(one.polygon, one.score) for one in detections)


def shapes_of_regions(regions: Sequence[Region]) -> tuple[Shape, ...]:
    """The shapes that a person drew."""
    return tuple(Shape(region.polygon, None, region.text, region.ignore, region.id) for region in regions)


# --- the sets among each other ---


@dataclass(frozen=True)
class Group:
    """What several sets have for one text.

    Attributes:
        members: of each set, the index of its polygon, or None.
        least_iou: the lowest intersection over union of two of its polygons; 1 for a single one.
    """

    members: tuple[int | None, ...]
    least_iou: float = 1.0

    @property
    def present(self) -> tuple[int, ...]:
        """The sets that have it."""
        return tuple(at for at, member in enumerate(self.members) if member is not None)


@dataclass
class _Cluster:
    members: dict[int, int]


_Tables = Mapping[tuple[int, int], NDArray[np.float64]]  # of two sets, the intersections over unions


def group_sets(sets: Sequence[Sequence[Shape]], same_from: float = SAME_FROM) -> tuple[Group, ...]:
    """The polygons of all sets, those of the same text together, in reading order.

    Pairs are joined from the most to the least alike, as long as no set comes to stand in a group twice; so
    the order of the sets does not matter.

    Args:
        sets: of one page.
        same_from: intersection over union, above 0.
    """
    clusters = {
        (at, index): _Cluster({at: index}) for at, shapes in enumerate(sets) for index in range(len(shapes))
    }
    tables = {
        (first, second): iou_matrix(
            [shape.polygon for shape in sets[first]], [shape.polygon for shape in sets[second]]
        )
        for first, second in combinations(range(len(sets)), 2)
    }
    for _, first, second in _pairs(tables, same_from):
        one, other = clusters[first], clusters[second]
        if one.members.keys().isdisjoint(other.members):
            one.members.update(other.members)
            for place in other.members.items():
                clusters[place] = one
    found = list({id(cluster): cluster for cluster in clusters.values()}.values())
    groups = [_group(cluster, tables, len(sets)) for cluster in found]
    return _in_reading_order(groups, sets)


def _pairs(tables: _Tables, same_from: float) -> list[tuple[float, tuple[int, int], tuple[int, int]]]:
    """(iou, (set, index), (set, index)) of what may be the same text, the most alike first."""
    pairs = []
    for (first, second), table in tables.items():
        for row, column in np.argwhere(table >= same_from).tolist():
            pairs.append((float(table[row, column]), (first, row), (second, column)))
    return sorted(pairs, key=lambda pair: (-pair[0], pair[1], pair[2]))


def _group(cluster: _Cluster, tables: _Tables, count: int) -> Group:
    ious = [
        float(tables[first, second][cluster.members[first], cluster.members[second]])
        for first, second in combinations(sorted(cluster.members), 2)
    ]
    return Group(tuple(cluster.members.get(at) for at in range(count)), min(ious, default=1.0))


def _in_reading_order(groups: Sequence[Group], sets: Sequence[Sequence[Shape]]) -> tuple[Group, ...]:
    """By the first polygon that each has; what lies at the same place goes by its members."""
    ordered = sorted(groups, key=lambda group: [-1 if one is None else one for one in group.members])
    stand_ins = [Region(str(at), polygon_of(group, sets)) for at, group in enumerate(ordered)]
    usable = [region for region in stand_ins if len(region.polygon)]
    places = [int(name) for name in reading_order(usable)]
    empty = [at for at, region in enumerate(stand_ins) if not len(region.polygon)]
    return tuple(ordered[at] for at in [*places, *empty])


def polygon_of(group: Group, sets: Sequence[Sequence[Shape]]) -> Points:
    """The polygon of the first set that has it."""
    at = group.present[0]
    index = group.members[at]
    assert index is not None
    return sets[at][index].polygon


class DifferenceKind(StrEnum):
    """How sets differ about a text."""

    MISSING = "missing"
    OUTLINE = "outline"


@dataclass(frozen=True)
class Difference:
    """A text that not all sets have, or that they have outlines of that are not alike."""

    kind: DifferenceKind
    group: Group


def differences(
    groups: Sequence[Group], alike_from: float = ALIKE_FROM, among: Sequence[int] | None = None
) -> tuple[Difference, ...]:
    """Where the sets differ: first what some of them lack, then other outlines, both in reading order.

    Args:
        groups: of `group_sets`.
        alike_from: outlines with a lower intersection over union are a difference.
        among: the sets that count, such as those that are known; None: all.
    """

    def lacking(group: Group) -> bool:
        return None in (group.members if among is None else [group.members[at] for at in among])

    missing = [Difference(DifferenceKind.MISSING, one) for one in groups if lacking(one)]
    outlines = [
        Difference(DifferenceKind.OUTLINE, one)
        for one in groups
        if not lacking(one) and one.least_iou < alike_from
    ]
    return (*missing, *outlines)


# --- one set against labels ---


def judge(
    truth: Sequence[Shape], found: Sequence[Shape], protocol: str, iou: float | None = None
) -> ImageResult:
    """What a protocol says of every polygon; the detections are judged in the order of their scores.

    Args:
        truth: the labels of the page.
        found: what is judged.
        protocol: a name in PROTOCOLS.
        iou: another limit than the protocol's own.

    Returns:
        Verdicts, credits and matches by the indices of `truth` and `found`.

    Raises:
        BadLabels: the protocol refuses the labels or the polygons.
    """
    rules = PROTOCOLS[protocol]
    order = by_score(found)
    limit = rules.iou if iou is None else iou
    result = rules.evaluate(
        {"": instances(truth)}, {"": [found[at].polygon for at in order]}, limit or 0.0
    ).images[""]
    places = {at: place for place, at in enumerate(order)}
    back = [places[at] for at in range(len(found))]
    return replace(
        result,
        det_verdicts=tuple(result.det_verdicts[place] for place in back),
        det_credits=tuple(result.det_credits[place] for place in back),
        matches=tuple(sorted(Match(one.gt, order[one.det], one.iou) for one in result.matches)),
    )


def instances(shapes: Sequence[Shape]) -> list[TextInstance]:
    """The shapes as the evaluation takes labels."""
    return [TextInstance(shape.polygon, shape.text, shape.ignore) for shape in shapes]


def by_score(shapes: Sequence[Shape]) -> list[int]:
    """The indices from the highest to the lowest score; what has none comes first, in its own order."""
    scores = [np.inf if shape.score is None else shape.score for shape in shapes]
    return sorted(range(len(shapes)), key=lambda at: -scores[at])


def iou_of(result: ImageResult, found: int) -> float | None:
    """The intersection over union of a judged polygon with its text; None when it has none."""
    ious = [match.iou for match in result.matches if match.det == found]
    return max(ious, default=None)


def missed(result: ImageResult) -> tuple[int, ...]:
    """The indices of the labels that were not found."""
    return tuple(at for at, verdict in enumerate(result.gt_verdicts) if verdict is Verdict.FALSE_NEGATIVE)


def outside(shapes: Sequence[Shape], size: tuple[int, int]) -> int:
    """How many shapes lie wholly outside of an image of (height, width): they belong to another one."""
    height, width = size
    count = 0
    for shape in shapes:
        left, top, right, bottom = bounds(shape.polygon)
        count += right <= 0 or bottom <= 0 or left >= width or top >= height
    return count
