"""Rows of pages, steps and comments as they are written, and what tells whether one has changed since."""

import sqlite3
import zlib
from collections.abc import Iterable, Iterator
from typing import Any, Final

from app.domain.comment import Comment
from app.domain.page import Page
from app.storage.connection import StructureDamaged
from app.storage.journal import JournalRow, encode_regions, is_intact

_BESIDE: Final = {
    "pages": ("key", "revision", "review", "region_count"),
    "edits": ("key", "revision", "kind", "label", "at", "whole"),
    "comments": ("key", "x", "y", "text", "author", "at", "resolved"),
    "ground_truth": (),
}
"""What a row's seal is of."""
_JSON: Final = {"pages": "regions", "edits": "body", "ground_truth": "regions"}


def write_step(connection: sqlite3.Connection, key: str, step: JournalRow) -> None:
    """Put a step into the history of a page."""
    beside = (key, step.revision, str(step.kind), str(step.label), float(step.at), int(step.whole))
    connection.execute(
        "INSERT INTO edits (key, revision, kind, label, at, whole, seal, body) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (*beside, _seal(beside), step.body),
    )


def write_page(connection: sqlite3.Connection, key: str, revision: int, page: Page) -> None:
    """Put a page in place of the one there was."""
    beside = (key, revision, str(page.review), len(page.regions))
    connection.execute(
        "INSERT INTO pages (key, revision, review, region_count, seal, regions) VALUES (?, ?, ?, ?, ?, ?) "
        "ON CONFLICT (key) DO UPDATE SET revision = excluded.revision, review = excluded.review, "
        "region_count = excluded.region_count, seal = excluded.seal, regions = excluded.regions",
        (*beside, _seal(beside), encode_regions(page.regions)),
    )


def write_comment(connection: sqlite3.Connection, key: str, one: Comment) -> None:
    """Pin a comment on a page."""
    x, y = float(one.x) + 0.0, float(one.y) + 0.0  # a file has no -0.0
    values = (key, x, y, str(one.text), str(one.author), float(one.at), int(one.resolved))
    connection.execute(
        "INSERT INTO comments (id, key, x, y, text, author, at, resolved, seal) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (one.id, *values, _seal(values)),
    )


def move_rows(connection: sqlite3.Connection, old: str, new: str) -> None:
    """Give a page, its history and comments another key; what was damaged before can still be told."""
    for table in ("pages", "edits", "comments"):
        others = _BESIDE[table][1:]
        rows = connection.execute(
            f"SELECT id, seal, {', '.join(others)} FROM {table} WHERE key = ?",  # noqa: S608 - ours
            (old,),
        ).fetchall()
        for number, seal, *values in rows:
            sound = seal is not None and is_sealed((old, *values), seal)
            connection.execute(
                f"UPDATE {table} SET key = ?, seal = ? WHERE id = ?",  # noqa: S608 - ours
                (new, _seal((new, *values)) if sound else seal, number),
            )


def is_sealed(beside: tuple[Any, ...], seal: object) -> bool:
    """Whether what stands beside a row's JSON is what was written; older rows have no seal."""
    return seal is None or seal == _seal(beside)


def check_rows(connection: sqlite3.Connection) -> None:
    """Compare labels, their history, comments and the ground truth with their checksums.

    Raises:
        StructureDamaged: a row has changed.
        sqlite3.Error: the file cannot be read.
    """
    usual = connection.text_factory
    connection.text_factory = letters
    try:
        for table, beside in _BESIDE.items():
            for key, text, row, seal in _rows(connection, table, beside):
                whole = text is None or is_intact(str(text).encode("utf-8", "surrogateescape"))
                if not whole or not is_sealed(row, seal):
                    raise StructureDamaged(f"{table}: what is kept of {key!r} has changed")
    finally:
        connection.text_factory = usual


def with_seal(connection: sqlite3.Connection, table: str, columns: Iterable[str]) -> list[str]:
    """The columns as a SELECT takes them: NULL for the seal in a file of an earlier version.

    Raises:
        sqlite3.Error: the file cannot be read.
    """
    has_seal = any(row[1] == "seal" for row in connection.execute(f"PRAGMA table_info({table})"))
    return ["NULL" if column == "seal" and not has_seal else column for column in columns]


def letters(text: bytes) -> str:
    """Text of a damaged file: bytes that are no UTF-8 stay apart as half pairs."""
    return text.decode("utf-8", "surrogateescape")


def _rows(
    connection: sqlite3.Connection, table: str, beside: tuple[str, ...]
) -> Iterator[tuple[Any, Any, tuple[Any, ...], Any]]:
    columns = ", ".join(with_seal(connection, table, ("key", _JSON.get(table, "NULL"), "seal", *beside)))
    for key, text, seal, *row in connection.execute(f"SELECT {columns} FROM {table}"):  # noqa: S608 - ours
        yield key, text, tuple(row), seal


def _seal(beside: tuple[Any, ...]) -> int:
    return zlib.crc32(ascii(beside).encode())
