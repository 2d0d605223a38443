"""PAN's decoder, fed with the exact maps of known polygons; its bounds were measured (the golden table)."""

import json
from pathlib import Path

import numpy as np
import pytest

from tcm_core.config.decode import PanDecode
from tcm_core.config.learning import PanTargetConfig
from tcm_core.decode.decode import decode
from tcm_core.decode.maps import ImageMaps
from tcm_core.geometry.frame import ImageFrame
from tcm_core.geometry.overlap import iou
from tcm_core.geometry.polygon import area, as_points, is_simple, signed_area
from tests.helpers.pan_maps import exact_pan_maps

GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "decode_pan_iou.json").read_text())
"""Overlap with the polygons that made the maps, at 20 places within a map pixel: height is across the text,
length along its middle, bend the angle between its two ends, angle the turn of the whole; both in degrees."""
SQUARE = ImageFrame((384, 384), (384, 384), (384, 384))
PLACES = 20


def text_polygon(length, height, bend=0, angle=0, middle=(192.0, 192.0)):
    """A straight text, or one along an arc; clockwise from its start."""
    if bend:
        radius = length / np.deg2rad(bend)
        turns = np.linspace(-0.5, 0.5, 16) * np.deg2rad(bend)
        ray = np.stack([np.sin(turns), -np.cos(turns)], axis=1)
        points = np.concatenate([ray * (radius + height / 2), ray[::-1] * (radius - height / 2)])
        points = points + np.array([0, radius])
    else:
        points = np.array([[-length, -height], [length, -height], [length, height], [-length, height]]) / 2
    turn = np.deg2rad(angle)
    return points @ np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]]) + middle


def measure(row):
    """The overlaps of a row of the golden table."""
    settings = PanDecode(output=row["output"])
    overlaps = []
    for shift in np.random.default_rng(0).uniform(0, 4, (PLACES, 2)):
        polygon = text_polygon(row["length"], row["height"], row["bend"], row["angle"], shift + 192)
        (found,) = decode(exact_pan_maps([polygon], SQUARE), settings)
        overlaps.append(iou(found.polygon, polygon))
    return np.array(overlaps)


def name_of(row):
    return f"{row['output']}-{row['length']}x{row['height']}-{row['bend']}@{row['angle']}"


@pytest.mark.parametrize("row", GOLDEN, ids=name_of)
def test_overlap_with_the_polygons_that_made_exact_maps(row):
    overlaps = measure(row)
    assert np.median(overlaps) == pytest.approx(row["median"], abs=0.01)
    assert overlaps.min() >= row["minimum"] - 0.01


def block(frame=SQUARE, where=(slice(5, 9), slice(10, 20)), value=255):
    """A block of text and kernel on the map: by default rows 5 to 8, columns 10 to 19."""
    shape = (frame.network_size[0] // 4, frame.network_size[1] // 4)
    plane = np.zeros(shape, np.uint8)
    plane[where] = value
    planes = {"text": plane, "kernel": plane.copy()}
    return ImageMaps(
        "pan", frame, np.zeros((1, 1), np.uint8), planes, {"embedding": np.zeros((4, *shape), np.float16)}
    )


@pytest.mark.parametrize("output", ["quad", "polygon"])
def test_a_map_pixel_covers_four_by_four_network_pixels(output):
    (found,) = decode(block(), PanDecode(output=output))
    assert found.kind == output
    assert found.polygon.min(axis=0) == pytest.approx([40, 20], abs=0.2)  # the polygon's corners are round
    assert found.polygon.max(axis=0) == pytest.approx([80, 36], abs=0.2)
    assert area(found.polygon) == pytest.approx(40 * 16, rel=0.02)


def test_a_quad_runs_clockwise_from_its_top_left_corner():
    (found,) = decode(block(), PanDecode())
    assert found.polygon == pytest.approx(np.array([[40, 20], [80, 20], [80, 36], [40, 36]]), abs=1e-3)
    for angle in range(-90, 90, 15):
        (found,) = decode(exact_pan_maps([text_polygon(120, 30, angle=angle)], SQUARE), PanDecode())
        assert signed_area(found.polygon) > 0
        assert found.polygon.sum(axis=1).argmin() == 0


def test_detections_are_in_image_pixels_whatever_the_frame():
    frame = ImageFrame.fitting((300, 500), short_side=416, max_long_side=2048)
    word = text_polygon(160, 50, angle=12, middle=(250, 150))
    for output in ("quad", "polygon"):
        (found,) = decode(exact_pan_maps([word], frame), PanDecode(output=output))
        assert iou(found.polygon, word) > 0.94
        assert np.allclose(
            (found.polygon.min(0) + found.polygon.max(0)) / 2, (word.min(0) + word.max(0)) / 2, atol=1.5
        )


def test_what_lies_in_the_padding_is_not_seen_and_polygons_end_at_the_image():
    frame = ImageFrame((100, 100), (100, 100), (128, 128))
    assert decode(block(frame, (slice(25, 32), slice(2, 20))), PanDecode()) == ()
    (found,) = decode(block(frame, (slice(20, 32), slice(2, 20))), PanDecode())
    assert found.polygon.max(axis=0) == pytest.approx([80, 100], abs=1e-3)


def test_texts_come_largest_first_with_their_scores_and_no_more_than_wanted():
    large, small = text_polygon(200, 60, middle=(200, 100)), text_polygon(80, 30, middle=(150, 300))
    maps = exact_pan_maps([small, large], SQUARE, value=230)
    first, second = decode(maps, PanDecode())
    assert iou(first.polygon, large) > 0.9
    assert iou(second.polygon, small) > 0.85
    assert first.score == pytest.approx(230 / 255)
    (only,) = decode(maps, PanDecode(max_candidates=1))
    assert np.array_equal(only.polygon, first.polygon)


def test_a_text_is_kept_when_its_mean_probability_reaches_the_score_threshold():
    maps = block(value=204)  # 0.8
    maps.planes["text"][5:7, 10:20] = 255  # 0.9 in the mean
    assert len(decode(maps, PanDecode(score_threshold=0.9))) == 1
    assert decode(maps, PanDecode(score_threshold=0.901)) == ()


def test_pixels_up_to_the_thresholds_are_no_text_and_no_kernel():
    assert decode(block(value=127), PanDecode(score_threshold=0)) == ()
    maps = block(value=200)
    maps.planes["kernel"][:] = 127
    assert decode(maps, PanDecode(score_threshold=0)) == ()
    assert len(decode(maps, PanDecode(score_threshold=0, kernel_threshold=0.4))) == 1


def test_texts_of_too_few_pixels_are_dropped():
    assert len(decode(block(), PanDecode(min_area=40))) == 1
    assert decode(block(), PanDecode(min_area=41)) == ()


def test_a_text_grows_from_its_kernel_to_where_the_text_ends_and_not_into_its_neighbour():
    """Two lines without a gap between them, told apart by their kernels."""
    upper, lower = text_polygon(200, 40, middle=(200, 100)), text_polygon(200, 40, middle=(200, 140))
    found = decode(exact_pan_maps([upper, lower], SQUARE), PanDecode())
    assert len(found) == 2
    assert max(iou(detection.polygon, upper) for detection in found) > 0.95
    assert max(iou(detection.polygon, lower) for detection in found) > 0.95


def test_a_text_without_an_inside_still_has_a_polygon():
    for where in [(slice(5, 6), slice(7, 8)), (slice(5, 6), slice(7, 12)), (slice(5, 12), slice(7, 8))]:
        for output in ("quad", "polygon"):
            (found,) = decode(block(where=where), PanDecode(output=output, min_area=1))
            rows, columns = where
            assert found.polygon.min(axis=0) == pytest.approx([4 * columns.start, 4 * rows.start], abs=1e-3)
            assert found.polygon.max(axis=0) == pytest.approx([4 * columns.stop, 4 * rows.stop], abs=1e-3)


def test_any_map_gives_polygons_with_an_area():
    random = np.random.default_rng(0)
    for share in (0.3, 0.5, 0.7, 0.9):
        maps = block()
        shape = maps.planes["text"].shape
        maps.planes["text"][:] = (random.uniform(0, 1, shape) < share) * 255
        maps.planes["kernel"][:] = (random.uniform(0, 1, shape) < 0.1) * 255
        for output in ("quad", "polygon"):
            found = decode(maps, PanDecode(output=output, min_area=1))
            assert found
            assert all(area(detection.polygon) > 0 for detection in found)
            assert all(is_simple(detection.polygon) for detection in found)
            assert all(signed_area(detection.polygon) > 0 for detection in found)


def test_a_map_without_text_gives_nothing():
    assert decode(exact_pan_maps([], SQUARE), PanDecode()) == ()


def test_a_curved_text_keeps_its_bend_as_a_polygon_of_few_vertices():
    arc = as_points(text_polygon(240, 40, bend=120))
    maps = exact_pan_maps([arc], SQUARE, PanTargetConfig(shrink_ratio=0.7))
    (polygon,), (quad,) = decode(maps, PanDecode(output="polygon")), decode(maps, PanDecode())
    assert iou(polygon.polygon, arc) > 0.9
    assert iou(quad.polygon, arc) < 0.6
    assert len(polygon.polygon) <= 40
