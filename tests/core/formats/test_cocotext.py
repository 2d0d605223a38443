"""COCO-Text, version 2 and 1.4."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tcm_core.data.formats.labelled import LabelledImage
from tcm_core.data.formats.table import FORMATS
from tcm_core.errors import BadLabels
from tests.helpers.labels import QUAD, findings, plain, put, read, text
from tests.helpers.made_labels import assert_same, labelled_images

MASK = [10.0, 20.0, 110.0, 20.0, 110.0, 60.0, 10.0, 60.0]
IMAGE = {"id": 217925, "set": "train", "width": 300, "height": 200, "file_name": "COCO_train2014_217925.jpg"}


def annotation(**fields):
    return {
        "id": 45346, "image_id": 217925, "mask": MASK, "bbox": [10.0, 20.0, 100.0, 40.0], "area": 4000.0,
        "class": "machine printed", "language": "english", "legibility": "legible", "utf8_string": "New",
        **fields,
    }  # fmt: skip


def dataset(*annotations, image=IMAGE):
    entries = {str(number): entry for number, entry in enumerate(annotations)}
    return json.dumps(
        {
            "cats": {"legibility": ["legible", "illegible"], "language": ["english", "not english", "na"]},
            "imgs": {"217925": image},
            "anns": entries,
            "imgToAnns": {"217925": list(range(len(annotations)))},
            "info": {"version": "2.0"},
        }
    )


def test_a_file_of_version_2(tmp_path):
    content = dataset(
        annotation(),
        annotation(legibility="illegible", utf8_string="", language="na"),
        annotation(language="not english", utf8_string="caf\xe9, 3"),
    )
    (image,), problems = read("cocotext", put(tmp_path / "cocotext.v2.json", content))
    assert problems == []
    assert plain(image) == (
        "COCO_train2014_217925.jpg",
        [
            (QUAD.tolist(), "New", False, "english"),
            (QUAD.tolist(), "", True, ""),
            (QUAD.tolist(), "café, 3", False, "not english"),
        ],
    )
    assert image.size == (200, 300)


def test_a_file_of_version_1_4_has_polygons_or_boxes_and_no_text_where_it_is_illegible(tmp_path):
    older = annotation(polygon=MASK, legibility="illegible")
    boxed = annotation()
    del older["mask"], older["utf8_string"], boxed["mask"]
    (image,), problems = read("cocotext", put(tmp_path / "COCO_Text.json", dataset(older, boxed)))
    assert problems == []
    assert [(one.polygon.tolist(), one.text, one.ignore) for one in image.instances] == [
        (QUAD.tolist(), "", True), (QUAD.tolist(), "New", False),
    ]  # fmt: skip


BROKEN = {
    "an odd count": (annotation(mask=MASK[:7]), "7 coordinates, expected an even number"),
    "letters": (annotation(mask=[*MASK[:7], "60"]), "point 4 is '60', not a number"),
    "NaN": (annotation(mask=[float("nan"), *MASK[1:]]), "point 1 is nan"),
    "minus Infinity": (annotation(mask=[float("-inf"), *MASK[1:]]), "point 1 is -inf"),
    "two points": (annotation(mask=MASK[:4]), "2 points, a polygon needs at least 3"),
    "a text as mask": (annotation(mask="a"), "the points are 'a', expected a list"),
    "another legibility": (annotation(legibility="hardly"), "legibility is 'hardly', expected legible"),
    "a list as legibility": (annotation(legibility=[]), "legibility is a list of 0"),
    "a foreign image": (annotation(image_id=1), "there is no image 1"),
    "no object": (None, "nothing instead of an object"),
}


@pytest.mark.parametrize(("entry", "what"), BROKEN.values(), ids=BROKEN)
def test_a_broken_annotation_is_named_and_left_out(tmp_path, entry, what):
    path = put(tmp_path / "a.json", dataset(annotation(), entry))
    with pytest.raises(BadLabels, match=r"a\.json: annotation 2: "):
        list(FORMATS["cocotext"].read(path))
    (image,), problems = read("cocotext", path)
    assert [one.text for one in image.instances] == ["New"]
    assert len(problems) == 1
    assert f"annotation 2: {what}" in problems[0]


@pytest.mark.parametrize(
    ("content", "what"),
    [
        ("null", "holds nothing, expected an object"),
        ('{"imgs": [], "anns": 3}', "annotations: 3 instead of a list"),
        ('{"imgs": null, "anns": {}}', "images: nothing instead of a list"),
        ('{"anns": ' + '{"a":' * 100_000, "nested too deeply"),
        (b"\x00\x01\x02", "not JSON"),
    ],
    ids=["null", "number", "no images", "deep", "binary"],
)
def test_a_file_that_is_no_coco_text_is_named(tmp_path, content, what):
    images, problems = read("cocotext", put(tmp_path / "a.json", content))
    assert images == []
    assert len(problems) == 1
    assert what in problems[0]


def test_an_image_path_that_climbs_out_becomes_the_file_name(tmp_path):
    content = dataset(image={**IMAGE, "file_name": "../../etc/a.jpg"})
    (image,), problems = read("cocotext", put(tmp_path / "a.json", content))
    assert (image.image, problems) == ("a.jpg", [])


def test_crossing_flat_and_negative_polygons_are_read_and_found_by_the_check(tmp_path):
    masks = [[0, 0, 9, 9, 9, 0, 0, 9], [0, 0, 5, 0, 9, 0], [-40, 20, 110, 20, 110, 60]]
    path = put(tmp_path / "a.json", dataset(*(annotation(mask=mask) for mask in masks)))
    (image,), problems = read("cocotext", path)
    assert problems == []
    assert [one.polygon.ravel().tolist() for one in image.instances] == masks
    assert len(findings("cocotext", path)) == 3


@settings(deadline=None, max_examples=60)
@given(labelled_images(languages=st.sampled_from(["", "english", "not english", "Chinese"])))
def test_what_is_written_is_read_back(tmp_path_factory, images):
    out = tmp_path_factory.mktemp("cocotext")
    report = FORMATS["cocotext"].write(images, out)
    assert report == (len(images), sum(len(image.instances) for image in images), ())
    assert_same(list(FORMATS["cocotext"].read(out / "annotations.json")), images)


def test_what_is_written_has_the_layout_of_version_2(tmp_path):
    report = FORMATS["cocotext"].write(
        [LabelledImage("a.jpg", (text(QUAD, "x", True),))], tmp_path / "a.json"
    )
    assert [change.what for change in report.changed] == ["written without the size of the image"]
    data = json.loads((tmp_path / "a.json").read_text("utf-8"))
    assert data["imgToAnns"] == {"1": [1]}
    assert data["imgs"] == {"1": {"id": 1, "set": "train", "file_name": "a.jpg"}}
    assert data["anns"]["1"] == {
        "id": 1, "image_id": 1, "mask": MASK, "bbox": [10, 20, 100, 40], "area": 4000,
        "class": "machine printed", "legibility": "illegible", "language": "na", "utf8_string": "x",
    }  # fmt: skip
