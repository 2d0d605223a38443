"""The DB decoder, fed with the exact maps of known polygons; its bounds were measured (the golden table)."""

import json
from pathlib import Path

import numpy as np
import pytest

from tcm_core.config.decode import DbDecode
from tcm_core.decode.decode import decode
from tcm_core.decode.maps import ImageMaps
from tcm_core.geometry.frame import ImageFrame
from tcm_core.geometry.offset import shrink
from tcm_core.geometry.overlap import iou
from tcm_core.geometry.polygon import area, as_points, signed_area
from tcm_core.targets.db import fill

GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "decode_db_iou.json").read_text())
SQUARE = ImageFrame((640, 640), (640, 640), (640, 640))


def turned_rectangle(width, height, angle, middle=(320.0, 320.0)):
    box = np.array([[-width, -height], [width, -height], [width, height], [-width, height]]) / 2
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return box @ turn.T + middle


def perfect_maps(polygons, frame=SQUARE, value=255):
    plane = np.zeros(frame.network_size, np.uint8)
    for polygon in polygons:
        fill(plane, shrink(frame.to_network(polygon), 0.4), value)
    return ImageMaps("db", frame, np.zeros((1, 1), np.uint8), {"probability": plane})


@pytest.mark.parametrize("row", GOLDEN, ids=lambda row: f"{row['width']}x{row['height']}@{row['unclip']}")
def test_overlap_with_the_polygons_that_made_perfect_maps(row):
    angles = np.random.default_rng(0).uniform(-np.pi, np.pi, 60)
    settings = DbDecode(unclip_ratio=row["unclip"])
    overlaps = []
    for angle in angles:
        polygon = turned_rectangle(row["width"], row["height"], angle)
        (found,) = decode(perfect_maps([polygon]), settings)
        overlaps.append(iou(found.polygon, polygon))
    assert np.median(overlaps) == pytest.approx(row["median"], abs=0.02)
    assert min(overlaps) >= row["minimum"] - 0.05


def test_a_map_without_text_gives_nothing():
    assert decode(perfect_maps([]), DbDecode()) == ()


def test_two_texts_come_largest_first_clockwise_with_their_scores():
    large, small = turned_rectangle(200, 60, 0.1, (200, 200)), turned_rectangle(80, 30, 0, (450, 500))
    first, second = decode(perfect_maps([small, large]), DbDecode())
    assert iou(first.polygon, large) > 0.6
    assert iou(second.polygon, small) > 0.6
    assert signed_area(first.polygon) > 0
    assert first.score == pytest.approx(1.0)
    assert first.polygon.shape == (4, 2)


def test_the_score_is_the_mean_probability_inside():
    (found,) = decode(perfect_maps([turned_rectangle(200, 60, 0)], value=153), DbDecode(score_threshold=0.5))
    assert found.score == pytest.approx(0.6, abs=0.01)
    assert (
        decode(perfect_maps([turned_rectangle(200, 60, 0)], value=153), DbDecode(score_threshold=0.61)) == ()
    )


def test_pixels_under_the_threshold_are_no_text():
    assert decode(perfect_maps([turned_rectangle(200, 60, 0)], value=76), DbDecode(score_threshold=0.1)) == ()


def test_thin_texts_are_dropped_by_the_smallest_side():
    maps = perfect_maps([turned_rectangle(200, 16, 0)])
    assert len(decode(maps, DbDecode(min_side=3))) == 1
    assert decode(maps, DbDecode(min_side=8)) == ()


def test_single_pixels_do_not_crash():
    maps = perfect_maps([])
    maps.planes["probability"][10, 10] = 255
    maps.planes["probability"][20, 20:22] = 255
    found = decode(maps, DbDecode(min_side=0, output="polygon"))
    assert len(found) == 2
    assert all(area(detection.polygon) > 0 for detection in found)


def test_detections_are_in_image_pixels_whatever_the_frame():
    frame = ImageFrame.fitting((300, 500), short_side=640, max_long_side=2048)
    word = turned_rectangle(160, 50, 0.2, (250, 150))
    (found,) = decode(perfect_maps([word], frame), DbDecode(unclip_ratio=2.0))
    assert iou(found.polygon, word) > 0.8
    assert np.allclose(found.polygon.mean(axis=0), word.mean(axis=0), atol=0.5)


def test_maps_of_a_coarser_grid_give_the_same_place():
    word = turned_rectangle(240, 80, 0.0)
    maps = perfect_maps([word])
    coarse = ImageMaps(
        "db", SQUARE, maps.language, {"probability": maps.planes["probability"][::4, ::4].copy()}
    )
    (fine_found,), (coarse_found,) = decode(maps, DbDecode()), decode(coarse, DbDecode())
    assert iou(fine_found.polygon, coarse_found.polygon) > 0.9


def test_what_lies_in_the_padding_is_not_seen():
    frame = ImageFrame((100, 100), (100, 100), (128, 128))
    plane = np.zeros((128, 128), np.uint8)
    plane[104:126, 10:90] = 255
    assert decode(ImageMaps("db", frame, plane, {"probability": plane}), DbDecode()) == ()


def test_a_curved_text_keeps_its_bend_as_a_polygon():
    angles = np.linspace(np.pi, 2 * np.pi, 24)
    outer, inner = (
        np.array([np.cos(angles), np.sin(angles)]).T * 200,
        np.array([np.cos(angles), np.sin(angles)]).T * 150,
    )
    arc = as_points(np.concatenate([outer, inner[::-1]]) + np.array([320, 400]))
    (polygon,) = decode(perfect_maps([arc]), DbDecode(output="polygon", unclip_ratio=2.0))
    (quad,) = decode(perfect_maps([arc]), DbDecode(output="quad", unclip_ratio=2.0))
    assert iou(polygon.polygon, arc) > 0.65
    assert iou(quad.polygon, arc) < 0.5
