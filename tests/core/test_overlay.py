import io

import numpy as np
from PIL import Image

from tcm_core.decode.maps import ImageMaps
from tcm_core.detection import Detection
from tcm_core.geometry.frame import ImageFrame
from tcm_core.infer.overlay import MAX_SIDE, draw_overlay, jpeg_bytes

GREY = 100


def grey(height, width):
    return np.full((height, width, 3), GREY, np.uint8)


def maps_of(language, image_size, content_size=None, network_size=None):
    content = content_size or image_size
    frame = ImageFrame(image_size, content, network_size or content)
    return ImageMaps("db", frame, np.asarray(language, dtype=np.uint8), {})


def test_a_map_without_text_leaves_the_picture():
    image = grey(64, 96)
    assert np.array_equal(draw_overlay(image, [], maps_of(np.zeros((2, 3)), (64, 96))), image)


def test_the_score_map_colours_where_the_score_is_high():
    language = np.zeros((2, 4))
    language[0, 3] = 255
    picture = draw_overlay(grey(64, 128), [], maps_of(language, (64, 128))).astype(int)
    assert np.abs(picture[16, 112] - GREY).max() > 40
    assert np.array_equal(picture[48, 16], [GREY] * 3)
    assert picture[16, 112, 0] > picture[16, 112, 2]  # yellow in RGB, not blue


def test_the_padding_of_the_network_input_is_cut_away():
    """The image fills the left half of the input; the map's third quarter lies outside of it."""
    language = np.zeros((4, 4))
    language[:, 3] = 255
    maps = maps_of(language, (100, 100), content_size=(64, 32), network_size=(64, 64))
    assert np.array_equal(draw_overlay(grey(100, 100), [], maps), grey(100, 100))
    language[:, 1] = 255
    maps = maps_of(language, (100, 100), content_size=(64, 32), network_size=(64, 64))
    picture = draw_overlay(grey(100, 100), [], maps).astype(int)
    assert np.abs(picture[50, 75] - GREY).max() > 40
    assert np.abs(picture[50, 10] - GREY).max() == 0


def test_outlines_are_drawn_where_the_polygon_is_and_the_image_is_not_touched():
    image = grey(100, 200)
    quad = np.array([[20.0, 20], [180, 20], [180, 80], [20, 80]])
    picture = draw_overlay(image, [Detection(quad, 0.9)], maps_of(np.zeros((1, 1)), (100, 200))).astype(int)
    assert np.array_equal(image, grey(100, 200))
    for y, x in ((20, 100), (79, 100), (50, 20), (50, 180)):
        assert np.abs(picture[y, x] - GREY).max() > 40
    assert np.array_equal(picture[50, 100], [GREY] * 3)
    assert np.array_equal(picture[5, 5], [GREY] * 3)


def test_a_large_picture_is_reduced_and_the_outline_with_it():
    quad = np.array([[4000.0, 8], [8000, 8], [8000, 24], [4000, 24]])
    picture = draw_overlay(grey(32, 2 * MAX_SIDE), [Detection(quad, 0.9)], maps_of([[0]], (32, 2 * MAX_SIDE)))
    assert picture.shape == (16, MAX_SIDE, 3)
    assert np.abs(picture[8, 2000].astype(int) - GREY).max() > 40
    assert np.array_equal(picture[8, 1900], [GREY] * 3)


def test_the_jpeg_has_the_colours_in_their_order():
    red = np.zeros((32, 32, 3), np.uint8)
    red[..., 0] = 220
    with Image.open(io.BytesIO(jpeg_bytes(red))) as image:
        pixel = image.getpixel((16, 16))
    assert np.abs(np.subtract(pixel, (220, 0, 0))).max() < 6
