import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from tcm_core.geometry.polygon import area, as_points, is_simple, signed_area
from tcm_core.geometry.repair import clipped, repaired

SQUARE = as_points([[0, 0], [10, 0], [10, 10], [0, 10]])


def test_a_simple_polygon_stays_as_it_is():
    assert repaired(SQUARE) is SQUARE
    assert clipped(SQUARE, (20, 20)) is SQUARE


def test_of_a_crossed_polygon_the_larger_part_is_kept():
    bow = as_points([[0, 0], [30, 10], [30, 0], [0, 20]])
    part = repaired(bow)
    assert is_simple(part)
    assert signed_area(part) > 0
    assert part[:, 0].min() == 0
    assert part[:, 0].max() == pytest.approx(20)


@pytest.mark.parametrize(
    "polygon",
    [[[0, 0], [5, 5]], [[1, 1], [1, 1], [1, 1]], [[0, 0], [5, 5], [9, 9]], [[0, 0], [9, 0], [4, 0], [2, 0]]],
)
def test_nothing_is_left_of_what_has_no_area(polygon):
    assert repaired(as_points(polygon)) is None


@given(arrays(float, st.tuples(st.integers(3, 9), st.just(2)), elements=st.integers(-20, 40)))
def test_what_is_repaired_and_clipped_is_simple_and_inside(polygon):
    simple = repaired(polygon)
    if simple is None:
        return
    assert is_simple(simple)
    part = clipped(simple, (20, 30))
    if part is not None:
        assert is_simple(part)
        assert part.min() >= 0
        assert part[:, 0].max() <= 30
        assert part[:, 1].max() <= 20
        assert area(part) <= area(simple) + 1e-9


def test_what_reaches_out_of_the_picture_is_cut_off():
    part = clipped(SQUARE - (4, 0), (8, 20))
    assert sorted(map(tuple, part.tolist())) == [(0, 0), (0, 8), (6, 0), (6, 8)]
    assert clipped(SQUARE - (10, 0), (20, 20)) is None
    assert clipped(50 + SQUARE, (20, 20)) is None


def test_of_several_parts_inside_the_largest_is_kept():
    fork = as_points([[-10, 0], [5, 0], [5, 2], [-5, 2], [-5, 6], [5, 6], [5, 12], [-10, 12]])
    assert area(clipped(fork, (20, 20))) == pytest.approx(30)


def test_holes_are_filled():
    ring = np.array([[0, 0], [9, 0], [9, 9], [0, 9], [0, 0], [3, 3], [3, 6], [6, 6], [6, 3], [3, 3]], float)
    assert area(repaired(ring)) == pytest.approx(81)
