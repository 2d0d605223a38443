"""Regions: immutable values that share their polygons."""

import numpy as np
import pytest

from app.domain.region import Region, new_region

SQUARE = ((0.0, 0.0), (10.0, 0.0), (10.0, 10.0), (0.0, 10.0))


def test_a_new_region_copies_its_polygon():
    points = np.array(SQUARE)
    region = new_region(points)
    points[0] = 99, 99
    assert region.polygon[0].tolist() == [0, 0]


def test_the_polygon_cannot_be_written_to():
    with pytest.raises(ValueError, match="read-only"):
        new_region(SQUARE).polygon[0, 0] = 1


def test_every_new_region_has_an_id_of_its_own():
    assert new_region(SQUARE).id != new_region(SQUARE).id


def test_regions_with_equal_values_are_equal():
    first = new_region(SQUARE, text="a", origin="model", score=0.5)
    again = Region(first.id, np.array(SQUARE), "a", False, "model", 0.5)
    assert first == again
    assert hash(first) == hash(again)


@pytest.mark.parametrize(
    "other",
    [
        {"id": "x"},
        {"polygon": np.array(SQUARE) + 1e-9},
        {"polygon": np.array(SQUARE[:3])},
        {"text": "b"},
        {"ignore": True},
        {"origin": "both"},
        {"score": 0.25},
    ],
)
def test_a_region_that_differs_in_one_value_is_another(other):
    values = {"id": "r", "polygon": np.array(SQUARE), "text": "a", "origin": "model", "score": 0.5}
    assert Region(**values) == Region(**values)
    assert Region(**values) != Region(**(values | other))


@pytest.mark.parametrize(
    "points", [SQUARE[:2], [[0, 0], [1, float("nan")], [1, 1]], [[0, 0, 0], [1, 1, 1], [2, 0, 2]], []]
)
def test_what_is_no_polygon_is_refused(points):
    with pytest.raises(ValueError, match=r"polygon|finite|shape"):
        new_region(points)
