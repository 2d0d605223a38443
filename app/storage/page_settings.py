"""Decode settings that hold for one page only, kept with the project."""

from typing import NamedTuple

from app.storage.keys import check_key
from app.storage.project_file import ProjectFile


class PageSettingsRow(NamedTuple):
    """The settings of a page's own for one head.

    Attributes:
        settings_json: of the DecodeSettings.
        active: they hold; else they are only remembered, to be taken up again.
    """

    key: str
    head: str
    settings_json: str
    active: bool


class PageSettingsTable:
    """At most one row for each page and head, in the project file."""

    def __init__(self, file: ProjectFile) -> None:
        self._file = file

    def load(self) -> list[PageSettingsRow]:
        """All rows.

        Raises:
            StorageError: the file cannot be read.
        """
        with self._file.reading("read the pages' own detector settings") as connection:
            rows = connection.execute("SELECT key, head, settings, active FROM page_settings").fetchall()
        return [PageSettingsRow(key, head, settings, bool(active)) for key, head, settings, active in rows]

    def save(self, row: PageSettingsRow) -> None:
        """Keep a row in place of the one of the same page and head.

        Raises:
            StorageError: the key leaves the folder, or nothing could be kept.
        """
        check_key(row.key)
        with self._file.writing(f"keep the detector settings of {row.key}") as connection:
            connection.execute(
                "INSERT OR REPLACE INTO page_settings (key, head, settings, active) VALUES (?, ?, ?, ?)",
                (row.key, row.head, row.settings_json, int(row.active)),
            )
