import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tcm_core.data.synth.warp import Arc, View, Warp, Wave
from tcm_core.geometry.polygon import is_simple, signed_area

HEIGHT, WIDTH = 40, 200
BENDS = {
    "flat": None,
    "arch": Arc(90.0),
    "bowl": Arc(-90.0),
    "wave": Wave(amplitude=12.0, length=160.0, phase=0.7),
}
VIEW = View(roll=0.3, yaw=0.6, pitch=-0.3, distance=350.0)


def warp_of(bend, view=VIEW, at=(300.0, 200.0)):
    return Warp(np.array([WIDTH / 2, HEIGHT / 2]), bend, view.homography()).moved(np.array(at))


def distance_to_line(points, line):
    """(N,) the distance of each point to the nearest segment of an open line."""
    start, step = line[:-1], np.diff(line, axis=0)
    along = ((points[:, None] - start) * step).sum(2) / np.maximum((step**2).sum(1), 1e-12)
    foot = start + along.clip(0, 1)[..., None] * step
    return np.linalg.norm(points[:, None] - foot, axis=2).min(axis=1)


@pytest.mark.parametrize("name", BENDS)
@given(roll=st.floats(-3, 3), yaw=st.floats(-1, 1), pitch=st.floats(-1, 1), distance=st.floats(260, 2000))
def test_the_way_back_leads_to_where_one_came_from(name, roll, yaw, pitch, distance):
    warp = warp_of(BENDS[name], View(roll, yaw, pitch, distance))
    points = np.random.default_rng(0).uniform((0, 0), (WIDTH, HEIGHT), (50, 2))
    np.testing.assert_allclose(warp.to_flat(warp.to_scene(points)), points, atol=1e-6)


def test_the_middle_of_the_sheet_lands_where_the_warp_was_moved_to():
    for bend in (None, Arc(90.0), Arc(-90.0)):
        middle = warp_of(bend).to_scene(np.array([[WIDTH / 2, HEIGHT / 2]]))
        np.testing.assert_allclose(middle, [[300.0, 200.0]], atol=1e-9)


def test_an_arch_is_highest_in_the_middle_and_a_bowl_lowest():
    ends_and_middle = np.array([[0.0, 20.0], [100.0, 20.0], [200.0, 20.0]])
    for bend, sign in ((Arc(90.0), 1), (Arc(-90.0), -1)):
        y = warp_of(bend, View()).to_scene(ends_and_middle)[:, 1]
        assert sign * (y[0] - y[1]) > 10
        assert sign * (y[2] - y[1]) > 10


def test_an_arc_keeps_the_length_of_the_middle_line():
    line = np.stack([np.linspace(0, WIDTH, 400), np.full(400, HEIGHT / 2)], axis=1)
    bent = warp_of(Arc(90.0), View()).to_scene(line)
    assert np.linalg.norm(np.diff(bent, axis=0), axis=1).sum() == pytest.approx(WIDTH, rel=1e-4)


@pytest.mark.parametrize("name", BENDS)
def test_a_dot_is_drawn_where_the_formula_puts_it(name):
    warp = warp_of(BENDS[name])
    sheet = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    sheet[18:23, 148:153] = 255
    window = warp.draw(sheet, (150, 50), (300, 320))[..., 1].astype(float)
    rows, columns = np.mgrid[: window.shape[0], : window.shape[1]] + 0.5
    seen = np.array([(columns * window).sum(), (rows * window).sum()]) / window.sum() + (150, 50)
    np.testing.assert_allclose(seen, warp.to_scene(np.array([[150.5, 20.5]]))[0], atol=0.25)


def test_a_flat_text_has_four_vertices_and_a_bent_one_as_many_as_asked_for():
    box = (10.0, 5.0, 60.0, 30.0)
    assert warp_of(None).polygon(box, points=7, error=0.5).shape == (4, 2)
    assert warp_of(Arc(400.0)).polygon(box, points=7, error=0.5).shape == (14, 2)


@pytest.mark.parametrize("name", ["arch", "bowl", "wave"])
@pytest.mark.parametrize("error", [2.0, 0.5])
def test_a_bent_polygon_leaves_the_curve_by_less_than_the_error(name, error):
    warp, box = warp_of(BENDS[name]), (2.0, 3.0, 198.0, 37.0)
    polygon = warp.polygon(box, points=3, error=error)
    half = len(polygon) // 2
    x = np.linspace(2, 198, 500)
    for y, side in ((3.0, polygon[:half]), (37.0, polygon[half:])):
        curve = warp.to_scene(np.stack([x, np.full(500, y)], axis=1))
        # the middle of a chord is what is measured; elsewhere it may be a little farther
        assert distance_to_line(curve, side).max() <= 1.1 * error


def test_long_bent_texts_get_more_vertices():
    warp = warp_of(Arc(90.0))
    short = warp.polygon((90.0, 3.0, 110.0, 37.0), points=4, error=0.3)
    long = warp.polygon((2.0, 3.0, 198.0, 37.0), points=4, error=0.3)
    assert len(short) == 8 < len(long)


@pytest.mark.parametrize("name", BENDS)
def test_polygons_are_clockwise_and_begin_at_the_upper_left_of_the_text(name):
    polygon = warp_of(BENDS[name]).polygon((2.0, 3.0, 198.0, 37.0), points=9, error=1.0)
    assert is_simple(polygon)
    assert signed_area(polygon) > 0
    np.testing.assert_allclose(polygon[0], warp_of(BENDS[name]).to_scene(np.array([[2.0, 3.0]]))[0])
