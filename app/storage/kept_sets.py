"""What one checkpoint found on every page, read from the project file by a connection of its own."""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from app.storage.connection import read_only
from app.storage.predictions import decode_detections
from tcm_core.detection import Detection


class KeptSet(NamedTuple):
    """The detections of one page, and the decode settings that made them."""

    key: str
    settings_json: str
    detections: tuple[Detection, ...]
    seconds: float


def read_sets(path: Path, checkpoint_hash: str) -> Iterator[KeptSet]:
    """The sets of a checkpoint, one after the other; for threads. Broken rows are left out.

    Args:
        path: the project file; only read.
        checkpoint_hash: whose sets.

    Raises:
        StorageError: the file cannot be read.
    """
    with read_only(path, "read what was detected on all images") as connection:
        keys = connection.execute(
            "SELECT id FROM predictions WHERE checkpoint_hash = ? ORDER BY id", (checkpoint_hash,)
        ).fetchall()
        for (number,) in keys:  # one at a time: a long reading would keep the log from being cleared
            row = connection.execute(
                "SELECT key, settings, detections, seconds FROM predictions WHERE id = ?", (number,)
            ).fetchone()
            if row is None:
                continue
            try:
                detections = decode_detections(row[2])
            except ValueError:
                continue
            yield KeptSet(row[0], row[1], detections, row[3])
