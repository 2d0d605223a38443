"""Edits: values that turn a page into another page, or refuse."""

import numpy as np
import pytest

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

SQUARE = ((0.0, 0.0), (10.0, 0.0), (10.0, 10.0), (0.0, 10.0))


@pytest.fixture
def page():
    return Page(
        (new_region(SQUARE, text="one"), new_region(np.array(SQUARE) + 20, origin="model", score=0.9))
    )


def ids(page):
    return [region.id for region in page.regions]


def test_added_regions_come_last(page):
    added = new_region(SQUARE)
    assert ids(AddRegions([added]).apply(page)) == [*ids(page), added.id]


def test_a_region_is_not_added_twice(page):
    with pytest.raises(EditRefused, match="already"):
        AddRegions([page.regions[0]]).apply(page)


def test_deleting_takes_only_the_named_regions(page):
    assert DeleteRegions({ids(page)[0]}).apply(page).regions == page.regions[1:]


def test_moving_shifts_every_vertex_of_the_named_regions_and_no_other(page):
    moved = MoveRegions([ids(page)[0]], 1.5, -2.0).apply(page)
    assert moved.regions[0].polygon.tolist() == [[1.5, -2.0], [11.5, -2.0], [11.5, 8.0], [1.5, 8.0]]
    assert moved.regions[1] is page.regions[1]


def test_moving_a_vertex_puts_it_there_and_leaves_the_old_page(page):
    moved = MoveVertex(ids(page)[0], 2, 12.25, 13.5).apply(page)
    assert moved.regions[0].polygon.tolist() == [[0, 0], [10, 0], [12.25, 13.5], [0, 10]]
    assert page.regions[0].polygon.tolist() == [list(point) for point in SQUARE]


def test_an_inserted_vertex_gets_the_index_it_asked_for(page):
    inserted = InsertVertex(ids(page)[0], 1, 5, -1).apply(page)
    assert inserted.regions[0].polygon.tolist() == [[0, 0], [5, -1], [10, 0], [10, 10], [0, 10]]


def test_a_vertex_can_be_inserted_behind_the_last(page):
    assert InsertVertex(ids(page)[0], 4, -1, 5).apply(page).regions[0].polygon[4].tolist() == [-1, 5]


def test_deleting_a_vertex_leaves_the_others_in_order(page):
    assert DeleteVertices(ids(page)[0], [1]).apply(page).regions[0].polygon.tolist() == [
        [0, 0],
        [10, 10],
        [0, 10],
    ]


@pytest.mark.parametrize("indices", [(0, 1), (0, 1, 2, 3)])
def test_a_region_keeps_three_vertices(page, indices):
    with pytest.raises(EditRefused, match="at least three vertices"):
        DeleteVertices(ids(page)[0], indices).apply(page)


def test_the_same_vertex_named_twice_is_deleted_once(page):
    assert len(DeleteVertices(ids(page)[0], [1, 1]).apply(page).regions[0].polygon) == 3


@pytest.mark.parametrize(
    "edit",
    [
        DeleteRegions(["gone"]),
        MoveRegions(["gone"], 1, 1),
        MoveVertex("gone", 0, 1, 1),
        InsertVertex("gone", 0, 1, 1),
        DeleteVertices("gone", [0]),
        SetText("gone", "x"),
        SetIgnore(["gone"], True),
    ],
)
def test_a_region_that_is_gone_refuses_the_edit_in_words(page, edit):
    with pytest.raises(EditRefused, match="not on this page"):
        edit.apply(page)


@pytest.mark.parametrize("index", [-1, 4])
def test_a_vertex_that_is_not_there_refuses_the_edit(page, index):
    for edit in (MoveVertex(ids(page)[0], index, 0, 0), DeleteVertices(ids(page)[0], [index])):
        with pytest.raises(EditRefused, match="4 vertices"):
            edit.apply(page)


@pytest.mark.parametrize("index", [-1, 5])
def test_a_vertex_cannot_be_inserted_outside(page, index):
    with pytest.raises(EditRefused, match="inserted"):
        InsertVertex(ids(page)[0], index, 0, 0).apply(page)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_place_that_is_no_number_refuses_the_edit(page, value):
    name = ids(page)[0]
    for edit in (
        MoveVertex(name, 0, value, 0),
        MoveRegions([name], 0, value),
        InsertVertex(name, 0, value, 0),
    ):
        with pytest.raises(EditRefused, match="finite"):
            edit.apply(page)


def test_a_models_region_changed_in_shape_is_from_both_and_keeps_its_score(page):
    name = ids(page)[1]
    for edit in (
        MoveRegions([name], 1, 0),
        MoveVertex(name, 0, 1, 1),
        InsertVertex(name, 1, 25, 19),
        DeleteVertices(name, [0]),
    ):
        changed = edit.apply(page).region(name)
        assert (changed.origin, changed.score) == ("both", 0.9)


def test_text_and_ignore_leave_the_origin(page):
    name = ids(page)[1]
    assert SetText(name, "word").apply(page).region(name).origin == "model"
    assert SetIgnore([name], True).apply(page).region(name).origin == "model"


def test_text_is_set_with_its_line_breaks_as_blanks(page):
    assert SetText(ids(page)[0], "two\r\nlines\u2028three").apply(page).regions[0].text == "two lines three"


def test_typing_the_mark_of_ignored_regions_ignores_and_keeps_the_text(page):
    marked = SetText(ids(page)[0], " ### ").apply(page).regions[0]
    assert (marked.ignore, marked.text) == (True, "one")


def test_ignore_is_set_and_taken_back(page):
    ignored = SetIgnore(ids(page), True).apply(page)
    assert [region.ignore for region in ignored.regions] == [True, True]
    assert SetIgnore(ids(page), False).apply(ignored).regions == page.regions


def test_all_regions_are_replaced(page):
    other = new_region(SQUARE)
    assert ReplaceRegions([other]).apply(page).regions == (other,)


def test_regions_replaced_by_one_twice_are_refused(page):
    other = new_region(SQUARE)
    with pytest.raises(EditRefused, match="already"):
        ReplaceRegions([other, other]).apply(page)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("unseen", "edited"),
        ("detected", "edited"),
        ("edited", "edited"),
        ("approved", "approved"),
        ("rejected", "rejected"),
    ],
)
def test_changing_regions_marks_the_page_as_edited_unless_a_verdict_was_given(page, before, after):
    judged = SetReview(before).apply(page)
    assert SetText(ids(page)[0], "new").apply(judged).review == after


def test_a_review_leaves_the_regions(page):
    assert SetReview("approved").apply(page) == Page(page.regions, "approved")


def test_an_edit_that_changes_nothing_gives_an_equal_page(page):
    name = ids(page)[0]
    for edit in (
        SetText(name, "one"),
        SetIgnore([name], False),
        MoveRegions([name], 0, 0),
        MoveVertex(name, 0, 0, 0),
        ReplaceRegions(page.regions),
        SetReview("unseen"),
        AddRegions([]),
    ):
        assert edit.apply(page) == page


def test_labels_for_the_undo_menu_count_what_is_changed():
    assert MoveRegions(["a"], 1, 1).label == "Move region"
    assert DeleteRegions(["a", "b", "c"]).label == "Delete 3 regions"
    assert DeleteVertices("a", [1, 2]).label == "Delete 2 vertices"
    assert SetIgnore(["a"], True).label == "Ignore region"
