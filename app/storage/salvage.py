"""A damaged project file: it is set aside, never deleted, and what can still be read goes into a new one."""

import shutil
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from app.domain.counted import counted
from app.domain.page import Page
from app.storage.backups import backups_of
from app.storage.connection import check_structure, connect, transaction, undecodable_is_damage
from app.storage.journal import (
    JournalRow,
    decode_regions,
    encode_page,
    is_intact,
    replay,
    review_state,
)
from app.storage.migrations import migrate
from app.storage.sealed_rows import check_rows, is_sealed, letters, with_seal, write_page, write_step

_COMPANIONS: Final = ("-wal", "-shm", "-journal")
_COLUMNS: Final = {
    "images": ("key", "bytes", "mtime_ns", "sha256"),
    "edits": ("key", "revision", "kind", "label", "at", "whole", "seal", "body"),
    "ground_truth": ("key", "source", "regions"),
    "page_settings": ("key", "head", "settings", "active"),
    "comments": ("id", "key", "x", "y", "text", "author", "at", "resolved"),
    "predictions": (
        "key",
        "checkpoint_hash",
        "checkpoint_name",
        "settings",
        "detection_count",
        "detections",
        "bytes",
        "mtime_ns",
    ),
}


UNKNOWN: Final = 0
"""The revision of a page whose row does not tell it any more; that of a step is one at least."""


@dataclass(frozen=True)
class Rebuilt:
    """What came of a damaged project."""

    pages: int  # with labels, read again
    aside: Path  # the damaged file
    lost: int  # pages of which only a part of the history was left; they are empty now
    older: int  # of the pages: as they were before their last steps, which could not be read
    backup: Path | None = None  # where the labels come from, when nothing in the damaged file could be read
    damaged: bool = False  # the backup is, too

    @property
    def words(self) -> str:
        """What a person should know about it, after "was damaged"."""
        lost = f", those of {self.lost} pages could not be: these are empty now" if self.lost else ""
        if self.older:
            lost += f"; {self.older} of them as they were before their last steps"
        if self.backup is not None:
            too = ", which is damaged too, so that steps or pages may be missing" if self.damaged else ""
            return (
                f"Nothing in it could be read: the labels of {counted(self.pages, 'page')} come from the "
                f"backup {self.backup.name}{too}{lost}, and what was done after it is lost. The damaged file "
                f"is kept as {self.aside.name}."
            )
        return (
            f"The labels of {counted(self.pages, 'page')} were read again{lost}; the damaged file is kept as "
            f"{self.aside.name}."
        )


def rebuild(path: Path) -> Rebuilt:
    """Put what can be read of a damaged project into a new file; the damaged one gets another name.

    A page is taken from the newest of its row and its journal. It gets a journal row of kind "repair", from
    which its history goes on. When not a page can be read, the newest backup with labels takes the file's
    place. The new file is complete before the damaged one is touched.

    Raises:
        sqlite3.Error: the new file cannot be written; the damaged one is where it was.
        OSError: a file cannot be renamed.
    """
    fresh = _rebuilding(path)
    pages, lost, older = _made_of(path, fresh)
    backup = None
    damaged = False
    # the newest that is sound; where none is, the newest
    for copy in sorted(backups_of(path) if pages == 0 else [], key=_is_sound_file)[::-1]:
        with suppress(sqlite3.Error):
            pages, lost, older = _made_of(copy, fresh)
        if pages:
            backup, damaged = copy, not _is_sound_file(copy)
            break
    aside = _set_aside(path)
    fresh.replace(path)
    return Rebuilt(pages, aside, lost, older, backup, damaged)


def _is_sound_file(path: Path) -> bool:
    """Whether everything in a project file can be read and is what was written."""
    try:
        with undecodable_is_damage(), closing(sqlite3.connect(path)) as connection:
            check_structure(connection)
            check_rows(connection)
    except sqlite3.Error:
        return False
    return True


@undecodable_is_damage()
def _made_of(source_path: Path, fresh: Path) -> tuple[int, int, int]:
    """A new file of what can be read of another; how many pages were read, were lost, are older ones."""
    for ending in ("", *_COMPANIONS):
        fresh.with_name(fresh.name + ending).unlink(missing_ok=True)
    with closing(connect(fresh)) as target:
        migrate(target)
        with closing(sqlite3.connect(source_path)) as source, transaction(target):
            source.text_factory = letters
            source.execute("PRAGMA writable_schema = ON")  # lets SQLite read a file that was cut off
            counts = _salvage(source, target)
        target.execute("PRAGMA journal_mode = DELETE")  # the file is whole without companions
    return counts


def finish_rebuild(path: Path) -> None:
    """Put a new file in its place when the program ended between the two renamings of `rebuild`."""
    fresh = _rebuilding(path)
    if fresh.exists() and not path.exists():
        fresh.replace(path)


def _rebuilding(path: Path) -> Path:
    return path.with_name(path.name + ".rebuilding")


def copy_aside(path: Path) -> Path:
    """Keep a copy of a project file, and of what lies beside it, under another name.

    Raises:
        OSError: it cannot be written.
    """
    aside = _name_aside(path)
    for ending in (*_COMPANIONS, ""):
        part = path.with_name(path.name + ending)
        if part.exists():
            shutil.copyfile(part, aside.with_name(aside.name + ending))
    return aside


def _name_aside(path: Path) -> Path:
    number = 1
    while (aside := path.with_name(f"{path.name}.corrupt-{number}")).exists():
        number += 1
    return aside


def _set_aside(path: Path) -> Path:
    aside = _name_aside(path)
    for ending in (*_COMPANIONS, ""):
        part = path.with_name(path.name + ending)
        if part.exists():
            part.rename(aside.with_name(aside.name + ending))
    return aside


def _salvage(source: sqlite3.Connection, target: sqlite3.Connection) -> tuple[int, int, int]:
    """How many pages were read, how many were lost, and how many are older ones."""
    for table, columns in _COLUMNS.items():
        marks = ", ".join("?" * len(columns))
        target.executemany(
            f"INSERT OR IGNORE INTO {table} ({', '.join(columns)}) VALUES ({marks})",
            (row for row in _rows(source, table, columns) if _is_sound(row) and _is_whole(table, row)),
        )
    pages = _pages(source)
    for key, (revision, page) in _from_journal(target).items():
        if key not in pages or pages[key][0] < revision:
            pages[key] = revision, page
    for key, (_, page) in pages.items():
        _write_page(target, key, page)
    known = {str(key) for (key,) in target.execute("SELECT DISTINCT key FROM edits")}
    lost = known - pages.keys()
    for key in lost:  # a history that leads to no page would keep the page from being opened
        _write_page(target, key, Page())
    older = sum(1 for key, newest in _revisions(source).items() if key in pages and pages[key][0] < newest)
    return len(pages), len(lost), older


def _revisions(source: sqlite3.Connection) -> dict[str, int]:
    """The newest step of each page that the damaged file knows of, whether or not it can be read."""
    found: dict[str, int] = {}
    for key, revision in _rows(source, "edits", ("key", "revision")):
        if isinstance(revision, int):
            found[str(key)] = max(revision, found.get(str(key), 0))
    return found


def _is_sound(row: tuple[Any, ...]) -> bool:
    """Whether all of a row's texts are UTF-8."""
    try:
        for value in row:
            if isinstance(value, str):
                value.encode()
    except UnicodeEncodeError:
        return False
    return True


def _is_whole(table: str, row: tuple[Any, ...]) -> bool:
    """Whether the JSON at the end of a row, and what stands beside it, are what was written."""
    if table in ("edits", "ground_truth") and not is_intact(str(row[-1]).encode()):
        return False
    *beside, seal, _ = row
    return table != "edits" or is_sealed(tuple(beside), seal)


def _rows(source: sqlite3.Connection, table: str, columns: tuple[str, ...]) -> Iterator[tuple[Any, ...]]:
    """The rows that can be read, from both ends of the table, so that one broken place hides only itself."""
    seen = None
    for direction in ("ASC", "DESC"):
        try:
            names = ", ".join(with_seal(source, table, columns))
            query = f"SELECT id, {names} FROM {table} ORDER BY id {direction}"
            for row in source.execute(query):
                if direction == "DESC" and row[0] == seen:
                    return
                seen = row[0] if direction == "ASC" else seen
                yield row[1:]
            return
        except (sqlite3.Error, UnicodeDecodeError):
            continue


def _pages(source: sqlite3.Connection) -> dict[str, tuple[int, Page]]:
    """Pages by their rows; one of which something beside the labels has changed goes after its history."""
    pages = {}
    columns = ("key", "revision", "review", "region_count", "seal", "regions")
    for key, revision, review, count, seal, regions in _rows(source, "pages", columns):
        if not _is_sound((key,)):
            continue
        known = is_sealed((key, revision, review, count), seal)
        try:
            page = Page(decode_regions(regions), review_state(review))
            pages[str(key)] = int(revision) if known else UNKNOWN, page
        except (ValueError, TypeError, OverflowError):
            continue
    return pages


def _from_journal(connection: sqlite3.Connection) -> dict[str, tuple[int, Page]]:
    histories: dict[str, list[JournalRow]] = {}
    rows = connection.execute(
        "SELECT key, revision, kind, label, at, whole, body FROM edits "
        "WHERE typeof(revision) = 'integer' ORDER BY key, revision"
    )
    for key, revision, kind, label, at, whole, body in rows:
        histories.setdefault(str(key), []).append(JournalRow(revision, kind, label, at, bool(whole), body))
    found = {}
    for key, history in histories.items():
        if states := replay(history):
            newest = max(states)
            found[key] = newest, states[newest]
    return found


def _write_page(target: sqlite3.Connection, key: str, page: Page) -> None:
    highest = target.execute("SELECT max(revision) FROM edits WHERE key = ?", (key,)).fetchone()[0] or 0
    label = "Read from a damaged project"
    write_step(target, key, JournalRow(highest + 1, "repair", label, time.time(), True, encode_page(page)))
    write_page(target, key, highest + 1, page)
