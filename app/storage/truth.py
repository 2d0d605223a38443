"""The ground truth of a project: imported labels that lie beside a person's own and are never edited."""

from collections.abc import Iterable, Sequence

from app.domain.region import Region
from app.storage.journal import decode_regions, encode_regions
from app.storage.keys import check_key
from app.storage.project_file import ProjectFile


class TruthTable:
    """One set of regions a page, in the project file."""

    def __init__(self, file: ProjectFile) -> None:
        self._file = file

    def save(self, pages: Iterable[tuple[str, Sequence[Region]]], source: str) -> None:
        """Keep the ground truth of these pages in place of what they had; all of them or none.

        Args:
            pages: key and regions, view frame.
            source: the file or folder that it was read from, to be shown.

        Raises:
            StorageError: a key leaves the folder, or nothing could be kept.
        """
        rows = [(key, source, encode_regions(regions)) for key, regions in pages]
        for key, _, _ in rows:
            check_key(key)
        with self._file.writing("keep the ground truth") as connection:
            connection.executemany(
                "INSERT OR REPLACE INTO ground_truth (key, source, regions) VALUES (?, ?, ?)", rows
            )

    def load(self, key: str) -> tuple[Region, ...] | None:
        """The ground truth of a page; None when there is none, or when it is damaged.

        Raises:
            StorageError: the key leaves the folder, or the file cannot be read.
        """
        check_key(key)
        with self._file.reading(f"read the ground truth of {key}") as connection:
            row = connection.execute("SELECT regions FROM ground_truth WHERE key = ?", (key,)).fetchone()
        try:
            return None if row is None else decode_regions(row[0])
        except ValueError:
            return None  # importing again makes it again

    def count(self) -> int:
        """How many pages have a ground truth.

        Raises:
            StorageError: the file cannot be read.
        """
        with self._file.reading("read the ground truth") as connection:
            return int(connection.execute("SELECT count(*) FROM ground_truth").fetchone()[0])

    def clear(self) -> None:
        """Take the ground truth of all pages away.

        Raises:
            StorageError: it is still there.
        """
        with self._file.writing("take the ground truth away") as connection:
            connection.execute("DELETE FROM ground_truth")
