"""The camera's arithmetic, without a widget."""

import pytest

from app.views.canvas.camera import FIT_MARGIN, LARGEST_SCALE, Camera


def fitted(width=824.0, height=624.0, ratio=1.0, image=(400.0, 300.0)):
    camera = Camera()
    camera.resize(width, height, ratio)
    camera.set_image(*image)
    return camera


@pytest.mark.parametrize(("image", "scale"), [((400, 300), 2.0), ((1600, 300), 0.5), ((100, 1200), 0.5)])
def test_fit_shows_all_of_the_image_with_a_margin(image, scale):
    camera = fitted(image=image)
    assert camera.scale == pytest.approx(scale)
    left, top = camera.to_widget(0, 0)
    right, bottom = camera.to_widget(*image)
    assert min(left, top) == pytest.approx(FIT_MARGIN, abs=1)
    assert (left + right, top + bottom) == pytest.approx((824, 624), abs=1)


def test_there_and_back_is_the_same_place():
    camera = fitted()
    camera.zoom_at(3.7, 200, 100)
    assert camera.to_image(*camera.to_widget(12.25, 7.5)) == pytest.approx((12.25, 7.5))


@pytest.mark.parametrize("ratio", [1.0, 1.25, 1.5, 2.0])
def test_the_image_begins_on_a_whole_device_pixel_after_every_move(ratio):
    camera = fitted(ratio=ratio)
    for move in (
        lambda: camera.zoom_at(1.2, 321, 123),
        lambda: camera.pan(1, -3),
        lambda: camera.resize(777, 555, ratio),
    ):
        move()
        assert camera.left * ratio == pytest.approx(round(camera.left * ratio), abs=1e-9)
        assert camera.top * ratio == pytest.approx(round(camera.top * ratio), abs=1e-9)


def test_many_small_moves_add_up_on_a_screen_of_one_and_a_half_pixels():
    camera = fitted(ratio=1.5)
    start = camera.left
    for _ in range(100):
        camera.pan(1, 0)
    assert camera.left - start == pytest.approx(100, abs=1)


def test_one_hundred_percent_is_one_device_pixel():
    camera = fitted(ratio=2.0)
    camera.actual_size()
    assert camera.scale == pytest.approx(0.5)


def test_zoom_is_limited_and_the_place_under_the_mouse_stays():
    camera = fitted()
    before = camera.to_image(200, 100)
    camera.zoom_at(1e9, 200, 100)
    assert camera.scale == LARGEST_SCALE
    assert camera.to_image(200, 100) == pytest.approx(before, abs=0.5 / LARGEST_SCALE + 1e-9)


def test_the_visible_rectangle_is_what_the_widget_covers():
    camera = fitted()
    camera.zoom_at(2.0, 0, 0)
    x, y, width, height = camera.visible
    assert camera.to_widget(x, y) == pytest.approx((0, 0))
    assert camera.to_widget(x + width, y + height) == pytest.approx((824, 624))


def test_a_camera_without_an_image_or_a_size_does_not_fail():
    camera = Camera()
    camera.resize(0, 0)
    camera.set_image(0, 0)
    camera.fit()
    camera.zoom_at(2.0, 0, 0)
    assert camera.scale > 0
