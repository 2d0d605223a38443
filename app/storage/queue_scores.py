"""The score of every page in a queue, read from the project file by a connection of its own."""

import json
import sqlite3
from collections.abc import Callable
from pathlib import Path

from app.domain.queue import QueueKind, contradictions, disagreement
from app.storage.connection import read_only
from app.storage.journal import decode_regions
from app.storage.predictions import decode_detections


def read_scores(path: Path, kind: QueueKind, still_wanted: Callable[[], bool]) -> dict[str, float]:
    """The pages with a score above 0, by key; for threads. Broken rows count as empty.

    Args:
        path: the project file; only read.
        kind: which queue.
        still_wanted: asked now and then; what is read is given up when it says no.

    Raises:
        StorageError: the file cannot be read.
    """
    read = {"disagreement": _disagreements, "errors": _errors}.get(kind, _doubts(kind))
    with read_only(path, "read what was detected for the queue") as connection:
        connection.execute("BEGIN")  # one state of the file
        return {key: score for key, score in read(connection, still_wanted).items() if score > 0}


_Read = Callable[[sqlite3.Connection, Callable[[], bool]], dict[str, float]]


def _doubts(kind: QueueKind) -> _Read:
    def read(connection: sqlite3.Connection, still_wanted: Callable[[], bool]) -> dict[str, float]:
        rows = connection.execute("SELECT key, doubt FROM predictions ORDER BY aside DESC, id")
        scores: dict[str, float] = {}
        for key, doubt in rows:
            try:
                scores[key] = float(json.loads(doubt or "{}").get(kind, 0.0))
            except (ValueError, TypeError, AttributeError):
                scores[key] = 0.0
        return scores

    return read


def _disagreements(connection: sqlite3.Connection, still_wanted: Callable[[], bool]) -> dict[str, float]:
    """Between the page's own set and the newest of the others."""
    scores: dict[str, float] = {}
    own: dict[str, str] = {}
    rows = connection.execute("SELECT key, detections FROM predictions ORDER BY aside, id DESC")
    for key, detections in rows:
        if key not in own:
            own[key] = detections
        elif key not in scores:
            try:
                scores[key] = disagreement(decode_detections(own[key]), decode_detections(detections))
            except ValueError:
                scores[key] = 0.0
            if not still_wanted():
                return {}
    return scores


def _errors(connection: sqlite3.Connection, still_wanted: Callable[[], bool]) -> dict[str, float]:
    """Of approved pages: the sum of the scores of detections that contradict the labels."""
    rows = connection.execute(
        "SELECT pages.key, regions, detections FROM pages JOIN predictions ON predictions.key = pages.key "
        "WHERE review = 'approved' ORDER BY aside DESC, predictions.id"
    )
    scores: dict[str, float] = {}
    for key, regions, detections in rows:
        try:
            found = decode_detections(detections)
            scores[key] = sum(found[at].score for at in contradictions(decode_regions(regions), found))
        except ValueError:
            scores[key] = 0.0
        if not still_wanted():
            return {}
    return scores
