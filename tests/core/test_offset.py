import numpy as np
import pytest

from tcm_core.geometry.offset import offset, shrink, shrink_distance
from tcm_core.geometry.polygon import area, as_points, bounds

RECTANGLE = as_points([[10, 20], [110, 20], [110, 60], [10, 60]])


def test_shrinking_follows_the_area_over_perimeter_rule():
    distance = 100 * 40 * (1 - 0.4**2) / 280  # 12 pixels
    assert shrink_distance(RECTANGLE, 0.4) == pytest.approx(distance)
    assert np.allclose(bounds(shrink(RECTANGLE, 0.4)), (22, 32, 98, 48), atol=1 / 32)


def test_ratio_one_leaves_the_polygon():
    assert area(shrink(RECTANGLE, 1.0)) == pytest.approx(4000)


def test_growing_moves_every_edge_outwards():
    grown = offset(RECTANGLE, 20)
    assert np.allclose(bounds(grown), (-10, 0, 130, 80), atol=1 / 32)


def test_a_polygon_shrunk_away_is_none():
    assert offset(RECTANGLE, -21) is None


def test_of_two_pieces_the_larger_is_kept():
    dumbbell = as_points(
        [
            [0, 0],
            [40, 0],
            [40, 18],
            [60, 18],
            [60, 10],
            [80, 10],
            [80, 30],
            [60, 30],
            [60, 22],
            [40, 22],
            [40, 40],
            [0, 40],
        ]
    )
    x0, _, x1, _ = bounds(offset(dumbbell, -4))
    assert (x0, x1) == pytest.approx((4, 36), abs=1.0)  # a little is left of the neck


@pytest.mark.parametrize("ratio", [0.0, -0.5, 1.1])
def test_ratios_out_of_range_are_refused(ratio):
    with pytest.raises(ValueError, match="ratio"):
        shrink(RECTANGLE, ratio)


def test_two_points_are_refused():
    with pytest.raises(ValueError, match="three points"):
        offset(RECTANGLE[:2], 1)


def test_points_on_a_line_have_no_inside_to_shrink_to():
    assert offset(as_points([[0, 0], [10, 0], [20, 0]]), -1) is None
