"""What holds for every protocol, on made-up scenes; and agreement with the plain implementations."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tcm_core.data.sample import TextInstance
from tcm_core.evaluate.protocols import PROTOCOLS
from tcm_core.geometry.polygon import clockwise, is_simple
from tests.helpers import plain_protocols
from tests.helpers.evaluation import box

PLAIN = {
    "icdar2013": lambda texts, founds, _: plain_protocols.icdar13(texts, founds),
    "icdar2015": plain_protocols.icdar15,
    "totaltext": lambda texts, founds, _: plain_protocols.totaltext(texts, founds),
    "totaltext-old": lambda texts, founds, _: plain_protocols.totaltext(texts, founds, 0.8, 0.4),
    "totaltext-pascal": plain_protocols.totaltext_pascal,
    "ctw1500": plain_protocols.ctw1500,
    "ctw1500-pan": plain_protocols.ctw1500_pan,
    "td500": plain_protocols.icdar15,
    "td500-pan": plain_protocols.td500_pan,
    "art": plain_protocols.art,
}
ORDER_DOES_NOT_MATTER = ("icdar2015", "totaltext-pascal", "ctw1500", "td500", "td500-pan", "art")
SEEDS = st.integers(0, 2**32 - 1)


def some_polygon(random):
    """A quad or a bent polygon in whole pixels, 200 pixels square, that does not cross itself."""
    while True:
        x, y, width, height = random.integers([0, 20, 10, 5], [140, 160, 60, 30])
        points, bend = random.integers(2, 6), random.integers(-20, 21)
        along = np.arange(points) / (points - 1)
        top = np.stack([x + width * along, y + bend * np.sin(math.pi * along)], axis=1)
        polygon = np.concatenate([top, top[::-1] + np.array([0, height])]) + random.integers(
            -2, 3, (2 * points, 2)
        )
        polygon = clockwise(np.rint(np.abs(polygon)))
        if is_simple(polygon):
            return polygon


def scene(seed):
    """Texts, a quarter of them ignored, and detections: good, shifted, split, merged, twice and invented."""
    random = np.random.default_rng(seed)
    texts = [
        TextInstance(some_polygon(random), ignore=bool(random.random() < 0.25))
        for _ in range(random.integers(8))
    ]
    founds = []
    for text in texts:
        (x0, y0), (x1, y1) = text.polygon.min(axis=0), text.polygon.max(axis=0)
        middle = np.floor((x0 + x1) / 2)
        founds += [
            [text.polygon + random.integers(-4, 5, 2)],
            [text.polygon, text.polygon + random.integers(-2, 3, 2)],
            [box(x0, y0, middle, y1), box(middle, y0, x1, y1)],
            [box(x0, y0, 2 * x1 - x0, y1)],
            [],
        ][random.integers(5)]
    founds += [some_polygon(random) for _ in range(random.integers(3))]
    order = random.permutation(len(founds))
    return texts, [founds[index] for index in order]


def evaluate(name, gt, det):
    protocol = PROTOCOLS[name]
    return protocol.evaluate(gt, det, protocol.iou or 0.0)


def apart(random, count):
    """Texts that share nothing: one a cell."""
    cells = random.permutation(25)[:count]
    sizes = random.integers(10, 90, (count, 2))
    return [
        TextInstance(box(x, y, x + width, y + height))
        for (y, x), (width, height) in zip(100 * np.stack(divmod(cells, 5), axis=1), sizes, strict=True)
    ]


@pytest.mark.parametrize("name", PROTOCOLS)
@settings(max_examples=60, deadline=None)
@given(seed=SEEDS)
def test_as_the_plain_implementation(name, seed):
    texts, founds = scene(seed)
    limit = PROTOCOLS[name].iou or 0.0
    image = evaluate(name, {"1": texts}, {"1": founds}).images["1"]
    fast = (sum(image.gt_credits), image.care_gt, sum(image.det_credits), image.care_det)
    plain = PLAIN[name]([(text.polygon, text.ignore) for text in texts], founds, limit)
    assert fast == pytest.approx(plain)


@pytest.mark.parametrize("name", PROTOCOLS)
@settings(max_examples=20, deadline=None)
@given(seeds=st.lists(SEEDS, max_size=4))
def test_the_figures_lie_between_0_and_1_and_are_sums_over_images(name, seeds):
    scenes = {str(index): scene(seed) for index, seed in enumerate(seeds)}
    gt = {key: texts for key, (texts, _) in scenes.items()}
    det = {key: founds for key, (_, founds) in scenes.items()}
    result = evaluate(name, gt, det)
    assert 0 <= result.recall <= 1
    assert 0 <= result.precision <= (1 if name != "td500-pan" else math.inf)
    alone = [evaluate(name, {key: gt[key]}, {key: det[key]}) for key in gt]
    assert result.care_gt == sum(one.care_gt for one in alone)
    assert result.precision * result.care_det == pytest.approx(sum(r.precision * r.care_det for r in alone))
    assert result.recall * result.care_gt == pytest.approx(sum(r.recall * r.care_gt for r in alone))


@pytest.mark.parametrize("name", PROTOCOLS)
@settings(max_examples=20, deadline=None)
@given(seed=SEEDS)
def test_the_truth_itself_scores_1(name, seed):
    random = np.random.default_rng(seed)
    gt = {str(image): apart(random, random.integers(1, 9)) for image in range(3)}
    result = evaluate(name, gt, {image: [text.polygon for text in texts] for image, texts in gt.items()})
    assert (result.precision, result.recall, result.hmean) == (1, 1, 1)
    assert all(match.iou > 0.98 for image in result.images.values() for match in image.matches)


@pytest.mark.parametrize("name", ORDER_DOES_NOT_MATTER)
@settings(max_examples=30, deadline=None)
@given(seed=SEEDS)
def test_where_texts_share_nothing_the_order_does_not_matter(name, seed):
    random = np.random.default_rng(seed)
    texts = apart(random, 6)
    founds = [text.polygon + shift for text in texts for shift in random.integers(-15, 16, (2, 2))]
    shuffled = [founds[index] for index in random.permutation(len(founds))]
    turned = [texts[index] for index in random.permutation(len(texts))]
    first, second = (
        evaluate(name, {"1": texts}, {"1": founds}),
        evaluate(name, {"1": turned}, {"1": shuffled}),
    )
    assert (first.precision, first.recall) == (second.precision, second.recall)


@pytest.mark.parametrize("name", PROTOCOLS)
@settings(max_examples=20, deadline=None)
@given(seed=SEEDS)
def test_verdicts_matches_and_credits_fit_together(name, seed):
    texts, founds = scene(seed)
    image = evaluate(name, {"1": texts}, {"1": founds}).images["1"]
    assert (len(image.gt_verdicts), len(image.det_verdicts)) == (len(texts), len(founds))
    assert {match.gt for match in image.matches} == {
        i for i, verdict in enumerate(image.gt_verdicts) if verdict == "tp"
    }
    assert {match.det for match in image.matches} == {
        i for i, verdict in enumerate(image.det_verdicts) if verdict == "tp"
    }
    assert set(image.gt_verdicts) <= {"tp", "fn", "ignored"}
    assert set(image.det_verdicts) <= {"tp", "fp", "ignored"}
    wrong = [c for c, verdict in zip(image.det_credits, image.det_verdicts, strict=True) if verdict != "tp"]
    assert not any(wrong)
    assert list(image.matches) == sorted(image.matches)
