"""Figures of a detector over many pages: by what texts look like, at every threshold, and the worst pages."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from app.domain.compare import Shape, by_score, instances
from tcm_core.evaluate.breakdown import MEASURES, Group, breakdown
from tcm_core.evaluate.protocols import PROTOCOLS
from tcm_core.evaluate.result import EvaluationResult, Found, GroundTruth

CURVE_STEPS: Final = 50
"""Thresholds of the curve: 0, 0.02 ... 0.98."""
WORST: Final = 10


class PagePair(NamedTuple):
    """One page: its labels and what was found, at any score."""

    truth: Sequence[Shape]
    found: Sequence[Shape]
    seconds: float | None = None


class CurvePoint(NamedTuple):
    """The figures when detections below the threshold are left out."""

    threshold: float
    precision: float
    recall: float
    hmean: float


class PageFigure(NamedTuple):
    """One page's figures."""

    key: str
    precision: float
    recall: float
    hmean: float
    missed: int
    wrong: int


@dataclass(frozen=True, eq=False)
class FolderFigures:
    """What a protocol says of one detector over all pages that have labels.

    Attributes:
        result: at the threshold asked for.
        groups: by the names in MEASURES.
        curve: from the lowest to the highest threshold.
        pages: from the worst to the best.
        seconds: the mean of the pages whose time is known, or None.
    """

    result: EvaluationResult
    threshold: float
    groups: Mapping[str, tuple[Group, ...]]
    curve: tuple[CurvePoint, ...]
    pages: tuple[PageFigure, ...]
    seconds: float | None


class Stopped(Exception):
    """The figures are not wanted any more."""


def folder_figures(
    pages: Mapping[str, PagePair],
    protocol: str,
    threshold: float = 0.0,
    wanted: Callable[[], bool] = lambda: True,
) -> FolderFigures:
    """The figures over many pages.

    Args:
        pages: by key; in this order pages of equal figures are listed.
        protocol: a name in PROTOCOLS.
        threshold: detections with a lower score do not count; what has no score always does.
        wanted: asked now and then; False ends the work.

    Raises:
        BadLabels: the protocol refuses labels or polygons.
        Stopped: `wanted` said no.
    """
    truth: GroundTruth = {key: instances(pair.truth) for key, pair in pages.items()}
    result, found = _evaluate(pages, truth, protocol, threshold)
    groups = {name: breakdown(result, truth, found, name) for name in MEASURES}
    curve: list[CurvePoint] = []
    before, figures = -1, result
    for step in range(CURVE_STEPS):
        if not wanted():
            raise Stopped
        at = step / CURVE_STEPS
        count = sum(_counts(shape, at) for pair in pages.values() for shape in pair.found)
        if count != before:  # the same polygons have the same figures
            before, (figures, _) = count, _evaluate(pages, truth, protocol, at)
        curve.append(CurvePoint(at, figures.precision, figures.recall, figures.hmean))
    times = [pair.seconds for pair in pages.values() if pair.seconds is not None]
    mean = sum(times) / len(times) if times else None
    return FolderFigures(result, threshold, groups, tuple(curve), page_figures(result), mean)


def page_figures(result: EvaluationResult) -> tuple[PageFigure, ...]:
    """Every page's figures from the worst to the best: by its F, then by how many polygons are wrong."""
    figures = []
    for key, image in result.images.items():
        lost = image.care_gt - image.matched
        wrong = sum(verdict == "fp" for verdict in image.det_verdicts)
        figures.append(PageFigure(key, image.precision, image.recall, image.hmean, lost, wrong))
    return tuple(sorted(figures, key=lambda one: (one.hmean, -one.missed - one.wrong)))


def nearest(curve: Sequence[CurvePoint], recall: float, precision: float) -> int:
    """The index of the point of the curve that lies nearest to a place in it."""
    return min(
        range(len(curve)),
        key=lambda at: (curve[at].recall - recall) ** 2 + (curve[at].precision - precision) ** 2,
    )


def at_threshold(curve: Sequence[CurvePoint], threshold: float) -> CurvePoint:
    """The point of the curve whose threshold is nearest."""
    return min(curve, key=lambda point: abs(point.threshold - threshold))


def best_point(curve: Sequence[CurvePoint]) -> CurvePoint:
    """The point with the highest F; of several the one with the lowest threshold."""
    return max(curve, key=lambda point: (point.hmean, -point.threshold))


def _counts(shape: Shape, threshold: float) -> bool:
    return shape.score is None or shape.score >= threshold


def _evaluate(
    pages: Mapping[str, PagePair], truth: GroundTruth, protocol: str, threshold: float
) -> tuple[EvaluationResult, Found]:
    rules = PROTOCOLS[protocol]
    found = {
        key: [pair.found[at].polygon for at in by_score(pair.found) if _counts(pair.found[at], threshold)]
        for key, pair in pages.items()
    }
    return rules.evaluate(truth, found, rules.iou or 0.0), found
