"""What a damaged project file comes to: labels are there as they were, or it is said."""

import shutil
import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest

from app.domain.comment import Comment
from app.domain.edits import SetText
from app.domain.page import Page
from app.domain.region import new_region
from app.storage.backups import back_up
from app.storage.journal import decode_regions, encode_regions, is_intact, json_of
from app.storage.project_db import ProjectDb, StorageError
from app.storage.wal import is_damaged

QUAD = ((10.0, 10.0), (90.0, 12.0), (88.0, 40.0), (12.0, 38.0))


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project of two pages with two steps each, closed; its file."""
    db = ProjectDb.open(tmp_path)
    for key in ("a.jpg", "b.jpg"):
        page = Page((new_region(QUAD, text="EXIT 12345"),), "approved")
        db.save_edit(key, page, "Add", "edit")
        comments = (Comment(1, -0.0, 3.0, "why?", "ann", 7.0),) if key == "b.jpg" else None
        page = replace(SetText(page.regions[0].id, "EXIT 67890").apply(page), comments=comments)
        db.save_edit(key, page, "Set text", "edit")
    db.close()
    return db.path


def text_of(db: ProjectDb, key: str) -> str:
    return db.load_page(key).regions[0].text


def change(path: Path, old: bytes, new: bytes, count: int = -1) -> None:
    content = path.read_bytes()
    assert old in content
    path.write_bytes(content.replace(old, new, count))


def test_a_digit_that_became_another_one_is_noticed_and_the_page_made_again_from_its_history(
    project: Path, tmp_path: Path
):
    file = sqlite3.connect(project)
    file.execute("UPDATE pages SET regions = replace(regions, '67890', '67891') WHERE key = 'a.jpg'")
    file.commit()
    file.close()
    db = ProjectDb.open(tmp_path)
    assert "was damaged" in (db.notice or "")
    assert "before its last steps" not in (db.notice or "")
    assert (text_of(db, "a.jpg"), text_of(db, "b.jpg")) == ("EXIT 67890", "EXIT 67890")
    db.close()
    db = ProjectDb.open(tmp_path)
    assert db.notice is None
    db.close()


@pytest.mark.parametrize("new", [b"67891", b"678\xff0"])
def test_when_the_last_step_is_gone_too_the_page_before_it_is_there_and_it_is_said(
    project: Path, tmp_path: Path, new: bytes
):
    change(project, b"67890", new)
    db = ProjectDb.open(tmp_path)
    assert "2 pages were read again; 2 of them as they were before their last steps" in (db.notice or "")
    assert text_of(db, "a.jpg") == "EXIT 12345"
    db.close()
    db = ProjectDb.open(tmp_path)
    assert db.notice is None
    assert text_of(db, "a.jpg") == "EXIT 12345"
    db.close()


def test_a_file_without_a_byte_is_begun_anew_and_it_is_said(project: Path, tmp_path: Path):
    project.write_bytes(b"")
    db = ProjectDb.open(tmp_path)
    assert "was empty" in (db.notice or "")
    assert db.load_page("a.jpg") == Page(comments=())
    db.close()


def test_rows_of_an_earlier_version_have_no_checksum_and_are_read(project: Path, tmp_path: Path):
    file = sqlite3.connect(project)
    for table, column in (("pages", "regions"), ("edits", "body")):
        file.execute(f"UPDATE {table} SET {column} = substr({column}, 1, length({column}) - 9)")
        file.execute(f"ALTER TABLE {table} DROP COLUMN seal")
    file.execute("ALTER TABLE comments DROP COLUMN seal")
    file.execute("PRAGMA user_version = 7")
    file.commit()
    file.close()
    db = ProjectDb.open(tmp_path)
    assert db.notice is None
    assert text_of(db, "a.jpg") == "EXIT 67890"
    assert len(db.history("a.jpg")) == 2
    db.close()


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE edits SET label = 'Adf' WHERE revision = 1 AND key = 'a.jpg'",
        "UPDATE edits SET kind = 'redo' WHERE revision = 2 AND key = 'a.jpg'",
        "UPDATE edits SET at = at + 1 WHERE revision = 2 AND key = 'a.jpg'",
        "UPDATE pages SET review = 'edited' WHERE key = 'a.jpg'",
        "UPDATE pages SET revision = 1 WHERE key = 'a.jpg'",
        "UPDATE pages SET region_count = 7 WHERE key = 'a.jpg'",
        "UPDATE comments SET x = 9",
    ],
)
def test_what_stands_beside_the_labels_is_known_when_it_has_changed(
    project: Path, tmp_path: Path, change: str
):
    file = sqlite3.connect(project)
    file.execute(change)
    file.commit()
    file.close()
    db = ProjectDb.open(tmp_path)
    assert "was damaged" in (db.notice or "")
    assert [text_of(db, key) for key in ("a.jpg", "b.jpg")] == ["EXIT 67890", "EXIT 67890"]
    assert (db.load_page("a.jpg").review, db.summaries()["a.jpg"].region_count) == ("approved", 1)
    db.close()
    db = ProjectDb.open(tmp_path)
    assert db.notice is None
    db.close()


def test_a_name_of_a_table_that_is_no_letters_any_more_is_damage(project: Path, tmp_path: Path):
    """What SQLite says about it cannot be decoded."""
    change(project, b"tablepagespages", b"tablep\xc1gespages", 1)
    change(project, b"CREATE TABLE pages (", b"CREATE TABLE pages !", 1)
    db = ProjectDb.open(tmp_path)
    assert "2 pages were read again" in (db.notice or "")
    assert [text_of(db, key) for key in ("a.jpg", "b.jpg")] == ["EXIT 67890", "EXIT 67890"]
    db.close()


@pytest.mark.parametrize("during", ["reading", "writing"])
def test_a_text_that_is_no_utf_8_while_the_project_is_open_is_told_as_damage(
    project: Path, tmp_path: Path, during: str
):
    db = ProjectDb.open(tmp_path)
    file = sqlite3.connect(project)
    file.execute("UPDATE pages SET review = CAST(x'61ff' AS TEXT) WHERE key = 'a.jpg'")
    file.commit()
    file.close()
    with pytest.raises(StorageError, match=r"it is damaged\. Open the folder again"):
        db.load_page("a.jpg") if during == "reading" else db.save_edit("a.jpg", Page(), "Delete", "edit")
    db.close()
    db = ProjectDb.open(tmp_path)
    assert "was damaged" in (db.notice or "")
    assert (text_of(db, "a.jpg"), db.load_page("a.jpg").review) == ("EXIT 67890", "approved")
    db.close()


def test_a_damaged_backup_of_an_earlier_version_is_taken_for_what_it_is(project: Path, tmp_path: Path):
    for name, statements in (
        ("sound", ()),
        ("damaged", ("UPDATE edits SET label = CAST(x'41ff' AS TEXT) WHERE revision = 1",)),
    ):
        folder = tmp_path / name
        place = folder / ".tcm-studio" / "project.sqlite3"
        place.parent.mkdir(parents=True)
        shutil.copy(project, place)
        file = sqlite3.connect(place)
        for statement in statements:
            file.execute(statement)
        if name == "sound":
            file.execute("ALTER TABLE edits DROP COLUMN seal")
            file.execute("ALTER TABLE pages DROP COLUMN seal")
            file.execute("ALTER TABLE comments DROP COLUMN seal")
            file.execute("PRAGMA user_version = 8")
        file.commit()
        file.close()
        assert back_up(place) is not None
        place.write_bytes(b"this is no database" * 500)
        db = ProjectDb.open(folder)
        assert "come from the backup" in (db.notice or "")
        assert ("damaged too" in (db.notice or "")) == (name == "damaged")
        assert text_of(db, "a.jpg") == "EXIT 67890"
        db.close()


def test_a_text_whose_checksum_is_cut_off_with_its_end_is_known(project: Path, tmp_path: Path):
    db = ProjectDb.open(tmp_path)
    db.truth.save([("a.jpg", [new_region(QUAD, text="EXIT")])], "labels")
    db.close()
    file = sqlite3.connect(project)
    file.execute("UPDATE ground_truth SET regions = substr(regions, 1, length(regions) - 12)")
    file.commit()
    file.close()
    db = ProjectDb.open(tmp_path)
    assert "was damaged" in (db.notice or "")
    db.close()


def test_any_changed_byte_of_a_text_is_known():
    regions = (new_region(QUAD, text="茶\n"),)
    text = encode_regions(regions)
    assert decode_regions(text) == regions
    assert decode_regions(json_of(text)) == regions
    content = text.encode()
    for at in range(len(content)):
        if content[at : at + 1] != b"\n":
            changed = content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :]
            assert not is_intact(changed), at


def killed(folder: Path) -> Path:
    """A project as a killed program leaves it, with its steps in the write-ahead log; the log."""
    db = ProjectDb.open(folder / "made")
    page = Page((new_region(QUAD, text="0"),), "approved")
    for number in range(20):
        page = SetText(page.regions[0].id, f"number {number}").apply(page)
        db.save_edit("a.jpg", page, "Set text", "edit")
    (folder / "killed").mkdir()
    shutil.copytree(db.path.parent, folder / "killed" / ".tcm-studio", ignore=shutil.ignore_patterns("*-shm"))
    db.close()
    return folder / "killed" / ".tcm-studio" / "project.sqlite3-wal"


def test_a_whole_log_of_a_killed_program_is_read_without_a_word(tmp_path: Path):
    wal = killed(tmp_path)
    assert not is_damaged(wal)
    db = ProjectDb.open(tmp_path / "killed")
    assert (db.notice, text_of(db, "a.jpg")) == (None, "number 19")
    db.close()


@pytest.mark.parametrize("place", [4, 0.3, 0.6, 0.9, -1])
def test_a_changed_byte_in_the_log_is_said_and_the_damaged_file_kept(tmp_path: Path, place: float):
    wal = killed(tmp_path)
    content = bytearray(wal.read_bytes())
    at = int(place * len(content)) if 0 < place < 1 else int(place)
    content[at] ^= 1
    wal.write_bytes(content)
    db = ProjectDb.open(tmp_path / "killed")
    assert "the last steps of that run could not be read" in (db.notice or "")
    assert (wal.parent / "project.sqlite3.corrupt-1-wal").read_bytes() == content
    text = db.load_page("a.jpg").regions[0].text if db.load_page("a.jpg").regions else ""
    assert text != "number 19"
    db.close()
    db = ProjectDb.open(tmp_path / "killed")
    assert db.notice is None
    db.close()


@pytest.mark.parametrize("lost", [1, 1000, 4120, 20000])
def test_a_log_that_ends_early_is_one_of_a_program_killed_earlier(tmp_path: Path, lost: int):
    wal = killed(tmp_path)
    wal.write_bytes(wal.read_bytes()[:-lost])
    assert not is_damaged(wal)
    db = ProjectDb.open(tmp_path / "killed")
    assert db.notice is None
    assert text_of(db, "a.jpg").startswith("number ")
    db.close()


def test_a_main_file_that_was_emptied_beside_a_log_is_said_and_the_log_kept(tmp_path: Path):
    wal = killed(tmp_path)
    content = wal.read_bytes()
    wal.with_name("project.sqlite3").write_bytes(b"")
    db = ProjectDb.open(tmp_path / "killed")
    assert "was empty" in (db.notice or "")
    assert "project.sqlite3.corrupt-1" in (db.notice or "")
    assert (wal.parent / "project.sqlite3.corrupt-1-wal").read_bytes() == content
    db.close()


def test_a_log_whose_frames_have_moved_is_known(tmp_path: Path):
    wal = killed(tmp_path)
    content = wal.read_bytes()
    middle = len(content) // 2
    wal.write_bytes(content[: middle + 64] + content[middle:])
    assert is_damaged(wal)


def test_a_sound_backup_is_taken_before_a_newer_damaged_one_which_is_else_called_damaged(
    project: Path, tmp_path: Path
):
    older = back_up(project, 1_700_000_000)
    newer = back_up(project, 1_800_000_000)
    assert older is not None
    assert newer is not None
    change(newer, b"12345", b"12346")
    project.write_bytes(b"this is no database" * 500)
    db = ProjectDb.open(tmp_path)
    assert older.name in (db.notice or "")
    assert "damaged too" not in (db.notice or "")
    db.close()
    change(older, b"12345", b"12346")
    project.write_bytes(b"this is no database" * 500)
    db = ProjectDb.open(tmp_path)
    assert newer.name in (db.notice or "")
    assert "which is damaged too" in (db.notice or "")
    assert text_of(db, "a.jpg") == "EXIT 67890"
    db.close()
