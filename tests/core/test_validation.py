"""Decode settings are chosen on validation images, but not by chance."""

from pathlib import Path

import numpy as np
import pytest

from tcm_core.config.decode import DbDecode
from tcm_core.data.sample import Sample, TextInstance
from tcm_core.train.validation import validate
from tests.helpers.fake_predictor import TWO_TEXTS, FakeDetector
from tests.helpers.photos import write_photos

WIDTH, HEIGHT = 320, 240
FINDS_BOTH = DbDecode(threshold=0.35, score_threshold=0.52, unclip_ratio=1.5)
FINDS_THE_SURE_ONE = FINDS_BOTH.model_copy(update={"score_threshold": 0.7})


def samples(folder: Path, count: int) -> list[Sample]:
    """Photographs of two texts each; the detector is sure of one of them."""
    write_photos(folder, tuple(f"{number}.png" for number in range(count)))
    texts = tuple(TextInstance(np.array(text) * (WIDTH, HEIGHT)) for text in TWO_TEXTS)
    return [Sample(path, texts) for path in sorted(folder.glob("*.png"))]


@pytest.mark.parametrize(
    ("pages", "given", "hmean", "stays"),
    [
        pytest.param(1, FINDS_BOTH, 1.0, True, id="others find as much"),
        pytest.param(1, FINDS_THE_SURE_ONE, 2 / 3, True, id="others find one text more"),
        pytest.param(4, FINDS_THE_SURE_ONE, 1.0, False, id="others find four texts more"),
    ],
)
def test_settings_change_for_more_than_one_text(
    tmp_path: Path, pages: int, given: DbDecode, hmean: float, stays: bool
):
    chosen = validate(FakeDetector()("x", "cpu"), samples(tmp_path, pages), given)
    assert chosen.result.hmean == pytest.approx(hmean)
    assert (chosen.decode == given) is stays
    assert chosen.decode.score_threshold <= 0.7


def test_learnt_images_help_to_choose_and_count_for_nothing_else(tmp_path: Path):
    judged, learnt = samples(tmp_path / "judged", 1), samples(tmp_path / "learnt", 4)
    chosen = validate(FakeDetector()("x", "cpu"), judged, FINDS_THE_SURE_ONE, joining=learnt)
    assert chosen.decode.score_threshold < FINDS_THE_SURE_ONE.score_threshold
    assert chosen.result.care_gt == 2
    assert chosen.result.hmean == 1.0
