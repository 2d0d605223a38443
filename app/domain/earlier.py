"""Earlier states of a page: what has changed since then, and the edit that brings one back."""

from dataclasses import dataclass, replace

import numpy as np

from app.domain.page import Page
from app.domain.region import Region


@dataclass(frozen=True)
class RestorePage:
    """Make the page what it was in an earlier state: its regions and its review state."""

    earlier: Page
    when: str  # of the earlier state, for the undo menu
    merge_key: str | None = None

    @property
    def label(self) -> str:
        return f"Restore the state of {self.when}"

    def apply(self, page: Page) -> Page:
        """The earlier regions and review state; comments stay as they are."""
        return replace(page, regions=self.earlier.regions, review=self.earlier.review)


@dataclass(frozen=True)
class Change:
    """What happened to one region between two states; `before` or `after` is None where it was not there."""

    before: Region | None
    after: Region | None

    @property
    def region(self) -> Region:
        """The region as it is, or as it was last."""
        found = self.after or self.before
        assert found is not None
        return found

    def words(self) -> str:
        """In words, such as "added", "removed" or "outline, text"."""
        if self.before is None:
            return "added"
        if self.after is None:
            return "removed"
        old, new = self.before, self.after
        parts = (
            ("outline", not np.array_equal(old.polygon, new.polygon)),
            ("text", old.text != new.text),
            ("ignored", old.ignore != new.ignore),
        )
        return ", ".join(name for name, differs in parts if differs) or "origin"


@dataclass(frozen=True)
class Difference:
    """What leads from one state of a page to another, as ids of regions."""

    added: frozenset[str]
    removed: frozenset[str]
    changed: frozenset[str]
    review: tuple[str, str] | None  # before and after, when they differ
    comments: bool = False  # whether comments were written, changed or taken away

    def words(self) -> str:
        """In words: "2 regions added, 1 changed, review: edited, now approved"; "nothing" when nothing is."""
        counts = ((self.added, "added"), (self.changed, "changed"), (self.removed, "removed"))
        parts = [f"{len(ids)} {what}" for ids, what in counts if ids]
        if parts:
            noun = "region" if parts[0].startswith("1 ") else "regions"
            count, what = parts[0].split(" ", 1)
            parts[0] = f"{count} {noun} {what}"
        if self.review is not None:
            parts.append(f"review: {self.review[0]}, now {self.review[1]}")
        if self.comments:
            parts.append("comments")
        return ", ".join(parts) or "nothing"


def changes(before: Page, after: Page) -> tuple[Change, ...]:
    """Every region that differs between two states: those of the earlier one first, in page order."""
    old = {region.id: region for region in before.regions}
    new = {region.id: region for region in after.regions}
    found = [Change(region, new.get(name)) for name, region in old.items() if new.get(name) != region]
    return (*found, *(Change(None, region) for name, region in new.items() if name not in old))


def difference(before: Page, after: Page) -> Difference:
    """What was done between two states."""
    old = {region.id: region for region in before.regions}
    new = {region.id: region for region in after.regions}
    changed = (name for name in old.keys() & new.keys() if old[name] != new[name])
    return Difference(
        frozenset(new.keys() - old.keys()),
        frozenset(old.keys() - new.keys()),
        frozenset(changed),
        None if before.review == after.review else (before.review, after.review),
        before.comments is not None and before.comments != after.comments,
    )
