"""DetEval on upright boxes whose last pixels belong to them: box(0, 0, 9, 9) has 100 pixels."""

import numpy as np
import pytest

from tcm_core.data.sample import TextInstance
from tcm_core.evaluate.icdar13 import evaluate_icdar13
from tcm_core.evaluate.result import Verdict
from tests.helpers.evaluation import box, ignored, of_one_image, word


def evaluate(texts, founds):
    result = of_one_image(evaluate_icdar13, texts, founds)
    return result.precision, result.recall, result.images["1"]


def test_one_to_one():
    precision, recall, image = evaluate([word(0, 0, 9, 9), word(50, 0, 59, 9)], [box(50, 0, 59, 8)])
    assert (precision, recall) == (1, 1 / 2)  # 90 of 100 pixels: recall 0.9, precision 1
    assert image.pairs == ((1, 0),)
    assert image.matches[0].iou == pytest.approx(0.9)
    assert image.gt_verdicts == (Verdict.FALSE_NEGATIVE, Verdict.TRUE_POSITIVE)


def test_the_last_pixel_belongs_to_a_box():
    # 10 pixels wide, 8 found: recall 0.8 exactly, which is enough; without the last pixels it were 7 / 9
    assert evaluate([word(0, 0, 9, 0)], [box(0, 0, 7, 0)])[:2] == (1, 1)
    assert evaluate([word(0, 0, 9, 0)], [box(0, 0, 6, 0)])[:2] == (0, 0)


def test_the_precision_limit_is_04_and_not_above_it():
    assert evaluate([word(0, 0, 39, 0)], [box(0, 0, 99, 0)])[:2] == (1, 1)  # 40 of 100 pixels
    assert evaluate([word(0, 0, 38, 0)], [box(0, 0, 99, 0)])[:2] == (0, 0)


def test_one_to_many_is_worth_08_for_the_text_and_for_each_part():
    # each part has precision 1 and half of the text; 0.5 + 0.5 >= 0.8
    precision, recall, image = evaluate([word(0, 0, 99, 9)], [box(0, 0, 49, 9), box(50, 0, 99, 9)])
    assert (precision, recall) == (pytest.approx(1.6 / 2), pytest.approx(0.8))
    assert image.pairs == ((0, 0), (0, 1))
    assert image.det_credits == (0.8, 0.8)


def test_parts_that_do_not_add_up_are_wrong():
    # 0.5 + 0.29 < 0.8
    assert evaluate([word(0, 0, 99, 9)], [box(0, 0, 49, 9), box(50, 0, 78, 9)])[:2] == (0, 0)


def test_the_sum_over_parts_is_rounded_to_four_decimals():
    # ten parts of 0.08 add up to 0.8 less an error of the arithmetic
    parts = [box(10 * i, 0, 10 * i + 7, 0) for i in range(10)]
    assert sum([0.08] * 10) < 0.8
    assert evaluate([word(0, 0, 99, 0)], parts)[:2] == (pytest.approx(0.8), 0.8)


def test_many_to_one_counts_in_full():
    # the detection holds both texts: recall 1 each, precision 0.5 + 0.5 >= 0.4
    precision, recall, image = evaluate([word(0, 0, 49, 9), word(50, 0, 99, 9)], [box(0, 0, 99, 9)])
    assert (precision, recall) == (1, 1)
    assert image.pairs == ((0, 0), (1, 0))


def test_a_pair_that_touches_others_is_one_to_one_in_the_second_pass():
    # the first detection alone would do (0.9 and 1), but the text touches two: found with one part, worth 1
    precision, recall, image = evaluate([word(0, 0, 99, 9)], [box(0, 0, 89, 9), box(95, 0, 194, 9)])
    assert (precision, recall) == (1 / 2, 1)
    assert image.pairs == ((0, 0),)


def test_a_single_detection_over_two_texts_of_which_one_fits():
    # recall 1 of the first text, 0.1 of the second; precision 0.5: one part, worth 1
    precision, recall, image = evaluate([word(0, 0, 49, 9), word(90, 0, 189, 9)], [box(0, 0, 99, 9)])
    assert (precision, recall) == (1, 1 / 2)
    assert image.pairs == ((0, 0),)


def test_detections_in_ignored_texts_do_not_count_above_04():
    texts = [ignored(0, 0, 9, 9)]
    assert evaluate(texts, [box(0, 0, 24, 9)])[2].det_verdicts == (Verdict.FALSE_POSITIVE,)  # 0.4
    assert evaluate(texts, [box(0, 0, 23, 9)])[2].det_verdicts == (Verdict.IGNORED,)  # 100 / 240


def test_an_ignored_text_that_fits_as_well_forbids_one_to_one():
    # the ignored text takes 30 % of the detection, so the detection counts; but both texts fit it
    texts = [word(0, 0, 99, 9), ignored(0, 0, 29, 9)]
    image = evaluate(texts, [box(0, 0, 99, 9)])[2]
    assert image.det_verdicts == (Verdict.TRUE_POSITIVE,)
    texts = [word(0, 0, 99, 9), ignored(0, 0, 39, 9)]  # 40 %: not more than the limit, and fits: 1 and 0.4
    image = evaluate(texts, [box(0, 0, 99, 9)])[2]
    assert image.det_verdicts == (Verdict.FALSE_POSITIVE,)


def test_polygons_are_taken_as_their_boxes():
    diamond = np.array([[5.0, 0], [9, 5], [5, 9], [0, 5]])
    assert evaluate([TextInstance(diamond)], [box(0, 0, 9, 9)])[:2] == (1, 1)


def test_a_pair_that_fits_but_is_not_alone_is_split():
    # the first detection fits the text (0.85 and 1), the second lies in it too: together they are parts of it
    precision, recall, image = evaluate([word(0, 0, 99, 9)], [box(0, 0, 84, 9), box(90, 0, 99, 9)])
    assert (precision, recall) == (pytest.approx(1.6 / 2), pytest.approx(0.8))
    assert image.pairs == ((0, 0), (0, 1))
