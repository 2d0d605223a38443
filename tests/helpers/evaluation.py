"""Upright boxes, texts made from them, and what a test reads off an evaluation."""

import numpy as np
import pytest

from tcm_core.data.sample import TextInstance


def box(x0, y0, x1, y1):
    return np.array([[x0, y0], [x1, y0], [x1, y1], [x0, y1]], dtype=float)


def word(*corners):
    return TextInstance(box(*corners), "word")


def ignored(*corners):
    return TextInstance(box(*corners), "###", ignore=True)


def counts(result):
    return result.matched, result.care_gt, result.care_det


def figures(result):
    return pytest.approx((result.precision, result.recall, result.hmean))


def of_one_image(evaluate, texts, founds, *more):
    return evaluate({"1": texts}, {"1": founds}, *more)


CASES = {
    "A": ([word(0, 0, 10, 10), word(50, 50, 60, 60)], [box(0, 0, 10, 5), box(50, 50, 60, 60)]),
    "B1": ([word(0, 0, 10, 10), ignored(100, 0, 110, 10)], [box(0, 0, 10, 10), box(105, 0, 115, 10)]),
    "B2": ([word(0, 0, 10, 10), ignored(100, 0, 110, 10)], [box(0, 0, 10, 10), box(104, 0, 114, 10)]),
    "C": (
        [word(0, 0, 10, 10), ignored(0, 0, 10, 6), word(50, 0, 60, 10)],
        [box(0, 0, 10, 10), box(50, 0, 60, 10)],
    ),
    "E": ([word(0, 0, 10, 10)], [box(0, 0, 10, 10), box(0, 0, 10, 9)]),
    "nothing found": ([word(0, 0, 10, 10)], []),
    "nothing there": ([], [box(0, 0, 10, 10)]),
    "nothing at all": ([], []),
}
"""A: half a word found. B: a detection half, and by 60 %, in an ignored text. C: an ignored text over 60 % of
a word. E: a word found twice."""
