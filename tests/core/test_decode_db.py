"""The DB decoder, fed with the exact maps of known polygons; its bounds were measured (the golden table).

`python -m tests.core.test_decode_db` measures the table anew.
"""

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
from tcm_core.targets.drawing import fill

GOLDEN_FILE = Path(__file__).parents[1] / "golden" / "decode_db_iou.json"
GOLDEN = json.loads(GOLDEN_FILE.read_text())
ANGLES = {"upright": np.zeros(1), "diagonal": np.full(1, np.pi / 4), "any": np.linspace(-3.1, 3.1, 40)}
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


def bent_word(width, height, bend, angle):
    """A word of 2 x 12 points whose middle line is an arc over so many degrees; 0 is a rectangle."""
    if not bend:
        return turned_rectangle(width, height, angle)
    radius = width / np.radians(bend)
    along = np.radians(np.linspace(-bend / 2, bend / 2, 12))
    rails = [
        np.column_stack([np.sin(along), -np.cos(along)]) * (radius + side * height / 2) for side in (1, -1)
    ]
    word = np.concatenate([rails[0], rails[1][::-1]])
    word -= (word.min(axis=0) + word.max(axis=0)) / 2
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return as_points(word @ turn.T + (320.0, 320.0))


def measured(row):
    """The overlaps of a row's word at its angles."""
    settings = DbDecode(**row["settings"], min_side=0)
    overlaps = []
    for angle in ANGLES[row["angle"]]:
        word = bent_word(row["width"], row["height"], row["bend"], angle)
        (found,) = decode(perfect_maps([word]), settings)
        overlaps.append(iou(found.polygon, word))
    return {"median": round(float(np.median(overlaps)), 3), "minimum": round(min(overlaps), 3)}


@pytest.mark.parametrize(
    "row", GOLDEN, ids=lambda row: "-".join(str(value) for value in list(row.values())[:5])
)
def test_overlap_with_the_polygons_that_made_perfect_maps(row):
    now = measured(row)
    assert now["median"] == pytest.approx(row["median"], abs=0.01)
    assert now["minimum"] == pytest.approx(row["minimum"], abs=0.02)


def test_solving_the_shrinking_backwards_beats_every_fixed_ratio():
    def worst(**settings):
        rows = [row for row in GOLDEN if row["settings"] == {"output": "quad", **settings}]
        return min(row["median"] for row in rows if row["bend"] == 0 and row["angle"] == "any")

    assert worst(grow="inverse") > 0.95
    assert all(worst(unclip_ratio=ratio) < 0.75 for ratio in (1.5, 2.0))


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
    (polygon,) = decode(perfect_maps([arc]), DbDecode(output="polygon", grow="inverse"))
    (quad,) = decode(perfect_maps([arc]), DbDecode(output="quad", grow="inverse"))
    assert iou(polygon.polygon, arc) > 0.9
    assert iou(quad.polygon, arc) < 0.5


def main():
    sizes = [(24, 8), (40, 40), (40, 10), (60, 16), (120, 30), (300, 20), (400, 60)]
    forms = [(width, height, angle, 0) for width, height in sizes for angle in ANGLES]
    forms += [(200, 24, "any", bend) for bend in (60, 120, 180)]
    rows = []
    for width, height, angle, bend in forms:
        for how in ({"unclip_ratio": 1.5}, {"unclip_ratio": 2.0}, {"grow": "inverse"}):
            outputs = ("polygon",) if bend else ("quad", "polygon")
            for output in outputs:
                row = {"width": width, "height": height, "angle": angle, "bend": bend}
                row["settings"] = {"output": output, **how}
                rows.append({**row, **measured(row)})
    GOLDEN_FILE.write_text("[\n" + ",\n".join(json.dumps(row) for row in rows) + "\n]\n")


if __name__ == "__main__":
    main()
