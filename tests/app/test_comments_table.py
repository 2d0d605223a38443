"""Comments in the project file: they stay, they are settled, a damaged file does not lose them."""

from pathlib import Path

import pytest

from app.domain.page import Page
from app.storage.errors import StorageError
from app.storage.project_db import ProjectDb


@pytest.fixture
def db(tmp_path: Path):
    db = ProjectDb.open(tmp_path)
    yield db
    db.close()


def test_comments_outlive_the_program(tmp_path: Path, db):
    first = db.comments.add("a.jpg", (10.5, 20.25), "  cut\n here ", "ann")
    db.comments.add("b.jpg", (0, 0), "出口?", "ann")
    db.close()
    again = ProjectDb.open(tmp_path)
    assert again.comments.of("a.jpg") == [first]
    assert (first.x, first.y, first.text, first.author) == (10.5, 20.25, "cut here", "ann")
    assert [comment.text for comment in again.comments.of("b.jpg")] == ["出口?"]
    again.close()


def test_only_open_comments_are_counted(db):
    first = db.comments.add("a.jpg", (1, 1), "one", "ann")
    db.comments.add("a.jpg", (2, 2), "two", "ann")
    db.comments.add("b.jpg", (2, 2), "three", "ann")
    assert db.comments.open_counts() == {"a.jpg": 2, "b.jpg": 1}
    db.comments.set_resolved(first.id, True)
    assert db.comments.open_counts() == {"a.jpg": 1, "b.jpg": 1}
    assert [comment.resolved for comment in db.comments.of("a.jpg")] == [True, False]
    db.comments.set_resolved(first.id, False)
    assert db.comments.open_counts()["a.jpg"] == 2


def test_a_comment_can_say_something_else(db):
    comment = db.comments.add("a.jpg", (1, 1), "one", "ann")
    db.comments.change(comment.id, "two")
    assert [found.text for found in db.comments.of("a.jpg")] == ["two"]


@pytest.mark.parametrize(
    ("key", "place", "text"),
    [("a.jpg", (1, 1), " \n"), ("a.jpg", (float("nan"), 1), "x"), ("../a.jpg", (1, 1), "x")],
)
def test_what_is_no_comment_is_refused(db, key, place, text):
    with pytest.raises(StorageError):
        db.comments.add(key, place, text, "ann")
    assert db.comments.open_counts() == {}


def test_a_damaged_project_keeps_its_comments(tmp_path: Path, db):
    db.save_edit("a.jpg", Page(), "Nothing", "edit")
    for number in range(50):
        db.comments.add("a.jpg", (number, 0), f"comment {number}", "ann")
    path = db.path
    db.close()
    content = path.read_bytes()
    path.write_bytes(content[:-3000] + bytes(3000))  # the end of the file is gone
    again = ProjectDb.open(tmp_path)
    assert "damaged" in (again.notice or "")
    assert len(again.comments.of("a.jpg")) > 0
    again.close()


def test_the_survey_reads_all_pages_in_portions(db):
    for number in range(7):
        db.save_edit(f"{number}.jpg", Page((), "approved"), "Mark", "edit")
    first = db.survey.pages(limit=5)
    assert [key for key, _ in first.pages] == [f"{number}.jpg" for number in range(5)]
    assert first.last_id is not None
    rest = db.survey.pages(first.last_id, limit=5)
    assert [key for key, _ in rest.pages] == ["5.jpg", "6.jpg"]
    assert rest.last_id is None
    times = db.survey.edit_times()
    assert [key for _, key in times] == [f"{number}.jpg" for number in range(7)]
    assert times == sorted(times)
