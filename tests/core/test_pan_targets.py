import cv2
import numpy as np
import pytest

from tcm_core.config.learning import PanTargetConfig
from tcm_core.data.sample import TextInstance
from tcm_core.geometry.polygon import as_points
from tcm_core.targets.pan import pan_targets, shrunk_kernel

GRID = PanTargetConfig(kernel_thickness=0)
FULL = PanTargetConfig(form="full", kernel_thickness=0)


def box(x0, y0, x1, y1):
    return as_points([[x0, y0], [x1, y0], [x1, y1], [x0, y1]])


WORD = TextInstance(box(20, 40, 120, 80), "word")
"""100 x 40 pixels: the kernel's edges move 100 * 40 * 0.75 / 280 = 10.7 inwards."""


def extent(plane):
    rows, columns = np.nonzero(plane)
    return columns.min(), rows.min(), columns.max() + 1, rows.max() + 1


def test_a_word_at_the_inputs_size():
    targets = pan_targets([WORD], (128, 160), FULL)
    assert extent(targets.instance) == (20, 40, 120, 80)
    assert extent(targets.kernel) == (31, 51, 109, 69)  # 30.7 to 109.3 and 50.7 to 69.3 by pixel centres
    assert set(np.unique(targets.instance)) == {0, 1}
    assert targets.mask.all()


def test_a_word_on_the_grid_of_the_maps():
    targets = pan_targets([WORD], (128, 160), GRID)
    assert targets.instance.shape == targets.kernel.shape == targets.mask.shape == (32, 40)
    assert extent(targets.instance) == (5, 10, 30, 20)
    assert extent(targets.kernel) == (8, 13, 27, 17)  # 7.7 to 27.3 and 12.7 to 17.3


def test_a_map_pixel_is_text_when_the_middle_of_its_sixteen_pixels_is():
    targets = pan_targets([TextInstance(box(2.1, 1.9, 42.1, 41.9))], (64, 64), GRID)
    assert extent(targets.instance) == (1, 0, 11, 10)


def test_the_shrink_ratio_and_the_largest_offset_are_kept_to():
    wide = box(0, 0, 400, 200)  # 400 * 200 * 0.75 / 1200 = 50
    assert shrunk_kernel(wide, PanTargetConfig(max_offset=1000)).min(axis=0) == pytest.approx(
        [50, 50], abs=0.1
    )
    assert shrunk_kernel(wide, PanTargetConfig()).min(axis=0) == pytest.approx([20, 20], abs=0.1)
    line = shrunk_kernel(box(0, 0, 100, 40), PanTargetConfig(shrink_ratio=0.7))
    assert line.min(axis=0) == pytest.approx([7.29, 7.29], abs=0.1)


def test_a_kernel_is_not_made_thinner_than_what_the_maps_can_show():
    low = box(0, 0, 60, 10)
    kernel = shrunk_kernel(low, PanTargetConfig(kernel_thickness=6))
    assert np.ptp(kernel[:, 1]) == pytest.approx(10 - 2 * (600 / 140 - 3), abs=0.1)
    assert np.ptp(shrunk_kernel(low, GRID)[:, 1]) == pytest.approx(10 - 2 * 600 * 0.75 / 140, abs=0.1)
    tiny = shrunk_kernel(box(0, 0, 6, 6), PanTargetConfig(kernel_thickness=6))  # stays as it is
    assert (tiny.min(axis=0).tolist(), np.ptp(tiny, axis=0).tolist()) == ([0, 0], [6, 6])


@pytest.mark.parametrize("angle", [0, 7, 20, 33, 45])
def test_the_kernel_of_a_low_turned_word_is_in_one_piece(angle):
    turn = np.deg2rad(angle)
    matrix = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    for shift in np.linspace(0, 4, 9):
        word = TextInstance(box(-25, -6, 25, 6) @ matrix.T + 64 + shift)
        kernel = pan_targets([word], (128, 128), PanTargetConfig()).kernel
        assert cv2.connectedComponents(kernel, connectivity=4)[0] == 2


def test_texts_have_numbers_and_the_smaller_one_lies_on_top():
    small = TextInstance(box(90, 50, 150, 74), "small")
    targets = pan_targets([small, WORD], (128, 160), FULL)
    assert targets.instance[60, 40] == 1  # the larger one
    assert targets.instance[62, 100] == targets.instance[62, 140] == 2
    assert targets.kernel[60, 50] == targets.kernel[62, 110] == 1


def test_a_kernel_under_another_text_keeps_its_own_number():
    over = TextInstance(box(60, 30, 130, 60), "over")  # reaches over the kernel of the other, and is smaller
    targets = pan_targets([WORD, over], (128, 160), FULL)
    assert targets.instance[56, 100] == 1  # in the other's kernel, out of its own
    assert targets.kernel[56, 100] == 1
    assert targets.instance[56, 125] == 2


def test_an_ignored_text_is_masked_with_its_whole_polygon_except_on_legible_ones():
    ignored = TextInstance(box(0, 40, 60, 80), "###", ignore=True)
    targets = pan_targets([ignored, WORD], (128, 160), FULL)
    assert extent(targets.mask == 0) == (0, 40, 20, 80)
    assert extent(targets.instance) == (20, 40, 120, 80)


def test_a_text_too_thin_to_be_learnt_is_masked():
    thin = TextInstance(box(20, 40, 120, 45), "thin")
    targets = pan_targets([thin], (128, 160), FULL)
    assert not targets.instance.any()
    assert extent(targets.mask == 0) == (20, 40, 120, 45)


def test_degenerate_polygons_are_masked_or_left_out():
    texts = [
        TextInstance(np.zeros((0, 2))),
        TextInstance(as_points([[10, 10], [60, 10]])),
        TextInstance(as_points([[10, 30], [60, 30], [110, 30]])),
        TextInstance(as_points([[50, 50], [50, 50], [50, 50], [50, 50]])),
        TextInstance(as_points([[10, 60], [90, 100], [90, 60], [10, 100]])),  # crosses itself, net area 0
        TextInstance(as_points([[100, 10], [150, 10], [150, 40], [125, 15], [100, 40]])),
    ]
    targets = pan_targets(texts, (128, 160), FULL)
    assert targets.instance.max() == 1
    assert targets.instance[12, 125] == 1
    assert not targets.mask[62:98, 14:20].all()


def test_a_text_of_two_parts_has_the_kernel_of_the_larger_one():
    upper = [[0, 0], [60, 0], [60, 28], [100, 28], [100, 5], [150, 5]]
    lower = [[150, 55], [100, 55], [100, 32], [60, 32], [60, 60], [0, 60]]
    barbell = as_points([*upper, *lower])
    targets = pan_targets([TextInstance(barbell)], (64, 160), FULL)
    assert extent(targets.instance) == (0, 0, 150, 60)
    assert extent(targets.kernel)[2] < 60


def test_a_word_reaching_out_of_the_crop_is_cut_off():
    targets = pan_targets([TextInstance(WORD.polygon - np.array([70, 0]))], (128, 160), FULL)
    assert extent(targets.instance) == (0, 40, 50, 80)
    outside = pan_targets([TextInstance(WORD.polygon + np.array([300, 0]))], (128, 160), FULL)
    assert not outside.instance.any()


def test_no_text_judges_everything_as_background():
    targets = pan_targets([], (64, 96), GRID)
    assert targets.mask.all()
    assert not targets.instance.any()
    assert not targets.kernel.any()
