"""Where the canvas looks and what it shows: zoom, pan, fit, layers, keys that are not its own."""

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, QRectF, Qt
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLineEdit, QVBoxLayout, QWidget

from app.document.selection import Selection
from app.domain.page import Page
from app.views.canvas.view import StudioCanvas
from tests.helpers.canvas_robot import ALT, LEFT, MIDDLE, make_robot, picture, rectangle


@pytest.fixture
def robot(qtbot):
    return make_robot(qtbot, Page((rectangle(20, 20, 100, 60), rectangle(200, 20, 100, 60))))


def scale_of(canvas):
    return canvas.zoom


def scene_place(canvas, x, y):
    """Where Qt itself draws an image point."""
    item = canvas.stage.plane
    canvas.grab()
    return canvas.viewportTransform().map(item.mapToScene(QPointF(x, y)))


def test_a_shown_picture_is_fitted_into_the_view(robot):
    assert scale_of(robot.canvas) == pytest.approx(2.0)
    assert robot.canvas.image_to_widget(0, 0) == QPoint(12, 12)
    assert robot.canvas.image_to_widget(400, 300) == QPoint(812, 612)


@pytest.mark.parametrize("step", ["fitted", "zoomed", "panned", "resized"])
def test_what_qt_draws_is_where_the_canvas_says(robot, step):
    if step == "zoomed":
        robot.wheel(130, 70, 5)
    elif step == "panned":
        robot.drag((10, 150), (60, 170), button=MIDDLE)
    elif step == "resized":
        robot.wheel(130, 70, 5)
        robot.canvas.resize(500, 333)
    for x, y in ((0, 0), (400, 300), (123.4, 56.7)):
        drawn = scene_place(robot.canvas, x, y)
        said = robot.canvas.image_to_widget(x, y)
        assert drawn.x() == pytest.approx(said.x(), abs=0.51)
        assert drawn.y() == pytest.approx(said.y(), abs=0.51)


def test_widget_and_image_places_are_inverse(robot):
    robot.wheel(130, 70, 3)
    x, y = robot.canvas.widget_to_image(QPointF(321.0, 123.0))
    assert robot.canvas.image_to_widget(x, y) == QPoint(321, 123)


def test_the_wheel_zooms_and_the_point_under_the_mouse_stays(robot):
    before = robot.at(100, 50)
    robot.wheel(100, 50, 4)
    assert scale_of(robot.canvas) == pytest.approx(2.0 * 1.2**4)
    after = robot.at(100, 50)
    assert (after - before).manhattanLength() <= 2


def test_the_wheel_with_alt_is_left_to_the_threshold(robot):
    assert robot.wheel(100, 50, 1)
    scale = scale_of(robot.canvas)
    assert not robot.wheel(100, 50, 1, ALT)
    assert scale_of(robot.canvas) == scale


def test_zooming_stops_at_its_limits(robot):
    for _ in range(60):
        robot.canvas.zoom_by(2.0)
    assert scale_of(robot.canvas) == pytest.approx(64.0)
    for _ in range(60):
        robot.canvas.zoom_by(0.5)
    assert scale_of(robot.canvas) == pytest.approx(0.01)


def test_zoom_is_told(robot):
    told = []
    robot.canvas.zoom_changed.connect(told.append)
    robot.canvas.actual_size()
    assert told == [pytest.approx(1.0)]


def test_a_left_drag_on_empty_space_moves_the_view_and_nothing_else(robot):
    robot.select(0)
    before = robot.at(0, 0)
    start = robot.at(150, 200)
    robot.press(150, 200)
    for step in range(1, 9):
        QTest.mouseMove(robot.canvas.viewport(), start + QPoint(5 * step, 2 * step))
    QTest.mouseRelease(robot.canvas.viewport(), LEFT, pos=start + QPoint(40, 16))
    assert robot.at(0, 0) - before == QPoint(40, 16)
    assert robot.edits == []
    assert robot.selected == [0]


def test_a_middle_drag_moves_the_view_over_a_region_too(robot):
    before = robot.at(0, 0)
    start = robot.at(70, 50)
    QTest.mousePress(robot.canvas.viewport(), MIDDLE, pos=start)
    QTest.mouseMove(robot.canvas.viewport(), start + QPoint(30, 10))
    QTest.mouseRelease(robot.canvas.viewport(), MIDDLE, pos=start + QPoint(30, 10))
    assert robot.at(0, 0) - before == QPoint(30, 10)
    assert robot.edits == []
    assert robot.selected == []


def test_space_and_drag_moves_the_view_in_any_tool(robot):
    robot.canvas.set_tool("rectangle")
    before = robot.at(0, 0)
    start = robot.at(70, 50)
    QTest.keyPress(robot.canvas, Qt.Key.Key_Space)
    QTest.mousePress(robot.canvas.viewport(), LEFT, pos=start)
    QTest.mouseMove(robot.canvas.viewport(), start + QPoint(30, 10))
    QTest.mouseRelease(robot.canvas.viewport(), LEFT, pos=start + QPoint(30, 10))
    QTest.keyRelease(robot.canvas, Qt.Key.Key_Space)
    assert robot.at(0, 0) - before == QPoint(30, 10)
    robot.drag((150, 150), (170, 170))
    assert len(robot.edits) == 1


def test_the_fit_follows_the_size_of_the_view_until_someone_zooms(robot):
    robot.canvas.resize(424, 324)
    assert scale_of(robot.canvas) == pytest.approx(1.0)
    robot.canvas.zoom_by(3.0)
    robot.canvas.resize(824, 624)
    assert scale_of(robot.canvas) == pytest.approx(3.0)
    robot.canvas.fit()
    assert scale_of(robot.canvas) == pytest.approx(2.0)


def test_a_zoomed_view_keeps_its_middle_when_resized(robot):
    robot.wheel(300, 50, 6)
    middle = robot.canvas.widget_to_image(QPointF(412, 312))
    robot.canvas.resize(600, 500)
    after = robot.canvas.widget_to_image(QPointF(300, 250))
    assert after == pytest.approx(middle, abs=0.5)


def test_zoom_to_selection_fills_the_view_with_it(robot):
    robot.select(1)
    robot.canvas.zoom_to_selection()
    x, y = robot.canvas.widget_to_image(QPointF(412, 312))
    assert (x, y) == pytest.approx((250, 50), abs=0.5)
    assert scale_of(robot.canvas) > 4


def test_zoom_to_nothing_shows_the_whole_picture(robot):
    robot.canvas.zoom_by(4.0)
    robot.canvas.zoom_to_selection()
    assert scale_of(robot.canvas) == pytest.approx(2.0)


def test_the_place_of_the_mouse_is_told_in_image_pixels(robot):
    told = []
    robot.canvas.cursor_moved.connect(lambda x, y: told.append((x, y)))
    robot.hover(123, 45)
    assert told[-1] == (123.0, 45.0)


def test_letters_are_left_to_the_window(qtbot):
    window = QWidget()
    layout = QVBoxLayout(window)
    canvas = StudioCanvas(Selection())
    layout.addWidget(canvas)
    done = []
    action = QAction("polygon", window)
    action.setShortcut(QKeySequence("P"))
    action.triggered.connect(lambda: done.append("P"))
    window.addAction(action)
    qtbot.addWidget(window)
    window.show()
    window.activateWindow()
    qtbot.waitExposed(window)
    canvas.setFocus()
    qtbot.waitUntil(canvas.hasFocus)
    QTest.keyClick(canvas, Qt.Key.Key_P)
    assert done == ["P"]


def test_undo_goes_to_the_window_unless_a_draft_is_under_way(qtbot):
    window = QWidget()
    layout = QVBoxLayout(window)
    canvas = StudioCanvas(Selection())
    layout.addWidget(canvas)
    undone = []
    action = QAction("undo", window)
    action.setShortcut(QKeySequence("Ctrl+Z"))
    action.triggered.connect(lambda: undone.append(1))
    window.addAction(action)
    qtbot.addWidget(window)
    window.resize(600, 500)
    window.show()
    window.activateWindow()
    qtbot.waitExposed(window)
    canvas.show_image(picture())
    canvas.setFocus()
    qtbot.waitUntil(canvas.hasFocus)
    canvas.set_tool("polygon")
    QTest.mouseClick(canvas.viewport(), LEFT, pos=QPoint(100, 100))
    QTest.keyClick(canvas, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert (undone, canvas.has_draft) == ([], False)
    QTest.keyClick(canvas, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert undone == [1]


def test_tab_leaves_a_canvas_without_regions(qtbot):
    window = QWidget()
    layout = QVBoxLayout(window)
    canvas, field = StudioCanvas(Selection()), QLineEdit()
    layout.addWidget(canvas)
    layout.addWidget(field)
    qtbot.addWidget(window)
    window.show()
    window.activateWindow()
    qtbot.waitExposed(window)
    canvas.setFocus()
    qtbot.waitUntil(canvas.hasFocus)
    QTest.keyClick(canvas, Qt.Key.Key_Tab)
    assert field.hasFocus()


def test_a_selection_made_elsewhere_is_shown(robot):
    robot.select(1)
    assert [region.id for region in robot.canvas.shown_active.selected] == [robot.regions[1].id]


def test_regions_that_leave_the_page_leave_the_selection(robot):
    robot.select(0, 1)
    robot.canvas.show_page(Page((robot.regions[1],)))
    assert robot.selection.ids == {robot.regions[1].id}


def test_a_canvas_without_a_picture_takes_every_gesture(robot):
    robot.canvas.show_image(None)
    robot.canvas.show_page(Page())
    robot.canvas.show_map(np.zeros((4, 4), np.uint8), QRectF(0, 0, 16, 16))
    robot.click(10, 10)
    robot.wheel(5, 5, 3)
    robot.key(Qt.Key.Key_Tab)
    robot.drag((10, 10), (50, 50))
    robot.canvas.fit()
    assert robot.edits == []
    assert not robot.canvas.grab().isNull()


def test_a_picture_of_one_pixel_is_shown(robot):
    robot.canvas.show_image(picture(1, 1))
    assert not robot.canvas.grab().isNull()
    assert scale_of(robot.canvas) == pytest.approx(16.0)
