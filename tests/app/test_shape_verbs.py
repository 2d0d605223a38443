"""The verbs on a page: what they keep, what they refuse, and that nothing else of the page changes."""

import numpy as np
import pytest

from app.domain import shape_verbs
from app.domain.edits import EditRefused
from app.domain.level_set import KeptMaps
from app.domain.page import Page
from app.domain.region import new_region
from app.domain.shape_edits import ExchangeRegions, ReshapeRegions
from tcm_core.config.decode import DbDecode
from tcm_core.geometry.polygon import area, signed_area
from tests.helpers.fake_predictor import text_maps
from tests.helpers.text_shapes import COUNTS, text_outline

OTHER = new_region(text_outline(4, at=(400, 300)), text="other")


@pytest.fixture(params=COUNTS)
def count(request):
    return request.param


def page_of(*regions):
    return Page((*regions, OTHER))


def test_a_region_of_the_model_that_is_cut_or_reshaped_is_from_both(count):
    region = new_region(text_outline(count), origin="model", score=0.8)
    for edit in (
        shape_verbs.unclip(page_of(region), {region.id}, 1.0),
        shape_verbs.halve(page_of(region), {region.id}),
    ):
        changed = edit.apply(page_of(region)).regions
        assert changed[-1] is OTHER
        assert {one.origin for one in changed[:-1]} == {"both"}
        assert {one.score for one in changed[:-1]} == {0.8}


def test_parts_take_the_place_of_the_whole_and_the_first_keeps_its_id(count):
    region = new_region(text_outline(count), text="A B", ignore=True)
    page = Page((OTHER, region, new_region(text_outline(4, at=(500, 100)))))
    after = shape_verbs.halve(page, {region.id}).apply(page)
    assert [one.text for one in after.regions] == ["other", "A", "B", ""]
    assert after.regions[1].id == region.id
    assert after.regions[2].ignore
    assert after.review == "edited"


def test_turning_there_and_back_is_where_it_was(count):
    region = new_region(text_outline(count))
    page = page_of(region)
    there = shape_verbs.turn(page, {region.id}, 37).apply(page)
    back = shape_verbs.turn(there, {region.id}, -37).apply(there)
    assert back.regions[0].polygon == pytest.approx(region.polygon)


def test_several_regions_turn_around_their_common_middle():
    one, two = new_region(text_outline(4, at=(100, 100))), new_region(text_outline(4, at=(300, 100)))
    page = Page((one, two))
    after = shape_verbs.turn(page, {one.id, two.id}, 180).apply(page)
    assert after.regions[0].polygon.mean(axis=0) == pytest.approx([300, 100])
    assert after.regions[1].polygon.mean(axis=0) == pytest.approx([100, 100])


@pytest.mark.parametrize("shift", [0, 1, 2, 3])
@pytest.mark.parametrize("way", [1, -1])
@pytest.mark.parametrize("degrees", [0, 30, -30])
@pytest.mark.parametrize("vertices", [4, 14, 40])
def test_reading_order_finds_the_start_from_any_vertex_and_either_way(vertices, degrees, way, shift):
    right = text_outline(vertices, degrees=degrees)
    region = new_region(np.roll(right[::way], shift, axis=0))
    page = Page((region,))
    after = shape_verbs.in_reading_order(page, {region.id}).apply(page).regions[0]
    assert after.polygon == pytest.approx(right)


def test_a_column_begins_at_its_upper_left():
    column = np.array([(20.0, 90), (10, 90), (10, 10), (20, 10)])
    region = new_region(column)
    after = shape_verbs.in_reading_order(Page((region,)), {region.id}).apply(Page((region,)))
    assert after.regions[0].polygon.tolist() == [[10, 10], [20, 10], [20, 90], [10, 90]]


def test_the_merged_region_carries_all_texts_in_reading_order(count):
    left = new_region(text_outline(count, at=(100, 100)), text="GRAND")
    right = new_region(text_outline(count, at=(190, 100)), text="HOTEL", origin="model", score=0.7)
    page = page_of(right, left)
    after = shape_verbs.merge(page, {left.id, right.id}).apply(page).regions
    assert len(after) == 2
    assert (after[0].text, after[0].id, after[0].origin, after[0].score) == (
        "GRAND HOTEL",
        left.id,
        "both",
        0.7,
    )
    assert signed_area(after[0].polygon) > 0


def test_one_region_cannot_be_merged_or_joined(count):
    region = new_region(text_outline(count))
    for verb in (shape_verbs.merge, shape_verbs.join):
        with pytest.raises(EditRefused, match="at least two"):
            verb(page_of(region), {region.id})


def test_nothing_selected_is_refused():
    with pytest.raises(EditRefused, match="Select a region"):
        shape_verbs.to_box(page_of(), {"gone"})


def test_shrinking_until_nothing_is_left_is_refused(count):
    region = new_region(text_outline(count, height=4))
    with pytest.raises(EditRefused, match="Nothing would be left"):
        shape_verbs.unclip(page_of(region), {region.id}, -3)


def test_tightening_needs_a_map_and_a_text_in_it():
    region = new_region(text_outline(4, at=(580, 60), length=40, height=20))
    with pytest.raises(EditRefused, match="score map"):
        shape_verbs.tighten(page_of(region), {region.id}, None, inwards=True)
    maps = KeptMaps(text_maps((480, 640)), DbDecode())
    with pytest.raises(EditRefused, match="no text there"):
        shape_verbs.tighten(page_of(region), {region.id}, maps, inwards=True)


def line_of_two(text):
    words = [((a, 0.4), (b, 0.4), (b, 0.6), (a, 0.6)) for a, b in ((0.1, 0.4), (0.5, 0.9))]
    maps = KeptMaps(text_maps((480, 640), words, (0.9, 0.9)), DbDecode())
    return new_region([(64, 192), (576, 192), (576, 288), (64, 288)], text=text), maps


@pytest.mark.parametrize("text", ["", "ABCDEFG HI"])
def test_words_end_where_the_map_sinks_not_where_letters_would_put_it(text):
    region, maps = line_of_two(text)
    page = page_of(region)
    parts = shape_verbs.split_words(page, {region.id}, maps).apply(page).regions[:-1]
    assert len(parts) == 2
    assert 0.4 * 640 < parts[0].polygon[:, 0].max() < 0.5 * 640
    assert area(parts[0].polygon) + area(parts[1].polygon) == pytest.approx(area(region.polygon))


def test_the_spaces_decide_when_the_map_has_fewer_valleys():
    region, maps = line_of_two("A B C D")
    page = page_of(region)
    parts = shape_verbs.split_words(page, {region.id}, maps).apply(page).regions[:-1]
    assert [part.text for part in parts] == ["A", "B", "C", "D"]


def test_one_word_is_not_split_whatever_the_map_says():
    region, maps = line_of_two("ONE")
    with pytest.raises(EditRefused, match="Nothing says"):
        shape_verbs.split_words(page_of(region), {region.id}, maps)


@pytest.mark.parametrize(
    "polygon", [[(0, 0), (10, 10), (10, 0), (0, 10)], [(0, 0), (10, 0), (20, 0)], [(0, 0), (1, 0), (0, 1)]]
)
def test_shapes_that_cross_or_have_no_area_never_reach_the_page(polygon):
    region = new_region(text_outline(4))
    page = page_of(region)
    with pytest.raises(EditRefused):
        ReshapeRegions({region.id: np.array(polygon, dtype=float)}, "x").apply(page)
    with pytest.raises(EditRefused):
        ExchangeRegions({region.id: (new_region(polygon),)}, "x").apply(page)


def test_an_exchange_that_would_put_a_region_there_twice_is_refused():
    region = new_region(text_outline(4))
    page = page_of(region)
    with pytest.raises(EditRefused, match="already"):
        ExchangeRegions({region.id: (OTHER,)}, "x").apply(page)
    with pytest.raises(EditRefused, match="not on this page"):
        ExchangeRegions({"gone": ()}, "x").apply(page)
