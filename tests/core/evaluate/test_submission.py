"""What the official evaluations take and what they refuse, for every form of results."""

import json
import zipfile

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tcm_core.errors import BadLabels
from tcm_core.evaluate.protocols import PROTOCOLS
from tcm_core.evaluate.submission import read_art_submission


def read(name, tmp_path, content, *, file="res_img_1.txt", scores=False):
    folder = tmp_path / "det"
    folder.mkdir(exist_ok=True)
    (folder / file).write_text(content, encoding="utf-8")
    return PROTOCOLS[name].read_results(folder, scores)


def polygons(submission):
    return {name: [p.tolist() for p in found] for name, found in submission.polygons().items()}


def test_icdar_2013_boxes(tmp_path):
    submission = read("icdar2013", tmp_path, "-3, 2 ,10,20\n\n5,5,5,5,\r\n")
    assert polygons(submission) == {
        "img_1": [[[-3, 2], [10, 2], [10, 20], [-3, 20]], [[5, 5], [5, 5], [5, 5], [5, 5]]]
    }


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("1,2,3", "expected 4 whole numbers"),
        ("1,2,3,4,5", "expected 4 whole numbers"),
        ("1,2,3.5,4", "expected 4 whole numbers"),
        ("1,2,-3,4", "expected 4 whole numbers"),  # the official form allows no minus there
        ("5,2,3,4", "the right or bottom side lies before"),
        ("1,5,3,4", "the right or bottom side lies before"),
        ("1,2,3,4,text", "expected 4 whole numbers"),
    ],
)
def test_icdar_2013_refuses(tmp_path, line, reason):
    with pytest.raises(BadLabels, match=rf"res_img_1\.txt line 2: {reason}"):
        read("icdar2013", tmp_path, f"1,2,3,4\n{line}\n")


def test_confidences_must_be_there_when_asked_for_and_sort_the_competitions_results(tmp_path):
    quad = "0,0,10,0,10,10,0,10"
    submission = read("icdar2015", tmp_path, f"{quad},0.25\n{quad},1\n{quad}, 0.5 \n", scores=True)
    assert submission.scores() == {"img_1": [1, 0.5, 0.25]}
    assert [len(found) for found in submission.polygons(0.5).values()] == [2]
    boxes = read("icdar2013", tmp_path, "1,2,3,4,0.5\n5,6,7,8,0.75\n", scores=True)
    assert boxes.scores() == {"img_1": [0.75, 0.5]}
    assert polygons(boxes)["img_1"][0][0] == [5, 6]


@pytest.mark.parametrize("confidence", ["", ",2", ",1.5", ",-0.5", ",x", ",1e-5", ",0.5,0.5", ",nan"])
def test_other_confidences_are_refused(tmp_path, confidence):
    with pytest.raises(BadLabels, match="confidence"):
        read("icdar2015", tmp_path, f"0,0,10,0,10,10,0,10{confidence}", scores=True)


def test_total_text_takes_whole_numbers_in_any_number_of_pairs(tmp_path):
    submission = read("totaltext", tmp_path, "1,2, 3,4,5,+6\n0,0,0,9,9,9,9,0\n", file="img1.txt")
    assert polygons(submission) == {"img1": [[[1, 2], [3, 4], [5, 6]], [[0, 0], [0, 9], [9, 9], [9, 0]]]}


@pytest.mark.parametrize("line", ["1,2,3,4", "1,2,3,4,5,6,7", "1,2,3,4,5,6.5", "a,2,3,4,5,6", "1,2,,4,5,6"])
def test_total_text_refuses_other_lines(tmp_path, line):
    with pytest.raises(BadLabels, match=r"img1\.txt line 1: expected 3 or more pairs of whole numbers"):
        read("totaltext-pascal", tmp_path, line, file="img1.txt")


def test_ctw1500_takes_numbers_in_any_number_of_pairs(tmp_path):
    submission = read("ctw1500", tmp_path, "1,2\n1.5,2,3,4,5,6\n", file="1001.txt")
    assert polygons(submission) == {"1001": [[[1, 2]], [[1.5, 2], [3, 4], [5, 6]]]}
    scored = read("ctw1500", tmp_path, "1,2,3,4,5,6,0.5\n0,0,0,9,9,9,0.75\n", file="1001.txt", scores=True)
    assert scored.scores() == {"1001": [0.5, 0.75]}  # the order of the file stays
    with pytest.raises(BadLabels, match="pairs of numbers"):
        read("ctw1500", tmp_path, "1,2,3\n", file="1001.txt")


@pytest.mark.parametrize("name", ["totaltext", "ctw1500", "td500"])
def test_the_prefix_of_results_is_no_part_of_the_name_but_not_twice(tmp_path, name):
    assert list(read(name, tmp_path, "0,0,9,0,9,9", file="res_img1.txt").found) == ["img1"]
    with pytest.raises(BadLabels, match="there are results for img1 already"):
        read(name, tmp_path, "0,0,9,0,9,9", file="img1.txt")


@pytest.mark.parametrize("name", ["icdar2013", "icdar2015"])
def test_the_competition_refuses_files_with_other_names(tmp_path, name):
    with pytest.raises(BadLabels, match=r"res_<name>\.txt was expected"):
        read(name, tmp_path, "", file="img_1.txt")


def test_a_zip_with_any_other_file_in_it_is_refused_a_folder_is_not(tmp_path):
    with zipfile.ZipFile(tmp_path / "det.zip", "w") as archive:
        archive.writestr("res_img_1.txt", "0,0,10,0,10,10,0,10")
        archive.writestr("detect.json", "{}")
    with pytest.raises(BadLabels, match=r"detect\.json: a file named res_<name>\.txt was expected"):
        PROTOCOLS["icdar2015"].read_results(tmp_path / "det.zip", False)
    (tmp_path / "det").mkdir()
    (tmp_path / "det" / "detect.json").write_text("{}")
    assert list(read("icdar2015", tmp_path, "").found) == ["img_1"]


@pytest.mark.parametrize("name", [name for name in PROTOCOLS if name != "art"])
def test_an_empty_folder_or_zip_found_nothing(tmp_path, name):
    (tmp_path / "det").mkdir()
    zipfile.ZipFile(tmp_path / "det.zip", "w").close()
    assert PROTOCOLS[name].read_results(tmp_path / "det", False).found == {}
    assert PROTOCOLS[name].read_results(tmp_path / "det.zip", False).found == {}


def art(tmp_path, content, *, scores=False):
    file = tmp_path / "results.json"
    file.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return read_art_submission(file, scores)


def test_art_results_are_one_json(tmp_path):
    content = {"res_1": [{"points": [[0, 0], [9.5, 0], [9, 9]], "confidence": 0.5}], "res_2": []}
    assert polygons(art(tmp_path, content)) == {"1": [[[0, 0], [9.5, 0], [9, 9]]], "2": []}
    assert art(tmp_path, content, scores=True).scores() == {"1": [0.5], "2": []}
    with zipfile.ZipFile(tmp_path / "results.zip", "w") as archive:
        archive.writestr("results.json", json.dumps(content))
    assert list(read_art_submission(tmp_path / "results.zip", False).found) == ["1", "2"]


THREE = [[0, 0], [9, 0], [9, 9]]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("{", "not JSON"),
        ("[" * 100_000, "not JSON"),
        ("[]", "expected an object"),
        ({"img_1": []}, "expected res_<image> with a list"),
        ({"res_1": {}}, "expected res_<image> with a list"),
        ({"res_1": [{"points": THREE[:2]}]}, "res_1 entry 1: .*3 or more points"),
        ({"res_1": [{"points": THREE}, {"points": [*THREE, [1]]}]}, "res_1 entry 2"),
        ({"res_1": [{"points": [*THREE, [1, "2"]]}]}, "points"),
        ('{"res_1": [{"points": [[0, 0], [9, 0], [NaN, 9]]}]}', "points"),
        ('{"res_1": [{"points": [[0, 0], [9, 0], [1e999, 9]]}]}', "points"),
        ({"res_1": [[]]}, "points"),
    ],
)
def test_art_refuses(tmp_path, content, reason):
    with pytest.raises(BadLabels, match=reason):
        art(tmp_path, content)


@pytest.mark.parametrize("entry", [{}, {"confidence": 2}, {"confidence": "0.5"}, {"confidence": True}])
def test_art_refuses_entries_without_a_confidence_when_asked_for(tmp_path, entry):
    with pytest.raises(BadLabels, match="confidence"):
        art(tmp_path, {"res_1": [{"points": THREE, **entry}]}, scores=True)


def test_quads_are_read_as_they_stand(tmp_path):
    found = read("icdar2015", tmp_path, "\ufeff-1,0,10,0,10,10,0,10").polygons()["img_1"]
    assert np.array_equal(found[0], [[-1, 0], [10, 0], [10, 10], [0, 10]])


LINES = st.text('0123456789,.-+eE[]{}"#\n\r\t xyres_:points', max_size=80).map(str.encode)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda part: (
        st.lists(part, max_size=4) | st.dictionaries(st.sampled_from(["points", "confidence", "res_1"]), part)
    ),
    max_leaves=12,
).map(lambda value: json.dumps({"res_1": value}).encode())


@pytest.mark.parametrize("name", PROTOCOLS)
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.binary(max_size=60) | LINES | JSON, scores=st.booleans())
def test_whatever_the_bytes_are_it_is_refused_or_read(name, tmp_path, content, scores):
    folder = tmp_path / "det"
    folder.mkdir(exist_ok=True)
    (folder / ("results.json" if name == "art" else "res_1.txt")).write_bytes(content)
    try:
        submission = PROTOCOLS[name].read_results(folder, scores)
    except BadLabels:
        return
    for found in submission.polygons().values():
        assert all(polygon.shape[1] == 2 and np.isfinite(polygon).all() for polygon in found)
    assert all(0 <= score <= 1 for of_image in submission.scores().values() for score in of_image)
