"""The session: edits, undo and saving, together with a real project file."""

import itertools
import sqlite3

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.document.session import Session
from app.domain.edits import (
    AddRegions,
    DeleteRegions,
    DeleteVertices,
    EditRefused,
    InsertVertex,
    MoveRegions,
    MoveVertex,
    ReplaceRegions,
    SetIgnore,
    SetReview,
    SetText,
)
from app.domain.page import Page
from app.domain.region import new_region
from app.storage.errors import StorageError
from app.storage.project_db import ProjectDb

SQUARE = np.array(((0.0, 0.0), (10.0, 0.0), (10.0, 10.0), (0.0, 10.0)))


@pytest.fixture
def db(tmp_path):
    db = ProjectDb.open(tmp_path)
    yield db
    db.close()


@pytest.fixture
def session(db, qapp):
    session = Session(db)
    session.open_page("a.jpg")
    return session


def on_disk(session, key="a.jpg"):
    """The page as another reader sees it."""
    other = ProjectDb.open(session._db.folder)
    page = other.load_page(key)
    other.close()
    return page


def test_before_a_page_is_open_there_is_nothing_to_undo(db, qapp):
    session = Session(db)
    assert (session.key, session.page, session.undo_stack.count()) == (None, Page(), 0)
    with pytest.raises(RuntimeError, match="no page"):
        session.apply(SetReview("approved"))


def test_an_edit_is_on_disk_when_apply_returns(session):
    region = new_region(SQUARE)
    session.apply(AddRegions([region]))
    assert session.page == Page((region,), "edited")
    assert on_disk(session) == session.page
    assert not session.dirty


def test_undo_and_redo_are_on_disk_too(session):
    session.apply(AddRegions([new_region(SQUARE)]))
    after = session.page
    session.undo()
    assert session.page == on_disk(session) == Page()
    session.redo()
    assert session.page == on_disk(session) == after
    assert [row.kind for row in session._db.journal("a.jpg")] == ["edit", "undo", "redo"]


def test_the_undo_menu_shows_the_label_of_the_edit(session):
    session.apply(AddRegions([new_region(SQUARE)]))
    assert session.undo_stack.undoText() == "Add region"


def test_the_undo_group_follows_the_open_page(session):
    session.apply(AddRegions([new_region(SQUARE)]))
    assert session.undo_group.canUndo()
    session.open_page("b.jpg")
    assert not session.undo_group.canUndo()
    session.open_page("a.jpg")
    session.undo_group.undo()
    assert session.page == Page()


def test_every_page_keeps_its_own_steps(session):
    session.apply(AddRegions([new_region(SQUARE)]))
    session.open_page("b.jpg")
    session.apply(SetReview("approved"))
    session.open_page("a.jpg")
    session.undo()
    assert session.page == Page()
    assert on_disk(session, "b.jpg") == Page((), "approved")


def test_one_drag_is_one_undo(session):
    region = new_region(SQUARE)
    session.apply(AddRegions([region]))
    start = session.page
    for _ in range(5):
        session.apply(MoveRegions([region.id], 1, 2, merge_key="press 1"))
    session.apply(MoveRegions([region.id], 1, 2, merge_key="press 2"))
    assert session.undo_stack.count() == 3
    assert session.page.regions[0].polygon[0].tolist() == [6, 12]
    session.undo()
    assert session.page.regions[0].polygon[0].tolist() == [5, 10]
    session.undo()
    assert session.page == start
    session.redo()
    assert session.page.regions[0].polygon[0].tolist() == [5, 10]
    assert on_disk(session) == session.page


def test_edits_without_a_merge_key_never_merge(session):
    for review in ("approved", "rejected"):
        session.apply(SetReview(review))
    assert session.undo_stack.count() == 2


def test_an_edit_that_changes_nothing_leaves_no_trace(session):
    session.apply(SetReview("unseen"))
    assert session.undo_stack.count() == 0
    assert session._db.journal("a.jpg") == []


def test_a_refused_edit_leaves_page_and_stack(session):
    session.apply(AddRegions([new_region(SQUARE[:3])]))
    page = session.page
    with pytest.raises(EditRefused, match="three vertices"):
        session.apply(DeleteVertices(page.regions[0].id, [0]))
    assert session.page is page
    assert session.undo_stack.count() == 1


def test_signals_name_the_page(session):
    seen = []
    session.page_opened.connect(lambda key: seen.append(("opened", key)))
    session.page_changed.connect(lambda key: seen.append(("changed", key)))
    session.open_page("b.jpg")
    session.apply(SetReview("approved"))
    session.undo()
    session.apply_to("c.jpg", SetReview("rejected"))
    assert seen == [("opened", "b.jpg"), ("changed", "b.jpg"), ("changed", "b.jpg"), ("changed", "c.jpg")]


def test_an_edit_of_a_page_that_is_not_open_is_saved_and_can_be_undone_later(session):
    session.apply_to("b.jpg", AddRegions([new_region(SQUARE)]))
    assert len(on_disk(session, "b.jpg").regions) == 1
    assert session.page == Page()
    session.open_page("b.jpg")
    session.undo()
    assert session.page == on_disk(session, "b.jpg") == Page()


def test_undo_has_no_limit(session):
    region = new_region(SQUARE)
    session.apply(AddRegions([region]))
    for number in range(300):
        session.apply(SetText(region.id, str(number)))
    for _ in range(301):
        session.undo()
    assert session.page == Page()


def test_looking_at_pages_keeps_nothing_of_them(session):
    for number in range(50):
        session.open_page(f"{number}.jpg")
    assert len(session.undo_group.stacks()) == 2  # the open page and the stand-in
    assert len(session._pages) == 1


def test_a_page_that_cannot_be_read_leaves_the_open_one(session):
    with pytest.raises(StorageError, match="not a path inside"):
        session.open_page("../b.jpg")
    assert session.key == "a.jpg"
    session.apply(SetReview("approved"))
    assert on_disk(session) == Page((), "approved")


class TestWhenSavingFails:
    """A second connection that holds the write lock stands for every reason why saving fails."""

    @pytest.fixture
    def db(self, tmp_path):
        db = ProjectDb.open(tmp_path, busy_timeout_ms=10)
        yield db
        db.close()

    @pytest.fixture
    def blocker(self, session):
        session.apply(SetReview("detected"))
        connection = sqlite3.connect(session._db.path, isolation_level=None)
        connection.execute("BEGIN IMMEDIATE")
        yield connection
        connection.close()

    @pytest.fixture
    def failures(self, session):
        failures = []
        session.save_failed.connect(failures.append)
        return failures

    def test_the_edit_stays_in_memory_and_the_failure_is_told(self, session, blocker, failures):
        session.apply(SetReview("approved"))
        assert session.page.review == "approved"
        assert session.dirty
        assert "another program is writing" in str(failures[0])
        assert on_disk(session).review == "detected"

    def test_retrying_writes_what_waits(self, session, blocker, failures):
        recovered = []
        session.save_recovered.connect(lambda: recovered.append(True))
        session.apply(SetReview("approved"))
        assert not session.retry_save()
        assert len(failures) == 2
        blocker.execute("ROLLBACK")
        assert session.retry_save()
        assert not session.dirty
        assert recovered == [True]
        assert on_disk(session).review == "approved"

    def test_the_next_edit_writes_what_waits_first_and_in_order(self, session, blocker, failures):
        session.apply(SetReview("approved"))
        session.undo()
        session.open_page("b.jpg")
        session.apply(SetReview("rejected"))
        blocker.execute("ROLLBACK")
        session.open_page("a.jpg")
        session.apply(SetReview("edited"))
        assert not session.dirty
        assert [row.kind for row in session._db.journal("a.jpg")] == ["edit", "edit", "undo", "edit"]
        assert on_disk(session, "b.jpg").review == "rejected"
        assert on_disk(session).review == "edited"

    def test_a_page_with_unsaved_edits_is_still_there_when_it_is_opened_again(
        self, session, blocker, failures
    ):
        session.apply(SetReview("approved"))
        session.open_page("b.jpg")
        session.open_page("a.jpg")
        assert session.page.review == "approved"


def test_saving_with_nothing_to_save_is_fine(session):
    assert session.retry_save()


COORDINATES = st.floats(-100, 5000, allow_nan=False)
CHOICE = st.integers(0, 10**6)
NUMBERS = itertools.count()


def edit_of(page, choice, x, y, kind):
    """An edit of the given kind that may or may not fit the page."""
    names = [region.id for region in page.regions] or ["nobody"]
    name, index = names[choice % len(names)], choice % 5
    edits = (
        AddRegions([new_region(SQUARE + np.array((x, y)))]),
        DeleteRegions([name]),
        MoveRegions([name], x, y),
        MoveRegions([name], x, y, merge_key=f"press {choice % 2}"),
        MoveVertex(name, index, x, y),
        InsertVertex(name, index, x, y),
        DeleteVertices(name, [index]),
        SetText(name, str(choice)),
        SetIgnore([name], bool(choice % 2)),
        SetReview(("unseen", "detected", "edited", "approved", "rejected")[choice % 5]),
        ReplaceRegions(page.regions[choice % 3 :]),
    )
    return edits[kind % len(edits)]


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(CHOICE, COORDINATES, COORDINATES, st.integers(0, 10)), max_size=25))
def test_undoing_everything_gives_the_first_page_and_redoing_everything_the_last(session, steps):
    key = f"{next(NUMBERS)}.jpg"  # a page of its own for every example
    session.open_page(key)
    first = session.page
    for choice, x, y, kind in steps:
        before = session.page
        try:
            session.apply(edit_of(before, choice, x, y, kind))
        except EditRefused:
            assert session.page is before
    last = session.page
    assert session._db.load_page(key) == last
    while session.undo_stack.canUndo():
        session.undo()
    assert session.page == first
    assert session._db.load_page(key) == first
    while session.undo_stack.canRedo():
        session.redo()
    assert session.page == last
    history = session._db.history(key)
    assert not history or history[max(history)] == last
    assert len(history) == len(session._db.journal(key))
