from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tcm_core.data.formats.icdar import (
    WriteReport,
    detection_lines,
    parse_icdar,
    plan_icdar,
    read_icdar,
    write_icdar2015,
)
from tcm_core.data.formats.labelled import LabelledImage
from tcm_core.data.formats.output import IGNORE_TEXTS
from tcm_core.data.sample import TextInstance
from tcm_core.detection import Detection
from tcm_core.errors import BadLabels, TcmError

GOLDEN = Path(__file__).parent.parent / "golden" / "icdar"
QUAD = np.array([[10.0, 20], [110, 20], [110, 60], [10, 60]])


def test_a_good_file_gives_every_text_as_it_was_meant():
    instances = read_icdar(GOLDEN / "good.txt")
    assert [(instance.text, instance.ignore) for instance in instances] == [
        ("Harbour", False),
        ("Salt, Pepper, 3,5", False),
        ("###", True),
        ("", False),
        ("Open", False),
        ('say "hi" \\ bye', False),
        ('"half', False),
        ("###", True),
        ("茶庄 🍵", False),
        ("caf\N{REPLACEMENT CHARACTER}", False),
    ]
    assert np.array_equal(instances[0].polygon, QUAD)
    assert instances[2].polygon.tolist() == [[5, 80], [55, 80], [55, 99], [5, 99]]
    assert instances[3].polygon[1].tolist() == [90.5, 80.25]
    assert instances[4].polygon[0].tolist() == [-4, 100]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("seven_numbers.txt", "line 3: 7 numbers, expected 8 and a text"),
        ("text_first.txt", "line 1: 0 numbers, expected 8"),
        ("rectangle.txt", "line 1: 4 numbers, expected 8"),
        ("not_a_number.txt", "line 1: 2 numbers, expected 8"),
    ],
)
def test_a_broken_line_is_named_by_file_line_and_content(name, message):
    with pytest.raises(BadLabels) as caught:
        read_icdar(GOLDEN / name)
    assert f"{GOLDEN / name} {message}" in str(caught.value)
    assert "found '" in str(caught.value)


def test_an_empty_file_has_no_texts(tmp_path):
    (tmp_path / "gt_a.txt").write_bytes(b"\xef\xbb\xbf\r\n \n")
    assert read_icdar(tmp_path / "gt_a.txt") == []


def test_a_missing_file_is_bad_labels(tmp_path):
    with pytest.raises(BadLabels, match=r"gt_none\.txt: cannot be read"):
        read_icdar(tmp_path / "gt_none.txt")


def test_a_number_too_large_for_a_float_is_bad_labels():
    with pytest.raises(BadLabels, match="a line 1: a coordinate is too large"):
        parse_icdar("1e999,0,1,0,1,1,0,1,x", "a")


def test_a_line_without_a_text_field_has_the_empty_text():
    assert [instance.text for instance in parse_icdar("1,2,3,2,3,4,1,4", "a")] == [""]


texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\n")) | st.text(
    st.sampled_from('"\\ ,#a\t')
)
numbers = st.integers(-5_000, 30_000)


@given(
    st.lists(
        st.tuples(
            texts.filter(lambda text: text != "###"), st.booleans(), numbers, numbers, st.integers(1, 999)
        )
    )
)
def test_what_is_written_reads_back_equal(tmp_path_factory, entries):
    out = tmp_path_factory.mktemp("round")
    written = [
        TextInstance(np.array([[x, y], [x + s, y], [x + s, y + s], [x, y + s]], dtype=float), text, ignore)
        for text, ignore, x, y, s in entries
    ]
    report = write_icdar2015([LabelledImage("a.jpg", tuple(written))], out)
    lost = [index for index, (text, ignore, *_) in enumerate(entries) if ignore and text not in IGNORE_TEXTS]
    assert report.written == len(entries)
    assert [(change.index, change.what) for change in report.changed] == [
        (index, "transcription lost") for index in lost
    ]
    read = read_icdar(out / "gt_a.txt")
    assert [(i.text, i.ignore) for i in read] == [
        ("###" if instance.ignore else instance.text, instance.ignore) for instance in written
    ]
    for before, after in zip(written, read, strict=True):
        assert np.array_equal(before.polygon, after.polygon)


def test_the_file_is_utf_8_with_plain_line_ends(tmp_path):
    instances = (TextInstance(QUAD, "茶"), TextInstance(QUAD, ignore=True))
    write_icdar2015([LabelledImage("a.jpg", instances)], tmp_path)
    assert (tmp_path / "gt_a.txt").read_bytes() == (
        "10,20,110,20,110,60,10,60,茶\n10,20,110,20,110,60,10,60,###\n".encode()
    )


def test_only_a_text_that_would_be_unwrapped_is_wrapped():
    lines, _ = plan_icdar([TextInstance(QUAD, text) for text in ('"a"', '"a', 'say "a"', "\\")])
    assert [line.split(",", 8)[8] for line in lines] == ['"\\"a\\""', '"a', 'say "a"', "\\"]


def test_line_ends_in_a_text_become_blanks():
    lines, _ = plan_icdar([TextInstance(QUAD, "a\nb\r\nc\rd")])
    assert lines == ["10,20,110,20,110,60,10,60,a b c d"]


def test_a_counter_clockwise_quad_is_turned_and_keeps_its_first_vertex():
    lines, report = plan_icdar([TextInstance(QUAD[[2, 1, 0, 3]], "a")])
    assert lines == ["110,60,10,60,10,20,110,20,a"]
    assert report.quads_fitted == ()


def test_coordinates_are_rounded_to_whole_pixels():
    lines, _ = plan_icdar([TextInstance(QUAD + np.array([0.4, -0.4]), "a")])
    assert lines == ["10,20,110,20,110,60,10,60,a"]


def test_polygons_become_minimum_area_quads_and_are_named():
    octagon = np.array([[0, 0], [50, 0], [100, 0], [100, 20], [100, 40], [50, 40], [0, 40], [0, 20]], float)
    triangle = np.array([[0.0, 0], [40, 0], [0, 30]])
    lines, report = plan_icdar([TextInstance(QUAD, "a"), TextInstance(octagon, "b"), TextInstance(triangle)])
    assert report == WriteReport(3, (1, 2), ())
    assert lines[1] == "0,0,100,0,100,40,0,40,b"


def test_a_crossed_quad_is_fitted():
    lines, report = plan_icdar([TextInstance(QUAD[[0, 2, 1, 3]], "a")])
    assert report.quads_fitted == (0,)
    assert lines == ["10,20,110,20,110,60,10,60,a"]


def test_a_quad_that_touches_itself_after_rounding_is_fitted():
    notched = np.array([[0.0, 0], [10, 10], [0, 20], [0.4, 10]])
    bent = np.array([[0.0, 0], [0.4, 10], [10, 10], [0, 20]])
    lines, report = plan_icdar([TextInstance(notched, "a"), TextInstance(bent, "b")])
    assert report.quads_fitted == (1,)
    assert lines == ["0,0,10,10,0,20,0,10,a", "0,0,10,0,10,20,0,20,b"]


def test_what_has_no_area_is_dropped_with_a_reason():
    thin = np.array([[0.0, 0], [100, 0.1], [100, 0.3], [0, 0.2]])
    line = np.array([[0.0, 0], [10, 10], [20, 20], [5, 5]])
    instances = [TextInstance(p) for p in (thin, QUAD, line, QUAD[:2], np.zeros((0, 2)), QUAD * np.nan)]
    lines, report = plan_icdar(instances)
    assert len(lines) == report.written == 1
    assert dict(report.dropped) == {
        0: "no area is left in whole pixels",
        2: "no area is left in whole pixels",
        3: "2 points, at least 3 are needed",
        4: "0 points, at least 3 are needed",
        5: "a coordinate is not a finite number",
    }


@given(
    st.lists(st.tuples(st.floats(-1e4, 1e4), st.floats(-1e4, 1e4)).map(list), min_size=3, max_size=8).map(
        np.array
    )
)
def test_every_written_quad_passes_the_official_direction_check(polygon):
    for line in detection_lines([Detection(polygon, 0.9)]):
        values = [int(field) for field in line.split(",")]
        x, y = values[0::2], values[1::2]
        assert sum((x[(i + 1) % 4] - x[i]) * (y[(i + 1) % 4] + y[i]) for i in range(4)) < 0


def test_detections_are_written_with_their_scores_only_when_asked():
    detections = [Detection(QUAD, 0.87654, "quad"), Detection(QUAD * [1, 0], 0.5, "quad")]
    assert detection_lines(detections) == ["10,20,110,20,110,60,10,60"]
    assert detection_lines(detections, with_scores=True) == ["10,20,110,20,110,60,10,60,0.8765"]


def test_a_failed_write_leaves_the_old_file_and_no_litter(tmp_path):
    target = tmp_path / "gt_a.txt"
    target.mkdir()  # cannot be replaced by a file
    (target / "inside").touch()
    with pytest.raises(TcmError, match="cannot be written"):
        write_icdar2015([LabelledImage("a.jpg", (TextInstance(QUAD, "a"),))], tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["gt_a.txt"]


def test_the_public_labels_are_written_as_they_were_read(data_root):
    for path in sorted((data_root / "icdar2015" / "test" / "gt").glob("*.txt")):
        lines, report = plan_icdar(read_icdar(path))
        original = [line for line in path.read_text("utf-8-sig").split("\n") if line]
        assert lines == original
        assert report.quads_fitted == report.dropped == ()
