import json

import pytest

from tcm_core.data.formats.art import write_art
from tcm_core.data.formats.labelled import LabelledImage
from tcm_core.errors import BadLabels
from tests.helpers.labels import CURVED, QUAD, findings, plain, put, read, text


def entry(**changes):
    values = {
        "transcription": 'Tea, "fine"',
        "points": QUAD.tolist(),
        "language": "Latin",
        "illegibility": False,
    }
    return values | changes


def document(**images):
    return json.dumps(images)


def test_texts_of_any_number_of_points_with_language_and_legibility_are_read(tmp_path):
    labels = document(
        gt_1=[entry(), entry(points=CURVED.tolist(), illegibility=True)],
        gt_2=[entry(transcription="###", language="Chinese")],
        gt_3=[],
    )
    (first, second, third), problems = read("art", put(tmp_path / "labels.json", "\ufeff" + labels))
    assert problems == []
    assert plain(first) == (
        "gt_1",
        [(QUAD.tolist(), 'Tea, "fine"', False, "Latin"), (CURVED.tolist(), 'Tea, "fine"', True, "Latin")],
    )
    assert plain(second) == ("gt_2", [(QUAD.tolist(), "###", True, "Chinese")])
    assert plain(third) == ("gt_3", [])


def test_lsvt_has_no_language(tmp_path):
    values = {key: value for key, value in entry().items() if key != "language"}
    (image,), problems = read("art", put(tmp_path / "labels.json", document(gt_1=[values])))
    assert problems == []
    assert image.instances[0].language == ""


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"points": [[1, 2], [3, 4]]}, "2 points, a polygon needs at least 3"),
        ({"points": [[1, 2], [3, 4], [5]]}, "point 3"),
        ({"points": [["a", "b"], [3, 4], [5, 6]]}, "not a number"),
        ({"points": [[float("nan"), 2], [3, 4], [5, 6]]}, "not a finite number"),
        ({"points": [[10**400, 2], [3, 4], [5, 6]]}, "not a finite number"),
        ({"points": [[1e30, 2], [3, 4], [5, 6]]}, "too large"),
        ({"points": None}, "the points are nothing"),
        ({"points": {"x": 1}}, "the points are an object"),
        ({"transcription": ["a"]}, "the transcription is a list"),
        ({"illegibility": "perhaps"}, "illegibility"),
    ],
)
def test_a_broken_text_is_named_and_left_out(tmp_path, changes, message):
    labels = document(gt_1=[entry(), entry(**changes)])
    (image,), problems = read("art", put(tmp_path / "labels.json", labels))
    assert len(image.instances) == 1
    assert len(problems) == 1
    assert "labels.json: gt_1 text 2: " in problems[0]
    assert message in problems[0]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"[]", "expected an object"),
        (b'{"gt_1": {"points": []}}', "instead of a list"),
        (b'{"gt_1": [3]}', "instead of an object"),
        (b'{"gt_1": [', "not JSON"),
        (b"", "not JSON"),
        (b"[" * 200_000, "nested too deeply"),
        (b'{"gt_1": ' * 200_000, "nested too deeply"),
        (b"1" * 10_000, "not JSON"),
        (b'{"..": []}', "names no file"),
    ],
    ids=range(9),
)
def test_a_broken_file_is_named(tmp_path, content, message):
    images, problems = read("art", put(tmp_path / "labels.json", content))
    assert not any(image.instances for image in images)
    assert len(problems) == 1
    assert message in problems[0]


def test_a_key_that_climbs_out_is_kept_inside(tmp_path):
    (image,), _ = read("art", put(tmp_path / "labels.json", document(**{"../../gt_1": [entry()]})))
    assert image.image == "gt_1"


def test_crossing_and_flat_polygons_are_found_by_the_check(tmp_path):
    labels = document(
        gt_1=[
            entry(points=QUAD[[0, 2, 1, 3]].tolist()),
            entry(points=[[1, 1], [5, 5], [9, 9]]),
            entry(points=(CURVED - 200).tolist()),
            entry(points=QUAD[::-1].tolist()),  # the direction does not matter here
        ]
    )
    found = findings("art", put(tmp_path / "labels.json", labels))
    assert [finding.split(": ")[2].split(".")[0] for finding in found] == [
        "the polygon crosses itself",
        "the polygon has no area",
        "a corner has a negative coordinate",
    ]


def test_writing_gives_one_json_of_whole_pixels(tmp_path):
    texts = (
        text(CURVED + 0.4, "茶", language="Chinese"),
        text(QUAD, "x", ignore=True),
        text(QUAD[:2]),
        text(QUAD, "###"),
    )
    report = write_art([LabelledImage("gt_1.jpg", texts)], tmp_path / "labels.json")
    (image,), problems = read("art", tmp_path / "labels.json")
    assert problems == []
    assert plain(image) == (
        "gt_1",
        [
            (CURVED.tolist(), "茶", False, "Chinese"),
            (QUAD.tolist(), "x", True, ""),
            (QUAD.tolist(), "###", True, ""),
        ],
    )
    assert [(change.index, change.what) for change in report.changed] == [
        (2, "dropped: 2 points, at least 3 are needed"), (3, "the text ### will be read as ignored"),
    ]  # fmt: skip
    with pytest.raises(BadLabels, match="would share"):
        write_art([LabelledImage("a.jpg", ()), LabelledImage("a.png", ())], tmp_path / "labels.json")
