"""Undo and redo go on where they were left, over any number of restarts, and read no more than they need."""

import sqlite3
import time

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.document.session import Session
from app.domain.edits import AddRegions, MoveRegions, SetReview, SetText
from app.domain.page import Page
from app.domain.region import new_region
from app.storage.errors import StorageError
from app.storage.history import StepHead, UndoState, UndoStep, finished_steps, undo_state
from app.storage.journal import json_of
from app.storage.project_db import ProjectDb

SQUARE = np.array(((0.0, 0.0), (10.0, 0.0), (10.0, 10.0), (0.0, 10.0)))


class Runs:
    """The same folder opened again and again, as by one start of the program after the other."""

    def __init__(self, folder) -> None:
        self.folder = folder
        self.db = self.session = None
        self.again()

    def again(self, key="a.jpg") -> Session:
        if self.db is not None:
            self.db.close()
        self.db = ProjectDb.open(self.folder)
        self.session = Session(self.db)
        self.session.open_page(key)
        return self.session


@pytest.fixture
def runs(tmp_path, qapp):
    runs = Runs(tmp_path)
    yield runs
    runs.db.close()


def texts(session):
    return [region.text for region in session.page.regions]


def labelled(session, *words):
    region = new_region(SQUARE)
    session.apply(AddRegions([region]))
    for word in words:
        session.apply(SetText(region.id, word))
    return region


def test_steps_of_an_earlier_run_are_undone_and_done_again(runs):
    region = labelled(runs.session, "one", "two")
    last = runs.session.page
    session = runs.again()
    assert session.undo_stack.undoText() == SetText(region.id, "two").label
    session.undo()
    assert texts(session) == ["one"]
    session.undo()
    session.undo()
    assert session.page == Page() == ProjectDb.open(runs.folder).load_page("a.jpg")
    for _ in range(3):
        session.redo()
    assert session.page == last
    assert not session.undo_stack.canRedo()


def test_what_was_taken_back_before_the_restart_can_be_done_again_after_it(runs):
    labelled(runs.session, "one", "two")
    runs.session.undo()
    runs.session.undo()
    session = runs.again()
    assert session.undo_stack.canRedo()
    assert texts(session) == [""]
    session.redo()
    session = runs.again()
    session.redo()
    assert texts(session) == ["two"]


def test_a_new_edit_after_the_restart_drops_what_could_be_done_again(runs):
    region = labelled(runs.session, "one", "two")
    runs.session.undo()
    session = runs.again()
    session.apply(SetText(region.id, "three"))
    assert not session.undo_stack.canRedo()
    session = runs.again()
    session.undo()
    assert texts(session) == ["one"]
    session.redo()
    assert texts(session) == ["three"]


def test_a_drag_is_one_step_after_the_restart_too(runs):
    region = labelled(runs.session)
    for _ in range(5):
        runs.session.apply(MoveRegions([region.id], 1, 2, merge_key="press 1"))
    for _ in range(3):
        runs.session.apply(MoveRegions([region.id], 1, 2, merge_key="press 2"))
    session = runs.again()
    assert session.undo_stack.count() == 3
    session.undo()
    assert session.page.regions[0].polygon[0].tolist() == [5, 10]
    session.redo()
    assert session.page.regions[0].polygon[0].tolist() == [8, 16]


def test_the_same_merge_key_in_another_run_is_another_step(runs):
    region = labelled(runs.session)
    runs.session.apply(MoveRegions([region.id], 1, 2, merge_key="press 1"))
    runs.again().apply(MoveRegions([region.id], 1, 2, merge_key="press 1"))
    session = runs.again()
    assert session.undo_stack.count() == 3
    session.undo()
    assert session.page.regions[0].polygon[0].tolist() == [1, 2]


def test_each_page_has_its_own_steps_and_pages_that_are_left_cost_nothing(runs):
    session = runs.session
    labelled(session, "one")
    session.open_page("b.jpg")
    session.apply(SetReview("approved"))
    assert len(session.undo_group.stacks()) == 2
    session.open_page("a.jpg")
    session.undo()
    assert texts(session) == [""]
    session.open_page("b.jpg")
    session.undo()
    assert session.page == Page()


def test_an_earlier_state_that_is_lost_is_told_and_left_out(runs, unchecked):
    labelled(runs.session, "one", "two", "three")
    runs.db.close()
    file = sqlite3.connect(runs.db.path)
    with file:
        file.execute("UPDATE edits SET body = '!' WHERE revision = 3")
    file.close()
    session = runs.again()
    lost = []
    session.state_lost.connect(lost.append)
    session.undo()
    assert texts(session) == ["three"]
    assert "damaged" in str(lost[0])
    assert runs.db.load_page("a.jpg") == session.page


def test_a_long_history_is_there_whole_and_is_not_read_whole(runs):
    region = labelled(runs.session)
    now = time.time()
    runs.db.close()
    file = sqlite3.connect(runs.db.path)
    page = json_of(file.execute("SELECT body FROM edits").fetchone()[0])
    with file:
        file.execute("DELETE FROM edits")
        file.executemany(
            "INSERT INTO edits (key, revision, kind, label, at, whole, body) "
            "VALUES ('a.jpg', ?, 'edit', 'Step', ?, ?, ?)",
            ((n, now, n % 32 == 1, page.replace('"text":""', f'"text":"{n}"')) for n in range(1, 10_001)),
        )
        file.execute("UPDATE pages SET revision = 10000, seal = NULL")
    file.close()
    session = runs.again()
    read = []
    session._db._connection.set_trace_callback(read.append)
    assert session.undo_stack.count() == 10_000
    session.undo()
    assert texts(session) == ["9999"]
    assert session.page.regions[0].id == region.id
    states = [one for one in read if "body" in one and one.startswith("SELECT")]
    assert len(states) == 1
    assert "revision >= 9985" in states[0]
    session._db._connection.set_trace_callback(None)


def heads(*kinds):
    return [StepHead(number, kind, f"{kind} {number}", 0.0) for number, kind in enumerate(kinds, 1)]


def test_a_repaired_page_starts_anew():
    assert undo_state(heads("edit", "edit", "repair", "edit")) == UndoState((UndoStep(3, 4, "edit 4"),), 1)


@pytest.mark.parametrize("kinds", [("undo",), ("redo",), ("edit", "undo", "undo"), ("edit", "redo")])
def test_a_journal_that_does_not_fit_together_leaves_nothing_to_undo(kinds):
    assert undo_state(heads(*kinds)) == UndoState()


def test_the_history_shows_a_drag_as_one_step():
    found = finished_steps(heads("edit", "edit", "merged", "merged", "undo", "merged"))
    assert [(one.revision, one.kind, one.label) for one in found] == [
        (1, "edit", "edit 1"),
        (4, "edit", "edit 2"),
        (5, "undo", "undo 5"),
        (6, "merged", "merged 6"),
    ]


def test_every_earlier_state_can_be_read(runs):
    region = labelled(runs.session)
    for number in range(70):
        runs.session.apply(SetText(region.id, str(number)))
    edits = runs.db.edits
    assert edits.page_at("a.jpg", 0) == Page()
    assert [edits.page_at("a.jpg", n).regions[0].text for n in (2, 33, 34, 65, 71)] == [
        "0", "31", "32", "63", "69",
    ]  # fmt: skip
    with pytest.raises(StorageError, match="cannot be made again"):
        edits.page_at("a.jpg", 72)


STEPS = st.lists(
    st.sampled_from(["text", "drag", "other drag", "undo", "redo", "restart", "leave"]), max_size=40
)


def work(session, region_id, step, number, press):
    match step:
        case "text" if session.page.regions:
            session.apply(SetText(region_id, str(number)))
        case "drag" | "other drag" if session.page.regions:
            session.apply(MoveRegions([region_id], 1, 1, merge_key=f"{step} {press}"))
        case "undo":
            session.undo()
        case "redo":
            session.redo()


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(STEPS, st.integers(0, 10**9))
def test_restarts_and_other_pages_change_nothing_about_undo(runs, steps, seed):
    """One page is worked on with restarts, its twin without: they stay the same, as do their stacks."""
    region = new_region(SQUARE)
    keys = f"{seed}-{time.perf_counter_ns()}.jpg", f"twin {seed}-{time.perf_counter_ns()}.jpg"
    runs.again(keys[0]).apply(AddRegions([region]))
    twin_db = ProjectDb.open(runs.folder)
    twin = Session(twin_db)
    twin.open_page(keys[1])
    twin.apply(AddRegions([region]))
    press = 0
    for number, step in enumerate(steps):
        press += step not in ("drag", "other drag")  # a drag does not go on after a restart
        for session in (runs.session, twin):
            work(session, region.id, step, number, press)
        if step == "restart":
            runs.again(keys[0])
        if step == "leave":
            runs.session.open_page("elsewhere.jpg")
            runs.session.open_page(keys[0])
        assert runs.session.page == twin.page
        assert runs.session.undo_stack.canRedo() == twin.undo_stack.canRedo()
    while runs.session.undo_stack.canUndo():
        runs.session.undo()
    assert runs.session.page == Page()
    twin_db.close()
