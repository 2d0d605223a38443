"""Curved text from lines, lines split into words, and what is where in their text."""

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.curve import band_around, band_between, smooth
from app.domain.sides import sides
from app.domain.words import (
    put_together,
    shared_out,
    space_fractions,
    split_at,
    valley_fractions,
)
from tcm_core.geometry.polygon import area, is_simple, signed_area
from tests.helpers.text_shapes import COUNTS, text_outline

ARABIC = "سلام عليكم"


def arc(radius, start, end, count):
    angles = np.deg2rad(np.linspace(start, end, count))
    return np.stack([200 + radius * np.sin(angles), 200 - radius * np.cos(angles)], axis=1)


@pytest.mark.parametrize("count", [4, 14, 15, 40])
def test_two_sides_of_an_arch_become_a_ring_of_so_many_points_from_the_reading_start(count):
    top, bottom = arc(100, -60, 60, 4), arc(70, -60, 60, 3)
    polygon = band_between(top, bottom, count)
    assert len(polygon) == count
    assert is_simple(polygon)
    assert signed_area(polygon) > 0
    assert polygon[0] == pytest.approx(top[0])
    assert polygon[-1] == pytest.approx(bottom[0])
    if count >= 14:
        exact = np.concatenate([arc(100, -60, 60, 200), arc(70, 60, -60, 200)])
        overlap = shapely.Polygon(polygon).intersection(shapely.Polygon(exact)).area
        assert overlap > 0.95 * area(exact)


def test_the_second_side_may_be_drawn_either_way():
    top, bottom = arc(100, -60, 60, 4), arc(70, -60, 60, 4)
    assert band_between(top, bottom[::-1], 14) == pytest.approx(band_between(top, bottom, 14))


def test_a_lower_side_drawn_first_changes_places_with_the_upper_one():
    top, bottom = arc(100, -60, 60, 4), arc(70, -60, 60, 4)
    assert band_between(bottom, top, 14)[0] == pytest.approx(top[0])


@pytest.mark.parametrize("count", [4, 14, 15, 40])
def test_a_line_with_a_height_becomes_a_band_of_that_height(count):
    polygon = band_around(np.array([(50.0, 100), (250, 100)]), 20, count)
    assert len(polygon) == count
    assert area(polygon) == pytest.approx(200 * 20)
    assert polygon[0] == pytest.approx([50, 90])
    assert signed_area(polygon) > 0


def test_a_bent_line_keeps_its_height():
    polygon = band_around(arc(100, -60, 60, 5), 24, 40)
    assert is_simple(polygon)
    assert area(polygon) == pytest.approx(np.deg2rad(120) * 100 * 24, rel=0.02)


def test_a_smooth_line_runs_through_its_points_and_stays_near_the_arc():
    points = arc(100, -60, 60, 5)
    line = smooth(points)
    for point in points:
        assert np.hypot(*(line - point).T).min() < 1e-9
    inner = line[24:-24]  # beyond the outer points nothing says how it bends
    assert np.abs(np.hypot(*(inner - 200).T) - 100).max() < 1.0


outlines = st.builds(
    text_outline,
    st.sampled_from(COUNTS),
    bend=st.floats(-1.5, 1.5),
    degrees=st.floats(-180, 180),
)


@given(outlines, st.lists(st.floats(0.05, 0.95), min_size=1, max_size=4, unique=True))
@settings(deadline=None, max_examples=60)
def test_the_areas_of_the_words_add_up_to_the_line(polygon, fractions):
    fractions = sorted(round(one, 2) for one in set(fractions))
    fractions = sorted(set(fractions))
    words = split_at(polygon, fractions)
    assert len(words) == len(fractions) + 1
    assert sum(area(word) for word in words) == pytest.approx(area(polygon), rel=1e-9)
    for word in words:
        assert is_simple(word)
        assert signed_area(word) > 0


@pytest.mark.parametrize("count", [4, 14, 40])
@pytest.mark.parametrize("degrees", [0, 50, 90, 180, -100])
def test_words_begin_where_they_are_read_from(count, degrees):
    polygon = text_outline(count, degrees=degrees)
    first, second = split_at(polygon, [0.5])
    assert first[0] == pytest.approx(polygon[0])
    assert second[0] == pytest.approx((polygon[0] + polygon[count // 2 - 1]) / 2)


@pytest.mark.parametrize("count", [4, 14, 40])
@pytest.mark.parametrize("bend", [0, 1.0, -1.0])
def test_sides_run_in_reading_direction(count, bend):
    if count == 4 and bend:
        return
    polygon = text_outline(count, bend=bend, degrees=70)
    found = sides(polygon)
    assert found.top == pytest.approx(polygon[: count // 2])
    assert found.bottom == pytest.approx(polygon[count // 2 :][::-1])
    assert found.ring == pytest.approx(polygon)


def test_a_tall_quad_is_read_from_its_first_corner_all_the_same():
    polygon = np.array([(10.0, 10), (18, 10), (18, 50), (10, 50)])
    assert sides(polygon).top.tolist() == [[10, 10], [18, 10]]


def test_spaces_lie_where_the_letters_put_them():
    assert space_fractions("abc def") == pytest.approx([3.5 / 7])
    assert space_fractions("a bcd  ef") == pytest.approx([1.5 / 8, 5.5 / 8])
    assert space_fractions("one") == []
    assert space_fractions("  ") == []


def test_wide_characters_count_twice():
    assert space_fractions("文字 ab") == pytest.approx([4.5 / 7])


def test_text_from_right_to_left_is_measured_from_the_right():
    first = len(ARABIC.split()[0])
    assert space_fractions(ARABIC) == pytest.approx([1 - (first + 0.5) / len(ARABIC)])
    assert shared_out(ARABIC, 2) == ARABIC.split()[::-1]
    assert put_together(shared_out(ARABIC, 2)) == ARABIC


def test_text_is_shared_out_word_by_word_and_never_lost():
    assert shared_out("GRAND HOTEL", 2) == ["GRAND", "HOTEL"]
    assert shared_out("GRAND HOTEL", 3) == ["GRAND HOTEL", "", ""]
    assert put_together(["GRAND", "", "HOTEL"]) == "GRAND HOTEL"


def test_valleys_between_hills_are_found_and_the_deepest_win():
    profile = np.array([0.0, 0.9, 0.9, 0.1, 0.8, 0.9, 0.4, 0.9, 0.0])
    assert valley_fractions(profile) == pytest.approx([3.5 / 9, 6.5 / 9])
    assert valley_fractions(profile, 1) == pytest.approx([3.5 / 9])


def test_noise_and_sinking_ends_are_no_valleys():
    assert valley_fractions(np.array([0.9, 0.8, 0.9, 0.85, 0.9, 0.1])) == []
    assert valley_fractions(np.zeros(8)) == []


def test_a_wide_valley_is_cut_in_its_middle_once():
    profile = np.array([0.9, 0.9, 0.0, 0.0, 0.0, 0.0, 0.9, 0.9])
    (found,) = valley_fractions(profile)
    assert found == pytest.approx(0.5, abs=0.07)


def test_ripples_on_the_floor_are_one_valley():
    profile = np.array([0.9, 0.9, 0.1, 0.14, 0.08, 0.9, 0.9])
    assert len(valley_fractions(profile)) == 1
