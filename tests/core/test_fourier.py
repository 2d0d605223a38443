from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from tcm_core.geometry.fourier import (
    from_canonical_start,
    reconstruction_matrix,
    resample,
    text_coefficients,
    to_coefficients,
    to_points,
)
from tcm_core.geometry.overlap import iou
from tcm_core.geometry.polygon import area, as_points
from tests.helpers.fce_maps import bent_text

numbers = st.floats(-100, 100)


@st.composite
def series(draw):
    """Coefficients of some degree, and a number of points that is enough for it."""
    degree = draw(st.integers(0, 8))
    parts = draw(arrays(float, (2, 2 * degree + 1), elements=numbers))
    return parts[0] + 1j * parts[1], draw(st.integers(2 * degree + 1, 70))


@st.composite
def outlines(draw):
    """A text somewhere, straight or bent."""
    height = draw(st.floats(4, 60))
    width = height * draw(st.floats(1.6, 12))
    return bent_text(
        width,
        height,
        draw(st.sampled_from([0, 60, 90])),
        draw(st.floats(-30, 30)),
        points=draw(st.integers(4, 9)),
    )


@given(series())
def test_a_band_limited_contour_comes_back_exactly(drawn):
    coefficients, count = drawn
    points = to_points(coefficients, count)
    again = to_coefficients(points, len(coefficients) // 2)
    assert np.allclose(again, coefficients, atol=1e-9)
    assert np.allclose(to_points(again, count), points, atol=1e-9)


@given(outlines())
def test_the_error_of_the_approximation_falls_with_the_degree(polygon):
    points = resample(polygon, 400)
    errors = [
        np.sqrt(((to_points(to_coefficients(points, degree), 400) - points) ** 2).sum(axis=1).mean())
        for degree in (0, 1, 2, 3, 5, 8, 20, 60)
    ]
    assert all(later < earlier + 1e-9 for earlier, later in pairwise(errors))
    assert errors[-1] < 0.01 * errors[0]


@given(outlines(), st.integers(0, 17), st.booleans())
def test_alike_outlines_have_alike_coefficients_wherever_they_begin_and_whichever_way_they_run(
    polygon, shift, mirrored
):
    wanted = text_coefficients(polygon, 5)
    same = np.roll(polygon, shift, axis=0)[:: -1 if mirrored else 1]
    step = np.linalg.norm(np.diff(resample(polygon, 400), axis=0), axis=1).max()
    assert np.allclose(to_points(text_coefficients(same, 5), 50), to_points(wanted, 50), atol=2.5 * step)
    moved = text_coefficients(polygon * 2 + (30, 40), 5)
    assert moved[5] == pytest.approx(2 * wanted[5] + 30 + 40j)
    assert np.allclose(np.delete(moved, 5), 2 * np.delete(wanted, 5))


def test_a_circle_has_one_coefficient_besides_its_centre():
    angles = np.linspace(0, 2 * np.pi, 36, endpoint=False)
    circle = np.stack([50 + 10 * np.cos(angles), 70 + 10 * np.sin(angles)], axis=1)
    assert np.allclose(to_coefficients(circle, 2), [0, 0, 50 + 70j, 10, 0])


def test_a_text_begins_at_its_top_middle_and_runs_clockwise():
    polygon = as_points([[10, 20], [110, 20], [110, 50], [10, 50]])
    contour = to_points(text_coefficients(polygon, 40), 100)
    assert contour[0] == pytest.approx((60, 20), abs=3)
    assert contour[10][0] > contour[0][0]
    assert contour[50] == pytest.approx((60, 50), abs=3)


def test_of_the_eight_points_nearest_to_the_middle_the_highest_is_the_start():
    points = as_points([[x, y] for y in (30, 10) for x in (0, 2, 4, 6, 8, 10)])
    assert from_canonical_start(points)[0].tolist() in ([4, 10], [6, 10])


def test_resampled_points_lie_at_equal_distances_and_begin_with_the_first():
    square = as_points([[0, 0], [8, 0], [8, 0], [8, 8], [0, 8]])
    points = resample(square, 16)
    assert points[0].tolist() == [0, 0]
    assert np.linalg.norm(points - np.roll(points, 1, axis=0), axis=1) == pytest.approx([2] * 16)


def test_a_point_is_its_own_contour():
    assert np.allclose(to_points(text_coefficients(as_points([[3, 4]] * 3), 5), 10), [3, 4])


@pytest.mark.parametrize(("degree", "least"), [(1, 0.7), (5, 0.9), (20, 0.98)])
def test_how_well_a_word_is_described(degree, least):
    word = bent_text(100, 30, 90)
    contour = to_points(text_coefficients(word, degree), 200)
    assert iou(contour, word) > least
    assert area(contour) == pytest.approx(area(word), rel=1.2 - least)


def test_too_few_points_for_the_degree_are_refused():
    with pytest.raises(ValueError, match="degree 5 needs more than 10 points, got 10"):
        to_coefficients(np.zeros((10, 2)), 5)


def test_the_shared_matrix_cannot_be_changed():
    with pytest.raises(ValueError, match="read-only"):
        reconstruction_matrix(5, 50)[0] = 0
