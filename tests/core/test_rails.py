import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tcm_core.geometry.fourier import resample
from tcm_core.geometry.overlap import iou
from tcm_core.geometry.polygon import area, as_points, bounds
from tcm_core.geometry.rails import centre_band, rails
from tests.helpers.fce_maps import bent_text


@given(
    height=st.floats(5, 40),
    long=st.floats(2.0, 12),
    bend=st.sampled_from([0, 30, 120, 200]),
    angle=st.floats(-180, 180),
    points=st.integers(4, 10),
    shift=st.integers(0, 20),
)
def test_the_sides_of_a_text_are_found_wherever_its_label_begins(height, long, bend, angle, points, shift):
    width = height * long * (1 + bend / 60)
    label = bent_text(width, height, bend, angle, points=points)
    above, below = label[: len(label) // 2], label[len(label) // 2 :][::-1]
    one, other = rails(np.roll(label, shift, axis=0))
    found = {tuple(np.round(side, 6).ravel()) for side in (one, other)}
    wanted = {tuple(np.round(side, 6).ravel()) for side in (above, below)}
    back = {tuple(np.round(side[::-1], 6).ravel()) for side in (above, below)}
    assert found in (wanted, back)


def test_a_quads_ends_are_its_shorter_edges():
    one, other = rails(as_points([[0, 0], [100, 0], [100, 30], [0, 30]]))
    assert {one[0][0], one[1][0]} == {0, 100}
    one, other = rails(as_points([[0, 0], [30, 0], [30, 100], [0, 100]]))
    assert {one[0][1], one[1][1]} == {0, 100}
    assert np.linalg.norm(one - other, axis=1).tolist() == [30, 30]


def test_a_square_is_read_like_a_word():
    one, _ = rails(as_points([[0, 0], [10, 0], [10, 10], [0, 10]]))
    assert one[0][1] == one[1][1]


@pytest.mark.parametrize("vertices", [30, 48, 49, 400])
def test_an_outline_of_many_points_has_sides_too(vertices):
    outline = resample(bent_text(300, 40, 90), vertices)
    band = centre_band(outline, 0.3, 4.0)
    true = centre_band(bent_text(300, 40, 90, points=30), 0.3, 4.0)
    assert iou(band.outline, true.outline) > 0.75


def test_the_band_is_the_middle_without_a_quarter_of_the_height_at_the_ends():
    band = centre_band(as_points([[0, 0], [100, 0], [100, 40], [0, 40]]), 0.3, 4.0)
    assert bounds(band.outline) == pytest.approx((10, 14, 90, 26))
    assert area(band.outline) == pytest.approx(80 * 12)
    assert bounds(band.line) == pytest.approx((10, 20, 90, 20))
    assert np.linalg.norm(np.diff(band.line, axis=0), axis=1).max() <= 4.0 + 1e-9


def test_the_band_of_a_bent_text_follows_the_bend():
    band = centre_band(bent_text(300, 40, 180, points=20), 0.3, 4.0)
    radius = 300 / np.pi
    from_centre = np.linalg.norm(band.line - (320, 320 + radius), axis=1)
    assert from_centre == pytest.approx(np.full(len(band.line), radius), abs=1.0)


@pytest.mark.parametrize(
    "polygon",
    [
        [[0, 0], [90, 10], [0, 20]],
        [[0, 0], [0, 0], [0, 0]],
        [[0, 0], [50, 0], [100, 0], [50, 0]],
        [[0, 0], [1, 0], [1, 1e-9], [0, 1e-9]],
    ],
)
def test_triangles_and_degenerate_outlines_have_some_band(polygon):
    band = centre_band(as_points(polygon), 0.3, 4.0)
    assert np.isfinite(band.outline).all()
    assert len(band.line) >= 2
    (x0, y0), (x1, y1) = np.min(polygon, axis=0), np.max(polygon, axis=0)
    assert x0 <= band.outline[:, 0].min() <= band.outline[:, 0].max() <= x1
    assert y0 <= band.outline[:, 1].min() <= band.outline[:, 1].max() <= y1


def test_a_triangles_band_leads_to_its_tip():
    band = centre_band(as_points([[0, 0], [90, 10], [0, 20]]), 0.3, 4.0)
    assert band.line[:, 1] == pytest.approx(np.full(len(band.line), 10))
    assert max(band.line[0, 0], band.line[-1, 0]) == pytest.approx(90)
