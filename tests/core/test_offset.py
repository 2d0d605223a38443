import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from tcm_core.geometry.offset import grow_distance, offset, shrink, shrink_distance
from tcm_core.geometry.polygon import area, as_points, bounds, perimeter

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


@st.composite
def star_polygons(draw):
    """Simple polygons of 3 to 14 vertices, seen from whose middle every vertex is free; convex or not."""
    count = draw(st.integers(3, 14))
    radii = draw(st.lists(st.floats(20, 100), min_size=count, max_size=count))
    start = draw(st.floats(0, 6.28))
    angles = start + 2 * np.pi * np.arange(count) / count
    stretch = draw(st.floats(0.2, 1.0))
    return as_points(
        np.column_stack([np.cos(angles), stretch * np.sin(angles)]) * np.array(radii)[:, None] + 200
    )


def largest(shape):
    """The piece of largest area of a shapely geometry, or None."""
    pieces = [piece for piece in getattr(shape, "geoms", [shape]) if not piece.is_empty]
    return max(pieces, key=lambda piece: piece.area, default=None)


@given(star_polygons(), st.floats(-12, 25).filter(lambda distance: abs(distance) > 0.05))
def test_moved_edges_are_where_another_library_puts_them(polygon, distance):
    wanted = largest(shapely.Polygon(polygon).buffer(distance, quad_segs=32))
    moved = offset(polygon, distance)
    if moved is None:
        assert wanted is None or wanted.area < 2.0
        return
    if wanted is None:
        assert area(moved) < 2.0
        return
    left = largest(shapely.Polygon(polygon).buffer(distance - 0.1, quad_segs=32))
    if left is None or left.area < 0.5 * wanted.area:
        return  # about to vanish or to fall into pieces: which piece is largest hangs on a hair
    differing = shapely.Polygon(moved).buffer(0).symmetric_difference(wanted).area
    assert differing <= 0.3 * (perimeter(moved) + 1)


@given(st.floats(8, 400), st.floats(8, 120), st.floats(0.2, 0.95))
def test_growing_a_shrunk_rectangle_by_the_grow_distance_gives_it_back(width, height, ratio):
    rectangle = as_points([[0, 0], [width, 0], [width, height], [0, height]])
    distance = shrink_distance(rectangle, ratio)
    kernel = (width - 2 * distance, height - 2 * distance)
    found = grow_distance(kernel[0] * kernel[1], 2 * (kernel[0] + kernel[1]), ratio)
    assert found == pytest.approx(distance, rel=1e-9)
