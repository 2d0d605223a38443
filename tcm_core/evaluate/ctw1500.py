"""The CTW1500 protocol: every detection looks for the text that it fits best; every text counts.

evaluate_ctw1500 follows the official evaluation of the data set, evaluate_ctw1500_pan the authors of PAN++.
"""

import numpy as np

from tcm_core.evaluate.icdar15 import IOU_LIMIT
from tcm_core.evaluate.overlaps import measure
from tcm_core.evaluate.result import (
    EvaluationResult,
    Found,
    GroundTruth,
    ImageTally,
    refuse_unknown,
    summarise,
)


def evaluate_ctw1500(gt: GroundTruth, det: Found, iou: float = IOU_LIMIT) -> EvaluationResult:
    """Precision, recall and their harmonic mean; a pair matches above the limit.

    A detection whose best text is taken is wrong. A detection that crosses itself is left out; a text that
    does cannot be found but counts. Marks on texts that do not count are not looked at: the labels of this
    evaluation have none.

    Args:
        gt: the labels of every image, by name.
        det: the detected polygons, in the order in which they choose.
        iou: a pair matches above it.

    Raises:
        BadLabels: detections for an image without labels.
    """
    refuse_unknown(gt, det)
    images = {}
    for name, overlaps in measure(gt, det, "leave out"):
        ious = overlaps.iou()
        tally = ImageTally(*ious.shape)
        for found in range(ious.shape[1]):
            if not overlaps.usable_det[found]:
                tally.ignore_det(found)
            elif len(ious):
                best = int(np.argmax(ious[:, found]))
                if ious[best, found] > iou and tally.gt_is_free(best):
                    tally.match(best, found, ious[best, found])
        images[name] = tally.result()
    return summarise(images)


def evaluate_ctw1500_pan(gt: GroundTruth, det: Found, iou: float = IOU_LIMIT) -> EvaluationResult:
    """As PAN++'s authors score it: a detection covers every free text at the limit or above it.

    It is right when there is one such text, and adds one to what was found, however many it covers.

    Raises:
        BadLabels: detections for an image without labels.
    """
    refuse_unknown(gt, det)
    images = {}
    for name, overlaps in measure(gt, det, "even-odd"):
        ious = overlaps.iou()
        tally = ImageTally(*ious.shape)
        for found in range(ious.shape[1]):
            for text in np.flatnonzero(ious[:, found] >= iou).tolist():
                if tally.gt_is_free(text):
                    first = tally.det_is_free(found)
                    tally.match(text, found, ious[text, found], recall=1.0 if first else 0.0)
        images[name] = tally.result()
    return summarise(images)
