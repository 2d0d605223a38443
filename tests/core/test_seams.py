"""What overlapping tiles show, put together: every text once, whole, whatever the seams cut."""

import itertools

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from tcm_core.detection import Detection
from tcm_core.geometry.overlap import iou
from tcm_core.geometry.polygon import signed_area
from tcm_core.infer.prediction import Sides
from tcm_core.infer.seams import Part, Tile, merge_parts
from tcm_core.infer.tiles import OVERLAP, plan_tiles

SIZE = (3000, 4000)
SEAM = 8.0


def grid(rows, columns, overlap, size=SIZE):
    def spans(length, count):
        side = (length + overlap * (count - 1)) // count
        return [(round(start), round(start) + side) for start in np.linspace(0, length - side, count)]

    return [
        Tile(left, top, right, bottom)
        for top, bottom in spans(size[0], rows)
        for left, right in spans(size[1], columns)
    ]


def seen(texts, tiles, kind="quad"):
    """What a perfect detector finds: of each text the part that a tile shows."""
    parts = []
    for tile in tiles:
        frame = shapely.box(*tile)
        for number, text in enumerate(texts):
            part = shapely.intersection(text, frame)
            if part.geom_type == "Polygon" and part.area > 60:
                outline = shapely.minimum_rotated_rectangle(part) if kind == "quad" else part
                polygon = shapely.get_coordinates(outline)[:-1]
                polygon = polygon if signed_area(polygon) > 0 else polygon[::-1].copy()
                parts.append(Part(Detection(polygon, 0.5 + 0.01 * (number % 7), kind), tile))
    return parts


def agree(found, texts, least=0.9):
    assert len(found) == len(texts)
    for text in texts:
        outline = shapely.get_coordinates(text)[:-1]
        assert max(iou(detection.polygon, outline) for detection in found) > least


@st.composite
def pages(draw):
    """Upright texts that do not touch, from words to lines across several tiles, and a grid of tiles."""
    texts, top = [], draw(st.integers(5, 60))
    while top < SIZE[0] - 100 and len(texts) < 40:
        height = draw(st.integers(20, 120))
        left = draw(st.integers(2, 300))
        while left < SIZE[1] - 200:
            width = min(draw(st.integers(2, 40)) * height, SIZE[1] - 2 - left)
            texts.append(shapely.box(left, top, left + width, min(top + height, SIZE[0] - 2)))
            left += width + draw(st.integers(30, 900))
        top += height + draw(st.integers(30, 300))
    return texts, grid(draw(st.integers(1, 4)), draw(st.integers(1, 5)), draw(st.integers(200, 320)))


@settings(max_examples=15, deadline=None)
@given(pages(), st.sampled_from(["quad", "polygon"]))
def test_every_text_stands_once_and_whole(page, kind):
    texts, tiles = page
    agree(merge_parts(seen(texts, tiles, kind), SIZE, SEAM), texts)


@settings(max_examples=8, deadline=None)
@given(pages(), st.integers(0, 2**32 - 1))
def test_the_order_of_the_parts_does_not_matter(page, seed):
    texts, tiles = page
    parts = seen(texts, tiles)
    order = np.random.default_rng(seed).permutation(len(parts))
    agree(merge_parts([parts[index] for index in order], SIZE, SEAM), texts)


@pytest.mark.parametrize("degrees", [12, 30, 45, 80])
@pytest.mark.parametrize("kind", ["quad", "polygon"])
def test_a_slanted_line_across_tiles_is_one_text(degrees, kind):
    angle = np.deg2rad(degrees)
    along, across = np.array([np.cos(angle), np.sin(angle)]), np.array([-np.sin(angle), np.cos(angle)])
    middle = np.array([2000.0, 1500.0])
    corners = [
        middle + x * along + y * across for x, y in ((-1200, -40), (1200, -40), (1200, 40), (-1200, 40))
    ]
    agree(
        merge_parts(seen([shapely.Polygon(corners)], grid(3, 4, 300), kind), SIZE, SEAM),
        [shapely.Polygon(corners)],
    )


def test_lines_that_lie_close_together_stay_apart():
    texts = [shapely.box(100, 100 + 34 * row, 3800, 130 + 34 * row) for row in range(40)]
    agree(merge_parts(seen(texts, grid(2, 4, 280)), SIZE, SEAM), texts)


def test_an_end_that_was_taken_for_a_whole_text_goes():
    tiles = [Tile(0, 0, 1200, 1000), Tile(900, 0, 2000, 1000)]
    whole = Detection(np.array([[950.0, 100], [1700, 100], [1700, 150], [950, 150]]), 0.6, "quad")
    end = Detection(np.array([[950.0, 100], [1150, 100], [1150, 150], [950, 150]]), 0.9, "quad")
    found = merge_parts([Part(end, tiles[0]), Part(whole, tiles[1])], (1000, 2000), SEAM)
    assert [detection.polygon.max() for detection in found] == [1700]


def test_texts_of_one_tile_are_never_merged():
    tile = Tile(0, 0, 1000, 1000)
    boxes = [
        np.array([[10.0, 10], [500, 10], [500, 60], [10, 60]]),
        np.array([[12.0, 12], [498, 12], [498, 58], [12, 58]]),
    ]
    parts = [Part(Detection(box, 0.7, "quad"), tile) for box in boxes]
    assert len(merge_parts(parts, (1000, 1000), SEAM)) == 2


def test_joined_texts_stay_inside_and_weigh_their_scores():
    tiles = [Tile(0, 0, 600, 100), Tile(400, 0, 1000, 100)]
    left = Detection(np.array([[10.0, -3], [600, -3], [600, 50], [10, 50]]), 0.8, "quad")
    right = Detection(np.array([[400.0, -3], [990, -3], [990, 50], [400, 50]]), 0.6, "quad")
    (found,) = merge_parts([Part(left, tiles[0]), Part(right, tiles[1])], (100, 1000), SEAM)
    assert found.polygon.min() == 0.0
    assert found.score == pytest.approx(0.7)
    assert signed_area(found.polygon) > 0


def test_nothing_gives_nothing():
    assert merge_parts([], (10, 10), SEAM) == ()


@settings(max_examples=300, deadline=None)
@given(
    st.integers(1, 30000),
    st.integers(1, 30000),
    st.sampled_from([Sides(1216, 2560), Sides(736, 1280), Sides(640, 640)]),
    st.sampled_from([0.25, 1.0]),
)
def test_tiles_cover_the_picture_overlap_and_stay_small(height, width, sides, smallest_scale):
    tiling = plan_tiles((height, width), sides, smallest_scale)
    fitted = min(sides.short / min(height, width), sides.longest / max(height, width))
    if tiling is None:
        assert fitted * 1.5 >= smallest_scale
        return
    assert tiling.scale > 1.5 * fitted
    tiles = tiling.tiles
    xs, ys = sorted({(t.left, t.right) for t in tiles}), sorted({(t.top, t.bottom) for t in tiles})
    assert len(tiles) == len(set(tiles)) == len(xs) * len(ys)
    for spans, length in ((xs, width), (ys, height)):
        assert spans[0][0] == 0
        assert spans[-1][1] == length
        shared = min(OVERLAP, spans[0][1] * tiling.scale / 3) - tiling.scale  # begins are whole pixels
        for (_, end), (start, _) in itertools.pairwise(spans):
            assert (end - start) * tiling.scale >= shared
    for tile in tiles:
        sizes = sorted((tile.height * tiling.scale, tile.width * tiling.scale))
        assert sizes[0] <= sides.short + 0.01
        assert sizes[1] <= sides.longest + 0.01


@pytest.mark.parametrize(
    ("size", "cut"),
    [
        ((720, 1280), False),
        ((3024, 4032), False),
        ((2048, 8192), True),
        ((6000, 400), True),
        ((30, 2000), False),
    ],
)
def test_photographs_are_seen_whole_and_long_pictures_cut(size, cut):
    assert (plan_tiles(size, Sides(1216, 2560)) is not None) == cut
