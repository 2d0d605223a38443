"""Precision and recall by what texts look like: their size, their angle, and how much they are bent."""

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Final, NamedTuple

import numpy as np
import shapely

from tcm_core.evaluate.result import EvaluationResult, Found, GroundTruth, Verdict, harmonic_mean, ratio
from tcm_core.geometry.polygon import Points, area
from tcm_core.geometry.quad import min_area_quad


class Measure(NamedTuple):
    """A property of a polygon, and where its range is cut into groups.

    Attributes:
        of: the polygon's value.
        cuts: the first group lies below the first, the last at and above the last.
        unit: after the values in the names of the groups.
    """

    of: Callable[[Points], float]
    cuts: tuple[float, ...]
    unit: str


class Group(NamedTuple):
    """The figures of one group: recall over the texts in it, precision over the detections in it."""

    measure: str
    label: str
    care_gt: int
    care_det: int
    precision: float
    recall: float
    hmean: float


def text_height(polygon: Points) -> float:
    """The short side of the minimum-area rectangle, in pixels."""
    return float(min(_sides(polygon)))


def angle(polygon: Points) -> float:
    """Between the long side of the minimum-area rectangle and the horizontal, in degrees, 0 to 90."""
    quad = min_area_quad(polygon)
    first, second = quad[1] - quad[0], quad[2] - quad[1]
    x, y = first if np.linalg.norm(first) >= np.linalg.norm(second) else second
    return float(np.degrees(np.arctan2(abs(y), abs(x))))


def curvature(polygon: Points) -> float:
    """Which part of the convex hull is not text: 0 for any quad in perspective, large for an arc."""
    hull = shapely.convex_hull(shapely.MultiPoint(polygon)).area
    return 1.0 - min(area(polygon) / hull, 1.0) if hull > 0 else 0.0


MEASURES: Final[dict[str, Measure]] = {
    "size": Measure(text_height, (10.0, 20.0, 40.0, 80.0), " px"),
    "angle": Measure(angle, (5.0, 15.0, 45.0), "\u00b0"),
    "curvature": Measure(curvature, (0.02, 0.1, 0.25), ""),
}
"""Name on the command line -> measure."""


def breakdown(result: EvaluationResult, gt: GroundTruth, det: Found, measure: str) -> tuple[Group, ...]:
    """The figures of every group, from small to large values; the credits are those of the whole evaluation.

    A text and its detection may lie in different groups. What does not count is in none.

    Args:
        result: of these labels and detections.
        gt: the labels.
        det: the detections.
        measure: a name in MEASURES.
    """
    cuts = MEASURES[measure].cuts
    texts: list[list[float]] = [[] for _ in range(len(cuts) + 1)]
    found: list[list[float]] = [[] for _ in range(len(cuts) + 1)]
    for name, image in result.images.items():
        polygons = [instance.polygon for instance in gt[name]]
        _sort_in(texts, polygons, image.gt_verdicts, image.gt_credits, MEASURES[measure])
        _sort_in(found, det.get(name, ()), image.det_verdicts, image.det_credits, MEASURES[measure])
    groups = []
    for label, of_texts, of_found in zip(_labels(MEASURES[measure]), texts, found, strict=True):
        recall, precision = ratio(sum(of_texts), len(of_texts)), ratio(sum(of_found), len(of_found))
        hmean = harmonic_mean(precision, recall)
        groups.append(Group(measure, label, len(of_texts), len(of_found), precision, recall, hmean))
    return tuple(groups)


def _sort_in(
    groups: list[list[float]],
    polygons: Sequence[Points],
    verdicts: Sequence[Verdict],
    credits_: Sequence[float],
    measure: Measure,
) -> None:
    for polygon, verdict, credit in zip(polygons, verdicts, credits_, strict=True):
        if verdict is not Verdict.IGNORED:
            value = measure.of(polygon) if len(polygon) else 0.0
            groups[int(np.searchsorted(measure.cuts, value, side="right"))].append(credit)


def _labels(measure: Measure) -> list[str]:
    bounds = [f"{cut:g}{measure.unit}" for cut in measure.cuts]
    between = [f"{low} \u2013 {high}" for low, high in pairwise(bounds)]
    return [f"below {bounds[0]}", *between, f"{bounds[-1]} and more"]


def _sides(polygon: Points) -> tuple[float, float]:
    quad = min_area_quad(polygon)
    return float(np.linalg.norm(quad[1] - quad[0])), float(np.linalg.norm(quad[2] - quad[1]))
