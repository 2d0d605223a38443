"""Comments pinned on pictures, in the project file. They change by edits of their page, see ProjectDb."""

import sqlite3
from collections.abc import Sequence

from app.domain.comment import Comment
from app.storage.keys import check_key
from app.storage.project_file import ProjectFile
from app.storage.sealed_rows import write_comment


class CommentTable:
    """The rows of comments, for reading."""

    def __init__(self, file: ProjectFile) -> None:
        self._file = file

    def of(self, key: str) -> list[Comment]:
        """The comments of a page, the oldest first.

        Raises:
            StorageError: the key leaves the folder, or the file cannot be read.
        """
        check_key(key)
        with self._file.reading(f"read the comments of {key}") as connection:
            return comment_rows(connection, key)

    def open_counts(self) -> dict[str, int]:
        """How many comments are not resolved, for each page that has such.

        Raises:
            StorageError: the file cannot be read.
        """
        with self._file.reading("read the comments") as connection:
            rows = connection.execute("SELECT key, count(*) FROM comments WHERE NOT resolved GROUP BY key")
            return dict(rows.fetchall())


def comment_rows(connection: sqlite3.Connection, key: str) -> list[Comment]:
    """The comments of a page, the oldest first."""
    rows = connection.execute(
        "SELECT id, x, y, text, author, at, resolved FROM comments WHERE key = ? ORDER BY at, id", (key,)
    )
    return [
        Comment(id_, x, y, text, author, at, bool(resolved)) for id_, x, y, text, author, at, resolved in rows
    ]


def replace_comments(connection: sqlite3.Connection, key: str, comments: Sequence[Comment]) -> None:
    """Make these the comments of a page, within a transaction."""
    connection.execute("DELETE FROM comments WHERE key = ?", (key,))
    for one in comments:
        write_comment(connection, key, one)
