"""The ICDAR 2013 protocol: DetEval on upright boxes, as the Robust Reading Competition computes it.

Box sides include their last pixel: a box from 0 to 9 is 10 pixels wide.
"""

from typing import Final

import numpy as np

from tcm_core.evaluate.overlaps import Floats, divide
from tcm_core.evaluate.result import (
    EvaluationResult,
    Found,
    GroundTruth,
    ImageTally,
    refuse_unknown,
    summarise,
)
from tcm_core.geometry.polygon import Points

AREA_RECALL: Final = 0.8
AREA_PRECISION: Final = 0.4
CENTRE_DISTANCE: Final = 1.0
"""The centres of a pair must be nearer than this, twice their distance by the sum of the diagonals."""
SPLIT_CREDIT: Final = 0.8
"""Of a text found in parts, and of each part. Texts under one detection count in full."""
SUM_DECIMALS: Final = 4
"""The sums over parts are rounded to so many decimals before they are compared."""


def evaluate_icdar13(gt: GroundTruth, det: Found) -> EvaluationResult:
    """Precision, recall and their harmonic mean by DetEval; polygons are taken as their bounding boxes.

    Args:
        gt: the labels of every image, by name; corners are the first and the last pixel inside.
        det: the detected boxes, likewise.

    Raises:
        BadLabels: detections for an image without labels.

    Source: C. Wolf and J.-M. Jolion, Object Count/Area Graphs, IJDAR 8(4), 2006.
    """
    refuse_unknown(gt, det)
    images = {}
    for name, instances in gt.items():
        texts = _boxes([instance.polygon for instance in instances])
        tally = ImageTally(len(texts), len(det.get(name, ())))
        image = _Image(texts, _boxes(list(det.get(name, ()))), tally, [i.ignore for i in instances])
        image.one_to_one()
        image.one_to_many()
        image.many_to_one()
        images[name] = tally.result()
    return summarise(images)


class _Image:
    """The area recall and area precision of every pair, (G, D), and the three passes."""

    def __init__(self, texts: Floats, founds: Floats, tally: ImageTally, ignored: list[bool]) -> None:
        low = np.maximum(texts[:, None, :2], founds[None, :, :2])
        high = np.minimum(texts[:, None, 2:], founds[None, :, 2:])
        shared = np.maximum(high - low + 1.0, 0.0).prod(axis=2)
        area_gt, area_det = (np.prod(box[:, 2:] - box[:, :2] + 1.0, axis=1) for box in (texts, founds))
        self._recall = divide(shared, np.broadcast_to(area_gt[:, None], shared.shape))
        self._precision = divide(shared, np.broadcast_to(area_det, shared.shape))
        self._iou = divide(shared, area_gt[:, None] + area_det - shared)
        self._distance = _centre_distances(texts, founds)
        self._tally = tally
        out_gt = np.array(ignored, dtype=bool)
        out_det = (self._precision[out_gt] > AREA_PRECISION).any(axis=0)
        for text in np.flatnonzero(out_gt).tolist():
            tally.ignore_gt(text)
        for found in np.flatnonzero(out_det).tolist():
            tally.ignore_det(found)
        self._texts = np.flatnonzero(~out_gt).tolist()
        self._founds = np.flatnonzero(~out_det).tolist()
        touching = self._recall > 0
        self._touched_by_text = touching[:, ~out_det].sum(axis=1)
        self._touched_by_found = touching[~out_gt].sum(axis=0)

    def one_to_one(self) -> None:
        """Pairs that fit only each other (ignored ones count here too) and touch nothing else that counts."""
        fits = (self._recall >= AREA_RECALL) & (self._precision >= AREA_PRECISION)
        alone = fits & (fits.sum(axis=1) == 1)[:, None] & (fits.sum(axis=0) == 1)
        alone &= (self._touched_by_text == 1)[:, None] & (self._touched_by_found == 1)
        alone &= self._distance < CENTRE_DISTANCE
        for text, found in np.argwhere(alone).tolist():
            if self._tally.gt_is_free(text) and self._tally.det_is_free(found):
                self._match([text], [found], 1.0)

    def one_to_many(self) -> None:
        """Texts found in parts."""
        for text in self._texts:
            parts = [
                found
                for found in self._founds
                if self._tally.det_is_free(found) and self._precision[text, found] >= AREA_PRECISION
            ]
            covered = sum(self._recall[text, found] for found in parts)
            if (
                self._tally.gt_is_free(text)
                and round(covered, SUM_DECIMALS) >= AREA_RECALL
                and self._touched_by_text[text] >= 2
            ):
                self._match([text], parts, 1.0 if len(parts) == 1 else SPLIT_CREDIT)

    def many_to_one(self) -> None:
        """Detections over several texts."""
        for found in self._founds:
            parts = [
                text
                for text in self._texts
                if self._tally.gt_is_free(text) and self._recall[text, found] >= AREA_RECALL
            ]
            covered = sum(self._precision[text, found] for text in parts)
            if (
                self._tally.det_is_free(found)
                and round(covered, SUM_DECIMALS) >= AREA_PRECISION
                and self._touched_by_found[found] >= 2
            ):
                self._match(parts, [found], 1.0)

    def _match(self, texts: list[int], founds: list[int], credit: float) -> None:
        for text in texts:
            for found in founds:
                self._tally.match(text, found, self._iou[text, found], recall=credit, precision=credit)


def _boxes(polygons: list[Points]) -> Floats:
    """(N, 4) x0, y0, x1, y1."""
    return np.array([[*p.min(axis=0), *p.max(axis=0)] for p in polygons], dtype=np.float64).reshape(-1, 4)


def _centre_distances(texts: Floats, founds: Floats) -> Floats:
    """(G, D) twice the distance of the centres by the sum of the diagonals."""
    sizes = [box[:, 2:] - box[:, :2] + 1.0 for box in (texts, founds)]
    centres = [box[:, :2] + size / 2.0 for box, size in zip((texts, founds), sizes, strict=True)]
    diagonals = [np.linalg.norm(size, axis=1) for size in sizes]
    apart = np.linalg.norm(centres[0][:, None] - centres[1][None], axis=2)
    return divide(2.0 * apart, diagonals[0][:, None] + diagonals[1])
