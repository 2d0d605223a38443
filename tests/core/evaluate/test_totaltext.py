"""Total-Text: sigma is the share of the text, tau that of the detection; limits 0.7 and 0.6 unless said."""

import numpy as np
import pytest

from tcm_core.data.sample import TextInstance
from tcm_core.evaluate.result import Verdict
from tcm_core.evaluate.totaltext import OLD_LIMITS, evaluate_totaltext, evaluate_totaltext_pascal
from tests.helpers.evaluation import box, ignored, of_one_image, word


def deteval(texts, founds, *limits):
    result = of_one_image(evaluate_totaltext, texts, founds, *limits)
    return result.precision, result.recall, result.images["1"]


def pascal(texts, founds, *limit):
    result = of_one_image(evaluate_totaltext_pascal, texts, founds, *limit)
    return result.precision, result.recall, result.images["1"]


def test_one_to_one_is_strict_at_both_limits():
    assert deteval([word(0, 0, 100, 10)], [box(0, 0, 71, 10)])[:2] == (1, 1)
    assert deteval([word(0, 0, 100, 10)], [box(0, 0, 70, 10)])[:2] == (0, 0)  # sigma 0.7
    assert deteval([word(0, 0, 61, 10)], [box(0, 0, 100, 10)])[:2] == (1, 1)
    assert deteval([word(0, 0, 60, 10)], [box(0, 0, 100, 10)])[:2] == (0, 0)  # tau 0.6


def test_sigma_and_tau_are_rounded_to_two_decimals_first():
    assert deteval([word(0, 0, 1000, 1)], [box(0, 0, 704, 1)])[:2] == (0, 0)  # 0.704 is 0.70
    assert deteval([word(0, 0, 1000, 1)], [box(0, 0, 706, 1)])[:2] == (1, 1)  # 0.706 is 0.71


def test_one_to_one_counts_and_does_not_ask_whether_it_is_the_same_detection():
    # sigma 1 and tau 0.25 of the first, sigma 0.5 and tau 1 of the second: one of each above its limit
    texts, founds = [word(0, 0, 100, 10)], [box(0, 0, 100, 40), box(0, 0, 50, 10)]
    precision, recall, image = deteval(texts, founds)
    assert (precision, recall) == (1 / 2, 1)
    assert image.pairs == ((0, 0),)  # the one of sigma
    assert image.det_verdicts == (Verdict.TRUE_POSITIVE, Verdict.FALSE_POSITIVE)


def test_one_to_many_is_worth_08_for_the_text_and_for_each_part():
    precision, recall, image = deteval([word(0, 0, 100, 10)], [box(0, 0, 50, 10), box(50, 0, 100, 10)])
    assert (precision, recall) == (pytest.approx(1.6 / 2), pytest.approx(0.8))
    assert image.pairs == ((0, 0), (0, 1))


def test_one_to_many_includes_its_limits():
    # two parts of 0.35 with tau 1: the sum 0.7 will do
    founds = [box(0, 0, 35, 10), box(60, 0, 95, 10)]
    assert deteval([word(0, 0, 100, 10)], founds)[:2] == (pytest.approx(0.8), pytest.approx(0.8))
    # 0.35 and 0.34 will not
    assert deteval([word(0, 0, 100, 10)], [founds[0], box(60, 0, 94, 10)])[:2] == (0, 0)
    # the second part has tau 0.6 exactly (30 of 50 pixels): it takes part, 0.45 + 0.3 >= 0.7
    founds = [box(0, 0, 45, 10), box(70, 0, 120, 10)]
    assert deteval([word(0, 0, 100, 10)], founds)[:2] == (pytest.approx(0.8), pytest.approx(0.8))


def test_one_part_that_is_enough_becomes_one_to_one():
    # sigma 0.7 is not above the limit, so not in the first pass; the other detection only touches (tau 0.25)
    founds = [box(0, 0, 700, 1), box(900, 0, 1300, 1)]
    precision, recall, image = deteval([word(0, 0, 1000, 1)], founds)
    assert (precision, recall) == (1 / 2, 1)
    assert image.pairs == ((0, 0),)
    # one part that is not enough stays wrong
    assert deteval([word(0, 0, 1000, 1)], [box(0, 0, 690, 1), founds[1]])[:2] == (0, 0)


def test_many_to_one_is_worth_08_for_the_detection_and_for_each_text():
    # tau 0.5 + 0.5 >= 0.6, sigma 1 each
    precision, recall, image = deteval([word(0, 0, 50, 10), word(50, 0, 100, 10)], [box(0, 0, 100, 10)])
    assert (precision, recall) == (pytest.approx(0.8), pytest.approx(1.6 / 2))
    assert image.pairs == ((0, 0), (1, 0))


def test_many_to_one_compares_sigma_with_the_limit_of_the_precision():
    # both texts lie in the detection by 0.6, less than the limit 0.7 of the recall; tau 0.3 + 0.3 >= 0.6
    texts = [word(-20, 0, 30, 10), word(70, 0, 120, 10)]
    assert deteval(texts, [box(0, 0, 100, 10)])[:2] == (pytest.approx(0.8), pytest.approx(0.8))
    texts = [word(-21, 0, 29, 10), word(70, 0, 120, 10)]  # 0.58
    assert deteval(texts, [box(0, 0, 100, 10)])[:2] == (0, 0)


def test_one_text_that_is_enough_becomes_one_to_one_in_the_third_pass():
    # sigma 0.7 (not above), tau 0.7; the other text is only touched
    texts = [word(0, 0, 100, 10), word(125, 0, 325, 10)]
    precision, recall, image = deteval(texts, [box(30, 0, 130, 10)])
    assert (precision, recall) == (1, 1 / 2)
    assert image.pairs == ((0, 0),)


def test_the_old_limits():
    texts, founds = [word(0, 0, 100, 10)], [box(0, 0, 75, 20)]  # sigma 0.75, tau 0.5
    assert deteval(texts, founds)[:2] == (0, 0)
    assert deteval(texts, founds, OLD_LIMITS)[:2] == (0, 0)
    texts, founds = [word(0, 0, 100, 10)], [box(0, 0, 85, 20)]  # sigma 0.85, tau 0.5
    assert deteval(texts, founds)[:2] == (0, 0)
    assert deteval(texts, founds, OLD_LIMITS)[:2] == (1, 1)


def test_ignored_texts_and_the_detections_on_them_leave_the_tables():
    # the detection on the ignored text would be a second sigma of the word
    texts = [word(0, 0, 100, 10), ignored(0, 10, 100, 110)]
    precision, recall, image = deteval(texts, [box(0, 0, 100, 10), box(0, 0, 100, 110)])
    assert (precision, recall) == (1, 1)
    assert image.det_verdicts == (Verdict.TRUE_POSITIVE, Verdict.IGNORED)
    assert image.gt_verdicts == (Verdict.TRUE_POSITIVE, Verdict.IGNORED)


def test_an_ignored_text_of_a_single_point_ignores_nothing():
    point = TextInstance(np.array([[5.0, 5.0]]), "#", ignore=True)
    assert deteval([point], [box(0, 0, 10, 10)])[2].det_verdicts == (Verdict.FALSE_POSITIVE,)


def test_coordinates_are_cut_to_whole_pixels():
    assert deteval([word(0, 0, 100.9, 10)], [box(0, 0, 71.9, 10.9)])[:2] == (1, 1)  # 71 of 100
    assert deteval([word(0, 0, 100.9, 10)], [box(0, 0, 70.9, 10.9)])[:2] == (0, 0)  # 70 of 100


def test_pascal_has_one_pixel_more_below_the_line_and_includes_its_limit():
    assert pascal([word(0, 0, 10, 10)], [box(0, 0, 10, 5)])[:2] == (0, 0)  # 50 / 101
    assert pascal([word(0, 0, 11, 9)], [box(0, 0, 10, 5)])[:2] == (1, 1)  # 50 / 100
    assert pascal([word(0, 0, 11, 9)], [box(0, 0, 10, 5)], 0.51)[:2] == (0, 0)


def test_pascal_a_detection_whose_best_text_is_taken_is_wrong_even_when_another_is_free():
    # the second detection fits the first text better (95 %) than the second (60 %), but the first is taken
    texts = [word(0, 0, 100, 10), word(0, 4, 100, 14)]
    founds = [box(0, 0, 100, 10), box(0, 1, 100, 11)]
    precision, recall, image = pascal(texts, founds)
    assert (precision, recall) == (1 / 2, 1 / 2)
    assert image.pairs == ((0, 0),)


def test_pascal_the_best_text_is_looked_for_among_those_that_count():
    # the ignored text fits best, but covers only half of the detection: the detection counts
    texts = [ignored(0, 0, 10, 5), word(0, 0, 10, 17)]
    assert pascal(texts, [box(0, 0, 10, 10)])[:2] == (1, 1)  # 50 / 101 ignored; 100 / 171


def test_a_crossed_polygon_keeps_one_side():
    bow = np.array([[0.0, 0.0], [10, 10], [10, 0], [0, 10]])  # two triangles of 25
    result = of_one_image(evaluate_totaltext_pascal, [TextInstance(bow)], [bow])
    assert result.images["1"].matches[0].iou == pytest.approx(25 / 26)


def test_the_share_in_an_ignored_text_has_one_pixel_more_below_the_line():
    founds = [box(0, 0, 5, 1)]
    assert deteval([ignored(0, 0, 3, 1)], founds)[2].det_verdicts == (Verdict.FALSE_POSITIVE,)  # 3 / 6
    assert deteval([ignored(0, 0, 4, 1)], founds)[2].det_verdicts == (Verdict.IGNORED,)  # 4 / 6
