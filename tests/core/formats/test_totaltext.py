import numpy as np
import pytest

from tcm_core.data.formats.labelled import LabelledImage
from tcm_core.data.formats.totaltext import write_totaltext
from tests.helpers.labels import CURVED, QUAD, box, findings, plain, put, read, read_one, text

GOOD = (
    "\ufeffx: [[10 110 110 10]], y: [[20 20 60 60]], ornt: [u'h'], transcriptions: [u'Harbour']\r\n"
    "x: [[ 10  60\r\n  110 160\r\n 160 110 60 10]], y: [[30 10 10 30\r\n 60 40 40 60]], ornt: [u'c'],"
    ' transcriptions: [u"Joe\'s [1]"]\r\n'
    "x: [[5]], y: [[5]], ornt: [u'#'], transcriptions: [u'#']\r\n"
    "\r\n"
    "x: [[1 9.5 9 1]], y: [[1 1 9 9]], ornt: [u'#'], transcriptions: [u'#']  \r\n"
    "x: [[1 9 9]], y: [[1 1 9]], ornt: [], transcriptions: []\r\n"
    "x: [[1 9 9]], y: [[1 1 9]], ornt: [u'#'], transcriptions: [u'faint']\r\n"
    "x: [[1 9 9]], y: [[1 1 9]], ornt: [u'm'], transcriptions: [u'caf\\xe9 \\u8336 \\'x\\'']\r\n"
)


def test_records_that_wrap_escapes_and_single_points_are_read(tmp_path):
    (image,), problems = read("totaltext", put(tmp_path / "poly_gt_img1.txt", GOOD))
    assert problems == []
    assert plain(image) == (
        "img1",
        [
            (QUAD.tolist(), "Harbour", False, ""),
            (CURVED.tolist(), "Joe's [1]", False, ""),
            ([[1, 1], [9.5, 1], [9, 9], [1, 9]], "#", True, ""),
            ([[1, 1], [9, 1], [9, 9]], "", False, ""),
            ([[1, 1], [9, 1], [9, 9]], "faint", True, ""),
            ([[1, 1], [9, 1], [9, 9]], "café 茶 'x'", False, ""),
        ],
    )
    assert image.lines == (1, 2, 8, 9, 10, 11)


@pytest.mark.parametrize(
    ("record", "message"),
    [
        ("x: [[1 2 3]], y: [[1 2]], ornt: [u'c'], transcriptions: [u'x']", "3 x but 2 y"),
        ("x: [[1 2]], y: [[1 2]], ornt: [u'c'], transcriptions: [u'x']", "2 points"),
        ("x: [[]], y: [[]], ornt: [u'c'], transcriptions: [u'x']", "0 points"),
        (
            "x: [[a b c]], y: [[1 2 3]], ornt: [u'c'], transcriptions: [u'x']",
            "x holds something that is no number",
        ),
        ("x: [[1 2 3]], y: [[1 nan 3]], ornt: [u'c'], transcriptions: [u'x']", "y holds something"),
        ("x: [[1 2 3]], y: [[1 1e12 3]], ornt: [u'c'], transcriptions: [u'x']", "too large"),
        ("x: [[1 2 3]], z: [[1 2 3]]", "not x: [[...]], y:"),
        ("x: [[1 2 3]", "not x: [[...]], y:"),
        ("x:\x00\x01", "not x: [[...]], y:"),
    ],
)
def test_a_broken_record_is_named_and_left_out(tmp_path, record, message):
    content = f"x: [[1 9 9]], y: [[1 1 9]], ornt: [u'm'], transcriptions: [u'good']\n{record}\n"
    instances, problems = read_one("totaltext", tmp_path / "poly_gt_img1.txt", content)
    assert [instance.text for instance in instances] == ["good"]
    assert len(problems) == 1
    assert "poly_gt_img1.txt line 2: " in problems[0]
    assert message in problems[0]


def test_lines_before_the_first_record_are_named(tmp_path):
    _, problems = read_one("totaltext", tmp_path / "a.txt", "readme\nx: [[1 9 9]], y: [[1 1 9]]\n")
    assert "a.txt line 1: not x:" in problems[0]


def matlab(rows):
    """A table as Total-Text's .mat files hold it."""
    table = np.empty((len(rows), 6), dtype=object)
    for number, (polygon, transcription, orientation) in enumerate(rows):
        x, y = (polygon[:, axis][None].astype(np.int16) for axis in (0, 1))
        table[number] = "x:", x, "y:", y, transcription, orientation
    return table


@pytest.mark.parametrize("variable", ["polygt", "gt"])
@pytest.mark.parametrize("packed", [False, True])
def test_mat_files_of_both_releases_are_read(tmp_path, variable, packed):
    scipy_io = pytest.importorskip("scipy.io")
    rows = [
        (CURVED, "Harbour café", "c"),
        (QUAD, "#", "#"),
        (QUAD[:1], "#", "#"),
        (QUAD, np.zeros(0), np.zeros(0)),
    ]
    scipy_io.savemat(tmp_path / "poly_gt_img7.mat", {variable: matlab(rows)}, do_compression=packed)
    (image,), problems = read("totaltext", tmp_path)
    assert problems == []
    assert plain(image) == (
        "img7",
        [
            (CURVED.tolist(), "Harbour café", False, ""),
            (QUAD.tolist(), "#", True, ""),
            (QUAD.tolist(), "", False, ""),
        ],
    )


def test_broken_mat_files_are_named(tmp_path):
    scipy_io = pytest.importorskip("scipy.io")
    path = tmp_path / "poly_gt_img7.mat"
    rows = [(QUAD, "good", "h"), (QUAD[:2], "two", "h"), (QUAD, "nan", "h")]
    table = matlab(rows)
    table[2, 1], table[2, 3] = np.array([[1.0, np.nan, 3]]), np.array([[1.0, 2, 3]])
    table = np.concatenate([table, matlab([(QUAD, "differ", "h"), (QUAD, "letters", "h")])])
    table[3, 1], table[4, 1] = np.array([[1, 2, 3]]), "abc"
    scipy_io.savemat(path, {"polygt": table})
    (image,), problems = read("totaltext", path)
    assert [instance.text for instance in image.instances] == ["good"]
    assert [problem.split(": ", 2)[2] for problem in problems] == [
        "2 points, a polygon needs at least 3. Correct the line, or take it out.",
        "a coordinate is too large or not a number. Correct the line, or take it out.",
        "3 x but 4 y. Correct the line, or take it out.",
        "coordinates that are no numbers. Correct the line, or take it out.",
    ]
    whole = path.read_bytes()
    for content, message in (
        (whole[:200], "damaged or cut off"),
        (b"MATLAB 7.3 MAT-file" + whole[19:], "7.3"),
        (b"", "not a MATLAB file"),
        (whole[:128], "no variable 'gt'"),
    ):
        path.write_bytes(content)
        (image,), problems = read("totaltext", path)
        assert image.instances == ()
        assert message in problems[0]


def test_crossing_and_flat_polygons_are_found_by_the_check(tmp_path):
    path = put(
        tmp_path / "a.txt",
        "x: [[0 9 9 0 1]], y: [[0 9 0 9 5]]\nx: [[1 5 9]], y: [[1 5 9]]\nx: [[-90 -50 -50]], y: [[1 1 9]]\n",
    )
    assert [finding.split(": ")[2].split(".")[0] for finding in findings("totaltext", path)] == [
        "the polygon crosses itself",
        "the polygon has no area",
        "a corner has a negative coordinate",
    ]


def test_writing_tells_curved_from_straight_and_reports_losses(tmp_path):
    slanted = np.add(QUAD, [[0, 0], [0, 9], [0, 9], [0, 0]])
    texts = (
        text(CURVED, "Joe's \\ [1]"), text(QUAD, "x", language="Latin"), text(slanted, "y"),
        text(box(0, 0, 9, 9), "secret", ignore=True), text(QUAD[:2]), text(QUAD, "#"),
    )  # fmt: skip
    report = write_totaltext([LabelledImage("img1.jpg", texts)], tmp_path)
    lines = (tmp_path / "poly_gt_img1.txt").read_text().splitlines()
    assert lines[0] == (
        "x: [[10 60 110 160 160 110 60 10]], y: [[30 10 10 30 60 40 40 60]], ornt: [u'c'], "
        "transcriptions: [u'Joe\\'s \\\\ [1]']"
    )
    assert [line.split("ornt: ")[1][:6] for line in lines] == [
        "[u'c']",
        "[u'h']",
        "[u'm']",
        "[u'#']",
        "[u'h']",
    ]
    assert [(change.index, change.what) for change in report.changed] == [
        (1, "language lost"), (3, "transcription lost"), (4, "dropped: 2 points, at least 3 are needed"),
        (5, "the text # will be read as ignored"),
    ]  # fmt: skip
