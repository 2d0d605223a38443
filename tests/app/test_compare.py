"""Sets of polygons beside each other and against labels."""

import numpy as np
import pytest

from app.domain.compare import (
    DifferenceKind,
    Group,
    by_score,
    differences,
    group_sets,
    iou_of,
    judge,
    missed,
    outside,
    polygon_of,
)
from tcm_core.evaluate.result import Verdict
from tests.helpers.shapes import box


def test_the_same_text_stands_in_one_group_and_the_groups_in_reading_order():
    first = (box(300, 12), box(10, 100), box(10, 10))
    second = (box(12, 10), box(10, 101))
    groups = group_sets((first, second))
    assert [group.members for group in groups] == [(2, 0), (0, None), (1, 1)]
    assert groups[0].least_iou == pytest.approx(98 / 102)
    assert groups[1] == Group((0, None), 1.0)


def test_of_several_that_fit_the_most_alike_is_taken_whatever_the_order_of_the_sets():
    near, nearer, other = box(0, 0), box(10, 0), box(12, 0)
    forward = group_sets(((near, nearer), (other,)))
    assert {group.members for group in forward} == {(0, None), (1, 0)}
    backward = group_sets(((other,), (near, nearer)))
    assert {group.members for group in backward} == {(None, 0), (0, 1)}


def test_no_set_stands_in_a_group_twice_and_every_polygon_stands_somewhere_once():
    draw = np.random.default_rng(3)
    for _ in range(20):
        sets = [
            [box(*draw.uniform(0, 120, 2), *draw.uniform(20, 60, 2)) for _ in range(draw.integers(0, 9))]
            for _ in range(4)
        ]
        groups = group_sets(sets)
        for at, shapes in enumerate(sets):
            seen = [group.members[at] for group in groups if group.members[at] is not None]
            assert sorted(seen) == list(range(len(shapes)))
        shuffled = group_sets(sets[::-1])
        assert {tuple(reversed(group.members)) for group in shuffled} == {one.members for one in groups}


def test_two_that_hang_together_through_a_third_have_their_own_overlap():
    groups = group_sets(((box(0, 0),), (box(30, 0),), (box(60, 0),)), same_from=0.5)
    assert [group.members for group in groups] == [(0, 0, 0)]
    assert groups[0].least_iou == pytest.approx(40 / 160)


def test_differences_are_what_a_set_lacks_and_then_other_outlines():
    sets = (
        (box(0, 0), box(0, 50), box(0, 100)),
        (box(0, 0), box(25, 50)),
    )
    found = differences(group_sets(sets))
    assert [(one.kind, one.group.members) for one in found] == [
        (DifferenceKind.MISSING, (2, None)),
        (DifferenceKind.OUTLINE, (1, 1)),
    ]
    assert polygon_of(found[0].group, sets)[0].tolist() == [0, 100]


def test_sets_without_polygons_have_no_groups():
    assert group_sets(((), ())) == ()
    assert differences(()) == ()


def test_verdicts_come_back_in_the_order_of_the_polygons_although_scores_decide():
    truth = (box(0, 0), box(0, 50), box(0, 100, ignore=True))
    found = (box(4, 0, score=0.6), box(0, 0, score=0.9), box(0, 100, score=0.8), box(500, 0, score=0.99))
    result = judge(truth, found, "icdar2015")
    assert result.det_verdicts == (
        Verdict.FALSE_POSITIVE, Verdict.TRUE_POSITIVE, Verdict.IGNORED, Verdict.FALSE_POSITIVE,
    )  # fmt: skip
    assert [(match.gt, match.det) for match in result.matches] == [(0, 1)]
    assert iou_of(result, 1) == pytest.approx(1.0)
    assert iou_of(result, 0) is None
    assert missed(result) == (1,)
    assert result.det_credits == (0.0, 1.0, 0.0, 0.0)


def test_the_protocol_and_its_limit_decide():
    truth, found = (box(0, 0),), (box(40, 0, score=0.9),)  # 60 of 140
    assert judge(truth, found, "icdar2015").matched == 0
    assert judge(truth, found, "icdar2015", iou=0.4).matched == 1
    assert judge(truth, (box(0, 0, width=200),), "totaltext-old").matched == 1
    assert judge(truth, (box(0, 0, width=200),), "icdar2015").matched == 0


def test_what_has_no_score_comes_first():
    assert by_score((box(0, 0, score=0.2), box(0, 0), box(0, 0, score=0.9))) == [1, 2, 0]


def test_shapes_of_another_image_are_counted():
    shapes = (box(0, 0), box(-90, 0), box(300, 0), box(0, 200), box(-200, -50))
    assert outside(shapes, (200, 300)) == 3
