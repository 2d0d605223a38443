import numpy as np
import pytest

from tcm_core.evaluate.breakdown import MEASURES, angle, breakdown, curvature, text_height
from tcm_core.evaluate.icdar15 import evaluate_icdar15
from tcm_core.evaluate.totaltext import evaluate_totaltext
from tests.helpers.evaluation import box, ignored, word


def turned(degrees, width=100.0, height=20.0):
    corner = np.radians(degrees)
    turn = np.array([[np.cos(corner), np.sin(corner)], [-np.sin(corner), np.cos(corner)]])
    return box(-width / 2, -height / 2, width / 2, height / 2) @ turn + 200


def arc(bend):
    along = np.linspace(0, np.pi, 15)
    top = np.stack([100 * along, -bend * np.sin(along)], axis=1)
    return np.concatenate([top, top[::-1] + np.array([0, 30])])


@pytest.mark.parametrize("degrees", [0, 10, 30, 45, 80, 90, 120, -20])
def test_height_and_angle_of_a_turned_text(degrees):
    assert text_height(turned(degrees)) == pytest.approx(20, abs=0.01)
    assert angle(turned(degrees)) == pytest.approx(min(abs(degrees), 180 - abs(degrees)), abs=0.05)


def test_quads_in_perspective_are_straight_and_arcs_are_bent():
    assert curvature(np.array([[0.0, 0], [100, 20], [100, 50], [0, 90]])) == pytest.approx(0)
    assert curvature(arc(0)) == pytest.approx(0)
    assert 0.1 < curvature(arc(20)) < curvature(arc(60)) < 1


def test_points_on_a_line_have_no_curvature_and_no_height():
    line = np.array([[0.0, 0], [5, 5], [9, 9]])
    assert (curvature(line), text_height(line)) == (0, pytest.approx(0, abs=1e-3))


def groups(result, gt, det, measure):
    return {
        g.label: (g.care_gt, g.care_det, g.precision, g.recall) for g in breakdown(result, gt, det, measure)
    }


def test_by_size():
    gt = {"a": [word(0, 0, 99, 9), word(0, 50, 99, 69), word(0, 90, 99, 109)], "b": [ignored(0, 0, 99, 9)]}
    det = {"a": [box(0, 0, 99, 9), box(0, 50, 99, 70), box(0, 200, 99, 290)], "b": [box(0, 0, 99, 9)]}
    found = groups(evaluate_icdar15(gt, det), gt, det, "size")
    assert found == {
        "below 10 px": (1, 1, 1, 1),
        "10 px \u2013 20 px": (2, 0, 0, 1 / 2),  # found by a detection that is 20 px high
        "20 px \u2013 40 px": (0, 1, 1, 0),
        "40 px \u2013 80 px": (0, 0, 0, 0),
        "80 px and more": (0, 1, 0, 0),
    }


def test_credits_are_those_of_the_protocol():
    gt, det = {"a": [word(0, 0, 100, 30)]}, {"a": [box(0, 0, 50, 30), box(50, 0, 100, 30)]}
    assert groups(evaluate_totaltext(gt, det), gt, det, "size")["20 px \u2013 40 px"] == (1, 2, 0.8, 0.8)


@pytest.mark.parametrize("measure", MEASURES)
def test_every_text_and_detection_that_counts_is_in_one_group(measure):
    gt = {"a": [word(0, 0, 99, 9), ignored(0, 50, 99, 69)]}
    det = {"a": [turned(30), arc(40) + 300, box(0, 0, 99, 9)]}
    result = evaluate_icdar15(gt, det)
    found = breakdown(result, gt, det, measure)
    assert sum(group.care_gt for group in found) == result.care_gt == 1
    assert sum(group.care_det for group in found) == result.care_det == 3
    assert sum(group.precision * group.care_det for group in found) == pytest.approx(1)
