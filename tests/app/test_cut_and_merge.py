"""Cutting keeps the area, merging gives it back, joining makes a line of words."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from app.domain.cut import cut, halves
from app.domain.merge import in_line, joined, merged
from tcm_core.geometry.polygon import area, is_simple, signed_area
from tests.helpers.text_shapes import COUNTS, text_outline

outlines = st.builds(
    text_outline,
    st.sampled_from(COUNTS),
    length=st.floats(40, 200),
    height=st.floats(8, 30),
    bend=st.floats(-2.0, 2.0),
    degrees=st.floats(-180, 180),
)
knives = st.tuples(st.floats(0, 2 * np.pi), st.floats(-40, 40))


def knife_line(polygon, knife):
    """A long line at an angle, off the polygon's middle by a distance."""
    angle, off = knife
    along = np.array((np.cos(angle), np.sin(angle)))
    middle = polygon.mean(axis=0) + off * np.array((-along[1], along[0]))
    return np.stack([middle - 500 * along, middle + 500 * along])


@given(outlines, knives)
@settings(deadline=None, max_examples=100)
def test_the_areas_of_the_parts_add_up_and_merging_them_gives_the_polygon_back(polygon, knife):
    parts = cut(polygon, knife_line(polygon, knife))
    assume(min(area(part) for part in parts) > 1e-3)
    assert sum(area(part) for part in parts) == pytest.approx(area(polygon), rel=1e-9)
    for part in parts:
        assert is_simple(part)
        assert signed_area(part) > 0
    whole = merged(parts)
    assert area(whole) == pytest.approx(area(polygon), rel=1e-9)
    assert is_simple(whole)
    assert signed_area(whole) > 0


@pytest.mark.parametrize("count", COUNTS)
def test_a_cut_and_a_merge_give_back_the_very_vertices(count):
    polygon = text_outline(count, bend=0.0 if count < 14 else 0.7)
    parts = halves(polygon)
    assert len(parts) == 2
    assert merged(parts) == pytest.approx(polygon, abs=1e-6)


@pytest.mark.parametrize("degrees", [0, 30, 90, 180, -120])
@pytest.mark.parametrize("count", [4, 14, 40])
def test_each_half_begins_at_its_own_upper_left_in_reading_order(count, degrees):
    polygon = text_outline(count, degrees=degrees)
    left, right = halves(polygon)
    top = polygon[: count // 2]
    assert left[0] == pytest.approx(polygon[0], abs=1e-6)
    assert right[0] == pytest.approx((top[0] + top[-1]) / 2, abs=1e-6)


def test_a_line_cut_lengthwise_gives_the_upper_part_first_and_both_begin_at_the_left():
    polygon = np.array([(10.0, 10), (90, 10), (90, 50), (10, 50)])
    upper, lower = cut(polygon, np.array([(0.0, 30), (100, 30)]))
    assert upper.tolist() == [[10, 10], [90, 10], [90, 30], [10, 30]]
    assert lower.tolist() == [[10, 30], [90, 30], [90, 50], [10, 50]]


def test_a_bent_knife_makes_as_many_parts_as_it_leaves():
    polygon = np.array([(10.0, 10), (90, 10), (90, 50), (10, 50)])
    parts = cut(polygon, np.array([(30.0, 0), (30, 60), (60, 60), (60, 0)]))
    assert [area(part) for part in parts] == pytest.approx([800, 1200, 1200])


@pytest.mark.parametrize("count", COUNTS)
def test_a_knife_that_ends_inside_or_passes_by_cuts_nothing(count):
    polygon = text_outline(count)
    middle = polygon.mean(axis=0)
    for line in ([(0.0, 0.0), (500.0, 500.0)], [(0.0, 100.0), (50.0, 100.0)]):
        (part,) = cut(polygon, middle + np.array(line))
        assert part == pytest.approx(polygon)


def test_polygons_that_do_not_touch_or_touch_in_one_point_only_are_not_merged():
    square = np.array([(0.0, 0), (10, 0), (10, 10), (0, 10)])
    assert merged([square, square + np.array((20.0, 0.0))]) is None
    assert merged([square, square + 10.0]) is None


def test_overlapping_polygons_merge_exactly():
    square = np.array([(0.0, 0), (10, 0), (10, 10), (0, 10)])
    whole = merged([square, square + np.array((5.0, 0.0))])
    assert area(whole) == pytest.approx(150)
    assert whole[0].tolist() == [0, 0]


def test_a_hole_is_filled():
    frame = [
        np.array(points, dtype=float)
        for points in (
            [(0, 0), (30, 0), (30, 5), (0, 5)],
            [(0, 25), (30, 25), (30, 30), (0, 30)],
            [(0, 0), (5, 0), (5, 30), (0, 30)],
            [(25, 0), (30, 0), (30, 30), (25, 30)],
        )
    ]
    assert area(merged(frame)) == pytest.approx(900)


@pytest.mark.parametrize("degrees", [0, 40, 90, 180, -90])
@pytest.mark.parametrize("count", [4, 14, 40])
def test_words_of_a_line_in_any_direction_are_put_in_order_and_joined(count, degrees):
    angle = np.deg2rad(degrees)
    step = 140 * np.array((np.cos(angle), np.sin(angle)))
    words = [text_outline(count, degrees=degrees) + place * step for place in (2, 0, 1)]
    assert in_line(words) == [1, 2, 0]
    line = joined([words[index] for index in in_line(words)])
    assert is_simple(line)
    assert signed_area(line) > 0
    assert len(line) == 3 * count
    assert line[0] == pytest.approx(words[1][0])
    assert area(line) > sum(area(word) for word in words)


def test_words_that_overlap_are_joined_without_a_crossing_and_without_running_back():
    word = text_outline(14, length=60)
    line = joined([word, word + np.array((50.0, 2.0))])
    assert is_simple(line)
    assert line[:, 0].max() - line[:, 0].min() == pytest.approx(110)
    upper = line[: int(np.argmax(line[:, 0])) + 1]
    assert np.all(np.diff(upper[:, 0]) >= 0)


def test_words_one_above_the_other_are_no_line():
    word = text_outline(14, length=60)
    assert joined([word, word + np.array((0.0, 60.0))]) is None
