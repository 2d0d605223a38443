"""What checkpoints found on many images, read from the project file in a thread."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from app.storage.connection import read_only
from app.storage.predictions import PredictionRow, decode_detections


class ComparisonRows:
    """The predictions of a project file, in one state of it.

    Args:
        connection: only read.
        folder: of the images.
    """

    def __init__(self, connection: sqlite3.Connection, folder: Path) -> None:
        self._connection, self._folder = connection, folder

    def keys_of(self, checkpoint_hash: str) -> set[str]:
        """The images that a checkpoint has looked at, as they are now."""
        rows = self._connection.execute(
            "SELECT key, bytes, mtime_ns FROM predictions WHERE checkpoint_hash = ?", (checkpoint_hash,)
        )
        return {key for key, *made_of in rows if self._is_same(key, made_of)}

    def row(self, key: str, checkpoint_hash: str) -> PredictionRow | None:
        """What a checkpoint found on an image; None when it has not looked at it, or the row is damaged."""
        row = self._connection.execute(
            "SELECT bytes, mtime_ns, checkpoint_name, settings, detections, seconds, aside FROM predictions "
            "WHERE key = ? AND checkpoint_hash = ? ORDER BY id DESC LIMIT 1",
            (key, checkpoint_hash),
        ).fetchone()
        if row is None:
            return None
        *made_of, name, settings, detections, seconds, aside = row
        if not self._is_same(key, made_of):
            return None
        try:
            texts = decode_detections(detections)
        except ValueError:
            return None
        return PredictionRow(checkpoint_hash, name, settings, texts, seconds, bool(aside))

    def _is_same(self, key: str, made_of: list[int | None]) -> bool:
        """Whether an image is the one that was looked at; one that cannot be seen now counts as it."""
        try:
            now = (self._folder / key).stat()
        except OSError:
            return True
        return made_of == [now.st_size, now.st_mtime_ns]


@contextmanager
def comparison_rows(path: Path, folder: Path) -> Iterator[ComparisonRows]:
    """Open a project file to read predictions; for threads.

    Args:
        path: the project file.
        folder: of the images.

    Raises:
        StorageError: the file cannot be read.
    """
    with read_only(path, "read what was detected, to compare it") as connection:
        connection.execute("BEGIN")
        yield ComparisonRows(connection, folder)
