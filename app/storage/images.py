"""What is known of the image files: their hashes."""

import hashlib

from app.storage.errors import StorageError
from app.storage.keys import check_key
from app.storage.project_file import ProjectFile


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
        digest = self._digest(key)
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

    def _digest(self, key: str) -> str:
        path = self._file.folder / key
        try:
            with path.open("rb") as file:
                return hashlib.file_digest(file, "sha256").hexdigest()
        except OSError as error:
            raise StorageError(f"Could not read {path}: {error.strerror}. Is the image there?") from error
