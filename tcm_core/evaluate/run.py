"""Evaluation of files: labels and results from folders, zips or files, as strict as the official scripts."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tcm_core.errors import BadConfig, BadLabels
from tcm_core.evaluate.labels import Labels
from tcm_core.evaluate.protocols import PROTOCOLS, Protocol
from tcm_core.evaluate.result import EvaluationResult, Found
from tcm_core.evaluate.submission import ScoredPolygon, Submission
from tcm_core.geometry.polygon import Points


@dataclass(frozen=True, eq=False)
class Evaluation:
    """Labels and results that have been read, ready to be scored.

    Attributes:
        name: of the protocol, in PROTOCOLS.
        labels: by name of the image.
        submission: the results, x before y.
        iou: the limit of the intersection over union; None where the protocol has none.
    """

    name: str
    labels: Labels
    submission: Submission
    iou: float | None

    def score(self, found: Found | None = None) -> EvaluationResult:
        """The figures of all results, or of these polygons by image.

        Raises:
            BadLabels: results for an image without labels.
        """
        polygons = self.submission.polygons() if found is None else found
        return PROTOCOLS[self.name].evaluate(self.labels, polygons, self.iou or 0.0)


def load_evaluation(
    gt: Path,
    det: Path,
    name: str = "icdar2015",
    *,
    iou: float | None = None,
    with_scores: bool = False,
    x_first: bool = False,
) -> Evaluation:
    """Read what a protocol evaluates.

    Args:
        gt: labels in the format of the protocol.
        det: results in the format of the protocol; a missing file has no detections.
        name: of the protocol, in PROTOCOLS.
        iou: another limit than the usual one.
        with_scores: every entry of the results has a confidence.
        x_first: the results give x before y even where the official form is the other way round.

    Raises:
        BadLabels: files that the official evaluation refuses, with the reason.
        BadConfig: a limit that makes no sense or for a protocol that has none.
    """
    protocol = PROTOCOLS[name]
    limit = _limit(name, protocol, iou)
    labels = protocol.read_labels(gt)
    try:
        submission = protocol.read_results(det, with_scores)
    except BadLabels as error:
        raise BadLabels(f"the results are refused: {error}") from error
    if protocol.y_first and not x_first:
        submission = _with_x_first(submission)
    return Evaluation(name, labels, submission, limit)


def evaluate_files(
    gt: Path, det: Path, name: str = "icdar2015", *, iou: float | None = None
) -> EvaluationResult:
    """The figures of result files against label files; the arguments are those of load_evaluation.

    Raises:
        BadLabels: files that the official evaluation refuses, with the reason.
        BadConfig: a limit that makes no sense or for a protocol that has none.
    """
    return load_evaluation(gt, det, name, iou=iou).score()


def read_ground_truth(source: Path) -> Labels:
    """The labels of a folder or zip of gt_<name>.txt, as the ICDAR 2015 evaluation reads them.

    Raises:
        BadLabels: the official evaluation would refuse them.
    """
    return PROTOCOLS["icdar2015"].read_labels(source)


def read_detections(source: Path) -> dict[str, list[Points]]:
    """The quads of a folder or zip of res_<name>.txt, as the ICDAR 2015 evaluation reads them.

    Raises:
        BadLabels: the official evaluation would refuse them.
    """
    return PROTOCOLS["icdar2015"].read_results(source, False).polygons()


def _limit(name: str, protocol: Protocol, iou: float | None) -> float | None:
    if iou is None:
        return protocol.iou
    if protocol.iou is None:
        raise BadConfig(f"the protocol {name} has no limit of the intersection over union. Leave --iou out.")
    if not 0 < iou < 1:
        raise BadConfig(f"a limit of the intersection over union lies between 0 and 1, not at {iou:g}.")
    return iou


def _with_x_first(submission: Submission) -> Submission:
    swapped = {
        image: [ScoredPolygon(np.ascontiguousarray(d.polygon[:, ::-1]), d.score) for d in detections]
        for image, detections in submission.found.items()
    }
    return Submission(swapped, submission.with_scores)
