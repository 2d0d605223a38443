import pytest

from tcm_core.data.formats.labelled import LabelledImage
from tcm_core.data.formats.mlt import write_mlt2017, write_mlt2019
from tests.helpers.labels import QUAD, findings, plain, put, read, read_one, text

LINES = "\ufeff10,20,110,20,110,60,10,60,Latin,Salt, Pepper\r\n10,20,110,20,110,60,10,60,None,###\r\n"


@pytest.mark.parametrize(
    ("name", "file", "image"),
    [("mlt2017", "gt_img_5.txt", "img_5"), ("mlt2019", "tr_img_00005.txt", "tr_img_00005"),
     ("mlt2019", "gt_img_5.txt", "gt_img_5")],
)  # fmt: skip
def test_script_and_text_are_read_and_files_named_as_in_their_year(tmp_path, name, file, image):
    (found,), problems = read(name, put(tmp_path / file, LINES))
    assert problems == []
    assert plain(found) == (
        image, [(QUAD.tolist(), "Salt, Pepper", False, "Latin"), (QUAD.tolist(), "###", True, "")],
    )  # fmt: skip


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("10,20,110,20,110,60,10,60,Latin", "1 fields after the 8 numbers, expected a script and a text"),
        ("10,20,110,20,110,60,10,Latin,x", "7 numbers, expected 8, a script and a text"),
        ("10,20,110,20,110,sixty,10,60,Latin,x", "5 numbers"),
        ("10,20,110,20,110,nan,10,60,Latin,x", "5 numbers"),
        ("10,20,110,20,Latin,x", "4 numbers"),
        ("10,20,110,20,110,99999999,10,60,Latin,x", "too large"),
        ("\x01\x02", "0 numbers"),
    ],
)
def test_a_broken_line_is_named_and_left_out(tmp_path, line, message):
    content = f"1,2,9,2,9,9,1,9,Korean,good\n{line}\n"
    instances, problems = read_one("mlt2017", tmp_path / "gt_1.txt", content)
    assert [instance.language for instance in instances] == ["Korean"]
    assert len(problems) == 1
    assert "gt_1.txt line 2: " in problems[0]
    assert message in problems[0]


def test_crossing_flat_and_counter_clockwise_quads_are_found_by_the_check(tmp_path):
    path = put(
        tmp_path / "gt_1.txt",
        "10,20,110,60,110,20,10,60,Latin,a\n10,20,110,20,60,20,30,20,Latin,b\n"
        "10,60,110,60,110,20,10,20,Latin,c\n-5,20,110,20,110,90,10,60,Latin,d\n",
    )
    assert [finding.split(": ")[2][:40] for finding in findings("mlt2017", path)] == [
        "the polygon crosses itself. Bring its po",
        "the polygon has no area. Draw it again, ",
        "the points run counter-clockwise, which ",
        "a corner has a negative coordinate. Move",
    ]


def test_the_language_is_written_and_what_it_cannot_be_is_in_the_report(tmp_path):
    texts = (
        text(QUAD, "a,b", language="Latin"), text(QUAD, "c", language="Latin, Greek"),
        text(QUAD, "d"), text(QUAD, "secret", ignore=True),
    )  # fmt: skip
    report = write_mlt2017([LabelledImage("img_1.jpg", texts)], tmp_path / "2017")
    write_mlt2019([LabelledImage("img_1.jpg", texts)], tmp_path / "2019")
    content = (tmp_path / "2017" / "gt_img_1.txt").read_text()
    assert content == (tmp_path / "2019" / "img_1.txt").read_text()
    assert [line.split(",", 8)[8] for line in content.splitlines()] == [
        "Latin,a,b", "Latin  Greek,c", "None,d", "None,###",
    ]  # fmt: skip
    assert [(change.index, change.what) for change in report.changed] == [
        (1, "the language 'Latin, Greek' is written as Latin  Greek"),
        (3, "transcription lost"),
    ]
