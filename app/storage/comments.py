"""Comments pinned on pictures, in the project file."""

import math
import time

from app.domain.comment import Comment
from app.storage.errors import StorageError
from app.storage.keys import check_key
from app.storage.project_file import ProjectFile


class CommentTable:
    """The rows of comments. Each change is on the disk when its method returns."""

    def __init__(self, file: ProjectFile) -> None:
        self._file = file

    def of(self, key: str) -> list[Comment]:
        """The comments of a page, the oldest first.

        Raises:
            StorageError: the key leaves the folder, or the file cannot be read.
        """
        check_key(key)
        with self._file.reading(f"read the comments of {key}") as connection:
            rows = connection.execute(
                "SELECT id, x, y, text, author, at, resolved FROM comments WHERE key = ? ORDER BY id", (key,)
            ).fetchall()
        return [
            Comment(id_, x, y, text, author, at, bool(resolved))
            for id_, x, y, text, author, at, resolved in rows
        ]

    def open_counts(self) -> dict[str, int]:
        """How many comments are not resolved, for each page that has such.

        Raises:
            StorageError: the file cannot be read.
        """
        with self._file.reading("read the comments") as connection:
            rows = connection.execute("SELECT key, count(*) FROM comments WHERE NOT resolved GROUP BY key")
            return dict(rows.fetchall())

    def add(self, key: str, place: tuple[float, float], text: str, author: str) -> Comment:
        """Pin a comment.

        Args:
            key: the page.
            place: x and y, image pixels.
            text: what is said; line ends become blanks.
            author: who says it.

        Raises:
            StorageError: nothing was kept: an empty text, a place that is no number, disk full, locked.
        """
        check_key(key)
        words, (x, y), at = " ".join(text.split()), place, time.time()
        if not words or not (math.isfinite(x) and math.isfinite(y)):
            raise StorageError("A comment needs words and a place on the picture. Type what is to be done.")
        with self._file.writing(f"keep a comment on {key}") as connection:
            cursor = connection.execute(
                "INSERT INTO comments (key, x, y, text, author, at, resolved) VALUES (?, ?, ?, ?, ?, ?, 0)",
                (key, x, y, words, author, at),
            )
        return Comment(int(cursor.lastrowid or 0), x, y, words, author, at)

    def set_resolved(self, comment_id: int, resolved: bool) -> None:
        """Mark a comment as settled, or open it again.

        Raises:
            StorageError: nothing was kept.
        """
        with self._file.writing("keep a comment") as connection:
            connection.execute("UPDATE comments SET resolved = ? WHERE id = ?", (resolved, comment_id))

    def change(self, comment_id: int, text: str) -> None:
        """Say something else in a comment.

        Raises:
            StorageError: nothing was kept; an empty text is refused.
        """
        words = " ".join(text.split())
        if not words:
            raise StorageError("A comment needs words. To be done with it, resolve it.")
        with self._file.writing("keep a comment") as connection:
            connection.execute("UPDATE comments SET text = ? WHERE id = ?", (words, comment_id))
