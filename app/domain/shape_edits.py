"""Edits that give regions another shape, or put other regions in their place."""

from collections.abc import Mapping, Sequence
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
    """Put other regions, or none, in the places of regions, by their ids."""

    exchanges: Mapping[str, Sequence[Region]]
    label: str
    merge_key: str | None = None

    def apply(self, page: Page) -> Page:
        """The page after the exchange; one of the new regions may keep an id that goes.

        Raises:
            EditRefused: no such region, a new one is on the page already, or its polygon crosses itself or
                has less than a pixel of area.
        """
        known_ids(page, self.exchanges)
        regions: list[Region] = []
        for region in page.regions:
            regions += self.exchanges.get(region.id, (region,))
        if len({region.id for region in regions}) != len(regions):
            raise EditRefused("One of the regions is on this page already.")
        for added in self.exchanges.values():
            for region in added:
                check_shape(region.polygon)
        return with_regions(page, tuple(regions))


def check_shape(polygon: Points) -> None:
    """Let only simple polygons with some area through.

    Raises:
        EditRefused: another one.
    """
    if len(polygon) < 3 or area(polygon) < SMALLEST_AREA:
        raise EditRefused("The region would have no area, so it stays as it was.")
    if not is_simple(polygon):
        raise EditRefused("The outline would cross itself, so the region stays as it was.")
