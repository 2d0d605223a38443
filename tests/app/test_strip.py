"""Strips: a region's picture laid straight, and what is measured in it."""

import cv2
import numpy as np
import pytest

from app.domain.legibility import IllegibleBelow, Legibility, legibility, suggested
from app.domain.region import new_region
from app.domain.strip import LONGEST, rectified, strip_size, window_of

RED, GREEN, BLUE = (220, 30, 30), (30, 220, 30), (30, 30, 220)


def thirds(width: int = 120, height: int = 40) -> np.ndarray:
    """A text's picture: red at its head, green in its middle, blue at its tail, white along its top."""
    picture = np.zeros((height, width, 3), np.uint8)
    for place, colour in enumerate((RED, GREEN, BLUE)):
        picture[:, place * width // 3 : (place + 1) * width // 3] = colour
    picture[: height // 4] = 255
    return picture


def nearest_colours(strip: np.ndarray) -> list[str]:
    """What is at the head, in the middle and at the tail of a strip, below its top."""
    height, width = strip.shape[:2]
    names = []
    for at in (1 / 6, 1 / 2, 5 / 6):
        pixel = strip[int(height * 0.65), int(width * at)]
        names.append("rgb"[int(np.argmax(pixel))])
    return names


def warped(quad: np.ndarray, size: tuple[int, int] = (300, 400)) -> np.ndarray:
    """The text's picture put into a quad of a grey picture."""
    text = thirds()
    height, width = text.shape[:2]
    corners = np.array([(0, 0), (width, 0), (width, height), (0, height)], np.float32)
    matrix = cv2.getPerspectiveTransform(corners, quad.astype(np.float32))
    return cv2.warpPerspective(text, matrix, size[::-1], borderValue=(128, 128, 128))


@pytest.mark.parametrize(
    "quad",
    [
        [(50, 60), (250, 60), (250, 120), (50, 120)],
        [(60, 200), (300, 80), (330, 140), (90, 260)],
        [(300, 200), (100, 210), (95, 150), (310, 140)],  # on its head
        [(50, 60), (250, 90), (250, 110), (50, 160)],  # seen from the side
    ],
)
def test_a_quad_is_laid_straight_from_its_first_corner(quad):
    polygon = np.array(quad, np.float64)
    strip = rectified(warped(polygon), polygon)
    assert nearest_colours(strip) == ["r", "g", "b"]
    assert strip[3, strip.shape[1] // 2].min() > 200  # its top is on top


def ring(points_a_side: int) -> np.ndarray:
    """A text along a half circle, read from the left over the top: n points above, n below."""
    angles = np.linspace(np.pi, 2 * np.pi, points_a_side)
    outer = np.stack([200 + 150 * np.cos(angles), 200 + 150 * np.sin(angles)], axis=1)
    inner = np.stack([200 + 100 * np.cos(angles), 200 + 100 * np.sin(angles)], axis=1)
    return np.concatenate([outer, inner[::-1]])


def half_circle() -> np.ndarray:
    """Red to the left of a half circle, green over it, blue to its right; its outer part white."""
    y, x = np.mgrid[0:240, 0:400]
    angle = np.arctan2(y - 200, x - 200)  # -pi at the left, 0 at the right
    share = (angle + np.pi) / np.pi
    picture = np.zeros((240, 400, 3), np.uint8)
    for place, colour in enumerate((RED, GREEN, BLUE)):
        picture[(share >= place / 3) & (share <= (place + 1) / 3)] = colour
    picture[np.hypot(x - 200, y - 200) > 140] = 255
    return picture


@pytest.mark.parametrize("points", [7, 20])
@pytest.mark.parametrize("order", ["clockwise", "the other way"])
def test_curved_text_is_unrolled_along_its_sides(points, order):
    polygon = ring(points)
    if order == "the other way":
        polygon = np.concatenate([polygon[:1], polygon[:0:-1]])
    strip = rectified(half_circle(), polygon)
    height, width = strip.shape[:2]
    assert 5 < width / height < 9  # 125 pi long, 50 high
    assert nearest_colours(strip) == ["r", "g", "b"]
    assert strip[1, width // 2].min() > 200


@pytest.mark.parametrize("count", [3, 4, 14, 40])
def test_any_number_of_vertices_makes_a_strip(count):
    angles = np.linspace(0, 2 * np.pi, count, endpoint=False)
    polygon = np.stack([200 + 90 * np.cos(angles), 120 + 30 * np.sin(angles)], axis=1)
    strip = rectified(half_circle(), polygon)
    assert min(strip.shape[:2]) >= 1
    assert strip.dtype == np.uint8


def test_text_read_downwards_stays_upright():
    polygon = np.array([(100, 20), (130, 20), (130, 220), (100, 220)], np.float64)
    height, width = rectified(half_circle(), polygon).shape[:2]
    assert (width, height) == (64, 427)


def test_a_huge_region_gives_a_strip_of_bounded_size():
    assert max(strip_size(10, 1e6)) == LONGEST
    polygon = np.array([(0, 0), (3999, 0), (3999, 1999), (0, 1999)], np.float64)
    assert rectified(np.zeros((2000, 4000, 3), np.uint8), polygon).shape == (64, 128, 3)


def test_fine_stripes_of_a_large_text_become_grey_and_not_a_pattern():
    picture = np.zeros((1000, 4000, 3), np.uint8)
    picture[:, ::2] = 255
    polygon = np.array([(0, 0), (4000, 0), (4000, 1000), (0, 1000)], np.float64)
    strip = rectified(picture, polygon)
    assert strip.std() < 12
    assert abs(float(strip.mean()) - 127) < 4


def test_the_window_of_a_region_stays_in_the_picture():
    polygon = np.array([(-20, -5), (30, -5), (30, 12), (-20, 12)], np.float64)
    assert window_of(polygon, (100, 200)) == (0, 0, 31, 13)
    assert window_of(polygon - 500, (100, 200)) is None


def test_blur_lowers_the_sharpness_and_leaves_the_size():
    picture = np.full((60, 240, 3), 255, np.uint8)
    cv2.putText(picture, "SHARP 123", (10, 42), cv2.FONT_HERSHEY_SIMPLEX, 1.2, (0, 0, 0), 2)
    polygon = np.array([(5, 10), (235, 10), (235, 50), (5, 50)], np.float64)
    sharp, soft = legibility(picture, polygon), legibility(cv2.GaussianBlur(picture, (0, 0), 3), polygon)
    assert sharp.height == soft.height == pytest.approx(40)
    assert soft.sharpness < 0.1 * sharp.sharpness


def test_only_regions_that_are_small_and_blurred_and_have_no_text_are_suggested():
    square = ((0, 0), (9, 0), (9, 9), (0, 9))
    small, sharp, large, typed, ignored = (
        new_region(square, text=text, ignore=ignore)
        for text, ignore in (("", False), ("", False), ("", False), ("word", False), ("", True))
    )
    bad = Legibility(8, 100)
    measured = {small.id: bad, sharp.id: Legibility(8, 5000), large.id: Legibility(40, 100)}
    measured |= {typed.id: bad, ignored.id: bad}
    found = suggested((small, sharp, large, typed, ignored), measured, IllegibleBelow(14, 900))
    assert found == {small.id}
