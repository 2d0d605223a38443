"""Which detections lie under regions, so that they need not be shown or accepted twice.

A region covers a detection that it has half of its area in common with. It also covers the one that it was
accepted from, however it was corrected since, as long as they touch: its score says which one that is.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from app.domain.region import Region
from tcm_core.detection import Detection
from tcm_core.geometry.overlap import iou_matrix
from tcm_core.geometry.polygon import area

OVERLAP = 0.5  # the IoU from which on a detection counts as accepted


class Covered:
    """Keeps for every region the detections under it; a region object seen before costs nothing."""

    def __init__(self) -> None:
        self._detections: tuple[Detection, ...] = ()
        self._usable: list[int] | None = None  # those with an area; found out when there are regions
        self._known: dict[str, tuple[Region, frozenset[int]]] = {}

    def set_detections(self, detections: Sequence[Detection]) -> None:
        """Take other detections."""
        self._detections = tuple(detections)
        self._usable = None
        self._known = {}

    def _sources(self, region: Region, usable: Sequence[int]) -> NDArray[np.bool_]:
        """Which of the usable detections a region may have been accepted from."""
        if region.origin == "person" or region.score is None:
            return np.zeros(len(usable), np.bool_)
        return np.array([self._detections[index].score == region.score for index in usable])

    def under(self, regions: Sequence[Region]) -> frozenset[int]:
        """The indices of the detections that lie under one of the regions."""
        if not regions or not self._detections:
            self._known = {}
            return frozenset()
        if self._usable is None:
            self._usable = [
                index
                for index, one in enumerate(self._detections)
                if len(one.polygon) >= 3 and area(one.polygon) > 0
            ]
        usable = self._usable
        if not usable:
            return frozenset()
        new = [
            region
            for region in regions
            if self._known.get(region.id, (None,))[0] is not region and area(region.polygon) > 0
        ]
        found = {region.id: self._known[region.id] for region in regions if region.id in self._known}
        if new:
            shapes = [self._detections[index].polygon for index in usable]
            overlaps = iou_matrix([region.polygon for region in new], shapes)
            for region, row in zip(new, overlaps, strict=True):
                under = (row >= OVERLAP) | ((row > 0) & self._sources(region, usable))
                found[region.id] = (region, frozenset(usable[int(at)] for at in under.nonzero()[0]))
        self._known = found
        return frozenset().union(*(hit for _, hit in found.values()))
