"""Opening the project file: a sound one of the newest schema, if need be made anew from a damaged one."""

import sqlite3
from pathlib import Path
from typing import Final, NamedTuple

from app.storage.backups import backups_of
from app.storage.connection import (
    StructureDamaged,
    check_structure,
    connect,
    in_words,
    is_damage,
    undecodable_is_damage,
)
from app.storage.errors import StorageError
from app.storage.migrations import MIGRATIONS, migrate, schema_version
from app.storage.salvage import copy_aside, finish_rebuild, rebuild
from app.storage.sealed_rows import check_rows
from app.storage.wal import is_damaged

CHECKED_BYTES: Final = (
    64 * 2**20
)  # larger files are checked only after a run that was cut off: about 0.2 s each


class Opened(NamedTuple):
    """An open project file and, when it was damaged, what became of it in words."""

    connection: sqlite3.Connection
    notice: str | None


def open_file(path: Path, busy_timeout_ms: int) -> Opened:
    """Open the project file, made on first use; a damaged one is kept aside and its content taken over.

    Raises:
        StorageError: made by a newer version, locked by another program, disk full.
    """
    notice = None
    try:
        finish_rebuild(path)
        if _is_emptied(path):
            kept = f" What lay beside it is kept as {copy_aside(path).name}." if _is_cut_off(path) else ""
            notice = (
                f"The project file {path} was empty, and a new one was begun.{kept} If there were labels in "
                "it, put a copy of the file in its place."
            )
        elif _is_cut_off(path) and is_damaged(_wal(path)):
            aside = copy_aside(path)
            notice = (
                f"The project file {path} was damaged after a run that was cut off: the last steps of that "
                f"run could not be read. The damaged file is kept as {aside.name}."
            )
        try:
            connection = _open_sound(path, busy_timeout_ms)
        except sqlite3.DatabaseError as error:
            if not is_damage(error):
                raise
            rebuilt = rebuild(path)
            notice = f"The project file {path} was damaged. {rebuilt.words}"
            connection = _open_sound(path, busy_timeout_ms)
    except sqlite3.Error as error:
        raise in_words(error, "open the project", path) from error
    except OSError as error:
        raise StorageError(f"Could not open the project: {path}: {error.strerror}. Try again.") from error
    return Opened(connection, notice)


def open_to_read(path: Path, busy_timeout_ms: int) -> sqlite3.Connection:
    """A connection that cannot write, beside the window that has the project.

    Raises:
        StorageError: the file is not there (yet), is damaged, or has another schema than this program.
    """
    try:
        connection = sqlite3.connect(
            f"{path.absolute().as_uri()}?mode=ro",
            uri=True, timeout=busy_timeout_ms / 1000, isolation_level=None,
        )  # fmt: skip
        try:
            with undecodable_is_damage():
                version = schema_version(connection)
        except sqlite3.Error:
            connection.close()
            raise
    except sqlite3.Error as error:
        raise in_words(error, "open the project", path) from error
    if version != len(MIGRATIONS):
        connection.close()
        raise StorageError(
            f"The project {path} is open in another version of TCM Studio (format {version}; this one has "
            f"{len(MIGRATIONS)}). Close it there, then open the folder here again."
        )
    return connection


def doubt(path: Path) -> Path:
    """A file that says: the project was found damaged while it was open, check it at the next opening."""
    return path.with_name(path.name + ".check")


@undecodable_is_damage()
def _open_sound(path: Path, busy_timeout_ms: int) -> sqlite3.Connection:
    """A connection to a file of the newest schema whose structure is sound.

    Raises:
        sqlite3.Error: see `connect`; SQLITE_CORRUPT when the check finds damage.
        StorageError: the file was made by a newer version.
    """
    cut_off = _is_cut_off(path)
    if _is_emptied(path) and backups_of(path):
        raise StructureDamaged("the file is empty, but it has backups")
    connection = connect(path, busy_timeout_ms)
    try:
        version = schema_version(connection)
        if version > len(MIGRATIONS):
            raise StorageError(
                f"The project {path} was made by a newer TCM Studio (format {version}; this one knows up to "
                f"{len(MIGRATIONS)}). Use the newer version; the file was left as it is."
            )
        if cut_off or doubt(path).exists() or path.stat().st_size <= CHECKED_BYTES:
            check_structure(connection)
            migrate(connection)
            check_rows(connection)
            doubt(path).unlink(missing_ok=True)
        migrate(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def _is_cut_off(path: Path) -> bool:
    """Whether a run that was cut off has left changes beside the file."""
    wal = _wal(path)
    return wal.exists() and wal.stat().st_size > 0


def _wal(path: Path) -> Path:
    return path.with_name(path.name + "-wal")


def _is_emptied(path: Path) -> bool:
    """Whether there is a file without a byte."""
    return path.exists() and path.stat().st_size == 0
