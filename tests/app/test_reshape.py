"""Growing, simplifying, squaring and turning polygons of 3, 4, 14 and 40 vertices."""

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.reshape import (
    drawn_towards,
    fitted_box,
    fitted_quad,
    grown,
    scaled,
    simplified,
    starting_at,
    turned,
)
from tcm_core.geometry.polygon import area, is_simple, perimeter, signed_area
from tests.helpers.text_shapes import COUNTS, text_outline

outlines = st.builds(
    text_outline,
    st.sampled_from(COUNTS),
    length=st.floats(40, 200),
    height=st.floats(8, 30),
    bend=st.floats(-2.0, 2.0),
    degrees=st.floats(-180, 180),
)


def is_good(polygon):
    return is_simple(polygon) and signed_area(polygon) > 0


@given(outlines, st.floats(0.25, 3.0))
@settings(deadline=None, max_examples=60)
def test_growing_contains_the_outline_and_keeps_it_simple_and_clockwise(polygon, distance):
    result = grown(polygon, distance)
    assert is_good(result)
    assert shapely.Polygon(result).buffer(1e-6).contains(shapely.Polygon(polygon))
    assert area(result) > area(polygon) + 0.8 * distance * perimeter(polygon)


@pytest.mark.parametrize("count", COUNTS)
def test_growing_by_a_pixel_keeps_the_number_of_vertices_and_the_first(count):
    polygon = text_outline(count, bend=0.0 if count == 3 else 0.8)
    result = grown(polygon, 1.0)
    assert len(result) == count
    distances = np.hypot(*(result - polygon[0]).T)
    assert np.argmin(distances) == 0


@pytest.mark.parametrize("count", COUNTS)
def test_growing_and_shrinking_by_the_same_gives_the_polygon_back(count):
    polygon = text_outline(count, degrees=20)
    assert grown(grown(polygon, 2.0), -2.0) == pytest.approx(polygon, abs=1e-9)


def test_a_rectangle_grows_by_exactly_that_on_every_side():
    assert grown(np.array([(10.0, 10), (30, 10), (30, 20), (10, 20)]), 1.0).tolist() == [
        [9, 9],
        [31, 9],
        [31, 21],
        [9, 21],
    ]


def test_nothing_is_left_when_it_shrinks_by_more_than_half_its_height():
    assert grown(text_outline(14, height=10), -5.5) is None


@pytest.mark.parametrize("count", COUNTS)
def test_a_fitted_box_holds_the_polygon_is_a_rectangle_and_begins_where_it_did(count):
    polygon = text_outline(count, degrees=25, bend=0.3)
    box = fitted_box(polygon)
    assert len(box) == 4
    assert is_good(box)
    assert shapely.Polygon(box).buffer(1e-2).contains(shapely.Polygon(polygon))
    sides = np.roll(box, -1, axis=0) - box
    assert sides[0] @ sides[1] == pytest.approx(0, abs=1e-2 * area(box))
    assert np.argmin(np.hypot(*(box - polygon[0]).T)) == 0


@given(outlines)
@settings(deadline=None, max_examples=60)
def test_a_fitted_quad_holds_the_polygon_and_is_no_larger_than_the_box(polygon):
    quad = fitted_quad(polygon)
    assert len(quad) == 4
    assert is_good(quad)
    assert shapely.Polygon(quad).buffer(0.05).contains(shapely.Polygon(polygon))
    if len(polygon) != 4:
        assert area(quad) <= area(fitted_box(polygon)) * 1.0001


def test_the_sides_of_a_sign_in_perspective_are_found():
    corners = np.array([(20.0, 20), (140, 40), (135, 80), (25, 90)])
    with_more = np.concatenate([np.linspace(corners[i], corners[(i + 1) % 4], 5)[:-1] for i in range(4)])
    assert fitted_quad(with_more) == pytest.approx(corners, abs=1e-6)


@given(outlines, st.integers(3, 40))
@settings(deadline=None, max_examples=40)
def test_simplifying_reaches_the_count_and_keeps_the_first_vertex(polygon, count):
    result = simplified(polygon, count)
    assert len(result) == min(count, len(polygon))
    assert is_good(result)
    assert result[0] == pytest.approx(polygon[0])


def test_simplifying_drops_what_matters_least():
    straight = text_outline(40)
    assert area(simplified(straight, 4)) == pytest.approx(area(straight))


@pytest.mark.parametrize("count", COUNTS)
def test_turning_keeps_area_and_direction_and_four_quarters_give_it_back(count):
    polygon = text_outline(count)
    middle = polygon.mean(axis=0)
    once = turned(polygon, 90, middle)
    assert signed_area(once) == pytest.approx(signed_area(polygon))
    for _ in range(3):
        once = turned(once, 90, middle)
    assert once == pytest.approx(polygon)


def test_turning_is_clockwise_on_the_screen():
    assert turned(np.array([(1.0, 0.0)]), 90, np.zeros(2))[0] == pytest.approx([0, 1])


@pytest.mark.parametrize("count", COUNTS)
def test_scaling_multiplies_the_area_and_keeps_the_anchor(count):
    polygon = text_outline(count)
    result = scaled(polygon, (2.0, 0.5), polygon[0])
    assert area(result) == pytest.approx(area(polygon))
    assert result[0] == pytest.approx(polygon[0])


@pytest.mark.parametrize("count", COUNTS)
def test_another_start_is_the_same_outline(count):
    polygon = text_outline(count)
    result = starting_at(polygon, 1)
    assert result[0] == pytest.approx(polygon[1])
    assert signed_area(result) == pytest.approx(signed_area(polygon))


@pytest.mark.parametrize("count", COUNTS)
def test_tightening_moves_only_what_is_outside_and_loosening_only_what_is_inside(count):
    target = text_outline(40)
    large, small = grown(text_outline(count), 4.0), grown(text_outline(count), -3.0)
    tight = drawn_towards(large, target, inwards=True)
    assert len(tight) == count
    assert area(large) > area(tight)
    assert shapely.Polygon(target).buffer(1e-6).contains(shapely.MultiPoint(tight))
    assert drawn_towards(large, target, inwards=False) == pytest.approx(large)
    assert area(drawn_towards(small, target, inwards=False)) > area(small)
