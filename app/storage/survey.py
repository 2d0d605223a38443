"""Reading all pages of a project in portions, for what is said about all of it."""

from typing import NamedTuple

from app.domain.page import Page
from app.storage.journal import decode_regions, review_state
from app.storage.project_file import ProjectFile


class Portion(NamedTuple):
    """Some pages, in the order in which they were first edited."""

    pages: list[tuple[str, Page]]
    broken: list[str]  # keys of rows that cannot be read; opening such a page mends it
    last_id: int | None  # to ask for the next portion; None: there are no more


class Survey:
    """Looks through the project file without changing anything."""

    def __init__(self, file: ProjectFile) -> None:
        self._file = file

    def pages(self, after_id: int = 0, limit: int = 100) -> Portion:
        """The next pages that have labels.

        Raises:
            StorageError: the file cannot be read.
        """
        with self._file.reading("read the labels") as connection:
            rows = connection.execute(
                "SELECT id, key, review, regions FROM pages WHERE id > ? ORDER BY id LIMIT ?",
                (after_id, limit),
            ).fetchall()
        pages, broken = [], []
        for _, key, review, regions in rows:
            try:
                pages.append((str(key), Page(decode_regions(regions), review_state(review))))
            except ValueError:
                broken.append(str(key))
        return Portion(pages, broken, rows[-1][0] if len(rows) == limit else None)

    def edit_times(self) -> list[tuple[float, str]]:
        """When each step of the journal was made (seconds since 1970, UTC) and on which page, in that order.

        Raises:
            StorageError: the file cannot be read.
        """
        with self._file.reading("read the journal") as connection:
            rows = connection.execute("SELECT at, key FROM edits WHERE kind != 'repair' ORDER BY at")
            return [(float(at), str(key)) for at, key in rows]
