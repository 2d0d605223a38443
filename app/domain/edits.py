"""What a person can do to a page, as values: each edit turns a page into another page, or refuses.

An edit has a `label` for the undo menu. Two edits in a row with the same `merge_key` become one step of undo.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike

from app.domain.page import Page
from app.domain.region import Region, frozen_polygon
from app.domain.review import ReviewState, after_content_edit
from tcm_core.errors import TcmError

IGNORED_TEXT = "###"  # typed as a transcription it means: ignore this region


class EditRefused(TcmError):
    """The edit cannot be applied to this page; the page is as it was. The message is for the person."""


class Edit(Protocol):
    """A change of one page."""

    @property
    def label(self) -> str:
        """What the undo menu calls it."""
        ...

    @property
    def merge_key(self) -> str | None:
        """Edits in a row with the same key are one step of undo; None never merges."""
        ...

    def apply(self, page: Page) -> Page:
        """The page after the edit; the given page is untouched.

        Raises:
            EditRefused: the edit does not fit this page.
        """
        ...


@dataclass(frozen=True)
class AddRegions:
    """Put new regions on top of the others."""

    regions: Sequence[Region]
    merge_key: str | None = None

    @property
    def label(self) -> str:
        return f"Add {counted(len(self.regions))}"

    def apply(self, page: Page) -> Page:
        """The page with the new regions.

        Raises:
            EditRefused: an id is on the page already, or twice among the new ones.
        """
        _check_ids_differ((*page.regions, *self.regions))
        return with_regions(page, (*page.regions, *self.regions))


@dataclass(frozen=True)
class DeleteRegions:
    """Take regions off the page."""

    ids: Collection[str]
    merge_key: str | None = None

    @property
    def label(self) -> str:
        return f"Delete {counted(len(self.ids))}"

    def apply(self, page: Page) -> Page:
        """The page without them.

        Raises:
            EditRefused: the page has no region of one of the ids.
        """
        ids = known_ids(page, self.ids)
        return with_regions(page, tuple(region for region in page.regions if region.id not in ids))


@dataclass(frozen=True)
class MoveRegions:
    """Move whole regions by (dx, dy) image pixels, counted from where they are now."""

    ids: Collection[str]
    dx: float
    dy: float
    merge_key: str | None = None

    @property
    def label(self) -> str:
        return f"Move {counted(len(self.ids))}"

    def apply(self, page: Page) -> Page:
        """The page with them moved.

        Raises:
            EditRefused: the page has no region of one of the ids, or the distance is not a finite number.
        """
        return _changed(
            page, self.ids, lambda region: reshaped(region, region.polygon + np.array((self.dx, self.dy)))
        )


@dataclass(frozen=True)
class MoveVertex:
    """Put one vertex of a region at (x, y), image pixels."""

    region_id: str
    index: int
    x: float
    y: float
    merge_key: str | None = None

    @property
    def label(self) -> str:
        return "Move vertex"

    def apply(self, page: Page) -> Page:
        """The page with the vertex moved.

        Raises:
            EditRefused: no such region or vertex, or the place is not a finite number.
        """
        return _changed(page, (self.region_id,), self._moved)

    def _moved(self, region: Region) -> Region:
        _check_vertices(region, (self.index,))
        polygon = region.polygon.copy()
        polygon[self.index] = self.x, self.y
        return reshaped(region, polygon)


@dataclass(frozen=True)
class InsertVertex:
    """Add a vertex at (x, y), image pixels; it gets that index and the later ones move up by one."""

    region_id: str
    index: int
    x: float
    y: float
    merge_key: str | None = None

    @property
    def label(self) -> str:
        return "Insert vertex"

    def apply(self, page: Page) -> Page:
        """The page with one vertex more.

        Raises:
            EditRefused: no such region, the index is outside 0..N, or the place is not a finite number.
        """
        return _changed(page, (self.region_id,), self._inserted)

    def _inserted(self, region: Region) -> Region:
        if not 0 <= self.index <= len(region.polygon):
            raise EditRefused(
                f"A vertex cannot be inserted at {self.index}: the region has {len(region.polygon)}."
            )
        return reshaped(region, np.insert(region.polygon, self.index, (self.x, self.y), axis=0))


@dataclass(frozen=True)
class DeleteVertices:
    """Take vertices out of a region; three must remain."""

    region_id: str
    indices: Collection[int]
    merge_key: str | None = None

    @property
    def label(self) -> str:
        return "Delete vertex" if len(self.indices) == 1 else f"Delete {len(self.indices)} vertices"

    def apply(self, page: Page) -> Page:
        """The page with fewer vertices.

        Raises:
            EditRefused: no such region or vertex, or fewer than three vertices would remain.
        """
        return _changed(page, (self.region_id,), self._thinned)

    def _thinned(self, region: Region) -> Region:
        _check_vertices(region, self.indices)
        indices = sorted(set(self.indices))
        if len(region.polygon) - len(indices) < 3:
            raise EditRefused(
                "A region needs at least three vertices. Delete the whole region instead, "
                "or insert a vertex first."
            )
        return reshaped(region, np.delete(region.polygon, indices, axis=0))


@dataclass(frozen=True)
class SetText:
    """Set the transcription of a region.

    Line breaks become blanks, because label files have one line for each region. "###" is how label files
    write an ignored region, so typing it marks the region as ignored and leaves its text alone.
    """

    region_id: str
    text: str
    merge_key: str | None = None

    @property
    def label(self) -> str:
        return "Set text"

    def apply(self, page: Page) -> Page:
        """The page with the new text.

        Raises:
            EditRefused: the page has no such region.
        """
        text = " ".join(self.text.splitlines())
        if text.strip() == IGNORED_TEXT:
            return _changed(page, (self.region_id,), lambda region: replace(region, ignore=True))
        return _changed(page, (self.region_id,), lambda region: replace(region, text=text))


@dataclass(frozen=True)
class SetIgnore:
    """Mark regions as unreadable, or as readable again."""

    ids: Collection[str]
    ignore: bool
    merge_key: str | None = None

    @property
    def label(self) -> str:
        return f"{'Ignore' if self.ignore else 'Do not ignore'} {counted(len(self.ids))}"

    def apply(self, page: Page) -> Page:
        """The page with the marks.

        Raises:
            EditRefused: the page has no region of one of the ids.
        """
        return _changed(page, self.ids, lambda region: replace(region, ignore=self.ignore))


@dataclass(frozen=True)
class SetReview:
    """Set how far the page has come; the regions stay."""

    review: ReviewState
    merge_key: str | None = None

    @property
    def label(self) -> str:
        return f"Mark page as {self.review}"

    def apply(self, page: Page) -> Page:
        """The page with the new state."""
        return replace(page, review=self.review)


@dataclass(frozen=True)
class ReplaceRegions:
    """Put these regions in place of all that are on the page."""

    regions: Sequence[Region]
    merge_key: str | None = None

    @property
    def label(self) -> str:
        return "Replace all regions"

    def apply(self, page: Page) -> Page:
        """The page with only these regions.

        Raises:
            EditRefused: an id occurs twice among them.
        """
        _check_ids_differ(self.regions)
        return with_regions(page, tuple(self.regions))


def counted(number: int) -> str:
    """How labels of edits count regions."""
    return "region" if number == 1 else f"{number} regions"


def with_regions(page: Page, regions: tuple[Region, ...]) -> Page:
    """The page with these regions in place of its own, as a person has changed it."""
    if regions == page.regions:
        return page
    return replace(page, regions=regions, review=after_content_edit(page.review))


def known_ids(page: Page, ids: Collection[str]) -> frozenset[str]:
    """The ids as a set.

    Raises:
        EditRefused: one of them is not on the page.
    """
    wanted = frozenset(ids)
    missing = wanted - {region.id for region in page.regions}
    if missing:
        raise EditRefused("The region is not on this page any more. Select it again.")
    return wanted


def _changed(page: Page, ids: Collection[str], change: Callable[[Region], Region]) -> Page:
    wanted = known_ids(page, ids)
    return with_regions(
        page, tuple(change(region) if region.id in wanted else region for region in page.regions)
    )


def reshaped(region: Region, points: ArrayLike) -> Region:
    """The region with another polygon; a model's region touched by a person is from both."""
    try:
        polygon = frozen_polygon(points)
    except ValueError as error:
        raise EditRefused(f"The region cannot take this shape: {error}.") from error
    if np.array_equal(polygon, region.polygon):
        return region
    return replace(region, polygon=polygon, origin="both" if region.origin == "model" else region.origin)


def _check_vertices(region: Region, indices: Collection[int]) -> None:
    if not all(0 <= index < len(region.polygon) for index in indices):
        raise EditRefused(f"The region has {len(region.polygon)} vertices; the chosen one is not among them.")


def _check_ids_differ(regions: Sequence[Region]) -> None:
    if len({region.id for region in regions}) != len(regions):
        raise EditRefused("One of the regions is on this page already.")
