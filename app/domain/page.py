"""The labels of one image."""

from dataclasses import dataclass

from app.domain.region import Region
from app.domain.review import ReviewState


@dataclass(frozen=True)
class Page:
    """An immutable page: its regions in drawing order and its review state."""

    regions: tuple[Region, ...] = ()
    review: ReviewState = "unseen"

    def region(self, region_id: str) -> Region:
        """The region of that id.

        Raises:
            KeyError: there is none.
        """
        for region in self.regions:
            if region.id == region_id:
                return region
        raise KeyError(region_id)
