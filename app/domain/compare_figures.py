"""Figures of a detector over many pages: at every threshold, by what texts look like, and the worst pages."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from statistics import mean
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from app.domain.compare import Shape, by_score, instances
from tcm_core.evaluate.breakdown import MEASURES, Group, breakdown
from tcm_core.evaluate.protocols import PROTOCOLS
from tcm_core.evaluate.result import EvaluationResult, ImageResult, harmonic_mean, ratio, summarise
from tcm_core.geometry.polygon import Points

CURVE_STEPS: Final = 100
"""Thresholds of the curve: 0, 0.01 ... 0.99, the steps of the slider."""


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


class JudgedPage:
    """One page under every threshold: the protocol is asked once for each number of detections.

    Args:
        pair: the labels, and what was found.
        protocol: a name in PROTOCOLS.
    """

    def __init__(self, pair: PagePair, protocol: str) -> None:
        self.pair = pair
        self._rules = PROTOCOLS[protocol]
        self._texts = instances(pair.truth)
        order = by_score(pair.found)
        self._polygons = [pair.found[at].polygon for at in order]
        scores = [pair.found[at].score for at in order]
        self._falling = np.array([-np.inf if score is None else -score for score in scores])
        self._results: dict[int, ImageResult] = {}

    def count_at(self, threshold: float) -> int:
        """How many detections reach the threshold; what has no score always does."""
        return int(np.searchsorted(self._falling, -threshold, side="right"))

    def at(self, threshold: float) -> ImageResult:
        """The verdicts on the labels, and on the detections that count from the highest score on.

        Raises:
            BadLabels: the protocol refuses labels or polygons.
        """
        count = self.count_at(threshold)
        if count not in self._results:
            found = {"": self._polygons[:count]}
            evaluated = self._rules.evaluate({"": self._texts}, found, self._rules.iou or 0.0)
            self._results[count] = evaluated.images[""]
        return self._results[count]

    def polygons_at(self, threshold: float) -> list[Points]:
        """The detections that the result at a threshold speaks of, in its order."""
        return self._polygons[: self.count_at(threshold)]

    @cached_property
    def sums(self) -> NDArray[np.float64]:
        """(CURVE_STEPS, 4): at each step credits and number of the labels, of the detections that count.

        Raises:
            BadLabels: the protocol refuses labels or polygons.
        """
        rows, before, row = [], -1, (0.0, 0, 0.0, 0)
        for step in range(CURVE_STEPS):
            count = self.count_at(step / CURVE_STEPS)
            if count != before:
                before, result = count, self.at(step / CURVE_STEPS)
                row = (sum(result.gt_credits), result.care_gt, sum(result.det_credits), result.care_det)
            rows.append(row)
        return np.array(rows, dtype=np.float64)


class JudgedFolder:
    """What a protocol says of one detector on many pages.

    Attributes:
        pages: by key, in the order in which they were added.

    Args:
        protocol: a name in PROTOCOLS.
    """

    def __init__(self, protocol: str) -> None:
        self.protocol = protocol
        self.pages: dict[str, JudgedPage] = {}
        self._sums = np.zeros((CURVE_STEPS, 4))

    def add(self, key: str, page: JudgedPage) -> None:
        """Add a page that is judged by the folder's protocol.

        Raises:
            BadLabels: the protocol refuses its labels or polygons; it is not added.
        """
        self._sums += page.sums
        self.pages[key] = page

    def result(self, threshold: float) -> EvaluationResult:
        """The figures over all pages."""
        return summarise({key: page.at(threshold) for key, page in self.pages.items()})

    def groups(self, threshold: float) -> dict[str, tuple[Group, ...]]:
        """The figures by size, angle and curvature of the texts, by the names in MEASURES."""
        result = self.result(threshold)
        truth = {key: instances(page.pair.truth) for key, page in self.pages.items()}
        found = {key: page.polygons_at(threshold) for key, page in self.pages.items()}
        return {name: breakdown(result, truth, found, name) for name in MEASURES}

    def curve(self) -> tuple[CurvePoint, ...]:
        """The figures from the lowest to the highest threshold."""
        return curve_of(self._sums)

    def worst(self, threshold: float) -> tuple[PageFigure, ...]:
        """Every page's figures from the worst to the best."""
        return page_figures({key: page.at(threshold) for key, page in self.pages.items()})

    @property
    def seconds(self) -> float | None:
        """The mean time of the pages whose time is known."""
        times = [page.pair.seconds for page in self.pages.values() if page.pair.seconds is not None]
        return mean(times) if times else None


@dataclass(frozen=True, eq=False)
class FolderFigures:
    """One detector's figures at one threshold, to be shown.

    Attributes:
        result: over all pages.
        groups: by the names in MEASURES.
        pages: from the worst to the best.
        curve: over all thresholds.
        seconds: the mean of the pages whose time is known, or None.
    """

    threshold: float
    result: EvaluationResult
    groups: Mapping[str, tuple[Group, ...]]
    pages: tuple[PageFigure, ...]
    curve: tuple[CurvePoint, ...]
    seconds: float | None


def figures_at(folder: JudgedFolder, threshold: float) -> FolderFigures:
    """All figures of a folder at one threshold."""
    return FolderFigures(
        threshold,
        folder.result(threshold),
        folder.groups(threshold),
        folder.worst(threshold),
        folder.curve(),
        folder.seconds,
    )


def page_curve(pair: PagePair, protocol: str) -> tuple[CurvePoint, ...]:
    """The figures of one page from the lowest to the highest threshold.

    Raises:
        BadLabels: the protocol refuses labels or polygons.
    """
    return curve_of(JudgedPage(pair, protocol).sums)


def curve_of(sums: NDArray[np.float64]) -> tuple[CurvePoint, ...]:
    """The curve of (CURVE_STEPS, 4) sums as `JudgedPage.sums` has them."""
    points = []
    for step, (gt_credits, care_gt, det_credits, care_det) in enumerate(sums.tolist()):
        precision, recall = ratio(det_credits, care_det), ratio(gt_credits, care_gt)
        points.append(CurvePoint(step / CURVE_STEPS, precision, recall, harmonic_mean(precision, recall)))
    return tuple(points)


def page_figures(images: Mapping[str, ImageResult]) -> tuple[PageFigure, ...]:
    """Every page's figures from the worst to the best: by its F, then by how many polygons are wrong."""
    figures = []
    for key, image in images.items():
        lost = image.care_gt - image.matched
        wrong = sum(verdict == "fp" for verdict in image.det_verdicts)
        figures.append(PageFigure(key, image.precision, image.recall, image.hmean, lost, wrong))
    return tuple(sorted(figures, key=lambda one: (one.hmean, -one.missed - one.wrong)))


def drawn_part(curve: Sequence[CurvePoint]) -> list[CurvePoint]:
    """The points that are drawn: above the last score nothing is found, which has no precision."""
    return [point for point in curve if point.recall > 0 or point.precision > 0]


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
