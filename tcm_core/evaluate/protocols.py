"""PROTOCOLS: every evaluation protocol, how its files are read and what scores them."""

from collections.abc import Callable
from pathlib import Path
from typing import Final, NamedTuple, TypeAlias

from tcm_core.evaluate.art import evaluate_art
from tcm_core.evaluate.ctw1500 import evaluate_ctw1500, evaluate_ctw1500_pan
from tcm_core.evaluate.icdar13 import evaluate_icdar13
from tcm_core.evaluate.icdar15 import evaluate_icdar15, evaluate_td500
from tcm_core.evaluate.labels import Labels, labels_reader, read_icdar15_labels
from tcm_core.evaluate.result import EvaluationResult, Found, GroundTruth
from tcm_core.evaluate.submission import (
    ReadSubmission,
    parse_box,
    parse_polygon,
    parse_quad,
    parse_whole_polygon,
    plain_reader,
    read_art_submission,
    rrc_reader,
)
from tcm_core.evaluate.td500_pan import evaluate_td500_pan
from tcm_core.evaluate.totaltext import OLD_LIMITS, evaluate_totaltext, evaluate_totaltext_pascal

EvaluateAt: TypeAlias = Callable[[GroundTruth, Found, float], EvaluationResult]


class Protocol(NamedTuple):
    """One evaluation protocol.

    Attributes:
        title: its name for people.
        read_labels: the ground truth as the official evaluation reads it.
        read_results: the results as the official evaluation takes them.
        evaluate: (labels, polygons, limit of the intersection over union) -> the figures; protocols without
            such a limit do not look at it.
        iou: the usual limit; None where the protocol has none.
        y_first: whether the official result files give y before x.
    """

    title: str
    read_labels: Callable[[Path], Labels]
    read_results: ReadSubmission
    evaluate: EvaluateAt
    iou: float | None = 0.5
    y_first: bool = False


def _icdar13(gt: GroundTruth, det: Found, _: float) -> EvaluationResult:
    return evaluate_icdar13(gt, det)


def _totaltext(gt: GroundTruth, det: Found, _: float) -> EvaluationResult:
    return evaluate_totaltext(gt, det)


def _totaltext_old(gt: GroundTruth, det: Found, _: float) -> EvaluationResult:
    return evaluate_totaltext(gt, det, OLD_LIMITS)


_TOTALTEXT_LABELS: Final = labels_reader("totaltext")
_CTW1500_LABELS: Final = labels_reader("ctw1500-legacy", "ctw1500")
_TD500_LABELS: Final = labels_reader("td500")

PROTOCOLS: Final[dict[str, Protocol]] = {
    "icdar2013": Protocol(
        "ICDAR 2013, DetEval", labels_reader("icdar2013"), rrc_reader(parse_box), _icdar13, iou=None
    ),
    "icdar2015": Protocol("ICDAR 2015, IoU", read_icdar15_labels, rrc_reader(parse_quad), evaluate_icdar15),
    "totaltext": Protocol(
        "Total-Text, DetEval 0.7 / 0.6", _TOTALTEXT_LABELS, plain_reader(parse_whole_polygon), _totaltext,
        iou=None, y_first=True,
    ),
    "totaltext-old": Protocol(
        "Total-Text, DetEval 0.8 / 0.4", _TOTALTEXT_LABELS, plain_reader(parse_whole_polygon), _totaltext_old,
        iou=None, y_first=True,
    ),
    "totaltext-pascal": Protocol(
        "Total-Text, Pascal VOC", _TOTALTEXT_LABELS, plain_reader(parse_whole_polygon),
        evaluate_totaltext_pascal, y_first=True,
    ),
    "ctw1500": Protocol("CTW1500", _CTW1500_LABELS, plain_reader(parse_polygon), evaluate_ctw1500),
    "ctw1500-pan": Protocol(
        "CTW1500, as PAN++ has it", _CTW1500_LABELS, plain_reader(parse_polygon), evaluate_ctw1500_pan
    ),
    "td500": Protocol(
        "MSRA-TD500, as DB has it", _TD500_LABELS, plain_reader(parse_polygon), evaluate_td500
    ),
    "td500-pan": Protocol(
        "MSRA-TD500, as PAN++ has it", _TD500_LABELS, plain_reader(parse_polygon), evaluate_td500_pan
    ),
    "art": Protocol("ICDAR 2019 ArT, task 1", labels_reader("art"), read_art_submission, evaluate_art),
}  # fmt: skip
"""Name on the command line -> protocol."""
