"""What a person can do to the comments of a page, as edits: they are undone and kept like all others."""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

from app.domain.comment import Comment, one_line
from app.domain.edits import EditRefused
from app.domain.page import Page


@dataclass(frozen=True)
class PinComment:
    """Put a new comment on the page."""

    comment: Comment
    merge_key: str | None = None
    label: str = "Add comment"

    def apply(self, page: Page) -> Page:
        """The page with the comment.

        Raises:
            EditRefused: its id is on the page already.
        """
        if any(one.id == self.comment.id for one in comments_of(page)):
            raise EditRefused("This comment is on the image already.")
        return replace(page, comments=(*comments_of(page), self.comment))


@dataclass(frozen=True)
class ChangeComment:
    """Say something else in a comment."""

    comment_id: int
    text: str
    merge_key: str | None = None
    label: str = "Change comment"

    def apply(self, page: Page) -> Page:
        """The page with the comment changed.

        Raises:
            EditRefused: no such comment, or no words.
        """
        words = one_line(self.text)
        if not words:
            raise EditRefused("A comment needs words. To be done with it, resolve or delete it.")
        return _changed(page, self.comment_id, lambda one: replace(one, text=words))


@dataclass(frozen=True)
class MoveComment:
    """Pin a comment at (x, y), image pixels."""

    comment_id: int
    x: float
    y: float
    merge_key: str | None = None
    label: str = "Move comment"

    def apply(self, page: Page) -> Page:
        """The page with the comment in another place.

        Raises:
            EditRefused: no such comment, or the place is not a finite number.
        """
        if not (math.isfinite(self.x) and math.isfinite(self.y)):
            raise EditRefused("The comment cannot be put there.")
        return _changed(page, self.comment_id, lambda one: replace(one, x=float(self.x), y=float(self.y)))


@dataclass(frozen=True)
class ResolveComment:
    """Mark a comment as settled, or open it again."""

    comment_id: int
    resolved: bool
    merge_key: str | None = None

    @property
    def label(self) -> str:
        return "Resolve comment" if self.resolved else "Open comment again"

    def apply(self, page: Page) -> Page:
        """The page with the mark.

        Raises:
            EditRefused: no such comment.
        """
        return _changed(page, self.comment_id, lambda one: replace(one, resolved=self.resolved))


@dataclass(frozen=True)
class DeleteComment:
    """Take a comment off the page."""

    comment_id: int
    merge_key: str | None = None
    label: str = "Delete comment"

    def apply(self, page: Page) -> Page:
        """The page without it.

        Raises:
            EditRefused: no such comment.
        """
        _check_known(page, self.comment_id)
        return replace(page, comments=tuple(one for one in comments_of(page) if one.id != self.comment_id))


def comments_of(page: Page) -> tuple[Comment, ...]:
    """The comments; none where they are not known."""
    return page.comments or ()


def _changed(page: Page, comment_id: int, change: Callable[[Comment], Comment]) -> Page:
    _check_known(page, comment_id)
    return replace(
        page, comments=tuple(change(one) if one.id == comment_id else one for one in comments_of(page))
    )


def _check_known(page: Page, comment_id: int) -> None:
    if all(one.id != comment_id for one in comments_of(page)):
        raise EditRefused("The comment is not on this image any more.")
