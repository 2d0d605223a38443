import numpy as np
import pytest

from tcm_core.config.learning import DbTargetConfig, LanguageConfig
from tcm_core.data.sample import TextInstance
from tcm_core.geometry.polygon import as_points
from tcm_core.targets.db import db_targets
from tcm_core.targets.language import language_targets

SETTINGS = DbTargetConfig()
WORD = TextInstance(as_points([[20, 40], [120, 40], [120, 80], [20, 80]]), "word")
"""100 x 40 pixels: DBNet's distance is 100 * 40 * 0.84 / 280 = 12."""


def test_a_word_becomes_its_shrunk_kernel():
    targets = db_targets([WORD], (128, 160), SETTINGS)
    rows, columns = np.nonzero(targets.probability)
    assert (columns.min(), columns.max()) == pytest.approx((32, 108), abs=1)
    assert (rows.min(), rows.max()) == pytest.approx((52, 68), abs=1)
    assert targets.mask.all()


def test_the_border_map_is_highest_on_the_outline_and_lowest_far_away():
    targets = db_targets([WORD], (128, 160), SETTINGS)
    threshold = targets.threshold.astype(np.float64)
    assert threshold[60, 20] == pytest.approx(0.3 + 0.4 * (1 - 0.5 / 12), abs=0.01)
    assert threshold[60, 26] == pytest.approx(0.3 + 0.4 * (1 - 6.5 / 12), abs=0.01)
    assert threshold[60, 14] == pytest.approx(0.3 + 0.4 * (1 - 5.5 / 12), abs=0.01)
    assert threshold[60, 70] == pytest.approx(0.3, abs=0.01)
    assert threshold[5, 150] == pytest.approx(0.3, abs=0.01)


def test_the_border_is_judged_inside_the_dilated_polygon_only():
    judged = db_targets([WORD], (128, 160), SETTINGS).threshold_mask
    assert judged[60, 10] == 1
    assert judged[60, 6] == 0
    assert judged[60, 70] == 1


def test_an_ignored_text_is_masked_with_its_whole_polygon():
    targets = db_targets([TextInstance(WORD.polygon, "###", ignore=True)], (128, 160), SETTINGS)
    assert not targets.probability.any()
    assert not targets.mask[41:79, 21:119].any()
    assert targets.mask[30].all()
    assert not targets.threshold_mask.any()


def test_a_text_too_thin_to_be_learnt_is_masked():
    thin = TextInstance(as_points([[20, 40], [120, 40], [120, 45], [20, 45]]), "thin")
    targets = db_targets([thin], (128, 160), SETTINGS)
    assert not targets.probability.any()
    assert not targets.mask[42, 30:110].any()


def test_a_word_reaching_out_of_the_crop_is_cut_off():
    outside = TextInstance(WORD.polygon - (70, 0), "half")
    targets = db_targets([outside], (128, 160), SETTINGS)
    assert targets.probability[60, 0] == 1
    assert targets.threshold.astype(float).max() > 0.65


def test_no_text_judges_everything_as_background():
    targets = db_targets([], (64, 96), SETTINGS)
    assert targets.mask.all()
    assert not targets.probability.any()
    assert not targets.threshold_mask.any()


def test_a_cell_is_text_from_a_tenth_of_its_area():
    tenth = TextInstance(as_points([[32, 0], [64, 0], [64, 6.5], [32, 6.5]]), "edge")
    targets = language_targets([tenth], (64, 96), LanguageConfig())
    assert targets.text.tolist() == [[0, 1, 0], [0, 0, 0]]
    assert targets.mask.all()


def test_a_cell_with_ignored_text_only_is_not_judged():
    ignored = TextInstance(as_points([[0, 0], [30, 0], [30, 30], [0, 30]]), "###", ignore=True)
    targets = language_targets([ignored, WORD], (128, 160), LanguageConfig())
    assert targets.mask[0, 0] == 0
    assert targets.text[0, 0] == 0
    assert targets.text[1, 1] == 1
    assert targets.mask[1, 1] == 1
