"""The comparison: panes that are linked, verdicts, differences, adopting, votes; in the running program."""

import json
from pathlib import Path

import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QApplication

from app.services.comparison import LABELS
from app.views.compare import looks
from app.views.compare.window import CompareWindow
from tests.helpers.app_robot import AppRobot, run_with
from tests.helpers.compared import compare_window, detected_and_opened, show_panes
from tests.helpers.fake_predictor import FakeDetector
from tests.helpers.photos import write_photos

pytestmark = pytest.mark.usefixtures("qapp")


def press(window: CompareWindow, keys: str) -> None:
    """A key of the window, by the action that has it."""
    found = [action for action in window.actions() if action.shortcut().toString() == keys]
    assert len(found) == 1, f"{len(found)} actions have {keys}"
    found[0].trigger()


def listed() -> list[str]:
    """The differences in words."""
    rows = compare_window().differences
    return [rows.item(row).text() for row in range(rows.count())]


def mouse(canvas, kind: QEvent.Type, x: float, y: float, button=Qt.MouseButton.NoButton) -> None:
    place = QPointF(canvas.image_to_widget(x, y))
    target = canvas.viewport()
    spot = QPointF(target.mapToGlobal(QPoint(0, 0))) + place
    none = Qt.KeyboardModifier.NoModifier
    QApplication.sendEvent(target, QMouseEvent(kind, place, spot, button, button, none))


def click(canvas, x: float, y: float) -> None:
    mouse(canvas, QEvent.Type.MouseMove, x, y)
    mouse(canvas, QEvent.Type.MouseButtonPress, x, y, Qt.MouseButton.LeftButton)
    mouse(canvas, QEvent.Type.MouseButtonRelease, x, y, Qt.MouseButton.LeftButton)


def test_detections_stand_beside_labels_and_what_is_missing_is_listed_and_stepped_to(tmp_path: Path):
    def script(robot: AppRobot):
        yield from detected_and_opened(robot)
        board = compare_window().board
        assert [source.kind for source in board.sources] == ["checkpoint", "labels"]
        assert [one.group.members for one in board.differences] == [(1, None), (0, None)]
        assert listed() == ["Not in 2 Labels"] * 2
        show_panes(compare_window(), 3)
        board.set_source(board.panes[2], LABELS)
        yield lambda: len(board.differences) == 2 and len(board.differences[0].group.members) == 3
        assert listed() == ["Only in 1 db-small"] * 2
        show_panes(compare_window(), 2)
        yield lambda: len(board.differences) == 2 and len(board.differences[0].group.members) == 2
        press(compare_window(), "N")
        assert compare_window().differences.currentRow() == 0
        press(compare_window(), "N")
        press(compare_window(), "N")
        assert compare_window().differences.currentRow() == 0
        press(compare_window(), "Shift+N")
        assert compare_window().differences.currentRow() == 1
        assert board.chosen.members == (0, None)

    assert run_with(FakeDetector(), [str(write_photos(tmp_path))], script) == 0


def test_a_polygon_is_taken_over_into_the_labels_judged_and_taken_back(tmp_path: Path):
    def script(robot: AppRobot):
        yield from detected_and_opened(robot)
        window = compare_window()
        first, labels = window.board.panes
        x, y = first.shapes[0].polygon.mean(axis=0)
        click(first.canvas, x, y)
        assert window.board.chosen is not None
        press(window, "Return")
        yield lambda: len(robot.page.regions) == 1
        yield lambda: len(labels.shapes) == 1
        assert robot.page.regions[0].score == first.shapes[0].score
        assert [str(one) for one in first.result.det_verdicts] == ["tp", "fp"]
        assert first.result.precision == 0.5
        assert "P 0.50  R 1.00" in first.figures.text()
        assert first.tag_of(0) == f"found · IoU 1.00 · {first.shapes[0].score:.2f}"
        press(window, "Return")  # nothing is chosen any more
        assert len(robot.page.regions) == 1
        robot.trigger("undo")
        yield lambda: not robot.page.regions and not labels.shapes
        mouse(first.canvas, QEvent.Type.MouseButtonDblClick, x, y, Qt.MouseButton.LeftButton)
        yield lambda: len(robot.page.regions) == 1

    assert run_with(FakeDetector(), [str(write_photos(tmp_path))], script) == 0


def test_views_pointer_and_shining_polygon_are_linked(tmp_path: Path):
    def script(robot: AppRobot):
        yield from detected_and_opened(robot)
        robot.trigger("accept_all")
        yield lambda: len(compare_window().board.panes[1].shapes) == 2
        one, other = (pane.canvas for pane in compare_window().board.panes)
        one.zoom_by(2.0)
        assert other.look.scale == one.look.scale
        one.look_at(50.0, 60.0)
        assert abs(other.look.x - one.look.x) < 1
        assert abs(other.look.y - one.look.y) < 1
        other.fit()
        assert one.look.fitted
        x, y = one.shapes[0].polygon.mean(axis=0)
        mouse(one, QEvent.Type.MouseMove, x, y)
        lit = other.stage.active.content
        assert lit.hovered is not None
        assert abs(lit.hovered.mean(axis=0) - (x, y)).max() < 1
        assert one.stage.active.content.hovered_tag.startswith("found · IoU 1.00")
        mouse(one, QEvent.Type.MouseMove, 2, 2)
        assert other.stage.active.content.hovered is None

    assert run_with(FakeDetector(), [str(write_photos(tmp_path))], script) == 0


def test_figures_follow_the_threshold_and_verdicts_have_their_looks(tmp_path: Path):
    def script(robot: AppRobot):
        yield from detected_and_opened(robot)
        robot.trigger("accept_all")
        pane = compare_window().board.panes[0]
        yield lambda: pane.result is not None and pane.result.hmean == 1.0
        pane.score.box.setValue(0.75)
        assert len(pane.shapes) == 1
        assert (pane.result.precision, pane.result.recall) == (1.0, 0.5)
        missed = [one.entry.style for one in pane.canvas.stage.truth._order]
        assert missed == [looks.MISSED]
        assert [one.entry.style for one in pane.canvas.stage.detections._order] == [looks.FOUND]
        yield lambda: len(compare_window().board.differences) == 1
        assert robot.detection_count == 2  # the page's own detections are as they were

    assert run_with(FakeDetector(), [str(write_photos(tmp_path))], script) == 0


def test_votes_are_kept_with_the_project(tmp_path: Path):
    folder = write_photos(tmp_path)

    def script(robot: AppRobot):
        yield from detected_and_opened(robot)
        press(compare_window(), "2")
        assert compare_window().board.panes[1].vote.isChecked()
        key = robot.key
        robot.trigger("next")
        yield lambda: robot.key != key and compare_window().board.key == robot.key
        press(compare_window(), "0")
        assert "Labels: 1" in compare_window().votes.text()

    assert run_with(FakeDetector(), [str(folder)], script) == 0
    kept = json.loads((folder / ".tcm-studio" / "votes.json").read_text())["votes"]
    assert [vote["winner"] for vote in kept.values()] == ["Labels", ""]
    assert len(kept["a.jpg"]["among"]) == 2


def test_swipe_and_turns_show_the_pictures_at_the_same_place(tmp_path: Path):
    def script(robot: AppRobot):
        yield from detected_and_opened(robot)
        window = compare_window()
        show_panes(window, 4)
        panes = window.board.panes
        assert len(panes) == 4
        press(window, "W")
        assert len({pane.canvas.geometry().getRect() for pane in panes}) == 1
        widths = [pane.canvas.mask().boundingRect().width() for pane in panes]
        assert sum(widths) == panes[0].canvas.width()
        window.area._dividers[0].dragged.emit(10)
        assert panes[0].canvas.mask().boundingRect().width() == 10
        press(window, "E")
        assert window.area.shown == 0
        yield lambda: window.area.shown == 1
        press(window, "Q")
        assert len({pane.canvas.geometry().getRect() for pane in panes}) == 4
        assert panes[0].canvas.mask().isEmpty()

    assert run_with(FakeDetector(), [str(write_photos(tmp_path))], script) == 0
