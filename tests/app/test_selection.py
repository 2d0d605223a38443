"""The selection."""

import pytest

from app.document.selection import Selection


@pytest.fixture
def selection(qapp):
    return Selection()


@pytest.fixture
def changes(selection):
    seen = []
    selection.changed.connect(lambda: seen.append((set(selection.ids), set(selection.vertices))))
    return seen


def test_nothing_is_selected_at_first(selection):
    assert (selection.ids, selection.vertices) == (frozenset(), frozenset())


def test_selecting_tells_once(selection, changes):
    selection.set(["a", "b"])
    selection.set({"b", "a"})
    assert changes == [({"a", "b"}, set())]


def test_vertices_belong_to_the_only_selected_region(selection):
    selection.set(["a"], [0, 2])
    assert selection.vertices == {0, 2}
    selection.set(["a", "b"], [0, 2])
    assert selection.vertices == frozenset()


def test_choosing_other_vertices_is_a_change(selection, changes):
    selection.set(["a"], [0])
    selection.set(["a"], [1])
    assert changes[-1] == ({"a"}, {1})
    assert len(changes) == 2


def test_toggling_adds_and_takes_out(selection):
    selection.toggle("a")
    selection.toggle("b")
    assert selection.ids == {"a", "b"}
    selection.toggle("a")
    assert selection.ids == {"b"}


def test_clearing_forgets_everything(selection, changes):
    selection.set(["a"], [1])
    selection.clear()
    selection.clear()
    assert changes == [({"a"}, {1}), (set(), set())]


def test_regions_that_are_gone_are_forgotten(selection, changes):
    selection.set(["a", "b"])
    selection.keep_only(["b", "c"])
    assert selection.ids == {"b"}
    selection.keep_only(["b"])
    assert len(changes) == 2


def test_vertices_stay_while_their_region_does(selection):
    selection.set(["a"], [1])
    selection.keep_only(["a", "b"])
    assert selection.vertices == {1}
