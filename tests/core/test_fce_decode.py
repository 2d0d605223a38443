"""The FCE decoder, fed with the exact maps of known polygons; its bounds were measured (the golden table)."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tcm_core.config.decode import FceDecode
from tcm_core.config.learning import FceTargetConfig
from tcm_core.decode.decode import decode
from tcm_core.decode.maps import ImageMaps
from tcm_core.geometry.fourier import to_points
from tcm_core.geometry.frame import ImageFrame
from tcm_core.geometry.overlap import iou
from tcm_core.geometry.polygon import area, is_simple, signed_area
from tests.helpers.fce_maps import SQUARE, bent_text, exact_fce_maps, grid_of_texts
from tests.helpers.slow_fce import slow_decode_fce

GOLDEN_FILE = Path(__file__).parents[1] / "golden" / "decode_fce_iou.json"
GOLDEN = json.loads(GOLDEN_FILE.read_text(encoding="utf-8")) if GOLDEN_FILE.exists() else []


def measured_overlaps(row):
    """The IoU of a row's text with what is decoded of its exact maps, at three places on the grid."""
    overlaps = []
    for middle in np.random.default_rng(0).uniform(316, 324, (3, 2)):
        polygon = bent_text(row["width"], row["height"], row["bend"], row["angle"], middle)
        (found,) = decode(exact_fce_maps([polygon]), FceDecode(output=row["output"]))
        overlaps.append(iou(found.polygon, polygon))
    return overlaps


def name(row):
    return f"{row['width']}x{row['height']} bent {row['bend']} turned {row['angle']} {row['output']}"


@pytest.mark.parametrize("row", GOLDEN, ids=name)
def test_overlap_with_the_polygons_that_made_exact_maps(row):
    overlaps = measured_overlaps(row)
    assert np.median(overlaps) == pytest.approx(row["median"], abs=0.01)
    assert min(overlaps) >= row["minimum"] - 0.02


def test_the_golden_table_covers_sizes_angles_and_bends():
    assert len({(row["width"], row["height"]) for row in GOLDEN}) >= 6
    assert {row["angle"] for row in GOLDEN} >= {0, 20, 45, 90}
    assert {row["bend"] for row in GOLDEN} >= {0, 60, 180, 270}
    assert min(row["minimum"] for row in GOLDEN) > 0.75


def test_maps_without_text_give_nothing():
    assert decode(exact_fce_maps([]), FceDecode()) == ()
    assert decode(exact_fce_maps([]), FceDecode(output="polygon")) == ()


@pytest.mark.parametrize("output", ["quad", "polygon"])
def test_a_hundred_texts_are_all_found_once(output):
    polygons = grid_of_texts(100, (720, 1280))
    frame = ImageFrame.fitting((720, 1280), short_side=736, max_long_side=2048)
    found = decode(exact_fce_maps(polygons, frame), FceDecode(output=output))
    assert len(found) == 100
    for polygon in polygons:
        assert max(iou(polygon, detection.polygon) for detection in found) > 0.8
    assert all(signed_area(detection.polygon) > 0 for detection in found)
    assert {detection.kind for detection in found} == {output}


def test_a_quad_has_four_right_angles_and_a_polygon_as_many_points_as_asked_for():
    maps = exact_fce_maps([bent_text(120, 30, angle=20)])
    (quad,) = decode(maps, FceDecode())
    (polygon,) = decode(maps, FceDecode(output="polygon", points=36))
    edges = np.roll(quad.polygon, -1, axis=0) - quad.polygon
    assert quad.polygon.shape == (4, 2)
    assert np.abs((edges * np.roll(edges, -1, axis=0)).sum(axis=1)).max() < 0.5
    assert polygon.polygon.shape == (36, 2)


def test_the_score_is_a_product_of_powers_of_the_best_pixels_probabilities():
    maps = exact_fce_maps([bent_text(120, 30)], probability=102)
    rows, columns = np.nonzero(maps.planes["centre_8"])
    maps.planes["text_8"][rows[3], columns[3]] = 204
    (found,) = decode(maps, FceDecode(alpha=1.2, beta=0.5, score_threshold=0.1))
    assert found.score == pytest.approx(0.8**1.2 * 0.4**0.5, abs=1e-6)
    (found,) = decode(maps, FceDecode(alpha=0, beta=1, score_threshold=0.1))
    assert found.score == pytest.approx(0.4, abs=1e-6)


def test_a_score_of_just_the_threshold_is_enough():
    maps = exact_fce_maps([bent_text(120, 30)], probability=51)
    assert len(decode(maps, FceDecode(alpha=1, beta=0, score_threshold=0.2))) == 1
    assert decode(maps, FceDecode(alpha=1, beta=0, score_threshold=0.21)) == ()


def test_the_best_text_comes_first():
    one, two = bent_text(100, 30, middle=(100, 100)), bent_text(100, 30, middle=(400, 400))
    maps = exact_fce_maps([one, two], probability=204)
    maps.planes["centre_8"][40:] = np.minimum(maps.planes["centre_8"][40:], 153) // 153 * 255
    first, second = decode(maps, FceDecode())
    assert iou(first.polygon, two) > 0.8
    assert iou(second.polygon, one) > 0.8
    assert first.score > second.score


def test_detections_are_in_image_pixels_whatever_the_frame():
    frame = ImageFrame.fitting((300, 500), short_side=640, max_long_side=2048)
    word = bent_text(160, 50, angle=12, middle=(250, 150))
    (found,) = decode(exact_fce_maps([word], frame), FceDecode())
    assert iou(found.polygon, word) > 0.85
    assert np.allclose(found.polygon.mean(axis=0), word.mean(axis=0), atol=0.5)


def test_every_level_tells_the_same_place():
    word, settings = bent_text(240, 80, angle=10), FceDecode(output="polygon")
    found = []
    for level in range(3):
        ranges = [(2.0, 3.0)] * 3
        ranges[level] = (0.0, 1.0)
        maps = exact_fce_maps([word], settings=FceTargetConfig(level_ranges=tuple(ranges)))
        assert [bool(maps.planes[f"text_{stride}"].any()) for stride in (8, 16, 32)] == [
            index == level for index in range(3)
        ]
        found.append(decode(maps, settings)[0].polygon)
    assert found[1] == pytest.approx(found[0], abs=0.5)
    assert found[2] == pytest.approx(found[0], abs=0.5)


def test_what_lies_in_the_padding_is_not_seen():
    frame = ImageFrame((100, 200), (100, 200), (128, 224))
    word = bent_text(80, 16, middle=(80, 116))
    assert exact_fce_maps([word], frame).planes["centre_8"].any()
    assert decode(exact_fce_maps([word], frame), FceDecode()) == ()


def test_a_text_found_at_two_levels_is_given_once():
    word = bent_text(220, 60)
    maps = exact_fce_maps([word])
    assert maps.planes["centre_8"].any()
    assert maps.planes["centre_16"].any()
    assert len(decode(maps, FceDecode())) == 1
    assert len(decode(maps, FceDecode(nms_threshold=1.0, max_candidates=1))) == 2


def test_two_texts_in_one_component_are_both_found():
    words = [bent_text(100, 20, middle=(300, y)) for y in (300, 324)]
    maps = exact_fce_maps(words)
    maps.planes["centre_8"][:] = maps.planes["text_8"]
    assert cv2.connectedComponents(maps.planes["centre_8"])[0] == 2
    assert len(decode(maps, FceDecode())) == 2


def test_a_ring_of_pixels_is_one_component_with_what_it_encloses():
    maps = exact_fce_maps([bent_text(120, 60)])
    plane = maps.planes["centre_8"]
    plane[:] = 0
    plane[36:45, 36:45] = 255
    plane[37:44, 37:44] = 0
    plane[40, 40] = 254
    maps.planes["text_8"][:] = 255
    apart = maps.values["fourier_8"]
    apart[:, 40, 40] = apart[:, 36, 36]
    apart[5, 40, 40] += 30  # another text far away, were it not for the limit of one for each component
    assert len(decode(maps, FceDecode(max_candidates=1))) == 1
    plane[36, 36:45] = 0
    plane[44, 36:45] = 0  # the ring is open: three components
    assert len(decode(maps, FceDecode(max_candidates=1, nms_threshold=1.0))) == 3


def test_no_more_pixels_of_a_component_than_allowed_are_looked_at():
    maps = exact_fce_maps([bent_text(150, 60)])
    assert len(decode(maps, FceDecode(nms_threshold=1.0, max_candidates=7))) == 7


def test_only_so_many_contours_of_a_component_are_compared():
    maps = exact_fce_maps([bent_text(150, 60)])
    word = maps.values["fourier_8"][:, 40, 40] / 4
    rows, columns = np.indices(maps.planes["text_8"].shape)
    number = (rows * rows.shape[1] + columns) % 25  # each pixel tells one of 25 words that lie apart
    maps.planes["text_8"][:] = maps.planes["centre_8"][:] = 255
    maps.values["fourier_8"][:] = word[:, None, None]
    maps.values["fourier_8"][5] = 16 * (number % 5) + 8 - (columns + 0.5)
    maps.values["fourier_8"][16] = 16 * (number // 5) + 8 - (rows + 0.5)
    assert len(decode(maps, FceDecode())) == 25
    assert len(decode(maps, FceDecode(max_comparisons=6))) == 6


def test_pixels_without_any_score_are_no_text_at_any_threshold():
    maps = exact_fce_maps([bent_text(100, 30)])
    assert len(decode(maps, FceDecode(score_threshold=0))) == 1


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_contours_that_are_not_finite_are_left_out(value):
    maps = exact_fce_maps([bent_text(100, 30)])
    maps.values["fourier_8"][3] = value
    assert decode(maps, FceDecode()) == ()


@pytest.mark.parametrize("output", ["quad", "polygon"])
def test_contours_without_area_or_outside_of_the_image_are_left_out(output):
    maps = exact_fce_maps([bent_text(100, 30, middle=(100, 100)), bent_text(100, 30, middle=(400, 400))])
    maps.values["fourier_8"][:, :40] = 0
    maps.values["fourier_8"][5, 40:] += 1000
    assert decode(maps, FceDecode(output=output)) == ()


def test_a_text_at_the_border_is_kept_inside_the_image():
    word = bent_text(120, 40, angle=30, middle=(20, 20))
    for output in ("quad", "polygon"):
        (found,) = decode(exact_fce_maps([word]), FceDecode(output=output))
        assert found.polygon.min() >= 0
        assert signed_area(found.polygon) > 0


def test_a_crossed_contour_is_repaired():
    maps = exact_fce_maps([bent_text(100, 30)])
    fourier = maps.values["fourier_8"]
    fourier[[i for i in range(22) if i not in (5, 16)]] = 0
    fourier[6], fourier[4], fourier[7], fourier[3] = 6, 6, 3, -2  # a bow along x
    fourier[11 + 7], fourier[11 + 3] = 2, 2
    contour = to_points(fourier[:11, 39, 39].astype(float) + 1j * fourier[11:, 39, 39], 50)
    assert not is_simple(contour)
    (found,) = decode(maps, FceDecode(output="polygon"))
    assert is_simple(found.polygon)
    assert signed_area(found.polygon) > 0
    (quad,) = decode(maps, FceDecode())
    assert area(quad.polygon) >= area(found.polygon)


@settings(max_examples=30, deadline=None)
@given(
    texts=st.integers(1, 5),
    shift=st.sampled_from([0.0, 0.5, 4.0]),
    threshold=st.sampled_from([0.0, 0.1, 0.4, 0.8]),
    seed=st.integers(0, 2**32 - 1),
)
def test_what_is_decoded_is_what_the_definition_says(texts, shift, threshold, seed):
    random = np.random.default_rng(seed)
    frame = ImageFrame((512, 512), (512, 512), (512, 512))
    words = [
        bent_text(
            random.uniform(20, 120),
            random.uniform(10, 30),
            random.choice([0, 40]),
            random.uniform(-40, 40),
            random.uniform(200, 312, 2),
        )
        for _ in range(texts)
    ]
    maps = exact_fce_maps(words, frame)
    for stride in (8, 16, 32):
        shape = maps.planes[f"text_{stride}"].shape
        for plane in ("text", "centre"):
            maps.planes[f"{plane}_{stride}"] = np.where(
                maps.planes[f"text_{stride}"] > 0, random.integers(140, 256, shape), 0
            ).astype(np.uint8)
        values = maps.values[f"fourier_{stride}"]
        middle = values[[5, 16]] + random.normal(0, shift, (2, *shape))
        values *= random.uniform(0.6, 1.4, shape)  # other sizes and places: the contours stay simple
        values[[5, 16]] = middle
    no_limit = 10_000
    chosen = FceDecode(
        output="polygon", nms_threshold=threshold, max_candidates=no_limit, max_comparisons=no_limit
    )
    found = decode(maps, chosen)
    expected = slow_decode_fce(maps, chosen)
    assert [detection.score for detection in found] == pytest.approx([score for score, _ in expected])
    for detection, (_, contour) in zip(found, expected, strict=True):
        assert iou(detection.polygon, contour) > 0.99


def test_maps_of_another_head_are_refused():
    maps = exact_fce_maps([])
    with pytest.raises(ValueError, match="the maps are of the head 'db', the settings are for 'fce'"):
        decode(ImageMaps("db", SQUARE, maps.language, {}), FceDecode())
