"""What two checkpoints make of the same labelled page, region by region."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from app.domain.region import Region
from tcm_core.data.sample import TextInstance
from tcm_core.evaluate.icdar15 import evaluate_icdar15
from tcm_core.evaluate.result import Verdict
from tcm_core.geometry.polygon import Points

Change = Literal["fixed", "broken", "found", "missed", "ignored"]
"""Of a labelled region: missed before and found now; the other way round; found, or missed, by both."""


@dataclass(frozen=True)
class PageDiff:
    """One page.

    Attributes:
        changes: (id of the region, what became of it), in the order of the regions.
        false_before: detections of the old checkpoint where no text is labelled.
        false_now: of the new one.
    """

    key: str
    changes: tuple[tuple[str, Change], ...]
    false_before_count: int
    false_now_count: int

    @property
    def fixed_count(self) -> int:
        return self._count("fixed")

    @property
    def broken_count(self) -> int:
        return self._count("broken")

    @property
    def found_count(self) -> int:
        return self._count("found")

    @property
    def missed_count(self) -> int:
        return self._count("missed")

    def _count(self, change: Change) -> int:
        return sum(what == change for _, what in self.changes)


def compare_page(
    key: str, regions: Sequence[Region], before: Sequence[Points], after: Sequence[Points]
) -> PageDiff:
    """Matches what two checkpoints found with the labels, by the rules of ICDAR 2015.

    Args:
        key: of the page.
        regions: its labels.
        before: polygons of the old checkpoint, (N, 2), image pixels.
        after: of the new one.
    """
    truth = {key: [TextInstance(region.polygon, region.text, region.ignore) for region in regions]}
    old, new = (evaluate_icdar15(truth, {key: list(found)}).images[key] for found in (before, after))
    changes = [
        (region.id, _change(then, now))
        for region, then, now in zip(regions, old.gt_verdicts, new.gt_verdicts, strict=True)
    ]
    return PageDiff(
        key,
        tuple(changes),
        old.det_verdicts.count(Verdict.FALSE_POSITIVE),
        new.det_verdicts.count(Verdict.FALSE_POSITIVE),
    )


def _change(then: Verdict, now: Verdict) -> Change:
    if Verdict.IGNORED in (then, now):
        return "ignored"
    found_then, found_now = then is Verdict.TRUE_POSITIVE, now is Verdict.TRUE_POSITIVE
    if found_then == found_now:
        return "found" if found_now else "missed"
    return "fixed" if found_now else "broken"
