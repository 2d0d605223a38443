"""The project file: nothing that was shown as saved is ever lost."""

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.domain.edits import AddRegions, DeleteRegions, MoveRegions, SetIgnore, SetReview, SetText
from app.domain.page import Page
from app.domain.region import Region, new_region
from app.storage.connection import start_journal
from app.storage.errors import StorageError
from app.storage.migrations import MIGRATIONS, migrate, schema_version
from app.storage.project_db import WHOLE_PAGE_EVERY, PageSummary, PredictionRow, ProjectDb
from tcm_core.detection import Detection

SQUARE = np.array(((0.0, 0.0), (10.0, 0.0), (10.0, 10.0), (0.0, 10.0)))
PROJECT = Path(".tcm-studio") / "project.sqlite3"


def page_of(count, review="edited"):
    return Page(tuple(new_region(SQUARE + i, text=f"text {i}") for i in range(count)), review)


@pytest.fixture
def db(tmp_path):
    db = ProjectDb.open(tmp_path)
    yield db
    db.close()


def reopened(db):
    db.close()
    return ProjectDb.open(db.folder)


class TestPages:
    def test_an_image_without_labels_has_an_empty_page(self, db):
        assert db.load_page("a.jpg") == Page()

    def test_a_page_is_read_back_as_it_was_saved(self, db):
        page = Page(
            (
                Region(
                    "r1",
                    np.array([[0.1, 1 / 3], [1e-300, 1e17], [-0.0, np.pi]]),
                    'a "b",\u2028ü 漢字 🎈',
                    True,
                    "both",
                    0.1 + 0.2,
                ),
                Region("r2", SQUARE, "", False, "model", 1.0),
                Region("r3", SQUARE, "\ud800 half a pair"),
            ),
            "rejected",
        )
        db.save_edit("a.jpg", page, "Edit", "edit")
        again = reopened(db)
        loaded = again.load_page("a.jpg")
        again.close()
        assert loaded == page
        assert loaded.regions[0].polygon.tobytes() == page.regions[0].polygon.tobytes()
        assert not loaded.regions[0].polygon.flags.writeable

    def test_the_project_lies_in_the_folder(self, db, tmp_path):
        assert db.path == tmp_path / PROJECT
        assert db.path.is_file()
        assert db.notice is None

    def test_names_of_every_kind_are_keys(self, db):
        keys = ["日本語/写真.jpg", "a b,c.jpg", "🎈.png", "o'brien.jpg", "sub/a..b.jpg", "100%.jpg"]
        for number, key in enumerate(keys, 1):
            db.save_edit(key, page_of(number), "Edit", "edit")
        assert [len(db.load_page(key).regions) for key in keys] == [1, 2, 3, 4, 5, 6]

    @pytest.mark.parametrize(
        "key", ["", "/etc/passwd", "../a.jpg", "a/../../b.jpg", "C:\\a.jpg", "C:/a.jpg", "a\\..\\b", "a\0b"]
    )
    def test_a_key_that_leaves_the_folder_is_refused(self, db, key):
        with pytest.raises(StorageError, match="not a path inside the folder"):
            db.load_page(key)
        with pytest.raises(StorageError, match="not a path inside the folder"):
            db.save_edit(key, Page(), "Edit", "edit")

    def test_a_name_that_is_not_text_is_refused_in_words(self, db):
        with pytest.raises(StorageError, match="Rename the file"):
            db.load_page("bad\udcff.jpg")

    def test_summaries_name_every_page_with_labels_or_predictions(self, db):
        db.save_edit("a.jpg", page_of(3, "approved"), "Edit", "edit")
        db.save_edit("b.jpg", Page((), "unseen"), "Edit", "undo")
        row = PredictionRow("hash", "db-small", "{}", (Detection(SQUARE, 0.5),))
        for key in ("a.jpg", "b.jpg", "c.jpg"):
            db.save_predictions(key, row)
        db.save_edit("d.jpg", page_of(1), "Edit", "edit")
        assert db.summaries() == {
            "a.jpg": PageSummary("approved", 3, 1),
            "b.jpg": PageSummary("detected", 0, 1),
            "c.jpg": PageSummary("detected", 0, 1),
            "d.jpg": PageSummary("edited", 1, None),
        }

    def test_closing_twice_is_fine(self, db):
        db.close()
        db.close()

    def test_two_windows_do_not_overwrite_each_other(self, db):
        other = ProjectDb.open(db.folder)
        db.load_page("a.jpg")
        other.load_page("a.jpg")
        other.save_edit("a.jpg", page_of(2), "Edit", "edit")
        with pytest.raises(StorageError, match="another window"):
            db.save_edit("a.jpg", Page(), "Edit", "edit")
        assert len(other.load_page("a.jpg").regions) == 2
        db.load_page("a.jpg")
        db.save_edit("a.jpg", page_of(1), "Edit", "edit")
        other.close()


class TestJournal:
    def test_every_step_is_written_down_in_order(self, db):
        before = time.time()
        db.save_edit("a.jpg", page_of(1), "Add region", "edit")
        db.save_edit("a.jpg", Page(), "Add region", "undo")
        db.save_edit("b.jpg", page_of(1), "Add region", "edit")
        rows = db.journal("a.jpg")
        assert [(row.revision, row.kind, row.label) for row in rows] == [
            (1, "edit", "Add region"),
            (2, "undo", "Add region"),
        ]
        assert before <= rows[0].at <= rows[1].at <= time.time()

    def test_any_earlier_page_can_be_made_again(self, db):
        pages = [page_of(4)]
        names = [region.id for region in pages[0].regions]
        for edit in (
            SetText(names[0], "new"),
            DeleteRegions([names[1]]),
            MoveRegions(names[2:], 0.1, 1 / 3),
            SetIgnore([names[3]], True),
            SetReview("approved"),
            AddRegions([new_region(SQUARE)]),
        ):
            pages.append(edit.apply(pages[-1]))
        pages.append(Page(pages[-1].regions[::-1], "approved"))
        for page in pages:
            db.save_edit("a.jpg", page, "Edit", "edit")
        assert db.history("a.jpg") == dict(enumerate(pages, 1))

    def test_a_small_edit_of_a_large_page_writes_a_small_row(self, db):
        page = page_of(500)
        db.save_edit("a.jpg", page, "Add", "edit")
        db.save_edit("a.jpg", SetText(page.regions[0].id, "x").apply(page), "Set text", "edit")
        whole, change = db.journal("a.jpg")
        assert len(change.body) < len(whole.body) / 100

    def test_a_broken_step_hides_only_the_steps_up_to_the_next_whole_page(self, db):
        page = page_of(2)
        for number in range(WHOLE_PAGE_EVERY + 3):
            page = SetText(page.regions[0].id, str(number)).apply(page)
            db.save_edit("a.jpg", page, "Set text", "edit")
        db._connection.execute("UPDATE edits SET body = '{' WHERE revision = 5")
        history = db.history("a.jpg")
        assert sorted(history) == [1, 2, 3, 4, *range(WHOLE_PAGE_EVERY + 1, WHOLE_PAGE_EVERY + 4)]
        assert history[max(history)] == page

    @pytest.mark.parametrize(
        "damage", ["regions = '[{'", "regions = '[{\"id\": 3}]'", "regions = '{}'", "review = 'odd'"]
    )
    def test_a_broken_page_is_made_again_from_the_journal(self, db, damage):
        page = page_of(3)
        for edit in (SetText(page.regions[0].id, "x"), SetReview("approved")):
            page = edit.apply(page)
            db.save_edit("a.jpg", page, edit.label, "edit")
        db._connection.execute(f"UPDATE pages SET {damage}")
        again = reopened(db)
        assert again.load_page("a.jpg") == page
        assert again.summaries()["a.jpg"].region_count == 3
        again.save_edit("a.jpg", Page(), "Delete", "edit")
        assert again.load_page("a.jpg") == Page()
        assert again.history("a.jpg")[3] == Page()
        again.close()

    def test_history_goes_on_after_a_step_was_lost(self, db):
        page = page_of(2)
        pages = [SetText(page.regions[0].id, str(number)).apply(page) for number in range(3)]
        for after in pages:
            db.save_edit("a.jpg", after, "Set text", "edit")
        db._connection.execute("UPDATE edits SET body = '' WHERE revision = 3")
        db._connection.execute("UPDATE pages SET regions = ''")
        again = reopened(db)
        assert again.load_page("a.jpg") == pages[1]
        again.save_edit("a.jpg", Page(), "Delete", "edit")
        assert again.history("a.jpg") == {1: pages[0], 2: pages[1], 4: Page()}
        again.close()

    def test_a_lost_page_row_is_made_again_from_the_journal(self, db):
        page = page_of(2)
        db.save_edit("a.jpg", page, "Add", "edit")
        db._connection.execute("DELETE FROM pages")
        again = reopened(db)
        assert again.load_page("a.jpg") == page
        again.close()

    def test_a_page_that_is_broken_everywhere_is_an_error_in_words_and_not_an_empty_page(self, db):
        db.save_edit("a.jpg", page_of(2), "Add", "edit")
        db._connection.execute("UPDATE pages SET regions = ''")
        db._connection.execute("UPDATE edits SET body = ''")
        again = reopened(db)
        with pytest.raises(StorageError, match=r"labels of a\.jpg.*history are damaged"):
            again.load_page("a.jpg")
        again.close()


class TestPredictions:
    ROW = PredictionRow(
        "hash",
        "db-small",
        '{"threshold": 0.3}',
        (Detection(SQUARE / 3, 0.123456789), Detection(SQUARE, 0.5, "quad")),
    )

    def test_they_are_read_back_as_they_were_saved(self, db):
        db.save_predictions("a.jpg", self.ROW)
        row = db.load_predictions("a.jpg")
        assert (row.checkpoint_hash, row.checkpoint_name, row.settings_json) == (
            "hash",
            "db-small",
            '{"threshold": 0.3}',
        )
        assert [(d.score, d.kind, d.polygon.tolist()) for d in row.detections] == [
            (d.score, d.kind, d.polygon.tolist()) for d in self.ROW.detections
        ]

    def test_there_are_none_at_first(self, db):
        assert db.load_predictions("a.jpg") is None

    def test_the_newest_counts_and_every_checkpoint_keeps_its_own(self, db):
        db.save_predictions("a.jpg", self.ROW)
        db.save_predictions("a.jpg", PredictionRow("other", "b", "{}", ()))
        assert db.load_predictions("a.jpg").checkpoint_hash == "other"
        assert db.summaries()["a.jpg"].detection_count == 0
        assert len(db.load_predictions("a.jpg", "hash").detections) == 2
        db.save_predictions("a.jpg", self.ROW)
        assert db.load_predictions("a.jpg").checkpoint_hash == "hash"
        assert db.summaries()["a.jpg"].detection_count == 2

    def test_those_of_an_image_that_has_changed_do_not_count(self, db, tmp_path):
        image = tmp_path / "a.jpg"
        image.write_bytes(b"one")
        db.save_predictions("a.jpg", self.ROW)
        assert db.load_predictions("a.jpg") is not None
        image.write_bytes(b"another")
        assert db.load_predictions("a.jpg") is None

    def test_broken_ones_count_as_none(self, db):
        db.save_predictions("a.jpg", self.ROW)
        db._connection.execute("UPDATE predictions SET detections = '[{}]'")
        assert db.load_predictions("a.jpg") is None

    def test_they_leave_the_page_alone(self, db):
        page = page_of(2)
        db.save_edit("a.jpg", page, "Add", "edit")
        db.save_predictions("a.jpg", self.ROW)
        assert db.load_page("a.jpg") == page


class TestImages:
    def test_the_hash_is_kept_until_the_file_changes(self, db, tmp_path):
        image = tmp_path / "a.jpg"
        image.write_bytes(b"abc")
        digest = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        assert db.content_hash("a.jpg") == digest
        assert db._connection.execute("SELECT key, bytes, sha256 FROM images").fetchall() == [
            ("a.jpg", 3, digest)
        ]
        image.write_bytes(b"other")
        assert db.content_hash("a.jpg") != digest

    def test_an_image_that_is_not_there_is_an_error_in_words(self, db):
        with pytest.raises(StorageError, match=r"Could not read .*a\.jpg"):
            db.content_hash("a.jpg")


class TestSchema:
    def test_a_new_project_has_the_newest_version(self, db):
        assert schema_version(db._connection) == len(MIGRATIONS)

    def test_an_older_project_is_brought_forward_with_its_labels(self, db):
        db.save_edit("a.jpg", page_of(1), "Add", "edit")
        migrate(db._connection, [*MIGRATIONS, "ALTER TABLE pages ADD COLUMN note TEXT DEFAULT 'none'"])
        assert schema_version(db._connection) == len(MIGRATIONS) + 1
        assert db._connection.execute("SELECT note, region_count FROM pages").fetchall() == [("none", 1)]

    def test_a_migration_that_fails_leaves_the_version_before_it(self, db):
        broken = "ALTER TABLE pages ADD COLUMN note TEXT; INSERT INTO nowhere VALUES (1)"
        with pytest.raises(sqlite3.OperationalError, match="nowhere"):
            migrate(db._connection, [*MIGRATIONS, broken])
        assert schema_version(db._connection) == len(MIGRATIONS)
        assert "note" not in [row[1] for row in db._connection.execute("PRAGMA table_info(pages)")]

    def test_a_newer_project_is_refused_and_left_as_it_is(self, db, tmp_path):
        db._connection.execute(f"PRAGMA user_version = {len(MIGRATIONS) + 1}")
        db.close()
        content = db.path.read_bytes()
        with pytest.raises(StorageError, match=r"newer TCM Studio.*Use the newer version"):
            ProjectDb.open(tmp_path)
        assert db.path.read_bytes() == content
        assert list(db.path.parent.iterdir()) == [db.path]


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


class TestPlace:
    """A file in the place of the project's folder stops it from being made, whoever the user is."""

    def test_labels_of_a_folder_that_cannot_be_written_to_are_kept_in_the_data_folder(self, tmp_path):
        folder, home = tmp_path / "images", tmp_path / "home"
        folder.mkdir()
        (folder / ".tcm-studio").write_text("in the way")
        db = ProjectDb.open(folder, home)
        assert home in db.path.parents
        assert str(folder) in db.notice
        page = page_of(1)
        db.save_edit("a.jpg", page, "Add", "edit")
        db.close()
        again = ProjectDb.open(folder, home)
        assert again.load_page("a.jpg") == page
        again.close()

    def test_two_such_folders_do_not_share_labels(self, tmp_path):
        for name in ("one", "two"):
            (tmp_path / name).mkdir()
            (tmp_path / name / ".tcm-studio").write_text("in the way")
        first, second = (ProjectDb.open(tmp_path / name, tmp_path / "home") for name in ("one", "two"))
        assert first.path != second.path
        first.close()
        second.close()

    @pytest.mark.skipif(
        not Path("/sys/kernel").is_dir(), reason="needs a folder that is read-only for everybody"
    )
    def test_a_really_read_only_folder_works(self, tmp_path):
        db = ProjectDb.open(Path("/sys/kernel"), tmp_path)
        assert tmp_path in db.path.parents
        assert "cannot be written to" in db.notice
        db.close()

    @pytest.mark.skipif(sys.platform == "win32", reason="folders are made read-only differently there")
    def test_labels_in_a_folder_that_became_read_only_are_shown_and_can_be_changed(self):
        with tempfile.TemporaryDirectory() as name:
            place = Path(name)
            place.chmod(0o777)  # for another user: rights do not bind root
            (place / "images").mkdir()
            db = ProjectDb.open(place / "images")
            db.save_edit("a.jpg", page_of(2), "Add", "edit")
            db.close()
            for path, rights in ((db.path, 0o444), (db.path.parent, 0o555), (place / "images", 0o555)):
                path.chmod(rights)
            try:
                output = run(READ_ONLY, place).stdout.split()
            finally:
                (place / "images").chmod(0o755)
                db.path.parent.chmod(0o755)
        assert output == ["2", "0", "0", "True"]

    def test_labels_kept_elsewhere_come_into_the_folder_once_it_can_be_written_to(self, tmp_path):
        folder, home = tmp_path / "images", tmp_path / "home"
        folder.mkdir()
        (folder / ".tcm-studio").write_text("in the way")
        db = ProjectDb.open(folder, home)
        page = page_of(1)
        db.save_edit("a.jpg", page, "Add", "edit")
        db.close()
        (folder / ".tcm-studio").unlink()
        db = ProjectDb.open(folder, home)
        assert db.path == folder / PROJECT
        assert "copied into it" in db.notice
        assert db.load_page("a.jpg") == page
        db.close()

    def test_newer_labels_kept_elsewhere_are_pointed_out(self, tmp_path):
        folder, home = tmp_path / "images", tmp_path / "home"
        folder.mkdir()
        ProjectDb.open(folder, home).close()
        (folder / ".tcm-studio").rename(folder / "moved")
        (folder / ".tcm-studio").write_text("in the way")
        elsewhere = ProjectDb.open(folder, home)
        elsewhere.save_edit("a.jpg", page_of(1), "Add", "edit")
        elsewhere.close()
        (folder / ".tcm-studio").unlink()
        (folder / "moved").rename(folder / ".tcm-studio")
        os.utime(folder / PROJECT, (1, 1))
        db = ProjectDb.open(folder, home)
        assert "Newer labels" in db.notice
        assert str(elsewhere.path.parent) in db.notice
        db.close()

    def test_no_place_at_all_is_an_error_in_words(self, tmp_path):
        folder = tmp_path / "images"
        folder.mkdir()
        (folder / ".tcm-studio").write_text("in the way")
        (tmp_path / "home").write_text("in the way too")
        with pytest.raises(StorageError, match="Labels cannot be kept"):
            ProjectDb.open(folder, tmp_path / "home")

    def test_a_moved_folder_takes_its_labels_along(self, tmp_path):
        (tmp_path / "old").mkdir()
        db = ProjectDb.open(tmp_path / "old")
        page = page_of(1)
        db.save_edit("a.jpg", page, "Add", "edit")
        db.close()
        (tmp_path / "old").rename(tmp_path / "new")
        db = ProjectDb.open(tmp_path / "new")
        assert db.load_page("a.jpg") == page
        db.close()


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


READ_ONLY = """
import os, sys
from pathlib import Path
from app.domain.page import Page
from app.storage.project_db import ProjectDb

if os.geteuid() == 0:
    os.setuid(65534)
place = Path(sys.argv[1])
db = ProjectDb.open(place / "images", place / "home")
print(len(db.load_page("a.jpg").regions))
db.save_edit("a.jpg", Page(), "Delete", "edit")
print(len(db.load_page("a.jpg").regions))
db.close()
db = ProjectDb.open(place / "images", place / "home")
print(len(db.load_page("a.jpg").regions))
print("cannot be written to" in db.notice)
db.close()
"""


def started(script, folder, **options):
    return subprocess.Popen(
        [sys.executable, "-c", script, str(folder)],
        cwd=Path(__file__).parents[2],
        stdout=subprocess.PIPE,
        text=True,
        **options,
    )


def run(script, folder):
    return subprocess.run(
        [sys.executable, "-c", script, str(folder)],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )


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


POLYGONS = st.lists(st.tuples(st.floats(-1e9, 1e9), st.floats(-1e9, 1e9)), min_size=3, max_size=20)
REGIONS = st.builds(
    lambda polygon, text, ignore, origin, score: new_region(
        polygon, text=text, ignore=ignore, origin=origin, score=score
    ),
    POLYGONS,
    st.text(),
    st.booleans(),
    st.sampled_from(["model", "person", "both"]),
    st.none() | st.floats(0, 1),
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.lists(REGIONS, max_size=4), max_size=5))
def test_whatever_is_saved_is_read_back_exactly(db, pages):
    key = f"{time.monotonic_ns()}.jpg"
    for regions in pages:
        page = Page(tuple(regions), "edited")
        db.save_edit(key, page, "Edit", "edit")
        db._last = None  # read from the file, not from memory
        assert db.load_page(key) == page
    assert list(db.history(key).values()) == [Page(tuple(regions), "edited") for regions in pages]
