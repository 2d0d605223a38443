import numpy as np
import pytest

from tcm_core.geometry.overlap import intersection_matrix, iou, iou_matrix, to_shapes

SQUARE = np.array([[0.0, 0], [10, 0], [10, 10], [0, 10]])


def test_half_a_square_has_iou_exactly_one_half():
    assert iou(SQUARE, SQUARE * [1, 0.5]) == 0.5


def test_iou_does_not_depend_on_direction_or_first_vertex():
    other = SQUARE + np.array([5.0, 0])
    assert iou(SQUARE, other) == pytest.approx(50 / 150)
    assert iou(SQUARE[::-1], np.roll(other, 2, axis=0)) == pytest.approx(50 / 150)


def test_a_diamond_in_a_square_shares_its_own_area():
    diamond = np.array([[5.0, 0], [10, 5], [5, 10], [0, 5]])
    assert intersection_matrix([SQUARE], [diamond]) == pytest.approx(np.array([[50.0]]))


def test_a_matrix_has_every_pair_in_its_place():
    far = SQUARE + 100.0
    areas = intersection_matrix([SQUARE, far], [far + np.array([5.0, 0]), SQUARE * 0.5, SQUARE])
    assert areas == pytest.approx(np.array([[0, 25, 100], [50, 0, 0]]))
    assert iou_matrix([SQUARE, far], [SQUARE]) == pytest.approx(np.array([[1.0], [0.0]]))


def test_squares_that_share_an_edge_only_do_not_overlap():
    assert iou(SQUARE, SQUARE + np.array([10.0, 0])) == 0.0


def test_no_polygons_give_an_empty_matrix():
    assert iou_matrix([], []).shape == (0, 0)
    assert iou_matrix([SQUARE], []).shape == (1, 0)


def test_what_has_no_area_overlaps_nothing():
    line = np.array([[0.0, 5], [10, 5], [0, 5]])
    assert iou(line, line) == 0.0
    assert iou(SQUARE[:2], SQUARE) == 0.0


def test_a_crossed_polygon_is_repaired_and_can_be_compared():
    crossed = np.array([[0.0, 0], [10, 10], [10, 0], [0, 10]])
    shape = to_shapes([crossed])[0]
    assert shape.is_valid
    assert 0.0 < intersection_matrix([crossed], [SQUARE])[0, 0] <= 50.0


def test_iou_of_long_polygons_is_that_of_their_outlines():
    angles = np.linspace(0, 2 * np.pi, 200, endpoint=False)
    circle = np.stack([np.cos(angles), np.sin(angles)], axis=1) * 100
    assert iou(circle, circle * 0.5) == pytest.approx(0.25, abs=1e-9)
