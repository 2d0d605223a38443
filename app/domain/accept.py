"""From what a detector found to regions a person owns."""

from collections.abc import Sequence

from app.domain.region import Region, new_region
from tcm_core.detection import Detection
from tcm_core.geometry.overlap import iou_matrix
from tcm_core.geometry.polygon import area


def regions_from_detections(
    detections: Sequence[Detection], existing: Sequence[Region], overlap: float = 0.5
) -> list[Region]:
    """New regions for the detections that are not on the page yet, in the same order.

    A detection whose IoU with an existing region is `overlap` or more is left out, so that accepting twice
    adds nothing; one without area is left out too.
    """
    usable = [
        detection for detection in detections if len(detection.polygon) >= 3 and area(detection.polygon) > 0
    ]
    if usable and existing:
        overlaps = iou_matrix(
            [detection.polygon for detection in usable], [region.polygon for region in existing]
        )
        usable = [detection for detection, row in zip(usable, overlaps, strict=True) if row.max() < overlap]
    return [new_region(detection.polygon, origin="model", score=detection.score) for detection in usable]
