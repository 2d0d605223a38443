import numpy as np
import pytest

from tcm_core.data.formats.ctw1500 import write_ctw1500, write_ctw1500_legacy
from tcm_core.data.formats.fourteen import fourteen_points
from tcm_core.data.formats.labelled import LabelledImage
from tcm_core.geometry.overlap import iou
from tests.helpers.labels import CURVED, QUAD, findings, plain, put, read, read_one, text

TOP = [[10 + 20 * i, 30 - abs(3 - i)] for i in range(7)]
FOURTEEN = np.array([*TOP, *[[x, y + 25] for x, y in reversed(TOP)]], dtype=float)
NUMBERS = ",".join(str(int(value)) for value in FOURTEEN.ravel())
OFFSETS = ",".join(str(int(value)) for value in (FOURTEEN - [10, 27]).ravel())
LEGACY = f"10,27,130,55,{OFFSETS}"


def annotations(*boxes, image="0200.jpg"):
    inside = "".join(
        f'<box height="28" left="10" top="27" width="120"><label>{label}</label><segs>{segs}</segs>'
        '<pts x="12" y="30" /></box>'
        for label, segs in boxes
    )
    head = "<?xml version='1.0' encoding='utf-8'?>"
    return f'{head}<Annotations><image file="{image}">{inside}</image></Annotations>'


def test_training_files_are_xml(tmp_path):
    content = annotations(("AT&amp;T, 茶", NUMBERS), ("###", f" {NUMBERS}, "), ("", NUMBERS))
    (image,), problems = read("ctw1500", put(tmp_path / "0200.xml", content))
    assert problems == []
    assert plain(image) == (
        "0200.jpg",
        [
            (FOURTEEN.tolist(), "AT&T, 茶", False, ""),
            (FOURTEEN.tolist(), "###", True, ""),
            (FOURTEEN.tolist(), "", False, ""),
        ],
    )


def test_test_files_have_four_hashes_before_the_text(tmp_path):
    content = f"\ufeff{NUMBERS},####Latin 9, a\r\n\r\n{NUMBERS},#######\n{NUMBERS},####\n"
    (image,), problems = read("ctw1500", put(tmp_path / "0001001.txt", content))
    assert problems == []
    assert plain(image) == (
        "1001",
        [
            (FOURTEEN.tolist(), "Latin 9, a", False, ""),
            (FOURTEEN.tolist(), "###", True, ""),
            (FOURTEEN.tolist(), "", False, ""),
        ],
    )
    assert image.lines == (1, 3, 4)


def test_the_first_release_has_offsets_and_no_text(tmp_path):
    (image,), problems = read("ctw1500-legacy", put(tmp_path / "1001.txt", f"{LEGACY}\r\n{LEGACY},\n"))
    assert problems == []
    assert plain(image) == ("1001", [(FOURTEEN.tolist(), "", False, "")] * 2)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (NUMBERS, "no #### behind the numbers"),
        (f"{NUMBERS},text", "no #### behind the numbers"),
        (f"{NUMBERS[3:]},####x", "27 numbers, expected 28"),
        (f"{NUMBERS},5,####x", "no #### behind the numbers"),
        ("a,b,####x", "0 numbers"),
        (f"nan{NUMBERS[2:]},####x", "0 numbers"),
        (f"1e9{NUMBERS[2:]},####x", "too large"),
        ("\x00\x01\x02", "0 numbers"),
    ],
)
def test_a_broken_line_is_named_and_left_out(tmp_path, line, message):
    instances, problems = read_one("ctw1500", tmp_path / "0001001.txt", f"{NUMBERS},####good\n{line}\n")
    assert [instance.text for instance in instances] == ["good"]
    assert len(problems) == 1
    assert "0001001.txt line 2: " in problems[0]
    assert message in problems[0]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (LEGACY[3:], "31 numbers, expected 32"),
        (f"{LEGACY},1", "33 fields, expected 32"),
        (f"{LEGACY},text", "33 fields, expected 32"),
        (LEGACY.replace("130", "x"), "2 numbers"),
        (LEGACY.replace("130", "nan"), "2 numbers"),
        (f"1e9{LEGACY[2:]}", "too large"),
        (f"1e999{LEGACY[2:].replace('130,55,0,', '130,55,-1e999,')}", "too large"),
    ],
)
def test_a_broken_line_of_the_first_release_is_named_and_left_out(tmp_path, line, message):
    instances, problems = read_one("ctw1500-legacy", tmp_path / "1001.txt", f"{LEGACY}\n{line}\n")
    assert len(instances) == 1
    assert len(problems) == 1
    assert "1001.txt line 2: " in problems[0]
    assert message in problems[0]


BOMB = '<!DOCTYPE a [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]><Annotations>&b;</Annotations>'


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (annotations(("x", NUMBERS[3:])), "box 1: 27 numbers, expected 28 in <segs>"),
        (annotations(("x", f"{NUMBERS},1")), "29 numbers in <segs>"),
        (annotations(("x", NUMBERS.replace("130", "nan"))), "box 1: "),
        (annotations(("x", "")), "box 1: 0 numbers"),
        ("<Annotations><image><box/></image></Annotations>", "box 1: 0 numbers"),
        (annotations(("x", NUMBERS))[:-20], "not XML that can be read"),
        ("", "not XML that can be read"),
        ("\x00\x01", "not XML that can be read"),
        (BOMB, "declares entities"),
        (BOMB.encode("utf-16"), "declares entities"),
        (annotations(("x", NUMBERS), image="../../.."), "names no file"),
        ("<a>" * 500_000, "not XML that can be read"),
    ],
    ids=range(12),
)
def test_broken_xml_is_named(tmp_path, content, message):
    images, problems = read("ctw1500", put(tmp_path / "0200.xml", content))
    assert not any(image.instances for image in images)
    assert len(problems) == 1
    assert "0200.xml: " in problems[0]
    assert message in problems[0]


def test_xml_nested_without_end_is_read_without_harm(tmp_path):
    depth = 500_000
    put(tmp_path / "0200.xml", "<a>" * depth + "</a>" * depth)
    assert read("ctw1500", tmp_path) == ([], [])


def test_crossing_and_flat_polygons_are_found_by_the_check(tmp_path):
    crossing = ",".join(NUMBERS.split(",")[:14] + NUMBERS.split(",")[:13:-1])
    flat = ",".join(f"{i},{i}" for i in range(14))
    away = ",".join(f"{x - 900:.0f},{y:.0f}" for x, y in FOURTEEN)
    path = put(tmp_path / "a.txt", f"{crossing},####a\n{flat},####b\n{away},####c\n")
    assert [finding.split(": ")[2].split(".")[0] for finding in findings("ctw1500", path)][1:] == [
        "the polygon has no area",
        "a corner has a negative coordinate",
    ]
    assert "the polygon crosses itself" in findings("ctw1500", path)[0]


def test_fewer_points_are_filled_up_without_changing_the_shape():
    assert np.array_equal(fourteen_points(FOURTEEN), FOURTEEN)
    quad = fourteen_points(QUAD)
    assert np.allclose(quad[:7], [[10 + 100 * i / 6, 20] for i in range(7)])
    assert np.allclose(quad[7:], [[110 - 100 * i / 6, 60] for i in range(7)])
    uneven = np.array([[0, 0], [10, 0], [100, 0], [100, 20], [10, 20], [0, 20]], dtype=float)
    assert np.allclose(fourteen_points(uneven)[:7, 0], [0, 10, 28, 46, 64, 82, 100])
    for polygon in (CURVED, QUAD[:3], CURVED[:5]):
        filled = fourteen_points(polygon)
        assert len(filled) == 14
        assert iou(filled, polygon) == pytest.approx(1)


def test_of_more_points_the_ones_that_matter_least_are_left_out():
    angles = np.linspace(0, 2 * np.pi, 40, endpoint=False)
    circle = 100 + 80 * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    assert fourteen_points(circle).shape == (14, 2)
    assert iou(fourteen_points(circle), circle) > 0.95
    angles = np.linspace(0, 2 * np.pi, 14, endpoint=False)
    wheel = 100 + 80 * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    middle = wheel[3:5].mean(axis=0, keepdims=True) + 0.01  # next to a straight edge
    assert np.array_equal(fourteen_points(np.concatenate([wheel[:4], middle, wheel[4:]])), wheel)


def test_what_the_releases_cannot_hold_is_in_the_report(tmp_path):
    texts = (text(FOURTEEN, "a"), text(QUAD, "b", ignore=True, language="Latin"), text(QUAD[:2]))
    images = [
        LabelledImage("1001.jpg", texts),
        LabelledImage("street.jpg", ()),
        LabelledImage("0001001.jpg", ()),
    ]
    later = write_ctw1500(images, tmp_path / "later")
    first = write_ctw1500_legacy(images, tmp_path / "first")
    assert sorted(path.name for path in (tmp_path / "later").iterdir()) == [
        "0000001001.txt", "0001001.txt", "street.txt",
    ]  # fmt: skip
    assert (tmp_path / "later" / "0001001.txt").read_text().splitlines()[0] == f"{NUMBERS},####a"
    assert (tmp_path / "first" / "1001.txt").read_text().splitlines()[0] == LEGACY
    assert [image.image for image in read("ctw1500", tmp_path / "later")[0]] == ["0001001", "1001", "street"]
    assert [(change.index, change.what) for change in later.changed] == [
        (1, "4 points became 14"), (1, "transcription lost"), (1, "language lost"),
        (2, "dropped: 2 points, at least 3 are needed"),
    ]  # fmt: skip
    assert [(change.index, change.what) for change in first.changed] == [
        (0, "transcription lost"), (1, "4 points became 14"), (1, "transcription lost"),
        (1, "written as a text that counts: the format cannot mark ignored texts"), (1, "language lost"),
        (2, "dropped: 2 points, at least 3 are needed"),
    ]  # fmt: skip
