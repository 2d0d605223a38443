"""The project file under faults: damage, a full disk, locks, a kill; nothing shown as saved is lost."""

import shutil
import signal
import sqlite3
import subprocess
import sys

import pytest

from app.domain.edits import SetReview
from app.domain.page import Page
from app.storage.connection import start_journal
from app.storage.errors import StorageError
from app.storage.migrations import migrate
from app.storage.project_db import PageSummary, PredictionRow, ProjectDb
from tcm_core.detection import Detection
from tests.helpers.projects import PROJECT, SQUARE, page_of, reopened, run, started

SAVING = """
import sys
from pathlib import Path
import numpy as np
from app.domain.edits import AddRegions
from app.domain.page import Page
from app.domain.region import new_region
from app.storage.project_db import ProjectDb

db = ProjectDb.open(Path(sys.argv[1]))

def save_on(count):
    page = db.load_page("a.jpg")
    for number in range(count):
        page = AddRegions([new_region(np.eye(3)[:, :2] * number, text=str(number))]).apply(page)
        db.save_edit("a.jpg", page, "Add", "edit")
        print(number, flush=True)

"""


@pytest.fixture
def db(tmp_path):
    db = ProjectDb.open(tmp_path)
    yield db
    db.close()


class TestDamage:
    def test_a_file_that_is_no_database_is_kept_and_a_new_project_made(self, db, tmp_path):
        db.close()
        db.path.write_bytes(b"this is not a database" * 1000)
        again = ProjectDb.open(tmp_path)
        assert again.load_page("a.jpg") == Page()
        assert "was damaged" in again.notice
        aside = db.path.with_name(db.path.name + ".corrupt-1")
        assert aside.name in again.notice
        assert aside.read_bytes() == b"this is not a database" * 1000
        again.close()

    def test_a_second_damaged_file_gets_another_name(self, db, tmp_path):
        for number in (1, 2):
            db.close()
            db.path.write_bytes(b"damage" * 1000)
            db = ProjectDb.open(tmp_path)
            assert db.path.with_name(f"{db.path.name}.corrupt-{number}").exists()
        db.close()

    def test_an_empty_file_is_a_new_project(self, db, tmp_path):
        db.close()
        db.path.write_bytes(b"")
        again = ProjectDb.open(tmp_path)
        assert again.load_page("a.jpg") == Page()
        again.close()

    def _filled(self, db):
        """A project of some hundred file pages; its labels."""
        pages = {}
        for number in range(60):
            page = page_of(8)
            db.save_edit(f"{number}.jpg", page, "Add", "edit")
            pages[f"{number}.jpg"] = SetReview("approved").apply(page)
            db.save_edit(f"{number}.jpg", pages[f"{number}.jpg"], "Mark", "edit")
        db.close()
        return pages

    def test_a_hole_in_the_file_loses_nothing_that_stands_elsewhere(self, db, tmp_path):
        pages = self._filled(db)
        size = db.path.stat().st_size
        lost, repaired = set(), 0
        for place in range(3, 10):
            shutil.rmtree(tmp_path / f"copy {place}", ignore_errors=True)
            folder = tmp_path / f"copy {place}"
            (folder / PROJECT).parent.mkdir(parents=True)
            content = bytearray(db.path.read_bytes())
            start = size * place // 10 // 4096 * 4096
            content[start : start + 4096] = b"\xa5" * 4096
            (folder / PROJECT).write_bytes(content)
            again = ProjectDb.open(folder)
            repaired += again.notice is not None
            lost |= {key for key, page in pages.items() if again.load_page(key) != page}
            assert again.summaries() == {key: PageSummary("approved", 8, None) for key in pages}
            again.save_edit("new.jpg", page_of(1), "Add", "edit")
            again.close()
        assert repaired >= 5
        assert lost == set()

    def test_a_hole_hides_only_the_rows_in_it(self, db, tmp_path):
        keys = [f"{number}.jpg" for number in range(300)]
        for key in keys:
            db.save_predictions(key, PredictionRow("hash", "name", "{}", (Detection(SQUARE / 3, 0.5),) * 10))
        db.close()
        content = bytearray(db.path.read_bytes())
        middle = len(content) // 2 // 4096 * 4096
        content[middle : middle + 4096] = b"\xa5" * 4096
        db.path.write_bytes(content)
        again = ProjectDb.open(tmp_path)
        assert "was damaged" in again.notice
        found = [again.load_predictions(key) is not None for key in keys]
        assert found[0]
        assert found[-1]
        assert 290 <= sum(found) < 300
        again.close()

    def test_a_file_cut_in_half_gives_back_what_is_in_the_first_half(self, db, tmp_path):
        pages = self._filled(db)
        with db.path.open("r+b") as file:
            file.truncate(db.path.stat().st_size // 2)
        again = ProjectDb.open(tmp_path)
        assert "was damaged" in again.notice
        found = {key: again.load_page(key) for key in pages}
        whole = sum(found[key] == pages[key] for key in pages)
        assert whole > 10
        for key, page in found.items():  # whatever is found was a page once, not a mixture
            assert page in (Page(), pages[key], Page(pages[key].regions, "edited"))
        first = next(key for key, page in found.items() if page.regions)
        again.save_edit(first, Page(), "Delete", "edit")
        assert [row.kind for row in again.journal(first)][-2:] == ["repair", "edit"]
        again.close()

    def test_a_rebuild_that_was_cut_off_between_its_renamings_is_finished(self, db, tmp_path):
        page = page_of(2)
        db.save_edit("a.jpg", page, "Add", "edit")
        db._connection.execute("PRAGMA journal_mode = DELETE")
        db.close()
        db.path.rename(db.path.with_name(db.path.name + ".rebuilding"))
        again = ProjectDb.open(tmp_path)
        assert again.load_page("a.jpg") == page
        again.close()


class TestDiskAndLocks:
    def test_a_full_disk_is_said_in_words_and_the_page_before_is_intact(self, db):
        small = page_of(1)
        db.save_edit("a.jpg", small, "Add", "edit")
        pages = db._connection.execute("PRAGMA page_count").fetchone()[0]
        db._connection.execute(f"PRAGMA max_page_count = {pages + 2}")
        with pytest.raises(
            StorageError, match=r"save the labels of a\.jpg.*project\.sqlite3: the disk is full\. Make room"
        ):
            db.save_edit("a.jpg", page_of(500), "Add", "edit")
        assert db.load_page("a.jpg") == small
        assert len(db.journal("a.jpg")) == 1
        db._connection.execute("PRAGMA max_page_count = 100000")
        large = page_of(500)
        db.save_edit("a.jpg", large, "Add", "edit")
        again = reopened(db)
        assert again.load_page("a.jpg") == large
        again.close()

    @pytest.mark.skipif(sys.platform == "win32", reason="limits of a process are set differently there")
    def test_a_disk_that_really_takes_no_more_loses_nothing_that_was_saved(self, tmp_path):
        script = SAVING + (
            "import resource\n"
            "resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))\n"
            "from app.storage.errors import StorageError\n"
            "try:\n"
            "    save_on(1000)\n"
            "except StorageError as error:\n"
            "    print('refused', error)\n"
        )
        output = run(script, tmp_path).stdout.splitlines()
        assert output[-1].startswith("refused Could not save the labels of a.jpg")
        db = ProjectDb.open(tmp_path)
        assert len(db.load_page("a.jpg").regions) == len(output) - 1 > 0
        assert db.notice is None
        db.close()

    def test_a_lock_held_by_another_program_is_said_in_words(self, tmp_path):
        db = ProjectDb.open(tmp_path, busy_timeout_ms=20)
        with sqlite3.connect(db.path, isolation_level=None) as other:
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(StorageError, match="another program is writing to it"):
                db.save_edit("a.jpg", page_of(1), "Add", "edit")
            assert db.load_page("a.jpg") == Page()
        other.close()
        db.save_edit("a.jpg", page_of(1), "Add", "edit")
        db.close()

    def test_a_lock_from_another_process_is_waited_for_and_then_said_in_words(self, db, tmp_path):
        script = (
            "import sqlite3, sys\n"
            "path = sys.argv[1] + '/.tcm-studio/project.sqlite3'\n"
            "connection = sqlite3.connect(path, isolation_level=None)\n"
            "connection.execute('BEGIN EXCLUSIVE')\n"
            "print('locked', flush=True)\n"
            "sys.stdin.read()\n"
        )
        with started(script, tmp_path, stdin=subprocess.PIPE) as process:
            assert process.stdout.readline() == "locked\n"
            with pytest.raises(StorageError, match="another program is writing to it"):
                db.save_edit("a.jpg", page_of(1), "Add", "edit")
            process.stdin.close()
            process.wait(10)
        db.save_edit("a.jpg", page_of(1), "Add", "edit")

    def test_the_write_ahead_log_is_used_where_it_can_be(self, db):
        assert db._connection.execute("PRAGMA journal_mode").fetchone()[0] == "wal"
        assert db._connection.execute("PRAGMA synchronous").fetchone()[0] == 2  # FULL

    @pytest.mark.skipif(sys.platform == "win32", reason="SQLite has this file system layer on Unix only")
    def test_without_shared_memory_a_rollback_journal_serves(self, tmp_path):
        connection = sqlite3.connect(
            f"file:{tmp_path}/x.sqlite3?vfs=unix-dotfile", uri=True, isolation_level=None
        )
        assert start_journal(connection) == "delete"
        migrate(connection)
        connection.close()


def test_every_edit_that_was_reported_as_saved_survives_a_kill(tmp_path):
    printed = 0
    for wanted in (1, 7, 40):  # the second and third run go on with what the killed one left
        with started(SAVING + "save_on(10**6)\n", tmp_path) as process:
            for _ in range(wanted):
                assert process.stdout.readline()
                printed += 1
            process.send_signal(signal.SIGKILL if hasattr(signal, "SIGKILL") else signal.SIGTERM)
            printed += len(process.stdout.read().splitlines())
        db = ProjectDb.open(tmp_path)
        saved = len(db.load_page("a.jpg").regions)
        assert saved in (printed, printed + 1)  # one may have been saved and not yet printed
        assert len(db.journal("a.jpg")) == saved
        assert db.notice is None
        db.close()
        printed = saved
