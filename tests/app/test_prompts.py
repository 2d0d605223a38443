"""Score maps in figures and differences, presets on the disk, names of checkpoints with other words."""

import numpy as np
import pytest

from app.domain.prompts import EVEN, average_precision, difference, map_figures, stretched
from app.domain.region import new_region
from app.services.prompts import prompted_name
from app.storage.prompt_presets import PromptPresets
from tcm_core.geometry.frame import ImageFrame

FRAME = ImageFrame((100, 200), (64, 128), (64, 160))  # the last 32 columns of the input are padding


def region(x0, y0, x1, y1, **values):
    return new_region([(x0, y0), (x1, y0), (x1, y1), (x0, y1)], **values)


def test_average_precision_is_that_of_the_ranking_with_ties_taken_together():
    scores = np.array([200, 150, 150, 100, 50], np.uint8)
    right = np.array([True, False, True, False, True])
    assert average_precision(scores, right) == pytest.approx((1 / 1 + 2 / 3 + 3 / 5) / 3)
    assert average_precision(scores, np.array([True, True, True, False, False])) == 1.0
    flat = np.full(5, 9, np.uint8)
    assert average_precision(flat, right) == pytest.approx(3 / 5)  # of a map that says nothing: the share


def test_a_map_that_marks_the_labelled_text_agrees_wholly_and_padding_does_not_count():
    plane = np.zeros((2, 5), np.uint8)
    plane[0, 0] = plane[0, 1] = 255
    plane[:, 4] = 255  # padding
    figures = map_figures(plane, FRAME, [region(0, 0, 100, 50)])
    assert figures.average_precision == 1.0
    assert figures.inside == 1.0
    assert figures.mass == pytest.approx(2 / 8)
    moved = map_figures(plane, FRAME, [region(100, 50, 200, 100)])
    assert moved.inside == 0.0
    assert moved.average_precision < 0.5


def test_ignored_texts_are_neither_right_nor_wrong():
    plane = np.zeros((2, 5), np.uint8)
    plane[0, :2] = 255
    labels = [region(0, 0, 50, 50), region(50, 0, 100, 50, ignore=True)]
    figures = map_figures(plane, FRAME, labels)
    assert (figures.inside, figures.average_precision) == (1.0, 1.0)


def test_without_labels_there_is_only_the_mass():
    assert map_figures(np.full((2, 5), 51, np.uint8), FRAME, []) == (pytest.approx(0.2), None, None)


def test_levels_cut_below_and_above():
    plane = np.array([[0, 51, 102, 255]], np.uint8)
    assert stretched(plane, 0.2, 0.4).tolist() == [[0, 0, 255, 255]]
    assert stretched(plane, 0.0, 1.0).tolist() == plane.tolist()
    assert stretched(plane, 0.5, 0.5).tolist() == [[0, 0, 0, 255]]


def test_a_difference_is_even_where_nothing_changes_and_signed_where_something_does():
    old, new = np.array([[100, 100, 100]], np.uint8), np.array([[100, 151, 49]], np.uint8)
    assert difference(new, old, 0.0, 0.2).tolist() == [[EVEN, 255, 1]]
    assert difference(new, old, 0.3, 1.0).tolist() == [[EVEN, EVEN, EVEN]]


def test_presets_are_kept_and_a_damaged_file_is_set_aside(tmp_path):
    presets = PromptPresets(tmp_path)
    presets.keep("signs", "a sign")
    presets.keep("none", "")
    presets.keep("gone", "x")
    presets.drop("gone")
    assert PromptPresets(tmp_path).words == {"signs": "a sign", "none": ""}
    (tmp_path / "prompts.json").write_text('{"prompts": {"a": 7}}')
    damaged = PromptPresets(tmp_path)
    assert damaged.words == {}
    assert "prompts.json.unusable" in damaged.notice
    assert (tmp_path / "prompts.json.unusable").is_file()


def test_a_name_for_words_is_the_same_again_and_another_for_other_words():
    name = prompted_name("db-small", "a1", "street sign")
    assert name == prompted_name("/x/db-small.safetensors", "a1", "street sign")
    assert name != prompted_name("db-small", "b2", "street sign")  # of other weights
    assert prompted_name("db-small", "a1", "a/../b").startswith("db-small+a-b-")
    assert prompted_name("db-small", "a1", "招牌") != prompted_name("db-small", "a1", "路牌")
