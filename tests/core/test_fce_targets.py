import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from tcm_core.config.learning import FceTargetConfig
from tcm_core.data.sample import TextInstance
from tcm_core.geometry.fourier import text_coefficients, to_points
from tcm_core.geometry.overlap import iou
from tcm_core.geometry.polygon import as_points
from tcm_core.targets.fce import STRIDES, fce_targets, levels_of
from tests.helpers.fce_maps import bent_text

SETTINGS = FceTargetConfig()
SIZE = (256, 320)
WORD = TextInstance(as_points([[64, 64], [160, 64], [160, 104], [64, 104]]), "word")
"""96 x 40 pixels, 0.3 of the longer side: the first level's only; on cell borders at stride 8."""


def contour_at(level, stride, row, column):
    """The contour, in crop pixels, that a level's targets say of a cell."""
    fourier = level.fourier[:, row, column]
    half = len(fourier) // 2
    points = to_points(fourier[:half] + 1j * fourier[half:], 50)
    return (np.array([column + 0.5, row + 0.5]) + points) * stride


def test_the_text_region_is_the_cells_whose_centre_lies_inside():
    level, _, _ = fce_targets([WORD], SIZE, SETTINGS)
    expected = np.zeros((32, 40), np.uint8)
    expected[8:13, 8:20] = 1
    assert np.array_equal(level.text, expected)
    assert level.mask.all()


def test_the_centre_region_is_the_band_around_the_centre_line_without_its_ends():
    level, _, _ = fce_targets([WORD], SIZE, SETTINGS)
    expected = np.zeros((32, 40), np.uint8)
    expected[10, 9:19] = 1  # rows 78 to 90, columns 74 to 150
    assert np.array_equal(level.centre, expected)


@pytest.mark.parametrize("cell", [(8, 8), (10, 14), (12, 19)])
def test_every_cell_of_a_text_tells_the_same_contour_from_its_own_centre(cell):
    level, _, _ = fce_targets([WORD], SIZE, SETTINGS)
    contour = contour_at(level, 8, *cell)
    assert contour == pytest.approx(to_points(text_coefficients(WORD.polygon, 5), 50), abs=1e-3)
    assert iou(contour, WORD.polygon) > 0.9


def test_the_zeroth_coefficient_leads_from_the_cells_centre_to_the_texts():
    level, _, _ = fce_targets([WORD], SIZE, SETTINGS)
    x, y = level.fourier[5, 8, 8], level.fourier[11 + 5, 8, 8]
    assert (x, y) == pytest.approx(((112 - 68) / 8, (84 - 68) / 8), abs=1e-2)


def test_cells_outside_of_texts_tell_nothing():
    level, _, _ = fce_targets([WORD], SIZE, SETTINGS)
    assert level.fourier.shape == (22, 32, 40)
    assert not level.fourier[:, level.text == 0].any()


def test_the_degree_decides_how_many_coefficients_there_are():
    levels = fce_targets([WORD], SIZE, SETTINGS.model_copy(update={"degree": 2}))
    assert [level.fourier.shape[0] for level in levels] == [10, 10, 10]
    assert contour_at(levels[0], 8, 10, 14) == pytest.approx(
        to_points(text_coefficients(WORD.polygon, 2), 50), abs=1e-3
    )


@pytest.mark.parametrize(
    ("width", "learning"), [(96, {0}), (112, {0, 1}), (192, {1}), (200, {1, 2}), (300, {2}), (320, {2})]
)
def test_the_level_follows_from_the_texts_part_of_the_longer_side(width, learning):
    text = TextInstance(as_points([[0, 64], [width, 64], [width, 104], [0, 104]]))
    levels = fce_targets([text], SIZE, SETTINGS)
    assert {index for index, level in enumerate(levels) if level.text.any()} == learning


def test_a_tall_text_counts_by_its_height():
    text = TextInstance(as_points([[64, 0], [104, 0], [104, 250], [64, 250]]))
    levels = fce_targets([text], SIZE, SETTINGS)
    assert [bool(level.text.any()) for level in levels] == [False, False, True]


@pytest.mark.parametrize(
    ("proportion", "ranges", "expected"),
    [
        (1.0, [(0, 0.4), (0.3, 0.7), (0.6, 1)], (2,)),
        (1.7, [(0, 0.4), (0.3, 0.7), (0.6, 1)], (2,)),
        (0.0, [(0, 0.4), (0.3, 0.7), (0.6, 1)], (0,)),
        (0.35, [(0, 0.4), (0.3, 0.7), (0.6, 1)], (0, 1)),
        (0.4, [(0, 0.4), (0.4, 0.7), (0.7, 1)], (0,)),
        (0.48, [(0, 0.4), (0.5, 0.7), (0.6, 1)], (1,)),
        (0.9, [(0, 0.4), (0.3, 0.7), (0.6, 0.8)], (2,)),
    ],
)
def test_no_text_is_without_a_level(proportion, ranges, expected):
    assert levels_of(proportion, ranges) == expected


@given(st.floats(0, 1.2), arrays(float, (3, 2), elements=st.floats(0, 1)))
def test_whatever_the_ranges_are_some_level_learns_a_text(proportion, ranges):
    levels = levels_of(proportion, [tuple(sorted(row)) for row in ranges.tolist()])
    assert levels
    assert set(levels) <= {0, 1, 2}


@pytest.mark.parametrize("height", [6, 7, 9])
@pytest.mark.parametrize("top", [0.0, 2.5, 4.0, 6.9])
def test_a_text_thinner_than_a_cell_has_a_centre_all_the_same(height, top):
    text = TextInstance(bent_text(90, height, middle=(160, 100 + top)))
    level, _, _ = fce_targets([text], SIZE, SETTINGS)
    assert level.centre.sum() >= 9
    assert (level.text >= level.centre).all()


@pytest.mark.parametrize(
    "text",
    [
        TextInstance(WORD.polygon, "###", ignore=True),
        TextInstance(as_points([[64, 64], [160, 64], [160, 69], [64, 69]]), "thin"),
        TextInstance(as_points([[64, 64], [160, 64], [112, 64]]), "no area"),
    ],
)
def test_what_is_not_learnt_is_not_judged_at_any_level(text):
    levels = fce_targets([text], SIZE, SETTINGS)
    for level, stride in zip(levels, STRIDES, strict=True):
        assert not level.text.any()
        assert not level.centre.any()
        assert level.mask[64 // stride, 64 // stride : 159 // stride].sum() == 0
        assert level.mask.sum() > 0.5 * level.mask.size


def test_an_ignored_text_does_not_take_a_legible_ones_cells():
    ignored = TextInstance(as_points([[64, 96], [160, 96], [160, 136], [64, 136]]), "###", ignore=True)
    level, _, _ = fce_targets([ignored, WORD], SIZE, SETTINGS)
    assert level.mask[8:13, 8:20].all()
    assert not level.mask[13:17, 8:20].any()


def test_where_two_texts_meet_a_centre_keeps_its_contour():
    below = TextInstance(as_points([[64, 84], [160, 84], [160, 124], [64, 124]]))
    for order in ([WORD, below], [below, WORD]):
        level, _, _ = fce_targets(order, SIZE, SETTINGS)
        assert iou(contour_at(level, 8, 10, 12), WORD.polygon) > 0.9
        assert iou(contour_at(level, 8, 12, 12), below.polygon) > 0.9


def test_the_smaller_of_two_overlapping_texts_is_on_top():
    line = TextInstance(bent_text(110, 60, middle=(112, 84)))
    for order in ([WORD, line], [line, WORD]):
        level, _, _ = fce_targets(order, SIZE, SETTINGS)
        assert iou(contour_at(level, 8, 8, 10), WORD.polygon) > 0.9


def test_a_bent_text_has_a_bent_centre():
    text = TextInstance(bent_text(120, 30, 180, middle=(160, 100)))
    _, level, _ = fce_targets([text], (256, 256), SETTINGS)
    rows, columns = np.nonzero(level.centre)
    middle = (np.stack([columns, rows], axis=1) + 0.5) * 16
    radius = 120 / np.pi
    assert np.linalg.norm(middle - (160, 100 + radius), axis=1) == pytest.approx(
        np.full(len(rows), radius), abs=12
    )
    assert len(rows) >= 6


def test_what_reaches_out_of_the_crop_is_cut_off_before_it_is_measured():
    outside = TextInstance(WORD.polygon - (112, 0))
    level, _, _ = fce_targets([outside], SIZE, SETTINGS)
    inside = as_points([[0, 64], [48, 64], [48, 104], [0, 104]])
    assert iou(contour_at(level, 8, 10, 2), inside) > 0.9
    assert level.text[8:13, :6].all()
    assert level.centre.any()


def test_a_crossed_polygon_is_repaired():
    bow = TextInstance(as_points([[40, 40], [160, 100], [160, 40], [40, 130]]))
    level, _, _ = fce_targets([bow], SIZE, SETTINGS)
    assert iou(contour_at(level, 8, 10, 6), as_points([[40, 40], [40, 130], [108.6, 74.3]])) > 0.8


def test_no_text_is_background_everywhere():
    for level in fce_targets([], SIZE, SETTINGS):
        assert level.mask.all()
        assert not level.text.any()
        assert not level.fourier.any()


@settings(max_examples=60)
@given(
    st.lists(
        st.tuples(
            arrays(float, st.tuples(st.integers(0, 7), st.just(2)), elements=st.integers(-60, 200)),
            st.booleans(),
        ),
        max_size=4,
    )
)
def test_any_polygons_give_targets_that_fit_together(drawn):
    texts = [TextInstance(polygon, ignore=ignored) for polygon, ignored in drawn]
    for level in fce_targets(texts, (128, 160), SETTINGS):
        assert np.isfinite(level.fourier).all()
        assert (level.centre <= level.text).all()
        assert (level.text <= level.mask).all()
        assert not level.fourier[:, level.text == 0].any()
