"""What filters and orders ask of all pages at once, read by a connection of its own."""

import json
import sqlite3
from collections.abc import Callable, Iterable
from pathlib import Path

from app.domain.page_filter import PageContent, text_height, uncertainty
from app.domain.region import Region
from app.storage.connection import read_only
from app.storage.errors import StorageError as StorageError
from app.storage.journal import json_of
from app.storage.predictions import decode_detections


def read_contents(path: Path, still_wanted: Callable[[], bool]) -> dict[str, PageContent]:
    """The content of every page that has any, by key; for threads. Broken rows count as empty.

    Args:
        path: the project file; only read.
        still_wanted: asked now and then; what is read is given up when it says no.

    Raises:
        StorageError: the file cannot be read.
    """
    with read_only(path, "read the labels for the list of images") as connection:
        return _read(connection, still_wanted)


def content_of(
    regions: Iterable[Region],
    found_scores: tuple[float, ...] = (),
    comments: str = "",
    edited_at: float = 0.0,
) -> PageContent:
    """The content of one page.

    Args:
        regions: of the page.
        found_scores: of the newest detections.
        comments: casefolded, one a line.
        edited_at: see PageContent.
    """
    regions = tuple(regions)
    scores = tuple(region.score for region in regions if region.score is not None)
    return PageContent(
        "\n".join(region.text.casefold() for region in regions if region.text),
        scores if regions else found_scores,
        tuple(text_height(region.polygon.tolist()) for region in regions),
        comments,
        uncertainty(found_scores),
        edited_at,
    )


def _read(connection: sqlite3.Connection, still_wanted: Callable[[], bool]) -> dict[str, PageContent]:
    connection.execute("BEGIN")  # one state of the file
    times = dict(connection.execute("SELECT key, max(at) FROM edits GROUP BY key").fetchall())
    comments: dict[str, str] = {}
    for key, text in connection.execute("SELECT key, text FROM comments ORDER BY id"):
        comments[key] = f"{comments[key]}\n{text.casefold()}" if key in comments else text.casefold()
    scores: dict[str, tuple[float, ...]] = {}
    for key, detections in connection.execute(
        "SELECT key, detections FROM predictions ORDER BY aside DESC, id"
    ):
        try:
            scores[key] = tuple(one.score for one in decode_detections(detections))
        except ValueError:
            scores[key] = ()
        if not still_wanted():
            return {}
    found: dict[str, PageContent] = {}
    for key, text in connection.execute("SELECT key, regions FROM pages"):
        found[key] = _of_row(text, scores.get(key, ()), comments.get(key, ""), times.get(key, 0.0))
        if not still_wanted():
            return {}
    for key in (scores.keys() | comments.keys()) - found.keys():
        found[key] = content_of((), scores.get(key, ()), comments.get(key, ""))
    return found


def _of_row(text: str, found_scores: tuple[float, ...], comments: str, edited_at: float) -> PageContent:
    """As content_of, from the JSON of a page: made without regions, which is faster."""
    try:
        regions = json.loads(json_of(text))
        scores = tuple(float(region["score"]) for region in regions if region["score"] is not None)
        return PageContent(
            "\n".join(region["text"].casefold() for region in regions if region["text"]),
            scores if regions else found_scores,
            tuple(text_height(region["polygon"]) for region in regions),
            comments,
            uncertainty(found_scores),
            edited_at,
        )
    except (ValueError, TypeError, LookupError, AttributeError, RecursionError):
        return content_of((), found_scores, comments, edited_at)
