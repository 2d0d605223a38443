"""What lies under the mouse."""

import numpy as np

from app.domain.hit_test import Hit, HitIndex
from app.domain.region import Region

SQUARE = np.array(((0.0, 0.0), (10.0, 0.0), (10.0, 10.0), (0.0, 10.0)))


def square(name, x=0.0, y=0.0, size=10.0):
    return Region(name, SQUARE * size / 10 + (x, y))


def test_nothing_is_hit_on_an_empty_page():
    assert HitIndex([]).at(5, 5, 3) is None


def test_the_inside_of_a_region_is_its_body():
    assert HitIndex([square("a")]).at(5, 5, 1) == Hit("body", "a", -1)


def test_outside_nothing_is_hit():
    assert HitIndex([square("a")]).at(15, 5, 3) is None


def test_of_a_selected_region_the_vertex_is_hit_before_the_edge_and_the_body():
    index = HitIndex([square("a")])
    chosen = frozenset({"a"})
    assert index.at(9.5, 1.0, 2, chosen) == Hit("vertex", "a", 1)
    assert index.at(9.5, 5.0, 2, chosen) == Hit("edge", "a", 1)
    assert index.at(5.0, 5.0, 2, chosen) == Hit("body", "a", -1)


def test_the_last_edge_runs_back_to_the_first_vertex():
    assert HitIndex([square("a")]).at(-0.5, 5, 1, frozenset({"a"})) == Hit("edge", "a", 3)


def test_the_nearest_of_several_vertices_is_hit():
    assert HitIndex([square("a")]).at(6, 0, 20, frozenset({"a"})) == Hit("vertex", "a", 1)


def test_the_radius_is_in_image_pixels_and_inclusive():
    index, chosen = HitIndex([square("a")]), frozenset({"a"})
    assert index.at(13, 14, 5, chosen) == Hit("vertex", "a", 2)
    assert index.at(13, 14, 4.99, chosen) is None


def test_a_vertex_of_a_selected_region_is_hit_before_the_body_of_another():
    index = HitIndex([square("a"), square("b", 8, 8)])
    assert index.at(10.5, 10.5, 1, frozenset({"a"})) == Hit("vertex", "a", 2)
    assert index.at(10.5, 10.5, 1) == Hit("body", "b", -1)


def test_the_edge_of_a_region_that_is_not_selected_counts_as_its_body():
    index = HitIndex([square("a")])
    assert index.at(-1, 5, 2) == Hit("body", "a", -1)
    assert index.at(-1, -1, 2) == Hit("body", "a", -1)


def test_a_region_that_contains_the_point_comes_before_one_that_is_only_near():
    assert HitIndex([square("a"), square("b", 10.5)]).at(9.9, 5, 3) == Hit("body", "a", -1)


def test_of_nested_regions_the_smallest_is_hit():
    assert HitIndex([square("line", size=100), square("word", 20, 20), square("page", -5, -5, 200)]).at(
        25, 25, 1
    ) == Hit("body", "word", -1)


def test_a_hollow_of_a_concave_region_is_not_its_body():
    u_shape = Region(
        "u", np.array(((0, 0), (10, 0), (10, 30), (20, 30), (20, 0), (30, 0), (30, 40), (0, 40)), float)
    )
    index = HitIndex([u_shape])
    assert index.at(15, 10, 1) is None
    assert index.at(5, 10, 1) == Hit("body", "u", -1)


def test_regions_of_different_lengths_keep_their_vertices_apart():
    triangle = Region("t", np.array(((50.0, 0.0), (60.0, 0.0), (55.0, 9.0))))
    index = HitIndex([square("a"), triangle, square("b", 100)])
    assert index.at(55, 9, 1, frozenset({"t"})) == Hit("vertex", "t", 2)
    assert index.at(110, 10, 1, frozenset({"b"})) == Hit("vertex", "b", 2)
    assert index.at(52, 4.5, 1, frozenset({"t"})) == Hit("edge", "t", 2)


def test_a_vertex_twice_at_one_place_does_not_hide_the_edges():
    region = Region("a", np.array(((0.0, 0.0), (0.0, 0.0), (10.0, 0.0), (10.0, 10.0))))
    assert HitIndex([region]).at(5, 0.5, 1, frozenset({"a"})) == Hit("edge", "a", 1)
