"""Polygons between the stored and the view frame of an image file."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageOps

from tcm_core.geometry.orientation import stored_to_view, turn_polygon, view_size
from tcm_core.geometry.polygon import as_points, signed_area

SIZE = (20, 50)
WORD = as_points([[10, 4], [40, 6], [39, 15], [9, 12]])


def test_an_upright_photograph_is_turned_clockwise():
    """Orientation 6: the stored left edge is the top of the picture."""
    assert turn_polygon(WORD, SIZE, 6, to="view").tolist() == [[16, 10], [14, 40], [5, 39], [8, 9]]


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_corner_goes_where_pillow_takes_its_pixel(orientation):
    stored = np.zeros(SIZE, np.uint8)
    stored[4, 10] = 255
    exif = Image.Exif()
    exif[0x0112] = orientation
    picture = Image.fromarray(stored)
    picture.info["exif"] = exif.tobytes()
    view = np.asarray(ImageOps.exif_transpose(picture))
    assert view.shape == view_size(SIZE, orientation)
    pixel = as_points([[10, 4], [11, 4], [11, 5], [10, 5]])
    (x0, y0), (x1, y1) = (
        turn_polygon(pixel, SIZE, orientation, to="view").min(axis=0),
        turn_polygon(pixel, SIZE, orientation, to="view").max(axis=0),
    )
    assert (x1 - x0, y1 - y0) == (1, 1)
    assert view[int(y0), int(x0)] == 255


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_clockwise_polygon_stays_clockwise_and_keeps_its_first_vertex(orientation):
    turned = turn_polygon(WORD, SIZE, orientation, to="view")
    assert signed_area(turned) == pytest.approx(signed_area(WORD))
    first = stored_to_view(SIZE, orientation) @ [*WORD[0], 1.0]
    assert turned[0].tolist() == first[:2].tolist()


@given(
    orientation=st.integers(1, 8),
    points=st.lists(st.tuples(st.integers(-4000, 8000), st.integers(-4000, 8000)), min_size=3, max_size=14),
)
def test_there_and_back_gives_the_same_numbers(orientation, points):
    polygon = as_points(points) / 4
    there = turn_polygon(polygon, SIZE, orientation, to="view")
    assert np.array_equal(turn_polygon(there, SIZE, orientation, to="stored"), polygon)


@pytest.mark.parametrize("orientation", [0, 9, -1])
def test_an_orientation_that_does_not_exist_is_refused(orientation):
    with pytest.raises(ValueError, match="1 to 8"):
        turn_polygon(WORD, SIZE, orientation, to="view")
