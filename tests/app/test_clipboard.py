"""Regions through the clipboard: nothing is lost, nothing foreign gets in, copies can be seen."""

import contextlib
import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.clipboard import MOST_BYTES, MOST_REGIONS, from_clipboard, placed, to_clipboard
from app.domain.region import new_region
from tcm_core.errors import BadLabels
from tests.helpers.text_shapes import COUNTS, text_outline


def value(region):
    return region.polygon.tolist(), region.text, region.ignore, region.origin, region.score


@pytest.mark.parametrize("count", COUNTS)
def test_everything_but_the_id_comes_back(count):
    regions = [
        new_region(text_outline(count), text='Café "№ 5", 出口', ignore=True, origin="both", score=0.75),
        new_region(text_outline(count, degrees=33), text=""),
    ]
    pasted = from_clipboard(to_clipboard(regions))
    assert [value(one) for one in pasted] == [value(one) for one in regions]
    assert {one.id for one in pasted}.isdisjoint(one.id for one in regions)


def changed(**changes):
    entry = {
        "polygon": [[0, 0], [9, 0], [9, 9]],
        "text": "",
        "ignore": False,
        "origin": "person",
        "score": None,
    }
    return json.dumps({"version": 1, "regions": [{**entry, **changes}]}).encode()


def test_the_plain_entry_is_good():
    assert len(from_clipboard(changed())) == 1


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff\xfe",
        b"[]",
        b'{"version": 2, "regions": []}',
        b'{"version": 1}',
        b'{"version": 1, "regions": 5}',
        b'{"version": 1, "regions": [5]}',
        b"[" * 100_000,
        b'{"version": 1, "regions": [' + b"{}," * MOST_REGIONS + b"{}]}",
        b" " * (MOST_BYTES + 1),
        changed(polygon=[[0, 0], [1, 1]]),
        changed(polygon=[[0, 0], [1, 1], [2]]),
        changed(polygon=[[0, 0], [1, 1], [2, "x"]]),
        changed(polygon=[[0, 0], [1, 1], [2, float("nan")]]),
        changed(polygon=[[0, 0], [1, 1], [2, 1e300]]),
        changed(polygon=[[0, 0]] * 10_001),
        changed(polygon="0 0 1 1"),
        changed(text=5),
        changed(text="x" * 100_001),
        changed(ignore=1),
        changed(origin="robot"),
        changed(score=2.0),
        changed(score="high"),
    ],
)
def test_anything_else_is_refused_in_words(content):
    with pytest.raises(BadLabels, match="clipboard"):
        from_clipboard(content)


@given(st.binary(max_size=200))
def test_any_bytes_end_in_regions_or_a_refusal(content):
    with contextlib.suppress(BadLabels):
        from_clipboard(content)


def test_a_copy_keeps_its_place_unless_it_would_hide_the_original():
    region = new_region(text_outline(14))
    (alone,) = placed([region], (300, 400), [])
    assert np.array_equal(alone.polygon, region.polygon)
    (beside,) = placed([region], (300, 400), [region])
    assert np.array_equal(beside.polygon, region.polygon + 10)
    (third,) = placed([region], (300, 400), [region, beside])
    assert np.array_equal(third.polygon, region.polygon + 20)


def test_what_would_lie_outside_a_smaller_image_is_moved_inside_as_one():
    regions = [new_region(text_outline(4, at=(900, 700))), new_region(text_outline(4, at=(960, 740)))]
    pasted = placed(regions, (300, 400), [])
    points = np.concatenate([one.polygon for one in pasted])
    assert points.max(axis=0) == pytest.approx([400, 300])
    assert np.array_equal(pasted[1].polygon - pasted[0].polygon, regions[1].polygon - regions[0].polygon)
