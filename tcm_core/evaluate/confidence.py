"""What the confidences of the detections say: average precision, and the figures above every threshold."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final, NamedTuple

import numpy as np

from tcm_core.evaluate.result import EvaluationResult, Found, Verdict, ratio
from tcm_core.evaluate.submission import Submission

SWEEP_THRESHOLDS: Final = tuple(step / 20 for step in range(20))
"""0 to 0.95."""


class SweepRow(NamedTuple):
    """The figures when detections below the threshold are left out."""

    threshold: float
    precision: float
    recall: float
    hmean: float


def average_precision(result: EvaluationResult, scores: Mapping[str, Sequence[float]]) -> float:
    """The mean precision over the texts, as the Robust Reading Competition computes it.

    The detections that count are gone through from the most to the least confident; at every right one the
    precision so far is added; the sum is divided by the texts that count.

    Args:
        result: of the detections in the order of the scores.
        scores: of every detection, by image.
    """
    scored = [
        (score, verdict is Verdict.TRUE_POSITIVE)
        for name, image in result.images.items()
        for score, verdict in zip(scores.get(name, ()), image.det_verdicts, strict=True)
        if verdict is not Verdict.IGNORED
    ]
    order = np.argsort([-score for score, _ in scored], kind="stable")
    right = np.array([is_right for _, is_right in scored], dtype=bool)[order]
    precisions = np.cumsum(right) / np.arange(1, len(right) + 1)
    return ratio(float(precisions[right].sum()), result.care_gt)


def sweep(
    evaluate: Callable[[Found], EvaluationResult],
    submission: Submission,
    thresholds: Sequence[float] = SWEEP_THRESHOLDS,
) -> tuple[SweepRow, ...]:
    """The figures at every threshold of the confidence.

    Args:
        evaluate: scores polygons by image.
        submission: with confidences.
        thresholds: detections below are left out.
    """
    rows = []
    for threshold in thresholds:
        result = evaluate(submission.polygons(threshold))
        rows.append(SweepRow(threshold, result.precision, result.recall, result.hmean))
    return tuple(rows)
