"""What is known of the image files: by their content an image that was moved or renamed is found again."""

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from app.storage.errors import StorageError
from app.storage.keys import check_key
from app.storage.project_file import ProjectFile
from app.storage.sealed_rows import move_rows
from tcm_core.errors import BadImage


class ImageFacts(NamedTuple):
    """What an image file is like."""

    bytes: int
    mtime_ns: int
    sha256: str
    stored_size: tuple[int, int] | None = None  # (height, width); None when it cannot be read
    orientation: int | None = None  # EXIF, 1 to 8


class ImageTable:
    """The rows about images in the project file."""

    def __init__(self, file: ProjectFile) -> None:
        self._file = file

    def content_hash(self, key: str) -> str:
        """The SHA-256 of the image file in hexadecimal; made once and kept until the file changes.

        Raises:
            StorageError: the image cannot be read, or its hash cannot be kept.
        """
        check_key(key)
        stamp = self._file.stamp(key)
        with self._file.reading(f"read what is known of {key}") as connection:
            row = connection.execute(
                "SELECT sha256, bytes, mtime_ns FROM images WHERE key = ?", (key,)
            ).fetchone()
        if row is not None and row[0] is not None and (row[1], row[2]) == stamp:
            return str(row[0])
        path = self._file.folder / key
        try:
            digest = _digest(path)
        except OSError as error:
            raise StorageError(f"Could not read {path}: {error.strerror}. Is the image there?") from error
        if self._file.holder is not None:
            return digest  # only looked at
        with self._file.writing(f"keep what is known of {key}") as connection:
            connection.execute(
                "INSERT INTO images (key, bytes, mtime_ns, sha256) VALUES (?, ?, ?, ?) "
                "ON CONFLICT (key) DO UPDATE "
                "SET bytes = excluded.bytes, mtime_ns = excluded.mtime_ns, sha256 = excluded.sha256",
                (key, *stamp, digest),
            )
        return digest

    def labelled(self) -> dict[str, tuple[int | None, str | None]]:
        """Size in bytes and SHA-256, where they are known, of every image that has labels.

        Raises:
            StorageError: the file cannot be read.
        """
        with self._file.reading("read the list of images") as connection:
            rows = connection.execute(
                "SELECT pages.key, images.bytes, images.sha256 FROM pages LEFT JOIN images USING (key)"
            )
            return {key: (size, digest) for key, size, digest in rows}

    def keep(self, facts: Mapping[str, ImageFacts]) -> None:
        """Keep what is known of these images.

        Raises:
            StorageError: nothing was kept.
        """
        rows = [
            (key, one.bytes, one.mtime_ns, one.sha256, *(one.stored_size or (None, None)), one.orientation)
            for key, one in facts.items()
        ]
        with self._file.writing("keep what is known of the images") as connection:
            connection.executemany(
                "INSERT OR REPLACE INTO images (key, bytes, mtime_ns, sha256, height, width, orientation) "
                "VALUES (?, ?, ?, ?, ?, ?, ?)",
                rows,
            )

    def move(self, pairs: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
        """Give all that belongs to an image's old key to its new one: labels, history, truth, comments.

        Args:
            pairs: old and new key; a new key that has labels or a history already is left out.

        Returns:
            The pairs that were moved, all or none.

        Raises:
            StorageError: a key leaves the folder, or nothing could be kept.
        """
        moved = []
        with self._file.writing("find the labels of moved images") as connection:
            for old, new in pairs:
                check_key(old)
                check_key(new)
                taken = connection.execute(
                    "SELECT 1 FROM pages WHERE key = ? UNION SELECT 1 FROM edits WHERE key = ?", (new, new)
                ).fetchone()
                if taken is not None:
                    continue
                connection.execute("DELETE FROM images WHERE key = ?", (new,))
                move_rows(connection, old, new)
                connection.execute("UPDATE images SET key = ? WHERE key = ?", (new, old))
                for table in ("predictions", "ground_truth", "page_settings"):  # what the new key has stays
                    connection.execute(f"UPDATE OR IGNORE {table} SET key = ? WHERE key = ?", (new, old))
                moved.append((old, new))
        return moved


def read_facts(path: Path) -> ImageFacts | None:
    """What an image file is like, or None when it is not there; for threads."""
    from tcm_core.data.image_io import read_header

    try:
        status = path.stat()
        digest = _digest(path)
    except OSError:
        return None
    try:
        header = read_header(path)
    except BadImage:
        return ImageFacts(status.st_size, status.st_mtime_ns, digest)
    return ImageFacts(status.st_size, status.st_mtime_ns, digest, header.stored_size, header.orientation)


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
