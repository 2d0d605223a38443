"""The open project file as its tables use it: statements whose errors come out in words."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from app.storage.connection import BUSY_TIMEOUT_MS, in_words, is_damage, transaction, undecodable_is_damage
from app.storage.errors import StorageError
from app.storage.lock import Holder
from app.storage.opening import doubt, open_file


@dataclass
class ProjectFile:
    """One connection to one file, shared by the tables. Used in one thread only.

    A disk that was pulled out and put back brings the file back under its name, but not under the connection,
    which goes on with the old one: then `writing` opens the file anew.
    """

    folder: Path  # of the images
    path: Path
    connection: sqlite3.Connection
    holder: Holder | None = None  # who has the project open; only reading is possible then
    _identity: tuple[int, int] | None = field(init=False)

    def __post_init__(self) -> None:
        self._identity = _identity(self.path)

    @contextmanager
    def reading(self, doing: str) -> Iterator[sqlite3.Connection]:
        """The connection, to read with.

        Args:
            doing: what is tried, to follow "Could not".

        Raises:
            StorageError: in place of what SQLite raises.
        """
        try:
            with undecodable_is_damage():
                yield self.connection
        except sqlite3.Error as error:
            if is_damage(error):
                with suppress(OSError):
                    doubt(self.path).touch()
            raise in_words(error, doing, self.path) from error

    @contextmanager
    def writing(self, doing: str) -> Iterator[sqlite3.Connection]:
        """The connection in a transaction; see `reading`.

        Raises:
            StorageError: another window has the project, or in place of what SQLite raises.
        """
        if self.holder is not None:
            raise StorageError(
                f"Could not {doing}: {self.holder} has this project open. Close it there, then open the "
                "folder here again."
            )
        identity = _identity(self.path)
        if identity is None:  # SQLite would go on writing into a file that has no name any more
            raise StorageError(
                f"Could not {doing}: {self.path} is not there any more. Was the disk unplugged or the folder "
                "moved? Put it back, then save again."
            )
        if identity != self._identity:
            self._open_again()
        with self.reading(doing), transaction(self.connection):
            yield self.connection

    def _open_again(self) -> None:
        opened = open_file(self.path, BUSY_TIMEOUT_MS)
        with suppress(sqlite3.Error):  # of a disk that is gone
            self.connection.close()
        self.connection, self._identity = opened.connection, _identity(self.path)

    def stamp(self, key: str) -> tuple[int | None, int | None]:
        """Size and time of an image file; twice None when it is not there."""
        try:
            status = (self.folder / key).stat()
        except OSError:
            return None, None
        return status.st_size, status.st_mtime_ns


def _identity(path: Path) -> tuple[int, int] | None:
    """Which file it is that has this name now; None: none has."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino
