import numpy as np
import pytest

from tcm_core.data.formats.icdar2013 import write_icdar2013
from tcm_core.data.formats.labelled import LabelledImage
from tests.helpers.labels import QUAD, box, findings, put, read, read_one, text


def test_the_training_part_with_blanks_and_the_test_part_with_commas_are_read(tmp_path):
    put(
        tmp_path / "gt_100.txt",
        '\ufeff158 128 411 181 "Footway"\r\n'
        '  10\t20  30 40   "two words, one comma"  \r\n\r\n'
        '1.5 2 30.25 40 "\\"quoted\\" and \\\\"\r\n',
    )
    put(
        tmp_path / "gt_img_1.txt",
        '38, 43, 920, 215, "Harbour"\n5,6,7,8,"a, b",\n1 ,2, 3 ,4, plain "\n5,6,7,9\n',
    )
    (training, test), problems = read("icdar2013", tmp_path)
    assert problems == []
    assert (training.image, test.image) == ("100", "img_1")
    assert [instance.text for instance in training.instances] == [
        "Footway", "two words, one comma", '"quoted" and \\',
    ]  # fmt: skip
    assert training.instances[0].polygon.tolist() == box(158, 128, 411, 181).tolist()
    assert training.instances[2].polygon.tolist() == box(1.5, 2, 30.25, 40).tolist()
    assert [instance.text for instance in test.instances] == ["Harbour", '"a, b",', 'plain "', ""]
    assert training.lines == (1, 2, 4)


def test_no_text_is_ignored_but_three_hashes(tmp_path):
    instances, _ = read_one("icdar2013", tmp_path / "gt_1.txt", '1 2 3 4 "###"\n1 2 3 4 "#"\n')
    assert [instance.ignore for instance in instances] == [True, False]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('158 128 411 "Footway"', "3 numbers, expected 4 and a quoted text"),
        ("158, 128, 411", "0 numbers"),
        ('a b c d "x"', "0 numbers"),
        ('nan, 1, 2, 3, "x"', "0 numbers"),
        ('1, 2, 3, inf, "x"', "3 numbers"),
        ('1, 2, 3, 1e9, "x"', "too large or not a number"),
        ('"x"', "0 numbers"),
        ("\0\1\2\3", "0 numbers"),
    ],
)
def test_a_broken_line_is_named_and_left_out(tmp_path, line, message):
    instances, problems = read_one("icdar2013", tmp_path / "gt_1.txt", f'1 2 30 40 "good"\n{line}\n')
    assert [instance.text for instance in instances] == ["good"]
    assert len(problems) == 1
    assert f"{tmp_path}/gt_1.txt line 2: " in problems[0]
    assert message in problems[0]


def test_boxes_without_area_or_outside_are_read_and_found_by_the_check(tmp_path):
    path = put(tmp_path / "gt_1.txt", '10 10 10 40 "flat"\n-9 10 40 40 "left"\n40 40 10 60 "mirrored"\n')
    assert [finding.split(": ")[2] for finding in findings("icdar2013", path)] == [
        "the polygon has no area. Draw it again, or take it out.",
        "a corner has a negative coordinate. Move it to the edge of the image.",
    ]


def test_what_boxes_cannot_hold_is_in_the_report(tmp_path):
    slanted = np.add(QUAD, [[0, 0], [0, 9], [0, 9], [0, 0]])
    texts = (
        text(QUAD, 'say "hi"'),
        text(slanted, "a\nb", language="Latin"),
        text(QUAD, "secret", ignore=True),
        text(box(1, 1, 1.2, 9)),
        text(QUAD, "###"),
    )
    report = write_icdar2013([LabelledImage("sub/img_1.jpg", texts)], tmp_path)
    assert (tmp_path / "sub" / "gt_img_1.txt").read_text() == (
        '10, 20, 110, 60, "say \\"hi\\""\n'
        '10, 20, 110, 69, "a b"\n'
        '10, 20, 110, 60, "###"\n'
        '10, 20, 110, 60, "###"\n'
    )
    assert report.written == 4
    assert [(change.index, change.what) for change in report.changed] == [
        (1, "the polygon became its bounding box"),
        (1, "line ends in the transcription became blanks"),
        (1, "language lost"),
        (2, "transcription lost"),
        (3, "dropped: no area is left in whole pixels"),
        (4, "the text ### will be read as ignored"),
    ]
