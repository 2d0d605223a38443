"""The region table: what it shows, what it asks for, and rows that keep their place."""

from dataclasses import replace

import pytest
from PySide6.QtCore import QPersistentModelIndex, Qt
from PySide6.QtTest import QAbstractItemModelTester

from app.domain.edits import SetIgnore, SetText
from app.domain.page import Page
from app.domain.region import new_region
from app.qtmodels.regions import IGNORE, ORIGIN, POINTS, SCORE, TEXT, IdRole, RegionTableModel

SQUARE = ((0, 0), (10, 0), (10, 10), (0, 10))


@pytest.fixture
def model(qtbot):
    model = RegionTableModel()
    model.tester = QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Warning)
    return model


def regions(*texts: str):
    return tuple(new_region(SQUARE, text=text) for text in texts)


def shown(model) -> list[str]:
    return [model.index(row, TEXT).data() for row in range(model.rowCount())]


def test_a_row_shows_its_region(model):
    region = new_region(((0, 0), (9, 0), (12, 5), (9, 9), (0, 9)), text="CAFÉ", origin="both", score=0.876)
    model.show_page(Page((region,)))
    row = [model.index(0, column).data() for column in (TEXT, POINTS, ORIGIN, SCORE)]
    assert row == ["CAFÉ", "5", "corrected", "0.88"]
    assert model.index(0, TEXT).data(IdRole) == region.id
    assert model.index(0, IGNORE).data(Qt.ItemDataRole.CheckStateRole) == Qt.CheckState.Unchecked
    assert model.headerData(TEXT, Qt.Orientation.Horizontal) == "Text"
    assert model.headerData(0, Qt.Orientation.Vertical) == 1


def test_a_region_drawn_by_a_person_has_no_score(model):
    model.show_page(Page(regions("a")))
    assert model.index(0, SCORE).data() == ""
    assert model.index(0, ORIGIN).data() == "drawn"


def test_typing_asks_for_an_edit_and_changes_nothing_itself(qtbot, model):
    page = Page(regions("old"))
    model.show_page(page)
    with qtbot.waitSignal(model.edit_requested) as asked:
        assert model.setData(model.index(0, TEXT), "new")
    assert asked.args == [SetText(page.regions[0].id, "new")]
    assert shown(model) == ["old"]
    model.show_page(asked.args[0].apply(page))
    assert shown(model) == ["new"]


def test_the_same_text_asks_for_nothing(qtbot, model):
    model.show_page(Page(regions("old")))
    with qtbot.assertNotEmitted(model.edit_requested):
        assert not model.setData(model.index(0, TEXT), "old")


@pytest.mark.parametrize("value", [Qt.CheckState.Checked, 2])
def test_the_check_box_asks_to_ignore_and_back(qtbot, model, value):
    page = Page(regions("a"))
    model.show_page(page)
    with qtbot.waitSignal(model.edit_requested) as asked:
        assert model.setData(model.index(0, IGNORE), value, Qt.ItemDataRole.CheckStateRole)
    assert asked.args == [SetIgnore((page.regions[0].id,), True)]
    model.show_page(asked.args[0].apply(page))
    assert model.index(0, IGNORE).data(Qt.ItemDataRole.CheckStateRole) == Qt.CheckState.Checked
    with qtbot.waitSignal(model.edit_requested) as asked:
        model.setData(model.index(0, IGNORE), Qt.CheckState.Unchecked, Qt.ItemDataRole.CheckStateRole)
    assert asked.args[0].ignore is False


def test_only_the_text_can_be_typed_and_only_ignore_checked(model):
    model.show_page(Page(regions("a")))
    editable = [bool(model.index(0, c).flags() & Qt.ItemFlag.ItemIsEditable) for c in range(5)]
    checkable = [bool(model.index(0, c).flags() & Qt.ItemFlag.ItemIsUserCheckable) for c in range(5)]
    assert editable == [True, False, False, False, False]
    assert checkable == [False, True, False, False, False]
    assert not model.setData(model.index(0, POINTS), "7")


def test_rows_that_stay_keep_their_place_when_others_come_and_go(qtbot, model):
    a, b, c, d = regions("a", "b", "c", "d")
    events = []
    model.rowsInserted.connect(lambda parent, first, last: events.append(("in", first, last)))
    model.rowsRemoved.connect(lambda parent, first, last: events.append(("out", first, last)))
    model.modelReset.connect(lambda: events.append("reset"))
    model.show_page(Page((a, b, c)))
    kept = QPersistentModelIndex(model.index(2, TEXT))
    model.show_page(Page((a, c)))
    model.show_page(Page((a, c, d)))
    assert events == [("in", 0, 2), ("out", 1, 1), ("in", 2, 2)]
    assert kept.row() == 1
    assert kept.data() == "c"
    assert model.row_of(c.id) == 1
    assert model.id_at(2) == d.id
    assert model.row_of("none") is None
    assert model.id_at(9) is None


def test_only_changed_rows_are_redrawn(qtbot, model):
    a, b, c = regions("a", "b", "c")
    model.show_page(Page((a, b, c)))
    rows = []
    model.dataChanged.connect(lambda first, last, roles: rows.append((first.row(), last.row())))
    model.show_page(Page((a, replace(b, text="B"), c)))
    assert rows == [(1, 1)]
    model.show_page(Page((a, replace(b, text="B"), c)))
    assert rows == [(1, 1)]


def test_any_page_can_follow_any_other(model):
    a, b, c, d = regions("a", "b", "c", "d")
    for page in ((a, b), (), (b, a), (c, d), (d, c, b, a), (a, b, c, d), (b,), (a, b, c)):
        model.show_page(Page(page))
        assert shown(model) == [region.text for region in page]
