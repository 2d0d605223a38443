import pytest

from tcm_core.data.formats.labelled import LabelledImage
from tcm_core.data.formats.polygon_list import write_polygon_list
from tests.helpers.labels import CURVED, QUAD, findings, plain, put, read, read_one, text


def test_the_last_field_is_the_text_even_when_it_is_a_number(tmp_path):
    (image,), problems = read(
        "polygon-list",
        put(
            tmp_path / "img_1.jpg.txt",
            "\ufeff10,20,110,20,110,60,10,60,1984\r\n1,2,9.5,2,5,8,\n1,2,9,2,5,8,###\n",
        ),
    )
    assert problems == []
    assert plain(image) == (
        "img_1.jpg",
        [
            (QUAD.tolist(), "1984", False, ""),
            ([[1, 2], [9.5, 2], [5, 8]], "", False, ""),
            ([[1, 2], [9, 2], [5, 8]], "###", True, ""),
        ],
    )


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("10,20,###", "1 points, a polygon needs at least 3"),
        ("10,20,110,20,x", "2 points"),
        ("10,20,110,20,110,60,10,60,Salt, Pepper", "not pairs of numbers and one text without commas"),
        ("10,20,110,20,110,60,10,x", "not pairs"),
        ("10,20,nan,20,110,60,x", "not pairs"),
        ("10,20,1e300,20,110,60,x", "too large"),
        ("x", "0 points"),
        ("\x00\xff", "0 points"),
    ],
)
def test_a_broken_line_is_named_and_left_out(tmp_path, line, message):
    instances, problems = read_one("polygon-list", tmp_path / "gt_1.txt", f"1,2,9,2,5,8,good\n{line}\n")
    assert [instance.text for instance in instances] == ["good"]
    assert len(problems) == 1
    assert "gt_1.txt line 2: " in problems[0]
    assert message in problems[0]


def test_crossing_and_flat_polygons_are_found_by_the_check(tmp_path):
    path = put(tmp_path / "a.txt", "0,0,9,9,9,0,0,9,1,5,a\n1,1,5,5,9,9,b\n-90,1,-50,1,-50,9,c\n")
    assert [finding.split(": ")[2].split(".")[0] for finding in findings("polygon-list", path)] == [
        "the polygon crosses itself",
        "the polygon has no area",
        "a corner has a negative coordinate",
    ]


def test_what_the_lists_cannot_hold_is_in_the_report(tmp_path):
    texts = (text(CURVED, "a, b"), text(QUAD[:1]), text(QUAD, "secret", ignore=True), text(QUAD, " padded"))
    report = write_polygon_list([LabelledImage("img_1.jpg", texts)], tmp_path)
    lines = (tmp_path / "img_1.jpg.txt").read_text().splitlines()
    assert lines[0] == "10,30,60,10,110,10,160,30,160,60,110,40,60,40,10,60,a  b"
    assert [line.rsplit(",", 1)[1] for line in lines] == ["a  b", "###", "padded"]
    assert [(change.index, change.what) for change in report.changed] == [
        (0, "commas or outer blanks of the transcription lost"),
        (1, "dropped: 1 points, at least 3 are needed"),
        (2, "transcription lost"),
        (3, "commas or outer blanks of the transcription lost"),
    ]
