"""From what a detector found to regions a person owns."""

from collections.abc import Sequence

from app.domain.covered import Covered
from app.domain.region import Region, new_region
from tcm_core.detection import Detection
from tcm_core.geometry.polygon import area


def regions_from_detections(detections: Sequence[Detection], existing: Sequence[Region]) -> list[Region]:
    """New regions for the detections that are not on the page yet, in the same order.

    A detection that an existing region covers (see covered.py) is left out, so that accepting twice adds
    nothing; one without area is left out too.
    """
    covered = Covered()
    covered.set_detections(detections)
    under = covered.under(existing)
    return [
        new_region(detection.polygon, origin="model", score=detection.score)
        for index, detection in enumerate(detections)
        if index not in under and len(detection.polygon) >= 3 and area(detection.polygon) > 0
    ]
