import io
import json
import zipfile

import numpy as np
import pytest

from tcm_core.data.sample import TextInstance
from tcm_core.errors import BadLabels
from tcm_core.evaluate.icdar15 import evaluate_icdar15
from tcm_core.evaluate.report import result_json
from tcm_core.evaluate.result import Verdict
from tcm_core.evaluate.run import evaluate_files, read_detections, read_ground_truth
from tests.helpers.evaluation import box, counts, figures, ignored, word

CASES = {
    "A: IoU of exactly a half does not match": (
        [word(0, 0, 10, 10), word(50, 50, 60, 60)],
        [box(0, 0, 10, 5), box(50, 50, 60, 60)],
        (1, 2, 2),
        (1 / 2, 1 / 2, 1 / 2),
    ),
    "B1: half inside an ignored text still counts": (
        [word(0, 0, 10, 10), ignored(100, 0, 110, 10)],
        [box(0, 0, 10, 10), box(105, 0, 115, 10)],
        (1, 1, 2),
        (1 / 2, 1, 2 / 3),
    ),
    "B2: 60 % inside an ignored text does not count": (
        [word(0, 0, 10, 10), ignored(100, 0, 110, 10)],
        [box(0, 0, 10, 10), box(104, 0, 114, 10)],
        (1, 1, 1),
        (1, 1, 1),
    ),
    "C: an ignored text over a word takes its detection": (
        [word(0, 0, 10, 10), ignored(0, 0, 10, 6), word(50, 0, 60, 10)],
        [box(0, 0, 10, 10), box(50, 0, 60, 10)],
        (1, 2, 1),
        (1, 1 / 2, 2 / 3),
    ),
    "E: a second detection of a word is wrong": (
        [word(0, 0, 10, 10)],
        [box(0, 0, 10, 10), box(0, 0, 10, 9)],
        (1, 1, 2),
        (1 / 2, 1, 2 / 3),
    ),
    "nothing detected": ([word(0, 0, 10, 10)], [], (0, 1, 0), (0, 0, 0)),
    "nothing there and nothing detected": ([], [], (0, 0, 0), (0, 0, 0)),
    "two ignored texts that share a detection do not add up": (
        [ignored(0, 0, 5, 10), ignored(5, 0, 10, 10)],
        [box(0, 0, 10, 10)],
        (0, 0, 1),
        (0, 0, 0),
    ),
    "the first fitting detection is taken, not the best": (
        [word(0, 0, 10, 10), word(0, 4, 10, 14)],
        [box(0, 2, 10, 12), box(0, 0, 10, 10)],  # the second word fits only the first detection
        (1, 2, 2),
        (1 / 2, 1 / 2, 1 / 2),
    ),
    "a detection without area is wrong and not ignored": (
        [word(0, 0, 10, 10), ignored(0, 0, 20, 20)],
        [box(5, 5, 5, 9)],
        (0, 1, 1),
        (0, 0, 0),
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_case(name):
    gt, det, expected_counts, expected_figures = CASES[name]
    result = evaluate_icdar15({"1": gt}, {"1": det})
    assert counts(result) == expected_counts
    assert expected_figures == figures(result)


def test_the_figures_come_from_the_sums_over_images():
    names = [
        "A: IoU of exactly a half does not match",
        "nothing detected",
        "E: a second detection of a word is wrong",
    ]
    result = evaluate_icdar15({n: CASES[n][0] for n in names}, {n: CASES[n][1] for n in names})
    assert counts(result) == (2, 4, 4)
    assert figures(result) == (0.5, 0.5, 0.5)
    assert list(result.images) == names


def test_each_image_keeps_its_pairs_and_ignored_detections():
    gt = {"a": [ignored(100, 0, 120, 10), word(0, 0, 10, 10)], "b": [word(5, 5, 15, 15)]}
    det = {"a": [box(100, 0, 110, 10), box(50, 0, 60, 10), box(0, 0, 10, 9)], "b": [box(5, 5, 15, 15)]}
    images = evaluate_icdar15(gt, det).images
    assert images["a"].pairs == ((1, 2),)
    assert [verdict is Verdict.IGNORED for verdict in images["a"].det_verdicts] == [True, False, False]
    assert (images["a"].matched, images["a"].care_gt, images["a"].care_det) == (1, 1, 2)
    assert images["b"].pairs == ((0, 0),)
    assert images["b"].hmean == 1.0


def test_an_image_without_counting_words_has_recall_1_and_precision_by_its_detections():
    images = evaluate_icdar15({"a": [], "b": []}, {"b": [box(0, 0, 5, 5)]}).images
    assert (images["a"].precision, images["a"].recall) == (1.0, 1.0)
    assert (images["b"].precision, images["b"].recall) == (0.0, 1.0)


def test_texts_of_different_images_never_meet():
    result = evaluate_icdar15({"a": [word(0, 0, 10, 10)], "b": []}, {"b": [box(0, 0, 10, 10)]})
    assert counts(result) == (0, 1, 1)


def test_slanted_quads_match_by_their_real_overlap():
    diamond = np.array([[50.0, 0], [100, 50], [50, 100], [0, 50]])  # half of its bounding box
    assert evaluate_icdar15({"a": [TextInstance(diamond)]}, {"a": [box(0, 0, 100, 100)]}).matched == 0
    assert evaluate_icdar15({"a": [TextInstance(diamond)]}, {"a": [box(10, 10, 90, 90)]}).matched == 1


def test_detections_of_an_unknown_image_are_refused():
    with pytest.raises(BadLabels, match="'img_9' but no ground truth"):
        evaluate_icdar15({"img_1": []}, {"img_9": []})


def line(*corners):
    return ",".join(str(int(value)) for value in box(*corners).ravel())


@pytest.fixture
def folders(tmp_path):
    """Case C in img_1; img_2 has a word and no result file."""
    gt, det = tmp_path / "gt", tmp_path / "det"
    gt.mkdir()
    det.mkdir()
    lines = [
        f"\ufeff{line(0, 0, 10, 10)},a, b",
        "",
        f'{line(0, 0, 10, 6)},"###"',
        f"{line(50, 0, 60, 10)},",
        "",
    ]
    (gt / "gt_img_1.txt").write_bytes("\r\n".join(lines).encode())
    (gt / "gt_img_2.txt").write_text(f"{line(0, 0, 10, 10)},x\n")
    (det / "res_img_1.txt").write_text(f"{line(0, 0, 10, 10)}\n 50 , 0,60,0,60,10,50, 10\n\n")
    return gt, det


def test_folders_are_evaluated(folders):
    (folders[1] / "detect.json").write_text("{}")  # other files may lie there
    result = evaluate_files(*folders)
    assert counts(result) == (1, 3, 1)
    assert sorted(result.images) == ["img_1", "img_2"]


def zipped(folder, inside=""):
    path = folder.with_suffix(".zip")
    with zipfile.ZipFile(path, "w") as archive:
        for file in sorted(folder.iterdir()):
            archive.write(file, inside + file.name)
    return path


@pytest.mark.parametrize("inside", ["", "results/"])
def test_zips_give_the_same_figures_as_folders(folders, inside):
    gt, det = folders
    assert evaluate_files(zipped(gt, inside), zipped(det, inside)) == evaluate_files(gt, det)
    assert evaluate_files(zipped(gt), det) == evaluate_files(gt, det)


def test_sub_folders_are_part_of_the_names(tmp_path):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "gt_1.txt").write_text(f"{line(0, 0, 9, 9)},{name}\n")
    assert {key: [i.text for i in labels] for key, labels in read_ground_truth(tmp_path).items()} == {
        "a/1": ["a"],
        "b/1": ["b"],
    }


def test_the_json_has_the_promised_keys(folders):
    content = json.loads(result_json(evaluate_files(*folders)))
    assert content == {
        "precision": 1.0,
        "recall": pytest.approx(1 / 3),
        "hmean": pytest.approx(0.5),
        "matched": 1,
        "care_gt": 3,
        "care_det": 1,
    }


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("1.5,0,10,0,10,10,0,10", "line 1: expected 8 whole numbers and nothing else"),
        ("0,0,10,0,10,10,0", "line 1: expected 8 whole numbers"),
        ("\n0,0,10,0,10,10,0,10,0.9", "line 2: expected 8 whole numbers and nothing else"),
        ("0,0,0,10,10,10,10,0", "line 1: the points run counter-clockwise"),
    ],
)
def test_a_bad_detection_line_is_named_by_file_and_line(folders, content, message):
    file = folders[1] / "res_img_2.txt"
    file.write_text(content)
    with pytest.raises(BadLabels) as caught:
        evaluate_files(*folders)
    assert f"{file} {message}" in str(caught.value)


def test_bad_ground_truth_is_named_by_file_and_line(folders):
    file = folders[0] / "gt_img_2.txt"
    for content, message in (
        ("0,0,10,0,10,10,0,10", "line 1: expected 8 whole numbers, a comma and a text"),
        ("0,0,0,10,10,10,10,0,a", "line 1: the points run counter-clockwise"),
    ):
        file.write_text(content)
        with pytest.raises(BadLabels) as caught:
            evaluate_files(*folders)
        assert f"{file} {message}" in str(caught.value)


def test_a_result_without_ground_truth_is_refused(folders):
    (folders[1] / "res_img_3.txt").touch()
    with pytest.raises(BadLabels, match="img_3"):
        evaluate_files(*folders)


def test_files_with_other_names_are_refused(folders):
    (folders[1] / "img_1.txt").touch()
    with pytest.raises(BadLabels, match=r"res_<name>\.txt was expected"):
        evaluate_files(*folders)


def test_a_folder_without_labels_is_refused(tmp_path):
    with pytest.raises(BadLabels, match="no label file"):
        read_ground_truth(empty(tmp_path))
    with pytest.raises(BadLabels, match="no such file or folder"):
        read_detections(tmp_path / "none")


def empty(parent):
    folder = parent / "empty"
    folder.mkdir()
    return folder


@pytest.mark.parametrize(
    "name", ["../res_img_1.txt", "/res_img_1.txt", "a/../../res_img_1.txt", "c:\\res_img_1.txt"]
)
def test_zip_entries_that_point_outside_are_refused(tmp_path, name):
    path = tmp_path / "det.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(name, "")
    with pytest.raises(BadLabels, match="points outside the zip"):
        read_detections(path)


def test_a_zip_entry_that_unpacks_to_too_much_is_refused(tmp_path):
    path = tmp_path / "det.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("res_img_1.txt", " " * 17_000_000)
    with pytest.raises(BadLabels, match="larger than 16,000,000 bytes"):
        read_detections(path)


def test_a_damaged_zip_is_refused_in_words(folders, tmp_path):
    content = zipped(folders[1]).read_bytes()
    for name, damaged in {
        "cut": content[:-30],
        "changed": content[:45] + b"#" + content[46:],
    }.items():
        path = tmp_path / f"{name}.zip"
        path.write_bytes(damaged)
        with pytest.raises(BadLabels, match=r"not a zip file that can be read|cannot be unpacked"):
            read_detections(path)


def test_an_entry_that_is_there_twice_is_refused(tmp_path):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("res_img_1.txt", "")
        with pytest.warns(UserWarning, match="Duplicate name"):
            archive.writestr("res_img_1.txt", "")
    (tmp_path / "det.zip").write_bytes(buffer.getvalue())
    with pytest.raises(BadLabels, match="twice"):
        read_detections(tmp_path / "det.zip")


def test_the_public_labels_against_themselves_give_full_marks(data_root, tmp_path):
    source = data_root / "icdar2015" / "test" / "gt"
    det = tmp_path / "det"
    det.mkdir()
    for name, labels in read_ground_truth(source).items():
        lines = [",".join(str(int(v)) for v in label.polygon.ravel()) for label in labels]
        (det / f"res_{name}.txt").write_text("\n".join(lines))
    result = evaluate_files(source, det)
    assert counts(result) == (2077, 2077, 2077)
    assert result.hmean == 1.0


def test_the_limit_can_be_moved_and_stays_strict():
    texts = {"1": [word(0, 0, 10, 10)]}
    assert evaluate_icdar15(texts, {"1": [box(0, 0, 10, 7)]}, 0.7).matched == 0
    assert evaluate_icdar15(texts, {"1": [box(0, 0, 10, 8)]}, 0.7).matched == 1


def test_exactly_half_is_no_match_whatever_the_arithmetic_makes_of_it():
    quad = np.array([[130.0, 141], [164, 142], [166, 169], [132, 173]])
    other = np.array([[130.0, 141], [166, 141], [166, 157], [130, 157]])
    assert evaluate_icdar15({"1": [TextInstance(quad)]}, {"1": [other]}).matched == 0


def test_a_quad_that_crosses_itself_shares_by_the_even_odd_rule_and_has_the_area_of_its_formula():
    # as in the official evaluation: the bow tie covers 50 of the 100 pixels, its area is 25 - 25 = 0, and
    # 50 / (100 + 0 - 50) is a match; a share of an area of 0 ignores nothing
    bow = np.array([[0.0, 0.0], [10, 10], [10, 0], [0, 10]])
    result = evaluate_icdar15({"1": [word(0, 0, 10, 10), ignored(0, 0, 10, 10)]}, {"1": [bow]})
    assert counts(result) == (1, 1, 1)
    assert result.images["1"].matches[0].iou == 1
    # sides of 29.41 and 14.41 pixels: both are covered, the area is their difference
    kite = np.array([[0.0, 0.0], [10, 10], [10, 3], [0, 10]])
    match = evaluate_icdar15({"1": [word(0, 0, 10, 10)]}, {"1": [kite]}).images["1"].matches[0]
    assert match.iou == pytest.approx(43.8235294 / (100 + 15 - 43.8235294))
