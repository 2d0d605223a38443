"""One region's own threshold: it grows and shrinks along the level sets of the score map."""

import itertools
from typing import Final

from app.domain.level_set import FAINTEST, KeptMaps
from app.domain.region import Region
from app.domain.reshape import beginning_near, fitted_box
from app.domain.shape_edits import SMALLEST_AREA, ReshapeRegions
from app.views.canvas.tools.tool import Command, SendEdit, ShowHint
from tcm_core.geometry.polygon import Points, area, is_simple

STEP: Final = 0.02
NO_LEVEL: Final = "The score map shows no text inside this region at that threshold."
_runs = itertools.count(1)


class LocalLevel:
    """Remembers the threshold of the region that was changed last; one run of the wheel is one undo."""

    def __init__(self) -> None:
        self._shown: Points | None = None  # the outline that the last step made
        self._within: Points | None = None  # the region as it was when the run began
        self._threshold = 0.0
        self._merge_key = ""

    def step(self, notches: float, region: Region, maps: KeptMaps) -> list[Command]:
        """The edit that one turn of the wheel means, with what to say of it."""
        if self._shown is None or not _same(self._shown, region.polygon):
            self._within = region.polygon
            self._threshold = min(maps.threshold, maps.peak_in(region.polygon) / 2)
            self._merge_key = f"level:{region.id}:{next(_runs)}"
        assert self._within is not None
        wanted = min(max(self._threshold + STEP * notches, FAINTEST / 2), 0.99)
        outline = maps.text_in(self._within, wanted)
        if outline is None or area(outline) < SMALLEST_AREA or not is_simple(outline):
            return [ShowHint(NO_LEVEL)]
        polygon = fitted_box(outline) if len(region.polygon) == 4 else outline
        polygon = beginning_near(polygon, region.polygon[0])
        self._threshold, self._shown = wanted, polygon
        edit = ReshapeRegions({region.id: polygon}, "Local threshold", self._merge_key)
        return [SendEdit(edit), ShowHint(f"Local threshold {wanted:.2f}: up makes it smaller, down larger")]


def _same(one: Points, other: Points) -> bool:
    return one.shape == other.shape and bool((one == other).all())
