"""What the canvas shows, as the tools see it: page, detections and the indices for hit tests."""

from collections.abc import Sequence
from typing import Final

from app.domain.covered import Covered
from app.domain.hit_test import HitIndex
from app.domain.level_set import KeptMaps
from app.domain.page import Page
from app.domain.region import Region
from app.views.canvas.active_layer import ActiveContent
from app.views.canvas.tools.tool import Preview, Scene
from tcm_core.detection import Detection

_NO_HITS: Final = HitIndex(())


class Contents:
    """The page and the detections. The indices are made when the mouse first needs them."""

    def __init__(self) -> None:
        self.page = Page()
        self.regions: dict[str, Region] = {}
        self.detections: tuple[Detection, ...] = ()
        self.maps: KeptMaps | None = None
        self.hide_covered = True
        self._covered = Covered()
        self._shown: frozenset[int] | None = None  # the detections that hit tests know
        self._hits: HitIndex | None = None
        self._detection_hits: HitIndex | None = None

    def set_page(self, page: Page) -> bool:
        """Take another page; returns whether its regions are not those of the page before."""
        before = self.page.regions
        changed = len(before) != len(page.regions) or any(
            old is not new for old, new in zip(before, page.regions, strict=True)
        )
        if changed:
            self._hits = None
            self.regions = {region.id: region for region in page.regions}
        self.page = page
        return changed

    def set_detections(self, detections: Sequence[Detection]) -> None:
        """Take other detections."""
        self.detections = tuple(detections)
        self._covered.set_detections(self.detections)
        self._detection_hits = None

    def visible_detections(self) -> dict[int, Detection]:
        """The detections to be shown, by number: those under a region are left out when that is wished."""
        covered = self._covered.under(self.page.regions) if self.hide_covered else frozenset()
        shown = {index: one for index, one in enumerate(self.detections) if index not in covered}
        if self._shown != shown.keys():
            self._shown = frozenset(shown)
            self._detection_hits = None
        return shown

    def chosen(self, ids: frozenset[str]) -> list[Region]:
        """The regions of these ids that are on the page, in page order."""
        return [region for id_, region in self.regions.items() if id_ in ids] if ids else []

    def active(self, selected: frozenset[str], vertices: frozenset[int], preview: Preview) -> ActiveContent:
        """What the layer of selection and handles shows: with it what is under the mouse and not selected."""
        target = preview.hover
        hovered, tag = None, ""
        if target is not None and target.kind == "detection" and target.index < len(self.detections):
            detection = self.detections[target.index]
            hovered, tag = detection.polygon, f"{detection.score:.2f}"
        elif target is not None and target.kind == "body" and target.region_id not in selected:
            region = self.regions.get(target.region_id)
            hovered = None if region is None else region.polygon
        return ActiveContent(self.chosen(selected), vertices, hovered, tag, preview)

    def scene(
        self, selected: frozenset[str], vertices: frozenset[int], *, regions: bool, detections: bool
    ) -> Scene:
        """What tools can meet; what is not visible cannot be met.

        Args:
            selected: ids of the selected regions; ids that are not on the page do not count.
            vertices: chosen vertices of the only selected region.
            regions: whether the regions are visible.
            detections: whether the detections are visible.
        """
        if self._hits is None:
            self._hits = HitIndex(self.page.regions)
        if self._detection_hits is None:
            self._detection_hits = HitIndex(
                [Region(str(index), one.polygon) for index, one in self.visible_detections().items()]
            )
        return Scene(
            self.page,
            self.regions,
            self._hits if regions else _NO_HITS,
            self._detection_hits if detections else _NO_HITS,
            selected.intersection(self.regions) if regions else frozenset(),
            vertices if regions else frozenset(),
            self.maps,
        )
