"""The ICDAR 2015 protocol: greedy one-to-one matching by intersection over union.

The rules are those of the official evaluation of the Robust Reading Competition, challenge 4, task 1.
"""

from typing import Final

import numpy as np

from tcm_core.evaluate.overlaps import Crossed, Overlaps, measure, steady
from tcm_core.evaluate.result import (
    EvaluationResult,
    Found,
    GroundTruth,
    ImageTally,
    refuse_unknown,
    summarise,
)

IOU_LIMIT: Final = 0.5
"""A detection matches above this intersection over union, not at it."""
IGNORED_SHARE_LIMIT: Final = 0.5
"""A detection is ignored when more than this share of it lies in one single ignored text."""


def evaluate_icdar15(
    gt: GroundTruth, det: Found, iou: float = IOU_LIMIT, *, crossed: Crossed = "even-odd"
) -> EvaluationResult:
    """Precision, recall and their harmonic mean of detections against labels.

    Args:
        gt: the labels of every image, by name; their order decides between detections that fit equally.
        det: the detected polygons; the first fitting one is taken, so an order by confidence matters.
        iou: a pair matches above it.
        crossed: what becomes of polygons that cross themselves; the official way is "even-odd".

    Raises:
        BadLabels: detections for an image without labels.
    """
    refuse_unknown(gt, det)
    images = {}
    for name, overlaps in measure(gt, det, crossed):
        tally = ignoring_tally([instance.ignore for instance in gt[name]], overlaps)
        ious = overlaps.iou()
        for text, found in np.argwhere(ious > iou).tolist():
            if tally.gt_is_free(text) and tally.det_is_free(found):
                tally.match(text, found, ious[text, found])
        images[name] = tally.result()
    return summarise(images)


def evaluate_td500(gt: GroundTruth, det: Found, iou: float = IOU_LIMIT) -> EvaluationResult:
    """MSRA-TD500 as the authors of DB score it: the rules of ICDAR 2015, difficult lines do not count.

    Polygons that cross themselves or have no area do not take part, on both sides.

    Raises:
        BadLabels: detections for an image without labels.
    """
    return evaluate_icdar15(gt, det, iou, crossed="leave out")


def ignoring_tally(ignored: list[bool], overlaps: Overlaps) -> ImageTally:
    """A fresh tally in which ignored texts, detections on them, and what cannot be used do not count.

    Args:
        ignored: of each text of the image, whether it does not count.
        overlaps: of the image.
    """
    tally = ImageTally(*overlaps.shared.shape)
    out_gt = np.array(ignored, dtype=bool) | ~overlaps.usable_gt
    inside = steady(overlaps.share_of_det()) > IGNORED_SHARE_LIMIT
    out_det = ~overlaps.usable_det | inside[out_gt].any(axis=0)
    for text in np.flatnonzero(out_gt).tolist():
        tally.ignore_gt(text)
    for found in np.flatnonzero(out_det).tolist():
        tally.ignore_det(found)
    return tally
