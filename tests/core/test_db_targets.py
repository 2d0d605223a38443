import numpy as np
import pytest
import shapely

from tcm_core.config.learning import DbTargetConfig, LanguageConfig
from tcm_core.data.sample import TextInstance
from tcm_core.geometry.offset import shrink_distance
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


@pytest.mark.parametrize(
    "polygon",
    [
        [[20, 40], [120, 55], [116, 90], [16, 75]],
        [[10.3, 60.2], [40, 30.5], [80, 25], [120.7, 40], [112, 55], [80, 44], [46, 48], [22, 72]],
        [[-20, 20], [60, 10], [70, 60], [-15, 70]],
    ],
)
def test_the_border_map_is_the_distance_to_the_outline_for_every_pixel(polygon):
    outline = shapely.LinearRing(polygon)
    points = as_points(polygon)
    distance = shrink_distance(points, 0.4)
    columns, rows = np.meshgrid(np.arange(160) + 0.5, np.arange(128) + 0.5)
    exact = shapely.distance(outline, shapely.points(columns, rows))
    threshold = db_targets([TextInstance(points)], (128, 160), SETTINGS).threshold
    assert threshold == pytest.approx(0.3 + 0.4 * (1 - np.minimum(exact / distance, 1)), abs=1e-3)


def test_where_texts_are_near_each_other_the_nearer_outline_counts():
    other = TextInstance(WORD.polygon + np.array((0, 45)))
    both, one, two = (
        db_targets(texts, (128, 160), SETTINGS).threshold for texts in ([WORD, other], [WORD], [other])
    )
    assert np.array_equal(both, np.maximum(one, two))


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
