"""The ICDAR 2019 ArT protocol, task 1, by its published rules.

A detection fits a text above the limit of the intersection over union; when several fit, the one that fits
best counts and the others are wrong; illegible texts do not count. What the text of the rules leaves open
follows the evaluations that it refers to: strictly above the limit as in CTW1500, detections on illegible
texts are ignored as in ICDAR 2015.
"""

import numpy as np

from tcm_core.evaluate.icdar15 import IOU_LIMIT, ignoring_tally
from tcm_core.evaluate.overlaps import measure
from tcm_core.evaluate.result import EvaluationResult, Found, GroundTruth, refuse_unknown, summarise


def evaluate_art(gt: GroundTruth, det: Found, iou: float = IOU_LIMIT) -> EvaluationResult:
    """Precision, recall and their harmonic mean; 0.5 is what the ranking was made by, 0.7 is also reported.

    Args:
        gt: the labels of every image, by name; a text takes its best free detection, in their order.
        det: the detected polygons.
        iou: a pair matches above it.

    Raises:
        BadLabels: detections for an image without labels.
    """
    refuse_unknown(gt, det)
    images = {}
    for name, overlaps in measure(gt, det, "even-odd"):
        tally = ignoring_tally([instance.ignore for instance in gt[name]], overlaps)
        ious = overlaps.iou()
        for text in range(len(ious)):
            free = np.array([tally.det_is_free(found) for found in range(ious.shape[1])], dtype=bool)
            fitting = np.where(free & (ious[text] > iou), ious[text], 0.0)
            if tally.gt_is_free(text) and fitting.any():
                best = int(np.argmax(fitting))
                tally.match(text, best, ious[text, best])
        images[name] = tally.result()
    return summarise(images)
