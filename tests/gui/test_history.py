"""Undo over a restart, and the history panel: look at an earlier state, go back to now, bring one back."""

from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from app.domain.earlier import changes, difference
from app.domain.page import Page
from app.domain.region import new_region
from app.storage.project_db import ProjectDb
from tests.helpers.app_robot import AppRobot, run_with
from tests.helpers.fake_predictor import FakeDetector
from tests.helpers.photos import write_photos


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_photos(tmp_path / "photos")


def draw(robot: AppRobot, x: float) -> None:
    robot.press("R")
    robot.drag((x, 20), (x + 40, 60))


def rows(robot: AppRobot) -> list[str]:
    model = robot.window.history.model
    return [str(model.index(row).data()) for row in range(model.rowCount())]


def choose(robot: AppRobot, row: int) -> None:
    view = robot.window.history.view
    QTest.mouseClick(
        view.viewport(), Qt.MouseButton.LeftButton, pos=view.visualRect(view.model().index(row, 0)).center()
    )


def test_what_was_done_yesterday_is_undone_and_redone_today(qapp, folder: Path):
    def yesterday(robot: AppRobot):
        yield robot.picture_shown
        draw(robot, 20)
        draw(robot, 120)
        robot.press("Ctrl+Return")
        yield robot.picture_shown
        robot.press("A")
        yield lambda: robot.key == "a.jpg"

    def today(robot: AppRobot):
        yield robot.picture_shown
        assert len(robot.page.regions) == 2
        for count in (2, 1, 0):
            robot.press("Ctrl+Z")
            assert len(robot.page.regions) == count
        assert not robot.action("undo").isEnabled()
        robot.press("Ctrl+Shift+Z")
        assert len(robot.page.regions) == 1
        yield lambda: robot.action("undo").isEnabled()

    def tomorrow(robot: AppRobot):
        yield robot.picture_shown
        robot.press("Ctrl+Y")
        assert len(robot.page.regions) == 2

    for day in (yesterday, today, tomorrow):
        run_with(FakeDetector(), [str(folder)], day)


def test_an_earlier_state_is_looked_at_without_changing_anything_and_then_restored(qapp, folder: Path):
    def script(robot: AppRobot):
        yield robot.picture_shown
        draw(robot, 20)
        draw(robot, 120)
        robot.press("V")
        robot.press("Ctrl+A")
        robot.press("Del")
        assert robot.page.regions == ()
        robot.press("Ctrl+Shift+H")
        yield lambda: len(rows(robot)) == 4
        assert rows(robot)[0].endswith("(now)")
        assert rows(robot)[3] == "Before the first edit"
        assert not robot.action("history.restore").isEnabled()

        choose(robot, 1)
        assert len(robot.page.regions) == 2
        assert "2 regions removed" in robot.window.history.text.text()
        assert len(ProjectDb.open(folder).load_page("a.jpg").regions) == 0
        draw(robot, 200)  # an earlier state is not edited
        assert len(robot.page.regions) == 2
        assert "earlier state" in robot.window.status.currentMessage()
        robot.trigger("history.now")
        assert robot.page.regions == ()

        choose(robot, 2)
        assert len(robot.page.regions) == 1
        robot.window.history.restore_button.click()
        assert len(robot.page.regions) == 1
        assert len(ProjectDb.open(folder).load_page("a.jpg").regions) == 1
        yield lambda: len(rows(robot)) == 5
        assert "Restore the state of" in rows(robot)[0]
        robot.press("Ctrl+Z")
        assert robot.page.regions == ()
        yield lambda: len(rows(robot)) == 6
        assert "Undo: Restore" in rows(robot)[0]

    run_with(FakeDetector(), [str(folder)], script)


def test_another_image_and_undo_leave_the_earlier_state(qapp, folder: Path):
    def script(robot: AppRobot):
        yield robot.picture_shown
        draw(robot, 20)
        draw(robot, 120)
        robot.press("Ctrl+Shift+H")
        yield lambda: len(rows(robot)) == 3
        choose(robot, 2)
        assert robot.page.regions == ()
        robot.press("Ctrl+Z")
        assert len(robot.page.regions) == 1
        yield lambda: len(rows(robot)) == 4
        choose(robot, 3)
        robot.press("D")
        yield lambda: robot.key == "b.png" and rows(robot) == []
        robot.press("A")
        yield lambda: robot.key == "a.jpg"
        assert len(robot.page.regions) == 1
        assert not robot.action("history.restore").isEnabled()

    run_with(FakeDetector(), [str(folder)], script)


def test_the_difference_says_what_was_done():
    kept, gone, new = (new_region(((0, 0), (9, 0), (9, 9))) for _ in range(3))
    moved = type(kept)(kept.id, new_region(((1, 0), (9, 0), (9, 9))).polygon)
    before, after = Page((kept, gone)), Page((moved, new), "approved")
    found = difference(before, after)
    assert (found.added, found.removed, found.changed) == ({new.id}, {gone.id}, {kept.id})
    assert found.words() == "1 region added, 1 changed, 1 removed, review: unseen, now approved"
    assert difference(before, before).words() == "nothing"
    assert difference(Page(), after).words().startswith("2 regions added")


def test_an_earlier_state_is_compared_with_now_on_the_picture(qapp, folder: Path):
    def outlines(robot: AppRobot) -> set[str]:
        return {one.entry.id.split(" ")[0] for one in robot.canvas.stage.compared._order}

    def lines(robot: AppRobot) -> list[str]:
        found = robot.window.history.changes
        return [found.item(row).text() for row in range(found.count())]

    def script(robot: AppRobot):
        yield robot.picture_shown
        draw(robot, 20)
        draw(robot, 120)
        robot.press("V")
        robot.select(robot.page.regions[0].id)
        robot.press("Shift+Right")
        draw(robot, 200)
        robot.press("V")
        robot.select(robot.page.regions[1].id)
        robot.press("Del")
        robot.press("Ctrl+Shift+H")
        yield lambda: len(rows(robot)) == 6
        assert outlines(robot) == set()
        assert not robot.window.history.changes.isVisible()
        choose(robot, 3)  # as it was with two regions, before the first was moved
        assert len(robot.page.regions) == 2
        assert lines(robot) == ["1: outline", "2: removed", "3: added"]
        assert outlines(robot) == {"was", "now"}
        assert robot.canvas.stage.compared.isVisible()
        both = robot.canvas.grab().toImage()
        robot.window.history.changes.setCurrentRow(2)
        robot.press("Ctrl+Alt+C")
        assert outlines(robot) == set()
        assert not robot.window.history.changes.isVisible()
        assert robot.canvas.grab().toImage() != both
        robot.trigger("history.compare")
        assert outlines(robot) == {"was", "now"}
        robot.trigger("history.restore")
        assert outlines(robot) == set()
        assert [len(robot.page.regions), lines(robot)] == [2, []]
        yield lambda: True

    run_with(FakeDetector(), [str(folder)], script)


def test_changes_say_what_differs_region_by_region():
    kept, gone, new = (new_region(((0, 0), (9, 0), (9, 9))) for _ in range(3))
    typed = replace(kept, text="EXIT", ignore=True)
    found = changes(Page((kept, gone)), Page((new, typed)))
    assert [(one.before, one.after) for one in found] == [(kept, typed), (gone, None), (None, new)]
    assert [one.words() for one in found] == ["text, ignored", "removed", "added"]
    assert changes(Page((kept,)), Page((kept,), "approved")) == ()
