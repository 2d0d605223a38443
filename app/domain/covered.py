"""Which detections lie under regions, so that they need not be shown twice."""

from collections.abc import Sequence

from app.domain.region import Region
from tcm_core.detection import Detection
from tcm_core.geometry.overlap import iou_matrix
from tcm_core.geometry.polygon import area

OVERLAP = 0.5  # the IoU from which on a detection counts as accepted


class Covered:
    """Keeps for every region the detections under it; a region object seen before costs nothing."""

    def __init__(self) -> None:
        self._detections: tuple[Detection, ...] = ()
        self._usable: list[int] = []
        self._known: dict[str, tuple[Region, frozenset[int]]] = {}

    def set_detections(self, detections: Sequence[Detection]) -> None:
        """Take other detections."""
        self._detections = tuple(detections)
        self._usable = [
            index
            for index, one in enumerate(self._detections)
            if len(one.polygon) >= 3 and area(one.polygon) > 0
        ]
        self._known = {}

    def under(self, regions: Sequence[Region]) -> frozenset[int]:
        """The indices of the detections that lie under one of the regions."""
        if not self._usable:
            return frozenset()
        new = [
            region
            for region in regions
            if self._known.get(region.id, (None,))[0] is not region and area(region.polygon) > 0
        ]
        found = {region.id: self._known[region.id] for region in regions if region.id in self._known}
        if new:
            shapes = [self._detections[index].polygon for index in self._usable]
            overlaps = iou_matrix([region.polygon for region in new], shapes) >= OVERLAP
            for region, row in zip(new, overlaps, strict=True):
                hit = frozenset(self._usable[int(at)] for at in row.nonzero()[0])
                found[region.id] = (region, hit)
        self._known = found
        return frozenset().union(*(hit for _, hit in found.values()))
