"""Cross-hair, magnifier, mini-map, rulers, fills and solo layers: off by default, kept from run to run."""

from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QObject, QPoint, QPointF, Qt
from PySide6.QtGui import QImage, QMouseEvent, QRegion
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from app.domain.page import Page
from app.domain.region import new_region
from app.views.canvas import style
from app.views.canvas.guides import GUIDE_NAMES
from app.views.canvas.rulers import step_of
from tests.helpers.app_robot import AppRobot, run_with
from tests.helpers.canvas_robot import make_robot, rectangle
from tests.helpers.fake_predictor import FakeDetector
from tests.helpers.photos import write_photos


@pytest.fixture
def robot(qtbot):
    return make_robot(qtbot, Page((rectangle(60, 60, 80, 40),)))


def drawn(robot) -> np.ndarray:
    """(h, w, 3) what the canvas shows."""
    image = robot.canvas.grab().toImage().convertToFormat(QImage.Format.Format_RGB888)
    pixels = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine())
    return pixels[:, : 3 * image.width()].reshape(image.height(), image.width(), 3).copy()


def test_guides_are_off_and_cost_nothing_until_they_are_wanted(robot):
    guides = robot.canvas.guides
    assert guides.on == frozenset()
    robot.hover(100, 80)
    assert guides.magnifier.isHidden()
    assert guides.mini_map.isHidden()
    assert guides.magnifier.sight is None


def test_the_cross_hair_follows_the_mouse_and_leaves_no_trace(robot):
    before = drawn(robot)
    robot.canvas.guides.set_on("cross_hair", True)
    robot.hover(50, 40)
    robot.hover(200, 150)
    x, y = robot.at(200, 150).toTuple()
    shown = drawn(robot)
    changed = np.abs(shown.astype(int) - before.astype(int)).sum(axis=2) > 60
    columns, rows = np.flatnonzero(changed.mean(axis=0) > 0.9), np.flatnonzero(changed.mean(axis=1) > 0.9)
    assert set(range(x - 1, x + 1)) & set(columns.tolist())
    assert set(range(y - 1, y + 1)) & set(rows.tolist())
    assert len(columns) <= 4
    assert len(rows) <= 4
    robot.canvas.guides.set_on("cross_hair", False)
    assert np.array_equal(drawn(robot), before)


class PaintedRegions(QObject):
    """What of the canvas has been painted, as its viewport hears of it."""

    def __init__(self, canvas):
        super().__init__(canvas)
        self.region = QRegion()
        canvas.viewport().installEventFilter(self)

    def eventFilter(self, watched, event):  # noqa: N802 - Qt's name
        if event.type() == QEvent.Type.Paint:
            self.region |= event.region()
        return False


def test_the_cross_hair_repaints_where_it_was_and_where_it_is_and_little_more(robot, qtbot):
    robot.canvas.guides.set_on("cross_hair", True)
    robot.hover(180, 150)
    QApplication.processEvents()
    painted = PaintedRegions(robot.canvas)
    QTest.mouseMove(robot.canvas.viewport(), robot.at(200, 160))
    qtbot.waitUntil(lambda: painted.region.contains(robot.at(200, 20)))
    assert painted.region.contains(robot.at(180, 280))
    assert painted.region.contains(robot.at(350, 150))
    assert not painted.region.contains(robot.at(300, 280))


def test_the_magnifier_makes_way_for_the_mouse(robot):
    robot.canvas.guides.set_on("magnifier", True)
    glass = robot.canvas.guides.magnifier
    robot.hover(100, 200)
    assert glass.x() > robot.canvas.width() / 2
    robot.hover(380, 20)
    assert glass.x() < robot.canvas.width() / 2


def test_the_magnifier_shows_the_pixels_around_the_mouse_and_the_outline_there(robot):
    robot.canvas.guides.set_on("magnifier", True)
    robot.hover(60, 60)
    glass = robot.canvas.guides.magnifier
    assert not glass.isHidden()
    assert glass.sight.mouse.toTuple() == pytest.approx((60, 60), abs=0.5)
    assert len(glass.sight.outlines) == 1
    robot.hover(300, 250)
    assert glass.sight.outlines == ()
    QApplication.sendEvent(robot.canvas, QEvent(QEvent.Type.Leave))
    assert glass.isHidden()


def test_the_mini_map_comes_when_a_part_is_seen_and_a_click_goes_there(robot):
    robot.canvas.guides.set_on("mini_map", True)
    small = robot.canvas.guides.mini_map
    assert small.isHidden()
    robot.canvas.zoom_by(4)
    assert not small.isHidden()
    place = QPointF(small.width() * 0.75, small.height() * 0.25)
    QApplication.sendEvent(
        small,
        QMouseEvent(
            QEvent.Type.MouseButtonPress,
            place,
            small.mapToGlobal(place),
            Qt.MouseButton.LeftButton,
            Qt.MouseButton.LeftButton,
            Qt.KeyboardModifier.NoModifier,
        ),
    )
    middle = robot.canvas.widget_to_image(QPoint(robot.canvas.width() // 2, robot.canvas.height() // 2))
    assert middle == pytest.approx((300, 75), abs=3)
    robot.canvas.fit()
    assert small.isHidden()


@pytest.mark.parametrize(("scale", "step"), [(0.05, 2000), (0.25, 500), (1.0, 100), (2.0, 50), (64.0, 1)])
def test_numbers_on_the_ruler_are_round_and_far_enough_apart(scale, step):
    assert step_of(scale) == step


def test_rulers_lie_along_two_sides_and_mark_the_mouse(robot):
    robot.canvas.guides.set_on("rulers", True)
    across, down = robot.canvas.guides.rulers
    assert across.width() == robot.canvas.width()
    assert across.height() == down.width()
    robot.hover(100, 80)
    image = across.grab().toImage()
    x = robot.at(100, 80).x()
    assert any(image.pixelColor(x + off, 2).red() > 200 for off in (-1, 0, 1))


def test_outlines_only_leaves_the_inside_of_regions_as_the_photograph_is(robot):
    inside = robot.at(100, 80)
    filled = drawn(robot)[inside.y(), inside.x()]
    robot.canvas.stage.set_fill(0.0)
    assert drawn(robot)[inside.y(), inside.x()].tolist() == [128, 128, 128]
    assert filled.tolist() != [128, 128, 128]
    robot.canvas.stage.set_fill(0.5)
    strong = drawn(robot)[inside.y(), inside.x()]
    assert abs(int(strong[2]) - 128) > abs(int(filled[2]) - 128)


def test_each_origin_has_its_own_line_and_every_outline_two_colours():
    looks = {
        origin: style.style_of(new_region([(0, 0), (9, 0), (9, 9)], origin=origin))
        for origin in ("person", "model", "both")
    }
    assert len({look.line.name() for look in looks.values()}) == 3
    for look in (*looks.values(), style.IGNORED, style.DETECTED, style.SELECTED, style.DRAFT, style.HOVERED):
        assert abs(look.line.lightness() - look.halo.lightness()) > 60, look


def test_switches_are_checked_and_kept_for_the_next_run(qapp, tmp_path: Path):
    folder = write_photos(tmp_path / "p", ("a.jpg",))

    def switch_on(robot: AppRobot):
        yield robot.picture_shown
        for name in GUIDE_NAMES:
            robot.trigger(f"view.{name}")
            assert robot.action(f"view.{name}").isChecked()
        robot.press("Shift+F")
        assert robot.action("view.outlines").isChecked()

    def look(robot: AppRobot):
        yield robot.picture_shown
        assert robot.canvas.guides.on == set(GUIDE_NAMES)
        assert robot.action("view.outlines").isChecked()
        assert robot.action("view.rulers").isChecked()

    run_with(FakeDetector(), [str(folder)], switch_on)
    run_with(FakeDetector(), [str(folder)], look)


def test_a_layer_can_be_shown_alone_and_all_again(qapp, tmp_path: Path):
    folder = write_photos(tmp_path / "p", ("a.jpg",))

    def script(robot: AppRobot):
        yield robot.picture_shown
        stage = robot.canvas.stage
        robot.press("Alt+2")
        assert (stage.is_visible("regions"), stage.is_visible("detections")) == (False, True)
        robot.press("Alt+1")
        assert (stage.is_visible("regions"), stage.is_visible("detections")) == (True, False)
        assert robot.window.layers.map_name == "off"
        robot.press("Alt+1")
        assert (stage.is_visible("regions"), stage.is_visible("detections")) == (True, True)
        robot.press("Alt+3")
        assert (stage.is_visible("regions"), stage.is_visible("detections")) == (False, False)
        assert robot.window.layers.map_name != "off"

    run_with(FakeDetector(), [str(folder)], script)
