import numpy as np
import pytest

from tcm_core.data.sample import TextInstance
from tcm_core.evaluate.ctw1500 import evaluate_ctw1500, evaluate_ctw1500_pan
from tcm_core.evaluate.result import Verdict
from tests.helpers.evaluation import box, counts, ignored, of_one_image, word

CROSSED = np.array([[0.0, 0.0], [10, 10], [10, 0], [0, 10]])


def test_a_detection_takes_its_best_text_not_the_first():
    texts = [word(0, 2, 10, 12), word(0, 0, 10, 10)]
    image = of_one_image(evaluate_ctw1500, texts, [box(0, 0, 10, 10)]).images["1"]
    assert image.pairs == ((1, 0),)


def test_a_detection_whose_best_text_is_taken_is_wrong_even_when_another_is_free():
    texts = [word(0, 0, 100, 10), word(0, 3, 100, 13)]
    founds = [box(0, 0, 100, 10), box(0, 1, 100, 11)]  # 9 / 11 with the first, 8 / 12 with the second
    result = of_one_image(evaluate_ctw1500, texts, founds)
    assert counts(result) == (1, 2, 2)
    assert result.images["1"].det_verdicts == (Verdict.TRUE_POSITIVE, Verdict.FALSE_POSITIVE)


def test_the_order_of_the_detections_decides_which_is_right():
    founds = [box(0, 0, 10, 9), box(0, 0, 10, 10)]
    image = of_one_image(evaluate_ctw1500, [word(0, 0, 10, 10)], founds).images["1"]
    assert image.pairs == ((0, 0),)


def test_the_limit_is_strict_and_can_be_moved():
    texts, founds = [word(0, 0, 10, 10)], [box(0, 0, 10, 7)]
    assert of_one_image(evaluate_ctw1500, texts, founds, 0.7).matched == 0
    assert of_one_image(evaluate_ctw1500, texts, founds, 0.69).matched == 1
    assert of_one_image(evaluate_ctw1500_pan, texts, founds, 0.7).matched == 1


@pytest.mark.parametrize("polygon", [CROSSED, CROSSED[:2], CROSSED[:1], np.array([[0.0, 0], [5, 5], [9, 9]])])
def test_a_detection_that_is_no_proper_polygon_is_neither_right_nor_wrong(polygon):
    result = of_one_image(evaluate_ctw1500, [word(0, 0, 10, 10)], [polygon, box(0, 0, 10, 10)])
    assert counts(result) == (1, 1, 1)
    assert result.images["1"].det_verdicts == (Verdict.IGNORED, Verdict.TRUE_POSITIVE)


def test_a_text_that_crosses_itself_cannot_be_found_but_counts():
    result = of_one_image(evaluate_ctw1500, [TextInstance(CROSSED)], [box(0, 0, 10, 10)])
    assert counts(result) == (0, 1, 1)


def test_marks_on_ignored_texts_are_not_looked_at():
    for evaluate in (evaluate_ctw1500, evaluate_ctw1500_pan):
        assert counts(of_one_image(evaluate, [ignored(0, 0, 9, 9)], [box(0, 0, 9, 9)])) == (1, 1, 1)


def test_pan_a_detection_may_cover_several_texts_and_counts_once():
    # both texts are exactly half of the detection
    texts = [word(0, 0, 10, 10), word(0, 10, 10, 20)]
    result = of_one_image(evaluate_ctw1500_pan, texts, [box(0, 0, 10, 20), box(0, 0, 10, 10)])
    assert (result.precision, result.recall) == (1 / 2, 1 / 2)  # one right, of two each
    image = result.images["1"]
    assert image.pairs == ((0, 0), (1, 0))
    assert image.gt_credits == (1, 0)
    assert image.det_verdicts == (Verdict.TRUE_POSITIVE, Verdict.FALSE_POSITIVE)


def test_pan_takes_any_free_text_not_only_the_best():
    texts = [word(0, 0, 100, 10), word(0, 3, 100, 13)]
    founds = [box(0, 0, 100, 5), box(0, 1, 100, 11)]  # the first covers the first text alone
    assert of_one_image(evaluate_ctw1500_pan, texts, founds).images["1"].pairs == ((0, 0), (1, 1))
