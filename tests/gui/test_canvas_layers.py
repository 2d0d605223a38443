"""How the layers draw: what is kept equals what is drawn afresh, and everything lies where it should."""

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QRectF
from PySide6.QtGui import QColor, QImage

from app.domain.page import Page
from app.domain.region import Region, new_region
from app.views.canvas import style
from app.views.canvas.image_item import PYRAMID_SIDE, pyramid
from app.views.canvas.outline import halo_offsets, line_offsets
from app.views.canvas.score_overlay import colour_table, cut_to
from app.views.canvas.tags import LONGEST_TEXT, TagPainter, TagRequest, shortened
from tcm_core.detection import Detection
from tests.helpers.canvas_robot import MIDDLE, make_robot, picture, rectangle


def words(count, seed=3):
    random = np.random.default_rng(seed)
    angles = np.linspace(-np.pi, np.pi, 14, endpoint=False)
    ring = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    return tuple(
        new_region(
            ring * random.uniform((10, 4), (30, 12)) + random.uniform((20, 20), (380, 280)),
            text=f"word {number}" if number % 3 == 0 else "",
            ignore=number % 5 == 0,
            origin="model" if number % 2 else "person",
        )
        for number in range(count)
    )


def pixels(canvas):
    """(h, w, 3) what the canvas shows now, as int16."""
    image = canvas.grab().toImage().convertToFormat(QImage.Format.Format_RGB888)
    values = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine())
    return values[:, : image.width() * 3].reshape(image.height(), image.width(), 3).astype(np.int16)


def drawn_afresh(canvas):
    """The same with everything drawn again in full quality."""
    for layer in (canvas.stage.photo, canvas.stage.detections, canvas.stage.regions):
        layer.invalidate_all()
    canvas.grab()
    canvas.refine()
    return pixels(canvas)


def assert_same(kept, afresh):
    """Equal but for a few pixels on edges, whose blending depends on where drawing began."""
    differing = (np.abs(kept - afresh).max(axis=2) > 2).mean()
    assert differing < 0.001, f"{differing:.2%} of the pixels differ"


@pytest.fixture
def robot(qtbot):
    robot = make_robot(qtbot, Page(words(60)))
    robot.canvas.show_detections([Detection(rectangle(200, 150, 90, 40).polygon, 0.8)])
    robot.canvas.grab()
    return robot


@pytest.mark.pixels
class TestWhatIsKeptEqualsWhatIsDrawnAfresh:
    def test_after_a_pan(self, robot):
        for way in ((60, 20), (-90, 35), (11, -77)):
            robot.drag((200, 150), (200 + way[0], 150 + way[1]), button=MIDDLE)
            robot.canvas.grab()
        assert_same(pixels(robot.canvas), drawn_afresh(robot.canvas))

    def test_after_a_pan_while_zoomed_in(self, robot):
        robot.wheel(200, 150, 5)
        robot.canvas.grab()
        robot.drag((200, 150), (215, 140), button=MIDDLE)
        robot.canvas.grab()
        robot.canvas.refine()
        assert_same(pixels(robot.canvas), drawn_afresh(robot.canvas))

    def test_after_a_pan_further_than_the_view(self, robot):
        robot.wheel(200, 150, 12)
        robot.canvas.grab()
        robot.canvas.reveal(0, 0, 5, 5, 10)
        assert_same(pixels(robot.canvas), drawn_afresh(robot.canvas))

    def test_after_a_region_was_moved_changed_and_deleted(self, robot):
        first, second, third, *others = robot.regions
        moved = Region(first.id, first.polygon + np.array((40, 25)), first.text, first.ignore, first.origin)
        renamed = Region(second.id, second.polygon, "another text", not second.ignore, "person")
        robot.canvas.show_page(Page((moved, renamed, *others)))
        assert_same(pixels(robot.canvas), drawn_afresh(robot.canvas))
        assert third.id not in {region.id for region in (moved, renamed, *others)}

    def test_after_selecting_and_letting_go(self, robot):
        robot.select(0, 7, 20)
        robot.canvas.grab()
        robot.selection.clear()
        assert_same(pixels(robot.canvas), drawn_afresh(robot.canvas))

    def test_after_the_order_changed(self, robot):
        robot.canvas.show_page(Page(tuple(reversed(robot.regions))))
        assert_same(pixels(robot.canvas), drawn_afresh(robot.canvas))

    def test_after_other_detections(self, robot):
        robot.canvas.show_detections([Detection(rectangle(20, 50, 90, 40).polygon, 0.8)])
        robot.canvas.grab()
        robot.canvas.show_detections([])
        assert_same(pixels(robot.canvas), drawn_afresh(robot.canvas))

    def test_a_rough_drawing_is_refined(self, qtbot):
        robot = make_robot(qtbot, Page(words(500)))
        robot.canvas.grab()
        robot.wheel(200, 150, 1)
        rough = pixels(robot.canvas)
        assert robot.canvas.stage.is_rough
        robot.canvas.refine()
        fine = pixels(robot.canvas)
        assert not robot.canvas.stage.is_rough
        assert (np.abs(rough - fine).max(axis=2) > 40).mean() > 0.01
        assert_same(fine, drawn_afresh(robot.canvas))


def test_a_rough_drawing_refines_itself_after_a_rest(qtbot):
    robot = make_robot(qtbot, Page(words(500)))
    robot.canvas.grab()
    robot.wheel(200, 150, 1)
    robot.canvas.grab()
    assert robot.canvas.stage.is_rough
    qtbot.waitUntil(lambda: not robot.canvas.stage.is_rough, timeout=3000)


@pytest.mark.pixels
class TestPlaces:
    def colour_at(self, robot, x, y):
        return tuple(pixels(robot.canvas)[robot.at(x, y).y(), robot.at(x, y).x()])

    def near(self, robot, x, y, colour: QColor):
        """Whether a pixel within two of the place has nearly that colour."""
        place = robot.at(x, y)
        around = pixels(robot.canvas)[place.y() - 2 : place.y() + 3, place.x() - 2 : place.x() + 3]
        return (np.abs(around - np.array(colour.getRgb()[:3])).max(axis=2) < 45).any()

    def test_the_picture_fills_its_rectangle_and_no_more(self, qtbot):
        robot = make_robot(qtbot, Page())
        robot.canvas.show_image(picture(400, 300, 0x40A060))
        assert self.colour_at(robot, 1, 1) == (0x40, 0xA0, 0x60)
        assert self.colour_at(robot, 399, 299) == (0x40, 0xA0, 0x60)
        assert self.colour_at(robot, -2, 150) == style.BACKGROUND.getRgb()[:3]

    def test_a_person_s_region_is_drawn_solid_along_its_edges(self, qtbot):
        robot = make_robot(qtbot, Page((rectangle(100, 100, 100, 50),)))
        for x in np.arange(110, 195, 3.0):
            assert self.near(robot, x, 100, style.PERSON.line), x

    def test_a_detection_is_dashed(self, qtbot):
        robot = make_robot(qtbot, Page())
        robot.canvas.show_detections([Detection(rectangle(100, 100, 100, 50).polygon, 0.5)])
        place, end = robot.at(105, 100), robot.at(195, 100)
        row = pixels(robot.canvas)[place.y() - 1 : place.y() + 2, place.x() : end.x()]
        amber = (row[:, :, 0] > 200).any(axis=0)
        assert 0.3 < amber.mean() < 0.8
        assert np.count_nonzero(np.diff(amber.astype(int))) > 15

    def test_the_outline_has_a_dark_halo_on_a_white_picture(self, qtbot):
        robot = make_robot(qtbot, Page((rectangle(100, 100, 100, 50),)))
        robot.canvas.show_image(picture(400, 300, 0xFFFFFF))
        place = robot.at(150, 100)
        column = pixels(robot.canvas)[place.y() - 4 : place.y() + 5, place.x()]
        assert column.max(axis=1).min() < 150

    def test_model_and_person_and_ignored_differ(self):
        looks = [
            style.style_of(Region("a", np.zeros((3, 2)), ignore=ignore, origin=origin))
            for ignore, origin in ((False, "person"), (False, "model"), (True, "person"))
        ]
        assert len({look.line.rgb() for look in (*looks, style.DETECTED)}) == 4
        assert style.DETECTED.dashes
        assert not any(look.dashes for look in looks)
        assert looks[2].hatch is not None

    def test_the_handles_keep_their_size_at_any_zoom(self, qtbot):
        robot = make_robot(qtbot, Page((rectangle(100, 100, 100, 50),)))
        robot.canvas.show_image(picture(400, 300, 0x000000))
        robot.select(0)
        areas = []
        for notches in (0, 6):
            robot.wheel(200, 150, notches)
            place = robot.at(200, 150)
            around = pixels(robot.canvas)[place.y() - 8 : place.y() + 9, place.x() - 8 : place.x() + 9]
            areas.append(np.count_nonzero(around[4:13, 4:13].min(axis=2) > 240))
        assert areas[0] == pytest.approx(areas[1], abs=3)
        assert areas[0] > 15

    def test_peeking_shows_the_bare_picture(self, qtbot):
        robot = make_robot(qtbot, Page((rectangle(100, 100, 100, 50),)))
        robot.select(0)
        robot.canvas.show_map(np.full((30, 40), 255, np.uint8), QRectF(0, 0, 400, 300))
        robot.canvas.set_peek(True)
        inside = pixels(robot.canvas)[14:610, 14:810]
        assert (inside == 0x80).all()
        robot.canvas.set_peek(False)
        assert not (pixels(robot.canvas)[14:610, 14:810] == 0x80).all()

    @pytest.mark.parametrize("layer", ["regions", "detections", "map"])
    def test_a_hidden_layer_is_not_drawn(self, qtbot, layer):
        robot = make_robot(qtbot, Page((rectangle(100, 100, 100, 50),) if layer == "regions" else ()))
        if layer == "detections":
            robot.canvas.show_detections([Detection(rectangle(100, 100, 100, 50).polygon, 0.5)])
        if layer == "map":
            robot.canvas.show_map(np.full((30, 40), 255, np.uint8), QRectF(0, 0, 400, 300))
        assert not (pixels(robot.canvas)[14:610, 14:810] == 0x80).all()
        robot.canvas.set_layer_visible(layer, False)
        assert (pixels(robot.canvas)[14:610, 14:810] == 0x80).all()

    def test_a_map_pixel_lies_on_the_image_pixels_it_covers(self, qtbot):
        robot = make_robot(qtbot, Page())
        values = np.zeros((38, 50), np.uint8)  # eight image pixels each; reaches beyond the 400 x 300 picture
        values[10:12, 20:24] = 255
        robot.canvas.show_map(values, QRectF(0, 0, 400, 304))
        robot.canvas.stage.score.set_style("viridis", 1.0)
        shown = pixels(robot.canvas)
        marked = np.abs(shown - 0x80).max(axis=2) > 60
        marked[:14], marked[610:], marked[:, :14], marked[:, 810:] = False, False, False, False
        rows, columns = np.nonzero(marked)
        first = robot.canvas.widget_to_image(QPoint(int(columns.min()), int(rows.min())))
        last = robot.canvas.widget_to_image(QPoint(int(columns.max()) + 1, int(rows.max()) + 1))
        assert first == pytest.approx((160, 80), abs=4)  # smooth scaling spreads by half a map pixel
        assert last == pytest.approx((192, 96), abs=4)

    def test_another_opacity_shows_more_of_the_picture(self, qtbot):
        robot = make_robot(qtbot, Page())
        robot.canvas.show_map(np.full((30, 40), 255, np.uint8), QRectF(0, 0, 400, 300))
        robot.canvas.stage.score.set_style("inferno", 0.9)
        strong = np.abs(pixels(robot.canvas)[300, 400] - 0x80).sum()
        robot.canvas.stage.score.set_style("inferno", 0.2)
        weak = np.abs(pixels(robot.canvas)[300, 400] - 0x80).sum()
        assert 0 < weak < strong


class TestScoreMap:
    def test_no_score_is_clear_and_a_full_one_as_opaque_as_asked(self):
        table = colour_table("magma", 0.5)
        assert table.shape == (256, 4)
        assert table[0, 3] == 0
        assert table[255, 3] == 128
        assert (np.diff(table[:, 3].astype(int)) >= 0).all()

    def test_an_unknown_colour_map_gives_the_first_one(self):
        assert np.array_equal(colour_table("no such map", 0.5), colour_table("inferno", 0.5))

    def test_map_pixels_outside_the_picture_are_cut_and_the_rest_stays_in_place(self):
        values = np.arange(10 * 20, dtype=np.uint8).reshape(10, 20)
        cut, covered = cut_to(values, QRectF(0, 0, 200, 100), QRectF(0, 0, 155, 100))
        assert np.array_equal(cut, values[:, :16])
        assert covered == QRectF(0, 0, 160, 100)

    def test_a_map_that_begins_before_the_picture(self):
        values = np.zeros((4, 4), np.uint8)
        cut, covered = cut_to(values, QRectF(-20, -10, 40, 40), QRectF(0, 0, 20, 20))
        assert cut.shape == (2, 2)
        assert covered == QRectF(0, 0, 20, 20)


class TestTags:
    def test_a_tag_has_one_size_at_any_scale_and_stands_above_its_polygon(self, qapp):
        painter = TagPainter()
        request = TagRequest("a", "word", style.PERSON.line, 100, 50, 200)
        (small,), (large,) = painter.place([request], 1.0), painter.place([request], 4.0)
        assert small.rect.size() == large.rect.size()
        assert (small.rect.left(), large.rect.left()) == (100, 400)
        assert small.rect.bottom() < 50
        assert large.rect.bottom() < 200

    def test_overlapping_tags_are_left_out_later_ones_first(self, qapp):
        requests = [
            TagRequest("a", "first", style.PERSON.line, 0, 50, 100),
            TagRequest("b", "second", style.PERSON.line, 10, 52, 110),
            TagRequest("c", "third", style.PERSON.line, 10, 150, 110),
        ]
        assert [tag.owner for tag in TagPainter().place(requests, 1.0)] == ["a", "c"]

    def test_a_word_much_narrower_than_its_tag_gets_none(self, qapp):
        request = TagRequest("a", "a long transcription", style.PERSON.line, 0, 50, 12)
        assert TagPainter().place([request], 1.0) == []
        assert len(TagPainter().place([request], 10.0)) == 1

    def test_a_long_text_is_shortened(self):
        assert shortened("x" * 100) == "x" * (LONGEST_TEXT - 1) + "…"
        assert shortened("short") == "short"


class TestPyramid:
    def test_a_small_picture_is_kept_as_it_is(self, qapp):
        assert len(pyramid(picture(640, 480))) == 1

    def test_a_large_picture_gets_a_half_and_a_quarter(self, qapp):
        image = QImage(PYRAMID_SIDE + 200, 64, QImage.Format.Format_RGB888)
        image.fill(QColor(10, 200, 30))
        levels = pyramid(image)
        assert [(level.width(), level.height()) for level in levels] == [
            (4200, 64),
            (2100, 32),
            (1050, 16),
        ]
        assert levels[2].pixelColor(500, 8).getRgb()[:3] == (10, 200, 30)


@pytest.mark.parametrize("ratio", [1.0, 1.5, 2.0, 3.0])
def test_thin_lines_cover_line_and_halo_without_a_gap(ratio):
    look = style.PERSON
    for angle in np.radians([0, 17, 45, 90]):
        normal = np.array((-np.sin(angle), np.cos(angle)))
        places = np.sort(np.array([*halo_offsets(look, ratio), *line_offsets(look, ratio)]) @ normal)
        assert np.diff(places).max() <= 1.35  # a smooth line of one pixel reaches that far
        assert places[-1] - places[0] + 1 >= 0.6 * look.halo_width * ratio
