"""MSRA-TD500 as the authors of PAN++ score it: any detection will do for a line, difficult lines help only.

Difficult lines that are found count as found, those that are missed do not count; detections are never
ignored. One detection may serve several lines, so with lines that lie on each other the precision can
exceed 1, as in the original.
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


def evaluate_td500_pan(gt: GroundTruth, det: Found, iou: float = IOU_LIMIT) -> EvaluationResult:
    """Precision, recall and their harmonic mean; a pair matches at the limit or above it.

    Raises:
        BadLabels: detections for an image without labels.
    """
    refuse_unknown(gt, det)
    images = {}
    for name, overlaps in measure(gt, det, "even-odd"):
        ious = overlaps.iou()
        tally = ImageTally(*ious.shape)
        for text, instance in enumerate(gt[name]):
            fitting = np.flatnonzero(ious[text] >= iou)
            if len(fitting):
                found = int(fitting[0])
                tally.match(text, found, ious[text, found], precision=tally.det_credits[found] + 1.0)
            elif instance.ignore:
                tally.ignore_gt(text)
        images[name] = tally.result()
    return summarise(images)
