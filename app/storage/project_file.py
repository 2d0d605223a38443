"""The open project file as its tables use it: statements whose errors come out in words."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from app.storage.connection import in_words, is_damage, transaction
from app.storage.errors import StorageError
from app.storage.lock import Holder
from app.storage.opening import doubt


@dataclass(frozen=True)
class ProjectFile:
    """One connection to one file, shared by the tables. Used in one thread only."""

    folder: Path  # of the images
    path: Path
    connection: sqlite3.Connection
    holder: Holder | None = None  # who has the project open; only reading is possible then

    @contextmanager
    def reading(self, doing: str) -> Iterator[sqlite3.Connection]:
        """The connection, to read with.

        Args:
            doing: what is tried, to follow "Could not".

        Raises:
            StorageError: in place of what SQLite raises.
        """
        try:
            yield self.connection
        except sqlite3.Error as error:
            if is_damage(error):
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
        if not self.path.exists():  # SQLite would go on writing into a file that has no name any more
            raise StorageError(
                f"Could not {doing}: {self.path} is not there any more. Was the disk unplugged or the folder "
                "moved? Put it back, then save again."
            )
        with self.reading(doing), transaction(self.connection):
            yield self.connection

    def stamp(self, key: str) -> tuple[int | None, int | None]:
        """Size and time of an image file; twice None when it is not there."""
        try:
            status = (self.folder / key).stat()
        except OSError:
            return None, None
        return status.st_size, status.st_mtime_ns
