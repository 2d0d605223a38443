"""The labels of one image."""

from dataclasses import dataclass

from app.domain.comment import Comment
from app.domain.region import Region
from app.domain.review import ReviewState


@dataclass(frozen=True)
class Page:
    """An immutable page: its regions in drawing order, its review state and its comments, the oldest first.

    The comments are None where they are not known, in states from a journal that did not keep them yet.
    """

    regions: tuple[Region, ...] = ()
    review: ReviewState = "unseen"
    comments: tuple[Comment, ...] | None = ()

    def region(self, region_id: str) -> Region:
        """The region of that id.

        Raises:
            KeyError: there is none.
        """
        for region in self.regions:
            if region.id == region_id:
                return region
        raise KeyError(region_id)
