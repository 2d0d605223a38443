"""An evaluation as files: the figures as JSON, the verdict on every polygon as CSV."""

import csv
import io
import json
from collections.abc import Sequence
from typing import Any, Final

from tcm_core.evaluate.breakdown import Group
from tcm_core.evaluate.confidence import SweepRow
from tcm_core.evaluate.result import EvaluationResult, Found, GroundTruth, ImageResult
from tcm_core.geometry.polygon import Points

COLUMNS: Final = ("image", "side", "index", "verdict", "credit", "matches", "ious", "polygon")
"""Of the CSV: side is "gt" or "det"; indices count from 0; several values are separated by blanks."""


def figures(result: EvaluationResult) -> dict[str, float | int]:
    """Precision, recall, hmean and the counts, by name."""
    return {
        "precision": result.precision,
        "recall": result.recall,
        "hmean": result.hmean,
        "matched": result.matched,
        "care_gt": result.care_gt,
        "care_det": result.care_det,
    }


def result_json(
    result: EvaluationResult,
    *,
    average_precision: float | None = None,
    sweep: Sequence[SweepRow] = (),
    groups: Sequence[Group] = (),
    **about: str | float | None,
) -> str:
    """The figures as one JSON object; what was not asked for is left out.

    Args:
        result: gives precision, recall, hmean, matched, care_gt, care_det.
        average_precision: over the confidences.
        sweep: the figures at every threshold.
        groups: the figures by size and the like.
        about: what was evaluated: protocol, iou.
    """
    content: dict[str, Any] = {key: value for key, value in about.items() if value is not None}
    content |= figures(result)
    if average_precision is not None:
        content["average_precision"] = average_precision
    if sweep:
        content["sweep"] = [row._asdict() for row in sweep]
    if groups:
        content["groups"] = [group._asdict() for group in groups]
    return json.dumps(content, indent=2) + "\n"


def polygons_csv(result: EvaluationResult, gt: GroundTruth, det: Found) -> str:
    """One row a polygon, COLUMNS: texts, then detections, of every image in the order of the labels.

    A match is the index of the polygon of the other side, with the intersection over union of the pair.

    Args:
        result: of these labels and detections.
        gt: the labels.
        det: the detections, in the order in which they were evaluated.
    """
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(COLUMNS)
    for name, image in result.images.items():
        texts = [instance.polygon for instance in gt[name]]
        for side, polygons in (("gt", texts), ("det", list(det.get(name, ())))):
            writer.writerows([name, side, *row] for row in _rows(image, side, polygons))
    return file.getvalue()


def _rows(image: ImageResult, side: str, polygons: Sequence[Points]) -> list[list[Any]]:
    verdicts = image.gt_verdicts if side == "gt" else image.det_verdicts
    credits_ = image.gt_credits if side == "gt" else image.det_credits
    rows = []
    for index, polygon in enumerate(polygons):
        if side == "gt":
            partners = [(match.det, match.iou) for match in image.matches if match.gt == index]
        else:
            partners = [(match.gt, match.iou) for match in image.matches if match.det == index]
        rows.append(
            [
                index,
                verdicts[index].value,
                f"{credits_[index]:g}",
                " ".join(str(partner) for partner, _ in partners),
                " ".join(f"{iou:.4f}" for _, iou in partners),
                " ".join(f"{value:g}" for value in polygon.ravel()),
            ]
        )
    return rows
