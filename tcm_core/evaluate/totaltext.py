"""The Total-Text protocols of its official evaluation: Pascal VOC and DetEval, on polygons in whole pixels.

Coordinates are cut to whole pixels. Before matching, detections that lie in a text marked `#` by more than
half (of their area + 1 square pixel) do not count.
"""

from collections.abc import Iterator
from typing import Final, NamedTuple

import numpy as np

from tcm_core.data.sample import TextInstance
from tcm_core.evaluate.overlaps import Floats, Overlaps, measure, steady
from tcm_core.evaluate.result import (
    EvaluationResult,
    Found,
    GroundTruth,
    ImageTally,
    refuse_unknown,
    summarise,
)

PASCAL_IOU: Final = 0.5
IGNORED_SHARE_LIMIT: Final = 0.5
SPLIT_CREDIT: Final = 0.8
"""What texts and detections are worth when one stands for several."""
SEVERAL: Final = 2
"""A text is looked at as split, or a detection as merged, when it touches at least so many."""


class DetEvalLimits(NamedTuple):
    """Of the area recall sigma and the area precision tau, both rounded to two decimals."""

    recall: float
    precision: float


RECOMMENDED_LIMITS: Final = DetEvalLimits(0.7, 0.6)
OLD_LIMITS: Final = DetEvalLimits(0.8, 0.4)


def evaluate_totaltext_pascal(gt: GroundTruth, det: Found, iou: float = PASCAL_IOU) -> EvaluationResult:
    """Every detection takes the text that it fits best, at the limit or above it.

    When that text is taken already, the detection is wrong. The intersection over union has one square pixel
    more in its union.

    Args:
        gt: the labels of every image, by name.
        det: the detected polygons, in the order in which they choose.
        iou: a pair matches at it or above it.

    Raises:
        BadLabels: detections for an image without labels.
    """
    images = {}
    for name, overlaps, tally in _images(gt, det):
        ious = overlaps.iou(extra=1.0)
        texts = np.flatnonzero([tally.gt_is_free(text) for text in range(len(ious))])
        for found in range(ious.shape[1] if len(texts) else 0):
            best = int(texts[np.argmax(ious[texts, found])])
            if tally.det_is_free(found) and ious[best, found] >= iou and tally.gt_is_free(best):
                tally.match(best, found, ious[best, found])
        images[name] = tally.result()
    return summarise(images)


def evaluate_totaltext(
    gt: GroundTruth, det: Found, limits: DetEvalLimits = RECOMMENDED_LIMITS
) -> EvaluationResult:
    """DetEval on polygons: one to one, then texts found in parts, then detections over several texts.

    Args:
        gt: the labels of every image, by name.
        det: the detected polygons.
        limits: the recommended ones, or OLD_LIMITS.

    Raises:
        BadLabels: detections for an image without labels.

    Source: C. Wolf and J.-M. Jolion, Object Count/Area Graphs, IJDAR 8(4), 2006, as Total-Text has it.
    """
    images = {}
    for name, overlaps, tally in _images(gt, det):
        texts = np.flatnonzero([tally.gt_is_free(text) for text in range(overlaps.shared.shape[0])])
        founds = np.flatnonzero([tally.det_is_free(found) for found in range(overlaps.shared.shape[1])])
        _DetEvalImage(overlaps, tally, texts.tolist(), founds.tolist()).run(limits)
        images[name] = tally.result()
    return summarise(images)


class _DetEvalImage:
    """The three passes over one image; sigma and tau hold only what counts."""

    def __init__(self, overlaps: Overlaps, tally: ImageTally, texts: list[int], founds: list[int]) -> None:
        counting = np.ix_(texts, founds)
        self._tally, self._texts, self._founds = tally, texts, founds
        self._iou: Floats = overlaps.iou()[counting]
        self._sigma: Floats = np.round(overlaps.share_of_gt()[counting], 2)
        self._tau: Floats = np.round(overlaps.share_of_det()[counting], 2)

    def run(self, limits: DetEvalLimits) -> None:
        if self._sigma.size:
            self._one_to_one(limits)
            self._one_to_many(limits)
            self._many_to_one(limits)

    def _one_to_one(self, limits: DetEvalLimits) -> None:
        """Exactly one sigma and one tau of the text are above their limits, and alone in their columns.

        These are counts: sigma and tau may belong to two detections. The one of sigma is then taken.
        """
        high_sigma, high_tau = self._sigma > limits.recall, self._tau > limits.precision
        for text in range(len(self._sigma)):
            by_sigma, by_tau = np.flatnonzero(high_sigma[text]), np.flatnonzero(high_tau[text])
            if len(by_sigma) != 1 or len(by_tau) != 1:
                continue
            if high_sigma[:, by_sigma[0]].sum() == 1 and high_tau[:, by_tau[0]].sum() == 1:
                self._match([text], [int(by_sigma[0])], 1.0)

    def _one_to_many(self, limits: DetEvalLimits) -> None:
        for text in range(len(self._sigma)):
            sigma, tau = self._sigma[text], self._tau[text]
            if not self._text_is_free(text) or (sigma > 0).sum() < SEVERAL:
                continue
            parts = [
                found
                for found in np.flatnonzero(tau >= limits.precision).tolist()
                if self._found_is_free(found)
            ]
            if len(parts) == 1:
                if sigma[parts[0]] >= limits.recall:
                    self._match([text], parts, 1.0)
            elif sigma[parts].sum() >= limits.recall:
                self._match([text], parts, SPLIT_CREDIT)

    def _many_to_one(self, limits: DetEvalLimits) -> None:
        """The texts under one detection are chosen by sigma against the limit of the precision, as it is."""
        for found in range(self._sigma.shape[1]):
            sigma, tau = self._sigma[:, found], self._tau[:, found]
            if not self._found_is_free(found) or (tau > 0).sum() < SEVERAL:
                continue
            parts = [
                text
                for text in np.flatnonzero(sigma >= limits.precision).tolist()
                if self._text_is_free(text)
            ]
            if len(parts) == 1:
                if tau[parts[0]] >= limits.precision and sigma[parts[0]] >= limits.recall:
                    self._match(parts, [found], 1.0)
            elif tau[parts].sum() >= limits.precision:
                self._match(parts, [found], SPLIT_CREDIT)

    def _match(self, texts: list[int], founds: list[int], credit: float) -> None:
        for text in texts:
            for found in founds:
                self._tally.match(
                    self._texts[text],
                    self._founds[found],
                    self._iou[text, found],
                    recall=credit,
                    precision=credit,
                )

    def _text_is_free(self, text: int) -> bool:
        return self._tally.gt_is_free(self._texts[text])

    def _found_is_free(self, found: int) -> bool:
        return self._tally.det_is_free(self._founds[found])


def _images(gt: GroundTruth, det: Found) -> Iterator[tuple[str, Overlaps, ImageTally]]:
    """Each image's overlaps, and a tally in which `#` texts and detections on them do not count."""
    refuse_unknown(gt, det)
    whole_gt = {
        name: [TextInstance(np.trunc(instance.polygon), ignore=instance.ignore) for instance in instances]
        for name, instances in gt.items()
    }
    whole_det = {name: [np.trunc(polygon) for polygon in polygons] for name, polygons in det.items()}
    for name, overlaps in measure(whole_gt, whole_det, "buffer"):
        tally = ImageTally(*overlaps.shared.shape)
        ignored = np.array([instance.ignore for instance in gt[name]], dtype=bool)
        inside = steady(overlaps.share_of_det(extra=1.0)) > IGNORED_SHARE_LIMIT
        for text in np.flatnonzero(ignored).tolist():
            tally.ignore_gt(text)
        for found in np.flatnonzero(inside[ignored].any(axis=0)).tolist():
            tally.ignore_det(found)
        yield name, overlaps, tally
