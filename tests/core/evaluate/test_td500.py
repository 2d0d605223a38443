import numpy as np

from tcm_core.data.sample import TextInstance
from tcm_core.evaluate.icdar15 import evaluate_td500
from tcm_core.evaluate.result import Verdict
from tcm_core.evaluate.td500_pan import evaluate_td500_pan
from tests.helpers.evaluation import box, counts, ignored, of_one_image, word

CROSSED = np.array([[0.0, 0.0], [10, 10], [10, 0], [0, 10]])


def test_polygons_that_cross_themselves_are_left_out_on_both_sides():
    texts = [TextInstance(CROSSED), word(50, 0, 60, 10)]
    result = of_one_image(evaluate_td500, texts, [CROSSED, box(50, 0, 60, 10), box(70, 0, 70, 9)])
    assert counts(result) == (1, 1, 1)
    assert result.images["1"].det_verdicts == (Verdict.IGNORED, Verdict.TRUE_POSITIVE, Verdict.IGNORED)


def test_difficult_lines_ignore_detections_as_in_icdar_2015():
    result = of_one_image(evaluate_td500, [ignored(0, 0, 10, 10)], [box(0, 0, 10, 10), box(5, 0, 15, 10)])
    assert counts(result) == (0, 0, 1)


def test_pan_difficult_lines_count_only_when_found():
    texts = [ignored(0, 0, 10, 10), ignored(50, 0, 60, 10), word(100, 0, 110, 10)]
    result = of_one_image(evaluate_td500_pan, texts, [box(0, 0, 10, 10), box(0, 50, 10, 60)])
    assert (result.precision, result.recall) == (1 / 2, 1 / 2)
    assert result.images["1"].gt_verdicts == (
        Verdict.TRUE_POSITIVE,
        Verdict.IGNORED,
        Verdict.FALSE_NEGATIVE,
    )


def test_pan_one_detection_serves_several_lines():
    result = of_one_image(evaluate_td500_pan, [word(0, 0, 10, 10), word(0, 10, 10, 20)], [box(0, 0, 10, 20)])
    assert (result.precision, result.recall) == (2, 1)  # two lines by one detection, as in the original
    assert result.images["1"].pairs == ((0, 0), (1, 0))


def test_pan_never_ignores_detections():
    result = of_one_image(evaluate_td500_pan, [ignored(0, 0, 100, 100)], [box(0, 0, 10, 10)])
    assert counts(result) == (0, 0, 1)
