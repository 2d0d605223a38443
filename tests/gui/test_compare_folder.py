"""The comparison over many images: run, resume, tables, curves to drag, files; in the running program."""

import csv
import time
from pathlib import Path

import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QApplication

from tests.helpers.app_robot import AppRobot, run_with
from tests.helpers.compared import (
    NamedDetector,
    cells,
    compare_window,
    figures_opened,
    opened,
    run_over_all,
    three_photos,
)

pytestmark = pytest.mark.usefixtures("qapp")


def test_what_is_missing_is_detected_all_is_judged_and_the_worst_image_is_opened(tmp_path: Path):
    detector = NamedDetector()

    def script(robot: AppRobot):
        yield from figures_opened(robot)
        figures = compare_window().figures
        assert compare_window().against.currentText() == "Against the ground truth"
        yield from run_over_all(figures)
        assert len(detector.seen) == 3  # the first image was known
        rows = cells(figures.tabs.tables[0])
        assert [row[0] for row in rows] == ["1 db-small", "2 Labels"]
        assert rows[0][3:8] == ["6", "6", "0.833", "0.833", "0.833"]
        assert rows[1][4:8] == ["0", "0.000", "0.000", "0.000"]
        figures.tabs.setCurrentIndex(1)
        images = figures.tabs.tables[1]
        assert [row[0] for row in cells(images)] == ["b.png", "a.jpg", "c.jpg"]
        images.sortByColumn(0, Qt.SortOrder.DescendingOrder)
        assert [row[0] for row in cells(images)] == ["c.jpg", "b.png", "a.jpg"]
        images.doubleClicked.emit(images.model().index(1, 0))
        yield lambda: robot.key == "b.png" and compare_window().board.key == "b.png"
        assert "6 " not in robot.window.status.currentMessage()
        assert robot.page.regions == ()
        figures.measure.setCurrentIndex(2)
        figures.measure.activated.emit(2)
        assert len(cells(figures.tabs.tables[0])) == 10

    assert run_with(detector, [str(three_photos(tmp_path))], script) == 0


def test_a_run_that_was_stopped_is_judged_as_far_as_it_came_and_goes_on_from_there(tmp_path: Path):
    detector = NamedDetector()

    def script(robot: AppRobot):
        yield from figures_opened(robot)
        figures = compare_window().figures
        detector.gate.clear()
        figures.start_button.click()
        yield lambda: len(detector.seen) == 2
        assert not figures.start_button.isEnabled()
        assert "Looking for text: 0 of 2" in figures.state.text()
        figures.stop_button.click()
        detector.gate.set()
        yield lambda: figures.start_button.isEnabled() and figures.figures
        assert figures.result.pages == 1
        assert "Stopped" in figures.state.text()
        assert "2 images left out" in figures.state.text()
        yield from run_over_all(figures)
        yield lambda: figures.result.pages == 3
        assert len(detector.seen) <= 4  # the one in work may have been given up, none is done twice

    assert run_with(detector, [str(three_photos(tmp_path))], script) == 0


def test_a_run_that_begins_while_a_pane_still_looks_is_judged_at_its_threshold(
    tmp_path: Path,
):
    detector = NamedDetector()
    detector.gate.clear()

    def script(robot: AppRobot):
        yield from opened(robot)
        window = compare_window()
        window.show_figures.trigger()
        pane = window.board.panes[0]
        assert pane.content is None
        assert pane.figures.text() == "Looking for text..."
        assert not pane.detect.isVisible()
        window.figures.start_button.click()
        detector.gate.set()
        yield lambda: window.figures.figures
        assert [one.threshold for one in window.figures.figures] == [0.5, 0.0]
        assert [curve.threshold for curve in window.figures.plot.curves] == [0.5, None]
        assert "something else" not in window.figures.state.text()

    assert run_with(detector, [str(three_photos(tmp_path))], script) == 0


def test_a_point_of_the_curve_is_dragged_by_the_mouse_and_moves_the_panes_threshold(tmp_path: Path):
    def script(robot: AppRobot):
        yield from figures_opened(robot)
        window = compare_window()
        figures, pane = window.figures, window.board.panes[0]
        assert [curve.number for curve in figures.plot.curves] == [1, 2]
        yield from run_over_all(figures)
        yield lambda: len(figures.plot.curves) == 2 and figures.plot.view.isVisible()
        assert pane.settings.score_threshold == 0.5
        before = figures.plot.place_of(1)
        high = max(figures.plot.curves[0].points, key=lambda point: point.precision)
        plot = figures.plot._plot.getPlotItem().vb
        target = QPointF(
            figures.plot._plot.mapFromScene(plot.mapViewToScene(QPointF(high.recall, high.precision)))
        )
        yield from drag(figures.plot.view, before, target)
        yield lambda: pane.settings.score_threshold != 0.5
        assert len(pane.shapes) == 1
        yield lambda: cells(figures.tabs.tables[0])[0][5] == "1.000"
        pane.score.box.setValue(0.4)
        yield lambda: abs(figures.plot.curves[0].threshold - 0.4) < 1e-9
        yield lambda: cells(figures.tabs.tables[0])[0][5] == "0.833"
        assert robot.detection_count == 2

    assert run_with(NamedDetector(), [str(three_photos(tmp_path))], script) == 0


def drag(view, start: QPointF, end: QPointF):
    """A hand that is not too fast for pyqtgraph, which drops moves that follow each other at once."""
    left, none = Qt.MouseButton.LeftButton, Qt.MouseButton.NoButton
    steps = [(QEvent.Type.MouseMove, start, none, none), (QEvent.Type.MouseButtonPress, start, left, left)]
    between = [start + (end - start) * (step / 8) for step in range(1, 9)]
    steps += [(QEvent.Type.MouseMove, place, none, left) for place in between]
    steps.append((QEvent.Type.MouseButtonRelease, end, left, none))
    corner = QPointF(view.mapToGlobal(QPoint(0, 0)))
    for kind, place, button, buttons in steps:
        event = QMouseEvent(kind, place, corner + place, button, buttons, Qt.KeyboardModifier.NoModifier)
        QApplication.sendEvent(view, event)
        until = time.monotonic() + 0.03
        yield lambda until=until: time.monotonic() > until


def test_tables_and_reports_are_written_and_what_cannot_be_is_told(tmp_path: Path):
    folder, out = three_photos(tmp_path / "photos"), tmp_path / "out"

    def script(robot: AppRobot):
        yield from figures_opened(robot)
        figures = compare_window().figures
        assert not figures.report_button.isEnabled()
        yield from run_over_all(figures)
        figures.files.save_table(figures.shown_table(), out / "table.csv")
        assert figures.state.text() == "Written: table.csv"
        for name in ("report.html", "report.pdf"):
            figures.files.save_report(figures.material(), out / name)
            yield lambda name=name: figures.state.text() == f"Written: {name}"
        figures.files.save_report(figures.material(), out / "table.csv" / "report.html")
        yield lambda: "cannot be written" in figures.state.text()

    assert run_with(NamedDetector(), [str(folder)], script) == 0
    rows = list(csv.DictReader((out / "table.csv").read_text(encoding="utf-8").splitlines()))
    assert len(rows) == 28
    assert (out / "report.html").read_text(encoding="utf-8").count("data:image/jpeg") == 6
    assert (out / "report.pdf").read_bytes().startswith(b"%PDF")


def test_another_input_side_is_a_set_of_its_own_beside_the_first(tmp_path: Path):
    detector = NamedDetector()

    def script(robot: AppRobot):
        yield from figures_opened(robot)
        window = compare_window()
        first, second = window.board.panes
        window.board.set_source(second, first.source)
        assert len(second.shapes) == 2
        own = second.side.value()
        second.side.setValue(own // 2)
        second.side.editingFinished.emit()
        yield lambda: second.content is not None and second.source.scale == 0.5
        assert detector.scales[-1] == 0.5
        assert second.picker.currentText() == "db-small \u00d70.5"
        assert first.picker.currentText() == "db-small"
        assert window.board.sources[0].scale == 1.0
        yield from run_over_all(window.figures)
        assert [row[0] for row in cells(window.figures.tabs.tables[0])] == [
            "1 db-small",
            "2 db-small \u00d70.5",
        ]
        assert detector.scales.count(0.5) == 3
        assert robot.detection_count == 2
        assert robot.window.detection.summary.text().count("\u00d7") == 0

    assert run_with(detector, [str(three_photos(tmp_path))], script) == 0
