"""The edit that puts imported labels on a page."""

from collections.abc import Sequence
from dataclasses import dataclass

from app.domain.edits import counted, with_regions
from app.domain.page import Page
from app.domain.region import Region


@dataclass(frozen=True)
class ImportRegions:
    """Put imported regions on the page, over its own or in place of them."""

    regions: Sequence[Region]
    replace: bool
    merge_key: str | None = None

    @property
    def label(self) -> str:
        return f"Import {counted(len(self.regions))}"

    def apply(self, page: Page) -> Page:
        """The page with the imported regions; regions that it has exactly so already are not put twice."""
        if self.replace:
            return with_regions(page, tuple(self.regions))
        known = {_content(region) for region in page.regions}
        new = tuple(region for region in self.regions if _content(region) not in known)
        return with_regions(page, (*page.regions, *new))


def _content(region: Region) -> tuple[bytes, str, bool]:
    return region.polygon.tobytes(), region.text, region.ignore
