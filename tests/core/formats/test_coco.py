"""Plain COCO polygons."""

import json

import numpy as np
import pytest
from hypothesis import given, settings

from tcm_core.data.formats.labelled import LabelledImage
from tcm_core.data.formats.table import FORMATS
from tcm_core.errors import BadLabels
from tests.helpers.labels import QUAD, findings, plain, put, read, read_one, text
from tests.helpers.made_labels import assert_same, labelled_images

SEGMENT = [10.0, 20.0, 110.0, 20.0, 110.0, 60.0, 10.0, 60.0]


def dataset(*annotations, images=({"id": 7, "file_name": "a.jpg", "height": 200, "width": 300},)):
    return {"images": list(images), "annotations": list(annotations), "categories": []}


def annotation(**fields):
    return {"id": 1, "image_id": 7, "category_id": 1, "segmentation": [SEGMENT], **fields}


def test_a_file_as_cvat_exports_it(tmp_path):
    content = {
        "licenses": [{"name": "", "id": 0, "url": ""}],
        "info": {"contributor": "", "date_created": "", "description": "", "url": "", "version": ""},
        "categories": [{"id": 1, "name": "icdar", "supercategory": ""}],
        "images": [
            {
                "id": 1, "width": 300, "height": 200, "file_name": "street/a.jpg", "license": 0,
                "flickr_url": "", "coco_url": "", "date_captured": 0,
            },
            {"id": 2, "width": 30, "height": 20, "file_name": "b.jpg"},
        ],
        "annotations": [
            {
                "id": 1, "image_id": 1, "category_id": 1, "area": 4000.0, "bbox": [10.0, 20.0, 100.0, 40.0],
                "iscrowd": 0, "segmentation": [SEGMENT],
                "attributes": {"text": "Harbour", "occluded": False},
            },
        ],
    }  # fmt: skip
    images, problems = read(
        "coco", put(tmp_path / "annotations" / "instances_default.json", json.dumps(content))
    )
    assert problems == []
    assert [plain(image) for image in images] == [
        ("street/a.jpg", [(QUAD.tolist(), "Harbour", False, "")]),
        ("b.jpg", []),
    ]
    assert [image.size for image in images] == [(200, 300), (20, 30)]
    assert [plain(image) for image in read("coco", tmp_path)[0]] == [plain(image) for image in images]


@pytest.mark.parametrize("key", ["text", "transcription", "utf8_string"])
def test_the_text_is_found_under_its_usual_names(tmp_path, key):
    found, problems = read_one(
        "coco", tmp_path / "a.json", json.dumps(dataset(annotation(**{key: "Harbour"})))
    )
    assert problems == []
    assert found[0].text == "Harbour"


def test_crowds_are_ignored_and_boxes_stand_for_missing_polygons(tmp_path):
    entries = [
        annotation(iscrowd=1),
        annotation(segmentation=[], bbox=[10, 20, 100, 40]),
        annotation(segmentation=SEGMENT),
    ]
    found, problems = read_one("coco", tmp_path / "a.json", json.dumps(dataset(*entries)))
    assert problems == []
    assert [(one.polygon.tolist(), one.ignore) for one in found] == [
        (QUAD.tolist(), True), (QUAD.tolist(), False), (QUAD.tolist(), False),
    ]  # fmt: skip


BROKEN = {
    "an odd count": (annotation(segmentation=[SEGMENT[:7]]), "7 coordinates, expected an even number"),
    "letters": (annotation(segmentation=[["a", *SEGMENT[1:]]]), "point 1 is 'a', not a number"),
    "NaN": (annotation(segmentation=[[float("nan"), *SEGMENT[1:]]]), "point 1 is nan, not a finite number"),
    "Infinity": (annotation(segmentation=[[float("inf"), *SEGMENT[1:]]]), "point 1 is inf, not a finite"),
    "a number without end": (annotation(segmentation=[[10**400, *SEGMENT[1:]]]), "point 1 is 1000"),
    "a far corner": (annotation(segmentation=[[1e9, *SEGMENT[1:]]]), "a coordinate is too large"),
    "two points": (annotation(segmentation=[SEGMENT[:4]]), "2 points, a polygon needs at least 3"),
    "a mask": (annotation(segmentation={"counts": [1, 2], "size": [200, 300]}), "a mask (run-length code)"),
    "parts": (annotation(segmentation=[SEGMENT, SEGMENT]), "2 parts, expected one polygon"),
    "no outline": (annotation(segmentation=None), "the box is nothing, expected [x, y, width, height]"),
    "a short box": (annotation(segmentation=[], bbox=[1, 2, 3]), "the box is a list of 3"),
    "a foreign image": (annotation(image_id=8), "there is no image 8"),
    "an image without hash": (annotation(image_id=[7]), "image_id is a list of 1, expected a number"),
    "a list as text": (annotation(text=["Harbour"]), "the text is a list of 1, expected a text"),
    "a word as flag": (annotation(iscrowd="perhaps"), "iscrowd is 'perhaps', expected true or false"),
    "no object": (12, "12 instead of an object"),
}


@pytest.mark.parametrize(("entry", "what"), BROKEN.values(), ids=BROKEN)
def test_a_broken_annotation_is_named_and_left_out(tmp_path, entry, what):
    path = put(tmp_path / "a.json", json.dumps(dataset(annotation(text="good"), entry)))
    with pytest.raises(BadLabels, match=r"a\.json: annotation 2: "):
        list(FORMATS["coco"].read(path))
    (image,), problems = read("coco", path)
    assert [one.text for one in image.instances] == ["good"]
    assert len(problems) == 1
    assert f"annotation 2: {what}" in problems[0]


@pytest.mark.parametrize(
    ("content", "what"),
    [
        ("", "not JSON (Expecting value"),
        ("[1, 2]", "holds a list of 2, expected an object"),
        ('{"images": {}, "annotations": []}', "images: an object instead of a list"),
        ('{"images": []}', "annotations: nothing instead of a list"),
        ('{"images": ' + "[" * 100_000, "nested too deeply"),
        ('{"images": ' + "9" * 10_000 + "}", "not JSON ("),
        (b"\xff\xfe\x00\xd8", "not JSON ("),
    ],
    ids=["empty", "list", "object", "nothing", "deep", "long number", "half a character"],
)
def test_a_file_that_is_no_coco_is_named(tmp_path, content, what):
    images, problems = read("coco", put(tmp_path / "a.json", content))
    assert images == []
    assert len(problems) == 1
    assert what in problems[0]


@pytest.mark.parametrize(
    ("name", "image"),
    [
        ("/home/x/a.jpg", "a.jpg"), ("C:\\data\\a.jpg", "a.jpg"), ("../../a.jpg", "a.jpg"),
        ("sub\\a.jpg", "sub/a.jpg"), ("./sub//a.jpg", "sub/a.jpg"), ("sub/../a.jpg", "a.jpg"),
        ("http://images.example/a.jpg", "a.jpg"),
    ],
)  # fmt: skip
def test_image_paths_stay_inside(tmp_path, name, image):
    images, problems = read(
        "coco", put(tmp_path / "a.json", json.dumps(dataset(images=[{"id": 7, "file_name": name}])))
    )
    assert problems == []
    assert [found.image for found in images] == [image]


@pytest.mark.parametrize("name", ["", "..", "a/..", "a\0.jpg", "a\n.jpg", "\ud800.jpg", None, 3])
def test_image_names_that_no_file_can_have_are_named(tmp_path, name):
    images, problems = read(
        "coco", put(tmp_path / "a.json", json.dumps(dataset(images=[{"id": 7, "file_name": name}])))
    )
    assert images == []
    assert "image 1: file_name is" in problems[0]


def test_two_images_with_one_id_are_named(tmp_path):
    same = [{"id": 7, "file_name": name} for name in ("a.jpg", "b.jpg")]
    images, problems = read("coco", put(tmp_path / "a.json", json.dumps(dataset(images=same))))
    assert [image.image for image in images] == ["a.jpg"]
    assert "two images have the id 7" in problems[0]


def test_crossing_flat_and_outlying_polygons_are_read_and_found_by_the_check(tmp_path):
    shapes = [
        [10, 20, 110, 60, 110, 20, 10, 60],
        [10, 20, 110, 20, 60, 20],
        [-40, 20, 110, 20, 110, 60],
        [250, 150, 900, 150, 900, 190],
    ]
    entries = [annotation(segmentation=[shape]) for shape in shapes]
    path = put(tmp_path / "a.json", json.dumps(dataset(*entries)))
    (image,), problems = read("coco", path)
    assert problems == []
    assert [one.polygon.ravel().tolist() for one in image.instances] == shapes
    found = findings("coco", path)
    assert [any(word in line for line in found) for word in ("crosses", "no area", "outside")] == [True] * 3


@settings(deadline=None, max_examples=60)
@given(labelled_images())
def test_what_is_written_is_read_back(tmp_path_factory, images):
    out = tmp_path_factory.mktemp("coco") / "labels.json"
    report = FORMATS["coco"].write(images, out)
    assert report == (len(images), sum(len(image.instances) for image in images), ())
    assert_same(list(FORMATS["coco"].read(out)), images)
    assert [image.size for image in FORMATS["coco"].read(out)] == [image.size for image in images]


def test_the_report_names_what_cannot_be_written(tmp_path):
    bad = [text(QUAD[:2]), text(np.full((4, 2), np.nan)), text()]
    report = FORMATS["coco"].write([LabelledImage("a", tuple(bad))], tmp_path)
    assert (report.images, report.written) == (1, 1)
    assert [(change.index, change.what) for change in report.changed] == [
        (None, "written without the ending of the image file"),
        (None, "written without the size of the image"),
        (0, "dropped: 2 points, at least 3 are needed"),
        (1, "dropped: a coordinate is not a finite number"),
    ]
    written = json.loads((tmp_path / "annotations.json").read_text("utf-8"))
    assert written["annotations"][0]["bbox"] == [10, 20, 100, 40]
    assert written["annotations"][0]["area"] == 4000
