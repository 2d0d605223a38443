"""The project file: nothing that was shown as saved is ever lost."""

import sqlite3
import time

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.domain.edits import AddRegions, DeleteRegions, MoveRegions, SetIgnore, SetReview, SetText
from app.domain.page import Page
from app.domain.region import Region, new_region
from app.storage.errors import StorageError
from app.storage.migrations import MIGRATIONS, migrate, schema_version
from app.storage.project_db import WHOLE_PAGE_EVERY, PageSummary, PredictionRow, ProjectDb
from tcm_core.detection import Detection
from tests.helpers.projects import PROJECT, SQUARE, page_of, reopened


@pytest.fixture
def db(tmp_path):
    db = ProjectDb.open(tmp_path)
    yield db
    db.close()


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
        assert list(again.history("a.jpg").values())[-1] == Page()
        again.close()

    def test_history_goes_on_after_a_step_was_lost(self, db, unchecked):
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

    def test_a_page_that_is_broken_everywhere_is_an_error_in_words_and_not_an_empty_page(self, db, unchecked):
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
