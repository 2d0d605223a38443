"""How far a page has come on its way to being finished."""

from typing import Final, Literal, get_args

ReviewState = Literal["unseen", "detected", "edited", "approved", "rejected"]
REVIEW_STATES: Final[tuple[ReviewState, ...]] = get_args(ReviewState)


def after_content_edit(review: ReviewState) -> ReviewState:
    """The state of a page whose regions a person has just changed; a verdict already given stays."""
    return "edited" if review in ("unseen", "detected") else review
