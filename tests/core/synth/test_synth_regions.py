import numpy as np
import shapely
from hypothesis import given
from hypothesis import strategies as st

from tcm_core.config.synth import PlacementConfig
from tcm_core.data.synth.regions import Regions, text_free_cut

BOX = np.array([[-40.0, -10.0], [40.0, -10.0], [40.0, 10.0], [-40.0, 10.0]])
CONFIG = PlacementConfig(max_clutter=8, max_unevenness=20, candidates=64, margin=4)


def half_cluttered():
    """Noise on the left, a plain wall on the right."""
    image = np.full((240, 400, 3), 120, np.uint8)
    image[:, :200] = np.random.default_rng(0).integers(0, 2, (120, 100, 1)).repeat(2, 0).repeat(2, 1) * 255
    return image


def test_texts_go_to_the_quiet_half():
    regions, random = Regions(half_cluttered(), 4), np.random.default_rng(1)
    places = [regions.find(regions.footprint(BOX), CONFIG, random) for _ in range(20)]
    found = [place for place in places if place is not None]
    assert len(found) >= 3
    assert all(place[0] - 40 > 200 for place in found)


def test_no_place_is_found_where_everything_is_cluttered():
    image = np.ascontiguousarray(np.tile(half_cluttered()[:, :200], (1, 2, 1)))
    regions = Regions(image, 4)
    assert regions.find(regions.footprint(BOX), CONFIG, np.random.default_rng(1)) is None


def test_no_text_runs_from_a_dark_thing_to_a_bright_one():
    image = np.full((60, 300, 3), 20, np.uint8)
    image[:, 150:] = 200
    random = np.random.default_rng(1)
    for _ in range(20):
        regions = Regions(image, 4)
        place = regions.find(regions.footprint(BOX), CONFIG, random)
        assert place is None or not 114 < place[0] < 186


def test_a_text_that_is_too_large_finds_no_place():
    regions = Regions(np.full((100, 100, 3), 120, np.uint8), 4)
    assert regions.find(regions.footprint(BOX * 1.2), CONFIG, np.random.default_rng(1)) is None
    assert regions.find(regions.footprint(BOX), CONFIG, np.random.default_rng(1)) is not None


@given(st.integers(0, 10_000), st.floats(1, 12))
def test_places_lie_apart_and_inside(seed, margin):
    random = np.random.default_rng(seed)
    regions = Regions(np.full((203, 301, 3), 120, np.uint8), margin)
    placed = []
    for _ in range(12):
        angle, size = random.uniform(0, 3), random.uniform(0.3, 1.2)
        turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        outline = BOX * size @ turn
        place = regions.find(regions.footprint(outline), CONFIG, random)
        if place is not None:
            placed.append(shapely.Polygon(outline + place))
    assert len(placed) >= 2
    room = shapely.box(0, 0, 301, 203).buffer(-margin + 1e-6, join_style="mitre")
    assert all(room.contains(shape) for shape in placed)
    for index, shape in enumerate(placed):
        assert all(shape.distance(other) >= margin for other in placed[:index])


quads = st.lists(
    st.tuples(st.floats(-30, 420), st.floats(-30, 260), st.floats(1, 120), st.floats(1, 60)), max_size=12
)


@given(quads, st.integers(0, 1000), st.floats(0, 20))
def test_a_cut_keeps_away_from_every_text(boxes, seed, margin):
    texts = [np.array([[x, y], [x + w, y], [x + w, y + h], [x, y + h]]) for x, y, w, h in boxes]
    cut = text_free_cut((240, 400), texts, margin, np.random.default_rng(seed))
    if cut is None:
        assert texts
        return
    x0, y0, x1, y1 = cut
    assert 0 <= x0 < x1 <= 400
    assert 0 <= y0 < y1 <= 240
    shape = shapely.box(x0, y0, x1, y1)
    for text in texts:
        grown = shapely.box(*(text.min(axis=0) - margin), *(text.max(axis=0) + margin))
        assert shape.intersection(grown).area < 1e-9


def test_the_cut_is_all_of_an_image_without_texts_and_nothing_of_a_covered_one():
    random = np.random.default_rng(0)
    assert text_free_cut((240, 400), [], 8, random) == (0, 0, 400, 240)
    covered = np.array([[-1.0, -1.0], [401, -1], [401, 241], [-1, 241]])
    assert text_free_cut((240, 400), [covered], 8, random) is None


def test_the_cut_is_the_large_side_of_a_text():
    text = np.array([[100.0, 0.0], [120.0, 0.0], [120.0, 240.0], [100.0, 240.0]])
    assert text_free_cut((240, 400), [text], 5, np.random.default_rng(0)) == (125, 0, 400, 240)
