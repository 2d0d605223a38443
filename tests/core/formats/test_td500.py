import math

import numpy as np
import pytest

from tcm_core.data.formats.labelled import LabelledImage
from tcm_core.data.formats.td500 import write_td500
from tests.helpers.labels import CURVED, QUAD, box, findings, plain, put, read, read_one, text


def test_boxes_are_turned_clockwise_about_their_centre(tmp_path):
    instances, problems = read_one(
        "td500",
        tmp_path / "IMG_0001.gt",
        f"0 0 10 20 100 40 0.0\r\n1 1 10 20 100 40 {math.pi / 2:.9f} \r\n\r\n",
    )
    assert problems == []
    assert instances[0].polygon.tolist() == QUAD.tolist()
    assert np.allclose(instances[1].polygon, [[80, -10], [80, 90], [40, 90], [40, -10]], atol=1e-5)
    assert [(instance.text, instance.ignore) for instance in instances] == [("", False), ("", True)]


def test_lists_with_flags_are_read_too(tmp_path):
    put(tmp_path / "IMG_0002.JPG.txt", "10,20,110,20,110,60,10,60,0\n1,2,9,2,5,8,1\n")
    put(tmp_path / "IMG_0001.gt", "")
    (empty, listed), problems = read("td500", tmp_path)
    assert problems == []
    assert plain(empty) == ("IMG_0001", [])
    assert plain(listed) == (
        "IMG_0002.JPG", [(QUAD.tolist(), "", False, ""), ([[1, 2], [9, 2], [5, 8]], "", True, "")],
    )  # fmt: skip


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("0 0 10 20 100 40", "6 numbers, expected 7"),
        ("0 0 10 20 100 40 0.1 7", "8 fields, expected 7"),
        ("0 0 ten 20 100 40 0.1", "2 numbers"),
        ("0 0 10 20 100 nan 0.1", "5 numbers"),
        ("0 2 10 20 100 40 0.1", "difficult is 2, expected 0 or 1"),
        ("0 0 10 20 100 40 90", "the angle is 90, expected radians"),
        ("0 0 10 20 0 40 0.1", "the box is 0 wide and 40 high"),
        ("0 0 10 20 -5 40 0.1", "the box is -5 wide"),
        ("0 0 1e8 20 100 40 0.1", "too large"),
        ("0 0 10 20 1e999 40 0.1", "too large"),
        ("\x00\x01", "0 numbers"),
    ],
)
def test_a_broken_line_is_named_and_left_out(tmp_path, line, message):
    instances, problems = read_one("td500", tmp_path / "a.gt", f"0 0 1 2 3 4 0\n{line}\n")
    assert len(instances) == 1
    assert len(problems) == 1
    assert "a.gt line 2: " in problems[0]
    assert message in problems[0]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("1,2,9,2,5,8,2", "expected the flag 0 or 1"),
        ("1,2,9,2,1", "2 points"),
        ("1,2,9,2,5,x,1", "not pairs"),
    ],
)
def test_a_broken_line_of_a_list_is_named(tmp_path, line, message):
    instances, problems = read_one("td500", tmp_path / "a.jpg.txt", line)
    assert instances == []
    assert message in problems[0]


def test_boxes_outside_and_repeated_ones_are_found_by_the_check(tmp_path):
    path = put(tmp_path / "a.gt", "0 0 -90 20 80 40 0\n1 0 10 20 80 40 0.01\n2 0 10 20 80 40 0.01\n")
    assert [finding.split(": ")[2].split(".")[0] for finding in findings("td500", path)] == [
        "a corner has a negative coordinate",
        "the same place as text 2 of this image",
    ]


def test_what_turned_boxes_cannot_hold_is_in_the_report(tmp_path):
    texts = (
        text(QUAD, "", ignore=True), text(CURVED, "around", language="Latin"), text(QUAD[:2]),
        text(box(0, 0, 9, 0.2)), text(QUAD[[0, 2, 1, 3]], ""),
    )  # fmt: skip
    report = write_td500([LabelledImage("IMG_1.JPG", texts)], tmp_path)
    lines = (tmp_path / "IMG_1.gt").read_text().splitlines()
    assert lines[0] == "0 1 10 20 100 40 0.000000"
    assert [line.split()[0] for line in lines] == ["0", "1", "2"]
    assert report.written == 3
    assert [(change.index, change.what) for change in report.changed] == [
        (1, "8 points became the minimum-area rectangle"),
        (1, "transcription lost"),
        (1, "language lost"),
        (2, "dropped: fewer than 3 points, or one that is not finite"),
        (3, "dropped: no area is left in whole pixels"),
        (4, "crossing corners became the minimum-area rectangle"),
    ]


def test_the_public_labels_come_back_after_writing(data_root, tmp_path):
    source = data_root / "msra_td500" / "train" / "gt"
    images, problems = read("td500", source)
    report = write_td500(images, tmp_path)
    again, _ = read("td500", tmp_path)
    assert problems == []
    assert report.changed == ()
    assert report.written == 1068
    for before, after in zip(images, again, strict=True):
        assert before.image == after.image
        for one, other in zip(before.instances, after.instances, strict=True):
            assert one.ignore == other.ignore
            assert np.abs(one.polygon - other.polygon).max() < 0.01
