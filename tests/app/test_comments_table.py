"""Comments in the project file: they stay, they are settled, a damaged file does not lose them."""

import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from app.document.session import Session
from app.domain.comment import Comment, new_comment
from app.domain.comment_edits import ChangeComment, DeleteComment, MoveComment, PinComment, ResolveComment
from app.domain.edits import EditRefused
from app.domain.page import Page
from app.domain.region import new_region
from app.storage.journal import apply_change, decode_page, encode_change, encode_page, json_of
from app.storage.opening import doubt
from app.storage.project_db import ProjectDb


@pytest.fixture
def db(tmp_path: Path):
    db = ProjectDb.open(tmp_path)
    yield db
    db.close()


def pinned(db: ProjectDb, key: str, *comments: Comment) -> Page:
    """The page with these comments, as it is saved by an edit of each."""
    page = db.load_page(key)
    for comment in comments:
        page = PinComment(comment).apply(page)
        db.save_edit(key, page, "Add comment", "edit")
    return page


def test_comments_outlive_the_program(tmp_path: Path, db):
    first = new_comment((10.5, 20.25), "  cut\n here ", "ann")
    pinned(db, "a.jpg", first)
    pinned(db, "b.jpg", new_comment((0, 0), "出口?", "ann"))
    db.close()
    again = ProjectDb.open(tmp_path)
    assert again.comments.of("a.jpg") == [first]
    assert again.load_page("a.jpg") == Page(comments=(first,))
    assert (first.x, first.y, first.text, first.author) == (10.5, 20.25, "cut here", "ann")
    assert [comment.text for comment in again.comments.of("b.jpg")] == ["出口?"]
    again.close()


def test_only_open_comments_are_counted(db):
    first = new_comment((1, 1), "one", "ann")
    page = pinned(db, "a.jpg", first, new_comment((2, 2), "two", "ann"))
    pinned(db, "b.jpg", new_comment((2, 2), "three", "ann"))
    assert db.comments.open_counts() == {"a.jpg": 2, "b.jpg": 1}
    page = ResolveComment(first.id, resolved=True).apply(page)
    db.save_edit("a.jpg", page, "Resolve comment", "edit")
    assert db.comments.open_counts() == {"a.jpg": 1, "b.jpg": 1}
    assert [comment.resolved for comment in db.comments.of("a.jpg")] == [True, False]
    db.save_edit("a.jpg", ResolveComment(first.id, resolved=False).apply(page), "Open comment again", "edit")
    assert db.comments.open_counts()["a.jpg"] == 2


def test_comments_are_changed_moved_and_deleted_by_edits():
    first, second = new_comment((1, 1), "one", "ann"), new_comment((2, 2), "two", "ann")
    page = PinComment(second).apply(PinComment(first).apply(Page(review="approved")))
    assert page.comments == (first, second)
    assert page.review == "approved"  # a comment is no correction
    changed = ChangeComment(first.id, " uno\n dos ").apply(page)
    assert changed.comments == (replace(first, text="uno dos"), second)
    assert MoveComment(second.id, 5, 6).apply(page).comments == (first, replace(second, x=5.0, y=6.0))
    assert DeleteComment(first.id).apply(page).comments == (second,)
    refused = (
        PinComment(first),
        ChangeComment(first.id, " \n"),
        ChangeComment(7, "x"),
        MoveComment(first.id, float("nan"), 1),
        DeleteComment(7),
        ResolveComment(7, resolved=True),
    )
    for edit in refused:
        with pytest.raises(EditRefused):
            edit.apply(page)


@pytest.mark.parametrize(("place", "text"), [((1, 1), " \n"), ((float("nan"), 1), "x")])
def test_what_is_no_comment_is_refused(place, text):
    with pytest.raises(ValueError, match="words and a place"):
        new_comment(place, text, "ann")


def test_the_journal_brings_comments_back_and_leaves_them_where_it_did_not_keep_them(db):
    comment = new_comment((1, 1), "one", "ann")
    before = Page()
    after = PinComment(comment).apply(before)
    for page in (before, after):
        assert decode_page(encode_page(page)) == page
    assert apply_change(before, encode_change(before, after)) == after
    assert apply_change(after, encode_change(after, before)) == before
    region = new_region(((0, 0), (9, 0), (9, 9)))
    with_region = replace(after, regions=(region,))
    assert "comments" not in encode_change(after, with_region)
    assert apply_change(after, encode_change(after, with_region)) == with_region
    old = '{"review":"edited","regions":[]}'
    assert decode_page(old).comments is None
    assert apply_change(decode_page(old), encode_change(Page(), Page((region,)))).comments is None
    for broken in (
        '{"comments":3}',
        '{"comments":[{"id":1}]}',
        json_of(encode_page(after)).replace('"one"', "1"),
    ):
        with pytest.raises(ValueError, match="comment"):
            decode_page(broken.replace('{"comments"', '{"review":"edited","regions":[],"comments"'))


def test_undo_of_a_step_of_an_older_version_leaves_the_comments(tmp_path: Path, qapp, db):
    region = new_region(((0, 0), (9, 0), (9, 9)))
    comment = new_comment((1, 1), "one", "ann")
    db.save_edit("a.jpg", Page((region,), "edited"), "Add region", "edit")
    pinned(db, "a.jpg", comment)
    path = db.path
    db.close()
    with closing(sqlite3.connect(path)) as connection, connection:  # as an older version had written it
        body = json_of(connection.execute("SELECT body FROM edits WHERE revision = 1").fetchone()[0])
        old = body.replace(',"comments":[]', "")
        assert old != body
        connection.execute("UPDATE edits SET body = ?, seal = NULL WHERE revision = 1", (old,))
        connection.execute("DELETE FROM edits WHERE revision = 2")
        connection.execute("UPDATE pages SET revision = 1, seal = NULL")
    again = ProjectDb.open(tmp_path)
    session = Session(again)
    session.open_page("a.jpg")
    assert session.page.comments == (comment,)
    session.undo()
    assert session.page == Page((), "unseen", (comment,))
    session.redo()
    assert session.page == Page((region,), "edited", (comment,))
    again.close()


def test_a_damaged_project_keeps_its_comments(tmp_path: Path, db):
    db.save_edit("a.jpg", Page(), "Nothing", "edit")
    comments = [Comment(1000 + at, float(at), 0.0, f"comment {at}", "ann", float(at)) for at in range(50)]
    db.save_edit("a.jpg", Page(comments=tuple(comments)), "Add comment", "edit")
    path = db.path
    db.close()
    doubt(path).touch()  # as a window leaves it that meets damage
    content = path.read_bytes()
    path.write_bytes(content[:-9000] + bytes(9000))  # the end of the file is gone
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
