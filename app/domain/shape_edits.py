"""Edits that give regions another shape, or put other regions in their place."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from app.domain.edits import EditRefused, known_ids, reshaped, with_regions
from app.domain.page import Page
from app.domain.region import Region
from tcm_core.geometry.polygon import Points, area, is_simple

SMALLEST_AREA = 1.0  # square image pixels


@dataclass(frozen=True, eq=False)
class ReshapeRegions:
    """Give regions other polygons, by their ids."""

    polygons: Mapping[str, Points]
    label: str
    merge_key: str | None = None

    def apply(self, page: Page) -> Page:
        """The page with the new shapes.

        Raises:
            EditRefused: no such region, or a polygon that crosses itself or has less than a pixel of area.
        """
        known_ids(page, self.polygons)
        for polygon in self.polygons.values():
            check_shape(polygon)
        return with_regions(
            page,
            tuple(
                reshaped(region, self.polygons[region.id]) if region.id in self.polygons else region
                for region in page.regions
            ),
        )


@dataclass(frozen=True, eq=False)
class ExchangeRegions:
    """Take regions off the page and put others where the first of them was."""

    removed: Collection[str]
    added: Sequence[Region]
    label: str
    merge_key: str | None = None

    def apply(self, page: Page) -> Page:
        """The page after the exchange.

        Raises:
            EditRefused: no such region, an added one is on the page already, or its polygon crosses itself or
                has less than a pixel of area.
        """
        removed = known_ids(page, self.removed)
        ids = [region.id for region in page.regions if region.id not in removed]
        ids += [region.id for region in self.added]
        if len(set(ids)) != len(ids):
            raise EditRefused("One of the regions is on this page already.")
        for region in self.added:
            check_shape(region.polygon)
        regions: list[Region] = []
        pending = list(self.added)
        for region in page.regions:
            if region.id in removed:
                regions += pending
                pending = []
            else:
                regions.append(region)
        return with_regions(page, (*regions, *pending))


def check_shape(polygon: Points) -> None:
    """Let only simple polygons with some area through.

    Raises:
        EditRefused: another one.
    """
    if len(polygon) < 3 or area(polygon) < SMALLEST_AREA:
        raise EditRefused("The region would have no area, so it stays as it was.")
    if not is_simple(polygon):
        raise EditRefused("The outline would cross itself, so the region stays as it was.")
