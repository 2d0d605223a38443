import numpy as np
import pytest

from tcm_core.geometry.polygon import area, as_points, bounds, clockwise, is_simple, perimeter, signed_area
from tcm_core.geometry.quad import min_area_quad

RECTANGLE = as_points([[10, 20], [40, 20], [40, 30], [10, 30]])


def test_a_flat_row_and_pairs_give_the_same_points():
    assert np.array_equal(as_points([10, 20, 40, 20, 40, 30, 10, 30]), RECTANGLE)


@pytest.mark.parametrize("values", [[1, 2, 3], [[1, 2, 3]], [[1, float("nan")]], [[float("inf"), 0]]])
def test_values_that_are_no_points_are_refused(values):
    with pytest.raises(ValueError, match=r"points|finite"):
        as_points(values)


def test_measures_of_a_rectangle():
    assert area(RECTANGLE) == 300
    assert perimeter(RECTANGLE) == 80
    assert bounds(RECTANGLE) == (10, 20, 40, 30)


def test_clockwise_on_the_screen_has_a_positive_area():
    assert signed_area(RECTANGLE) == 300
    assert signed_area(RECTANGLE[::-1]) == -300


def test_turning_the_direction_keeps_the_first_vertex():
    turned = clockwise(RECTANGLE[::-1])
    assert signed_area(turned) == 300
    assert np.array_equal(turned[0], RECTANGLE[::-1][0])


def test_a_bow_tie_is_not_simple():
    assert is_simple(RECTANGLE)
    assert not is_simple(RECTANGLE[[0, 2, 1, 3]])
    assert not is_simple(RECTANGLE[:2])


def test_the_smallest_rectangle_of_a_turned_one_is_itself_from_its_top_left():
    turn = np.array([[np.cos(0.3), -np.sin(0.3)], [np.sin(0.3), np.cos(0.3)]])
    turned = RECTANGLE @ turn.T + (1000, 2000)
    found = min_area_quad(np.concatenate([turned, turned.mean(axis=0)[None]]))
    assert np.allclose(found, turned, atol=1e-3)
    assert signed_area(found) == pytest.approx(300, abs=0.1)
