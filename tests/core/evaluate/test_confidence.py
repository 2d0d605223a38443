import numpy as np
import pytest

from tcm_core.evaluate.confidence import average_precision, sweep
from tcm_core.evaluate.icdar15 import evaluate_icdar15
from tcm_core.evaluate.submission import ScoredPolygon, Submission
from tests.helpers.evaluation import box, ignored, word

GT = {"a": [word(0, 0, 10, 10), ignored(100, 0, 110, 10)], "b": [word(0, 0, 10, 10), word(50, 0, 60, 10)]}
FOUND = {
    "a": [(box(100, 0, 110, 10), 0.99), (box(30, 0, 40, 10), 0.8), (box(0, 0, 10, 10), 0.4)],
    "b": [(box(0, 0, 10, 10), 0.9), (box(50, 50, 60, 60), 0.5)],
}
SUBMISSION = Submission({name: [ScoredPolygon(*one) for one in found] for name, found in FOUND.items()}, True)


def evaluate(found):
    return evaluate_icdar15(GT, found)


def test_average_precision_by_hand():
    # without the ignored one, by confidence: 0.9 right, 0.8 wrong, 0.5 wrong, 0.4 right; three texts count
    result = evaluate(SUBMISSION.polygons())
    assert average_precision(result, SUBMISSION.scores()) == pytest.approx((1 / 1 + 2 / 4) / 3)


def test_average_precision_of_nothing_is_0():
    assert average_precision(evaluate({}), {}) == 0
    assert average_precision(evaluate_icdar15({"a": []}, {"a": [box(0, 0, 9, 9)]}), {"a": [1.0]}) == 0


def test_all_right_has_average_precision_1_whatever_the_scores():
    found = {name: [text.polygon for text in texts] for name, texts in GT.items()}
    scores = {name: np.linspace(0.1, 0.9, len(texts)).tolist() for name, texts in GT.items()}
    assert average_precision(evaluate(found), scores) == 1


def test_the_sweep_leaves_out_what_is_less_certain():
    rows = sweep(evaluate, SUBMISSION, (0.0, 0.45, 0.9, 0.95))
    assert [row.threshold for row in rows] == [0.0, 0.45, 0.9, 0.95]
    assert [(row.precision, row.recall) for row in rows] == [
        (2 / 4, 2 / 3),
        (1 / 3, 1 / 3),
        (1 / 1, 1 / 3),  # the threshold itself is kept
        (0, 0),
    ]
    assert rows[0].hmean == pytest.approx(2 * (1 / 2) * (2 / 3) / (1 / 2 + 2 / 3))


def test_the_sweep_goes_from_0_in_steps():
    rows = sweep(evaluate, SUBMISSION)
    assert [row.threshold for row in rows] == pytest.approx(np.arange(20) * 0.05)
    result = evaluate(SUBMISSION.polygons())
    assert rows[0][1:] == (result.precision, result.recall, result.hmean)
