"""Rolling backups of the project file, for the day when the file itself is gone or wrong."""

import sqlite3
import time
from contextlib import closing
from pathlib import Path
from typing import Final

from app.storage.connection import in_words, undecodable_is_damage
from app.storage.errors import StorageError

BACKUP_FOLDER: Final = "backups"
KEPT: Final = 7
EVERY_S: Final = 24 * 3600.0


def back_up(path: Path, now: float | None = None) -> Path | None:
    """Copy the project as it is at this moment, when the newest copy is older than a day; for threads.

    The copy is whole or not there; the oldest beyond seven are deleted.

    Args:
        path: the project file, which may be in use.
        now: seconds since 1970; None: by the clock.

    Returns:
        The new copy, or None when there was no need.

    Raises:
        StorageError: it cannot be written; the project is as it was.
    """
    now = time.time() if now is None else now
    folder = path.with_name(BACKUP_FOLDER)
    copies = backups_of(path)
    # one of the future was made by a clock that was wrong
    if any(0 <= now - copy.stat().st_mtime < EVERY_S for copy in copies):
        return None
    stamp = time.strftime("%Y%m%d-%H%M%S", time.gmtime(now))
    copy, half = folder / f"project-{stamp}.sqlite3", folder / "half-written"
    try:
        folder.mkdir(exist_ok=True)
        half.unlink(missing_ok=True)
        with (
            undecodable_is_damage(),
            closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as source,
            closing(sqlite3.connect(half)) as target,
        ):
            source.backup(target, pages=1000)
        half.replace(copy)
        for old in backups_of(path)[:-KEPT]:
            old.unlink(missing_ok=True)
    except sqlite3.Error as error:
        half.unlink(missing_ok=True)
        raise in_words(error, "make a backup of the project", copy) from error
    except OSError as error:
        raise StorageError(
            f"Could not make a backup of the project: {copy}: {error.strerror}. The labels are safe; "
            "make room on the disk."
        ) from error
    return copy


def backups_of(path: Path) -> list[Path]:
    """The copies of a project file, the oldest first."""
    return sorted(path.with_name(BACKUP_FOLDER).glob("project-*.sqlite3"))
