"""The project file: labels, the history of every page, and what detectors found, in one SQLite database."""

import sqlite3
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from app.domain.comment import Comment
from app.domain.page import Page
from app.domain.review import ReviewState
from app.storage.checkpoint_traces import CheckpointTraces
from app.storage.comments import CommentTable, comment_rows, replace_comments
from app.storage.connection import BUSY_TIMEOUT_MS
from app.storage.errors import StorageError as StorageError
from app.storage.history import PageHistory
from app.storage.images import ImageTable
from app.storage.journal import (
    JournalRow as JournalRow,
)
from app.storage.journal import (
    StepKind,
    decode_regions,
    encode_change,
    encode_page,
    replay,
    review_state,
)
from app.storage.keys import check_key as check_key
from app.storage.lock import Holder, ProjectLock
from app.storage.opening import open_file, open_to_read
from app.storage.page_settings import PageSettingsTable
from app.storage.place import find_place
from app.storage.predictions import PredictionRow as PredictionRow
from app.storage.predictions import decode_detections, values_of, with_doubt
from app.storage.project_file import ProjectFile
from app.storage.sealed_rows import write_page, write_step
from app.storage.survey import Survey
from app.storage.truth import TruthTable

WHOLE_PAGE_EVERY: Final = 32  # so many steps at most must be replayed to make an earlier page again


@dataclass(frozen=True)
class PageSummary:
    """What the page list shows of a page."""

    review: ReviewState  # "detected" for an untouched page that has predictions
    region_count: int
    detection_count: int | None  # of the newest predictions; None when there are none


@dataclass(frozen=True)
class _Stored:
    """The page as it is in the file."""

    key: str
    revision: int
    page: Page
    repaired: bool = False  # made again from the journal, which may have a gap


class ProjectDb:
    """The open project of one folder of images. Used in one thread only; make one with `open`.

    Keys are paths in the folder with "/" between their parts.
    """

    def __init__(self, file: ProjectFile, notice: str | None) -> None:
        self.folder = file.folder
        self.path = file.path
        self.notice = notice  # something a person should know about where or how labels are kept
        self.edits = PageHistory(file)
        self.images = ImageTable(file)
        self.comments = CommentTable(file)
        self.survey = Survey(file)
        self.truth = TruthTable(file)
        self.traces = CheckpointTraces(file)
        self.page_settings = PageSettingsTable(file)
        self._file = file
        self._lock: ProjectLock | None = None
        self._seen: dict[str, int] = {}  # revision of each page as this window knows it
        # saves reading the page again at every step of the open page, as long as the file is the same
        self._last: tuple[sqlite3.Connection, _Stored] | None = None

    @classmethod
    def open(
        cls,
        folder: Path,
        data_home: Path | None = None,
        *,
        exclusive: bool = False,
        busy_timeout_ms: int = BUSY_TIMEOUT_MS,
    ) -> "ProjectDb":
        """Open the project of a folder, made on first use.

        It lies in the folder, or in `data_home` (the user's data folder by default) when the folder cannot
        be written to; `notice` says so then. A damaged file is kept under another name and what can be read
        of it is put into a new one; `notice` says so too.

        Args:
            folder: of the images.
            data_home: see above.
            exclusive: be the one who may change the project; when somebody else is, it is only read, `holder`
                and `notice` say who.
            busy_timeout_ms: how long a lock of SQLite is waited for.

        Raises:
            StorageError: no place to write, made by a newer version, locked by another program, disk full.
        """
        place = find_place(folder, data_home)
        if not exclusive:
            opened = open_file(place.path, busy_timeout_ms)
            return cls(
                ProjectFile(folder, place.path, opened.connection), _joined(place.notice, opened.notice)
            )
        lock = ProjectLock(place.path)
        try:
            holder = lock.acquire()
        except OSError as error:
            raise StorageError(
                f"Could not open the project: {place.path.parent}: {error.strerror}. Make room on the disk "
                "or give yourself the right to write there."
            ) from error
        if holder is not None:
            file = ProjectFile(folder, place.path, open_to_read(place.path, busy_timeout_ms), holder)
            return cls(file, _joined(place.notice, _only_read(holder)))
        try:
            opened = open_file(place.path, busy_timeout_ms)
        except StorageError:
            lock.release()
            raise
        db = cls(ProjectFile(folder, place.path, opened.connection), _joined(place.notice, opened.notice))
        db._lock = lock
        return db

    @property
    def holder(self) -> Holder | None:
        """Who has the project open in another window; None when it can be changed here."""
        return self._file.holder

    @property
    def _connection(self) -> sqlite3.Connection:
        return self._file.connection

    def beat(self) -> None:
        """Say now and then (lock.BEAT_S) that this window is still there."""
        if self._lock is not None:
            self._lock.beat()

    def close(self) -> None:
        """Close the file; closing twice is fine."""
        self._connection.close()
        if self._lock is not None:
            self._lock.release()

    def load_page(self, key: str) -> Page:
        """The labels of an image, or an empty page when there are none.

        A broken row is made again from the journal.

        Raises:
            StorageError: the key leaves the folder, or the file cannot be read.
        """
        check_key(key)
        with self._file.reading(f"read the labels of {key}"):
            stored = self._stored(key)
        self._seen[key] = stored.revision
        return stored.page

    def save_edit(self, key: str, after: Page, label: str, kind: StepKind) -> None:
        """Keep the page and a row of its journal, both or neither; they are on the disk when this returns.

        Raises:
            StorageError: nothing was kept: disk full, locked, no right to write, or another window changed
                the page since this one read it.
        """
        check_key(key)
        with self._file.writing(f"save the labels of {key}"):
            stored = self._stored(key)
            if self._seen.get(key, stored.revision) != stored.revision:
                raise StorageError(
                    f"Could not save the labels of {key}: {self.path}: another window has changed them since "
                    "they were read here. Close this folder and open it again; the other labels are kept."
                )
            step = _step(stored, after, label, kind)
            write_step(self._connection, key, step)
            write_page(self._connection, key, step.revision, after)
            if after.comments is not None and after.comments != stored.page.comments:
                replace_comments(self._connection, key, after.comments)
            self._connection.execute(
                "INSERT OR IGNORE INTO images (key, bytes, mtime_ns) VALUES (?, ?, ?)",
                (key, *self._file.stamp(key)),
            )
        self._seen[key] = step.revision
        self._last = self._connection, _Stored(key, step.revision, after)

    def summaries(self) -> dict[str, PageSummary]:
        """What is known of every page that has labels or predictions.

        Raises:
            StorageError: the file cannot be read.
        """
        with self._file.reading("read the list of pages"):
            # from the indices alone; an order by id would read past all detections
            newest = self._connection.execute(
                "SELECT -aside, id, key, detection_count FROM predictions"
            ).fetchall()
            counts: dict[str, int] = {key: count for _, _, key, count in sorted(newest)}
            rows = self._connection.execute("SELECT key, review, region_count FROM pages").fetchall()
            found = {key: PageSummary("detected", 0, count) for key, count in counts.items()}
            for key, review, region_count in rows:
                found[key] = PageSummary(_shown_state(review, key in counts), region_count, counts.get(key))
        return found

    def save_predictions(self, key: str, row: PredictionRow) -> None:
        """Keep what a checkpoint found on an image, in place of what the same checkpoint found before.

        Raises:
            StorageError: nothing was kept: disk full, locked, no right to write.
        """
        self.save_all_predictions([(key, row)])

    def save_all_predictions(self, pages: Sequence[tuple[str, PredictionRow]]) -> None:
        """As `save_predictions`, of many images (key and row): all of them or none.

        Raises:
            StorageError: nothing was kept: disk full, locked, no right to write.
        """
        for key, _ in pages:
            check_key(key)
        what = pages[0][0] if len(pages) == 1 else f"{len(pages)} images"
        with self._file.writing(f"save what was detected on {what}"):
            self._connection.executemany(
                "INSERT OR REPLACE INTO predictions (key, checkpoint_hash, checkpoint_name, settings, "
                "detection_count, detections, seconds, aside, doubt, bytes, mtime_ns) "
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                [(key, *values_of(row), *self._file.stamp(key)) for key, row in pages],
            )

    def note_doubt(self, key: str, checkpoint_hash: str, name: str, value: float) -> None:
        """Add a number to the doubt of what a checkpoint found on an image, if it has looked at it.

        Raises:
            StorageError: nothing was kept: disk full, locked, no right to write.
        """
        check_key(key)
        place = (key, checkpoint_hash)
        with self._file.writing(f"save what was detected on {key}") as connection:
            rows = connection.execute(
                "SELECT doubt FROM predictions WHERE key = ? AND checkpoint_hash = ?", place
            ).fetchall()
            for (doubt,) in rows:
                connection.execute(
                    "UPDATE predictions SET doubt = ? WHERE key = ? AND checkpoint_hash = ?",
                    (with_doubt(doubt, name, value), *place),
                )

    def load_predictions(self, key: str, checkpoint_hash: str | None = None) -> PredictionRow | None:
        """What was found on an image last, by that checkpoint or by any; None when nothing was.

        What was found on an image that has changed since does not count.

        Raises:
            StorageError: the key leaves the folder, or the file cannot be read.
        """
        found = self._prediction_rows(key, checkpoint_hash, limit=1)
        return found[0] if found else None

    def load_all_predictions(self, key: str) -> list[PredictionRow]:
        """What every checkpoint found on an image: by the one in use last first, then to be compared.

        Raises:
            StorageError: the key leaves the folder, or the file cannot be read.
        """
        return self._prediction_rows(key, None, limit=-1)

    def _prediction_rows(self, key: str, checkpoint_hash: str | None, limit: int) -> list[PredictionRow]:
        check_key(key)
        with self._file.reading(f"read what was detected on {key}"):
            rows = self._connection.execute(
                "SELECT bytes, mtime_ns, checkpoint_hash, checkpoint_name, settings, detections, seconds, "
                "aside FROM predictions WHERE key = ? AND ifnull(checkpoint_hash = ?, 1) "
                "ORDER BY aside, id DESC LIMIT ?",
                (key, checkpoint_hash, limit),
            ).fetchall()
        stamp, found = self._file.stamp(key), []
        for *made_of, sha256, name, settings, detections, seconds, aside in rows:
            if stamp != (None, None) and stamp != tuple(made_of):
                continue
            with suppress(ValueError):  # detecting again makes them again
                texts = decode_detections(detections)
                found.append(PredictionRow(sha256, name, settings, texts, seconds, bool(aside)))
        return found

    def journal(self, key: str) -> list[JournalRow]:
        """See PageHistory.rows."""
        return self.edits.rows(key)

    def history(self, key: str) -> dict[int, Page]:
        """The page after every step of its journal, by revision.

        Raises:
            StorageError: the key leaves the folder, or the file cannot be read.
        """
        return replay(self.journal(key))

    def content_hash(self, key: str) -> str:
        """See ImageTable.content_hash."""
        return self.images.content_hash(key)

    def _stored(self, key: str) -> _Stored:
        row = self._connection.execute("SELECT revision, review FROM pages WHERE key = ?", (key,)).fetchone()
        if row is None:
            return self._from_journal(key, _Stored(key, 0, Page(comments=self._comments(key))))
        if self._last is not None and self._last[0] is self._connection:
            last = self._last[1]
            if (last.key, last.revision) == (key, row[0]):
                return last
        regions = self._connection.execute("SELECT regions FROM pages WHERE key = ?", (key,)).fetchone()[0]
        try:
            page = Page(decode_regions(regions), review_state(row[1]), self._comments(key))
        except ValueError:
            return self._from_journal(key, None)
        return _Stored(key, row[0], page)

    def _comments(self, key: str) -> tuple[Comment, ...]:
        return tuple(comment_rows(self._connection, key))

    def _from_journal(self, key: str, otherwise: _Stored | None) -> _Stored:
        rows = self.edits.rows(key)
        states = replay(rows)
        if states:
            page = replace(states[max(states)], comments=self._comments(key))
            return _Stored(key, rows[-1].revision, page, repaired=True)
        if otherwise is None or rows:
            raise StorageError(
                f"Could not read the labels of {key}: {self.path}: the labels and their history are damaged. "
                "Import the labels of this page from a file, or put a copy of the project file in its place."
            )
        return otherwise


def _joined(*notices: str | None) -> str | None:
    return " ".join(notice for notice in notices if notice is not None) or None


def _only_read(holder: Holder) -> str:
    return (
        f"{holder} has this project open. Here it can be looked at, not changed; open the folder again when "
        "it is closed there."
    )


def _shown_state(review: str, detected: bool) -> ReviewState:
    try:
        state = review_state(review)
    except ValueError:
        return "edited"  # a broken row; opening the page makes it again from the journal
    return "detected" if state == "unseen" and detected else state


def _step(stored: _Stored, after: Page, label: str, kind: StepKind) -> JournalRow:
    """The journal row from the stored page to the next: what changed, or now and then the whole page."""
    revision = stored.revision + 1
    whole = stored.repaired or revision % WHOLE_PAGE_EVERY == 1
    body = encode_page(after) if whole else encode_change(stored.page, after)
    return JournalRow(revision, kind, label, time.time(), whole, body)
