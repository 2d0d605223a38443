"""Opening an SQLite file so that what is committed stays, and saying its errors in words."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Final

from app.storage.errors import StorageError

BUSY_TIMEOUT_MS: Final = 2000
_DAMAGED: Final = ("SQLITE_CORRUPT", "SQLITE_NOTADB")
_REMEDIES: Final = (
    (
        "SQLITE_FULL",
        "the disk is full",
        "Make room on it and save again; what was saved before is intact.",
    ),
    (
        "SQLITE_BUSY",
        "another program is writing to it",
        "Close the other window or program that uses this folder and try again.",
    ),
    (
        "SQLITE_LOCKED",
        "another program is writing to it",
        "Close the other window or program that uses this folder and try again.",
    ),
    (
        "SQLITE_READONLY",
        "it may not be written to",
        "Give yourself the right to write to it and its folder, or open a copy of the folder.",
    ),
    (
        "SQLITE_CANTOPEN",
        "it cannot be opened",
        "Check that the folder is still there and that you may write to it.",
    ),
    (
        "SQLITE_IOERR",
        "the disk reported an error",
        "Check the disk and its free space, then try again; what was saved before is intact.",
    ),
    (
        "SQLITE_CORRUPT",
        "it is damaged",
        "Open the folder again: what can be read is put into a new file and the damaged one is kept.",
    ),
    (
        "SQLITE_NOTADB",
        "it is damaged",
        "Open the folder again: what can be read is put into a new file and the damaged one is kept.",
    ),
)


class StructureDamaged(sqlite3.DatabaseError):
    """The check of the file's structure found a fault."""


@contextmanager
def undecodable_is_damage() -> Iterator[None]:
    """Of a damaged file a name, or the message about it, may be no UTF-8, which is no error of SQLite's yet.

    Raises:
        StructureDamaged: in place of UnicodeDecodeError.
    """
    try:
        yield
    except UnicodeDecodeError as error:
        raise StructureDamaged(f"a text is not UTF-8 ({error.reason})") from error


def is_damage(error: sqlite3.Error) -> bool:
    """Whether the error says that the content of the file is broken."""
    return _name(error).startswith(_DAMAGED)


def check_structure(connection: sqlite3.Connection) -> None:
    """Read the whole file and check that its pages hang together.

    Raises:
        StructureDamaged: they do not.
        sqlite3.Error: the file cannot be read at all.
    """
    found = str(connection.execute("PRAGMA integrity_check(1)").fetchone()[0])
    if found != "ok":
        raise StructureDamaged(found)


def in_words(error: sqlite3.Error, doing: str, path: Path) -> StorageError:
    """The error for a person.

    Args:
        error: what SQLite said.
        doing: what was tried, to follow "Could not".
        path: the project file.
    """
    for name, what, remedy in _REMEDIES:
        if _name(error).startswith(name):
            return StorageError(f"Could not {doing}: {path}: {what}. {remedy}")
    return StorageError(f"Could not {doing}: {path}: {error}. What was saved before is intact; try again.")


def connect(path: Path, busy_timeout_ms: int = BUSY_TIMEOUT_MS) -> sqlite3.Connection:
    """A connection in autocommit mode, made on first use, on which a commit is on the disk when it returns.

    Raises:
        sqlite3.Error: the file cannot be opened, or it is not a database.
    """
    connection = sqlite3.connect(path, timeout=busy_timeout_ms / 1000, isolation_level=None)
    try:
        with undecodable_is_damage():
            start_journal(connection)
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def start_journal(connection: sqlite3.Connection) -> str:
    """Turn on the write-ahead log, or a rollback journal where the disk has no shared memory; its name.

    Raises:
        sqlite3.Error: the file is not a database, or it is locked.
    """
    try:
        mode = str(connection.execute("PRAGMA journal_mode = WAL").fetchone()[0])
    except sqlite3.OperationalError as error:
        if _name(error).startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
            raise
        mode = "none"
    if mode != "wal":
        mode = str(connection.execute("PRAGMA journal_mode = DELETE").fetchone()[0])
    connection.execute("PRAGMA synchronous = FULL")
    return mode


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """All statements inside are kept together, or none of them when one fails.

    Raises:
        sqlite3.Error: what failed; nothing of the transaction is in the file.
    """
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        with suppress(sqlite3.Error):
            if connection.in_transaction:
                connection.execute("ROLLBACK")
        raise


def _name(error: sqlite3.Error) -> str:
    if isinstance(error, StructureDamaged) or str(error).startswith("Could not decode to UTF-8"):
        return "SQLITE_CORRUPT"
    return getattr(error, "sqlite_errorname", None) or ""


@contextmanager
def read_only(path: Path, what: str) -> Iterator[sqlite3.Connection]:
    """A connection of its own that only reads; for threads.

    Args:
        path: the project file.
        what: was tried, for the message.

    Raises:
        StorageError: the file cannot be opened, or what is done with the connection fails.
    """
    try:
        uri = f"{path.absolute().as_uri()}?mode=ro"
        with (
            undecodable_is_damage(),
            closing(sqlite3.connect(uri, uri=True, timeout=BUSY_TIMEOUT_MS / 1000)) as connection,
        ):
            yield connection
    except sqlite3.Error as error:
        raise in_words(error, what, path) from error
