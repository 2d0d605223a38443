"""Texts picked off a kept map, larger at a lower threshold, and where a line's map sinks."""

import numpy as np
import pytest

from app.domain.level_set import KeptMaps
from tcm_core.config.decode import DbDecode, FceDecode, PanDecode
from tcm_core.decode.maps import ImageMaps
from tcm_core.geometry.frame import ImageFrame
from tcm_core.geometry.overlap import iou
from tcm_core.geometry.polygon import area, is_simple, signed_area
from tests.helpers.fake_predictor import TWO_TEXTS, text_maps

SIZE = (480, 640)
FIRST = np.array(TWO_TEXTS[0]) * (640, 480)
SECOND = np.array(TWO_TEXTS[1]) * (640, 480)


@pytest.fixture
def kept():
    return KeptMaps(text_maps(SIZE), DbDecode(grow="inverse"))


def hill(head="db", plane="probability", settings=None):
    """A round hill of score in the middle of a map of 160 x 120 cells for an image of twice that."""
    y, x = np.mgrid[:120, :160]
    values = np.clip(255 - 4 * np.hypot(x - 80, (y - 60) * 2), 0, 255).astype(np.uint8)
    frame = ImageFrame((240, 320), (480, 640), (480, 640))
    planes = dict.fromkeys(plane.split(), values)
    return KeptMaps(ImageMaps(head, frame, values, planes), settings or DbDecode())


def test_a_click_on_a_text_gives_its_outline(kept):
    polygon = kept.text_at(*FIRST.mean(axis=0), 0.3)
    assert iou(polygon, FIRST) > 0.85
    assert is_simple(polygon)
    assert signed_area(polygon) > 0


def test_a_click_beside_all_texts_gives_nothing(kept):
    assert kept.text_at(630, 470, 0.3) is None
    assert kept.text_at(-5, 10, 0.3) is None
    assert kept.text_at(640, 480, 0.3) is None


def test_a_text_fainter_than_the_threshold_is_nothing_until_the_threshold_sinks(kept):
    middle = SECOND.mean(axis=0)
    assert kept.text_at(*middle, 0.7) is None
    assert iou(kept.text_at(*middle, 0.5), SECOND) > 0.85


def test_the_usual_threshold_is_the_pages_or_half_the_score_of_what_is_fainter():
    kept = KeptMaps(text_maps(SIZE, probabilities=(0.9, 0.2)), DbDecode(threshold=0.3))
    assert kept.usual_threshold(*FIRST.mean(axis=0)) == 0.3
    assert kept.usual_threshold(*SECOND.mean(axis=0)) == pytest.approx(0.1, abs=0.01)
    assert kept.usual_threshold(630, 470) is None


@pytest.mark.parametrize(
    ("head", "planes", "settings"),
    [
        ("db", "probability", DbDecode()),
        ("pan", "text kernel", PanDecode()),
        ("fce", "text_8 text_16 text_32", FceDecode()),
    ],
)
def test_a_lower_threshold_gives_a_larger_text_for_every_head(head, planes, settings):
    kept = hill(head, planes, settings)
    areas = [area(kept.text_at(160, 120, level)) for level in (0.2, 0.4, 0.6, 0.8)]
    assert areas == sorted(areas, reverse=True)
    assert areas[-1] < 0.5 * areas[0]


def test_maps_of_whole_texts_are_not_grown():
    level = 0.5
    exact = np.pi * (127.5 / 4) * (127.5 / 8)  # cells of the network, twice as fine as the image
    cells = hill("pan", "text kernel", PanDecode()).text_at(160, 120, level)
    assert area(cells) == pytest.approx(exact * 16 / 4, rel=0.12)


def test_the_largest_text_inside_a_polygon_is_found(kept):
    assert iou(kept.text_in(SECOND, 0.3), SECOND) > 0.85
    both = np.array([(0.0, 0), (640, 0), (640, 480), (0, 480)])
    assert iou(kept.text_in(both, 0.3), SECOND) > 0.85
    assert kept.text_in(np.array([(0.0, 470), (20, 470), (20, 480)]), 0.3) is None


def test_the_highest_score_inside_a_polygon(kept):
    assert kept.peak_in(FIRST) == pytest.approx(0.9, abs=0.01)
    assert kept.peak_in(np.array([(0.0, 470), (20, 470), (20, 480)])) == 0.0


def test_the_profile_of_a_line_sinks_between_its_words(kept):
    words = ((0.1, 0.4), (0.5, 0.9))
    texts = [((a, 0.4), (b, 0.4), (b, 0.6), (a, 0.6)) for a, b in words]
    kept = KeptMaps(text_maps(SIZE, texts, (0.9, 0.9)), DbDecode())
    line = np.array([(64.0, 192), (576, 192), (576, 288), (64, 288)])
    profile = kept.profile(line, 80)
    middle = int(80 * (0.45 - 0.1) / 0.8)
    assert profile[middle] == 0.0
    assert profile[20] > 0.5
    assert profile[60] > 0.5
