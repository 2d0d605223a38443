"""labelme, from the versions without shape types to those with turned rectangles."""

import json
import zipfile

import pytest
from hypothesis import given, settings

from tcm_core.data.formats.labelled import LabelledImage
from tcm_core.data.formats.table import FORMATS, recognise_format
from tcm_core.errors import BadLabels
from tests.helpers.labels import QUAD, findings, plain, put, read, text
from tests.helpers.made_labels import assert_same, labelled_images

POINTS = [[10.0, 20.0], [110.0, 20.0], [110.0, 60.0], [10.0, 60.0]]


def shape(**fields):
    """As labelme 5 saves one."""
    return {
        "label": "text", "points": POINTS, "group_id": None, "description": "Harbour",
        "shape_type": "polygon", "flags": {}, "mask": None, **fields,
    }  # fmt: skip


def label_file(*shapes, **fields):
    """As labelme 5 saves one."""
    return json.dumps(
        {
            "version": "5.5.0", "flags": {}, "shapes": list(shapes), "imagePath": "a.jpg", "imageData": None,
            "imageHeight": 200, "imageWidth": 300, **fields,
        },
        indent=2,
    )  # fmt: skip


def test_a_file_of_labelme_5(tmp_path):
    content = label_file(
        shape(),
        shape(shape_type="rectangle", points=[[110.0, 60.0], [10.0, 20.0]], description=""),
        shape(flags={"blurred": True, "difficult": True}, description="Pier"),
        shape(description="###"),
        imageData="iVBORw0KGgo=",
    )
    (image,), problems = read("labelme", put(tmp_path / "a.json", content))
    assert problems == []
    assert plain(image) == (
        "a.jpg",
        [
            (QUAD.tolist(), "Harbour", False, ""),
            (QUAD.tolist(), "", False, ""),
            (QUAD.tolist(), "Pier", True, ""),
            (QUAD.tolist(), "###", True, ""),
        ],
    )
    assert image.size == (200, 300)


def test_a_file_of_labelme_7_with_a_turned_rectangle(tmp_path):
    turned = [[50.0, 10.0], [90.0, 50.0], [80.0, 60.0], [40.0, 20.0]]
    content = label_file(shape(shape_type="oriented_rectangle", points=turned), version="7.1.0")
    (image,), problems = read("labelme", put(tmp_path / "a.json", content))
    assert problems == []
    assert image.instances[0].polygon.tolist() == turned


def test_a_file_of_labelme_3_has_the_text_in_the_label_and_no_shape_types(tmp_path):
    shapes = [
        {"label": label, "line_color": None, "fill_color": None, "points": POINTS}
        for label in ("Harbour", "text", "ignore")
    ]
    content = json.dumps(
        {
            "shapes": shapes, "lineColor": [0, 255, 0, 128], "fillColor": [255, 0, 0, 128],
            "imagePath": "a.jpg", "imageData": "/9j/4AAQSkZJRg==",
        }
    )  # fmt: skip
    (image,), problems = read("labelme", put(tmp_path / "a.json", content))
    assert problems == []
    assert [(one.text, one.ignore) for one in image.instances] == [
        ("Harbour", False), ("", False), ("", True),
    ]  # fmt: skip
    assert image.size is None


@pytest.mark.parametrize(
    ("where", "path", "image"),
    [
        ("a.json", "a.jpg", "a.jpg"), ("sub/a.json", "a.jpg", "sub/a.jpg"),
        ("labels/a.json", "../images/a.jpg", "images/a.jpg"), ("a.json", "..\\images\\a.jpg", "a.jpg"),
        ("a.json", "../../etc/a.jpg", "a.jpg"), ("sub/a.json", "/home/x/a.jpg", "sub/a.jpg"),
        ("a.json", "C:\\Users\\x\\a.jpg", "a.jpg"),
    ],
)  # fmt: skip
def test_image_paths_are_meant_from_the_label_file_and_stay_inside(tmp_path, where, path, image):
    put(tmp_path / where, label_file(shape(), imagePath=path))
    (found,), problems = read("labelme", tmp_path)
    assert (found.image, problems) == (image, [])


def test_a_zip_is_read_and_what_climbs_out_of_it_is_not(tmp_path):
    with zipfile.ZipFile(tmp_path / "labels.zip", "w") as archive:
        archive.writestr("../evil.json", label_file(shape(), imagePath="evil.jpg"))
        archive.writestr("a.json", label_file(shape()))
    (image,), problems = read("labelme", tmp_path / "labels.zip")
    assert image.image == "a.jpg"
    assert "points outside the zip" in problems[0]


BROKEN = {
    "three numbers in a point": (shape(points=[[1, 2, 3], *POINTS[1:]]), "point 1 is a list of 3"),
    "letters": (shape(points=[["10", 20], *POINTS[1:]]), "point 1 is '10', not a number"),
    "NaN": (shape(points=[[float("nan"), 20], *POINTS[1:]]), "point 1 is nan"),
    "Infinity": (shape(points=[[float("inf"), 20], *POINTS[1:]]), "point 1 is inf"),
    "true": (shape(points=[[True, 20], *POINTS[1:]]), "point 1 is true, not a number"),
    "two points": (shape(points=POINTS[:2]), "2 points, a polygon needs at least 3"),
    "no points": (shape(points=None), "the points are nothing, expected a list"),
    "a rectangle of three": (
        shape(shape_type="rectangle", points=POINTS[:3]),
        "a rectangle of 3 points, expected 2 or 4",
    ),
    "a turned rectangle of two": (
        shape(shape_type="oriented_rectangle", points=POINTS[:2]),
        "a oriented_rectangle of 2 points, expected 4",
    ),
    "a circle": (
        shape(shape_type="circle", points=POINTS[:2]),
        "shape_type is 'circle', which is no outline of a text",
    ),
    "a mask": (shape(shape_type="mask", points=POINTS[:2], mask="iVBOR"), "shape_type is 'mask'"),
    "a list as type": (shape(shape_type=["polygon"]), "shape_type is a list of 1"),
    "a list as text": (shape(description=[]), "description is a list of 0, expected a text"),
    "a list as flags": (shape(flags=["ignore"]), "flags is a list of 1, expected an object"),
    "a number as flag": (shape(flags={"ignore": 2.5}), "ignore is 2.5, expected true or false"),
    "no object": ("polygon", "'polygon' instead of an object"),
}


@pytest.mark.parametrize(("entry", "what"), BROKEN.values(), ids=BROKEN)
def test_a_broken_shape_is_named_and_left_out(tmp_path, entry, what):
    path = put(tmp_path / "a.json", label_file(shape(), entry))
    with pytest.raises(BadLabels, match=r"a\.json: shape 2: "):
        list(FORMATS["labelme"].read(path))
    (image,), problems = read("labelme", path)
    assert [one.text for one in image.instances] == ["Harbour"]
    assert len(problems) == 1
    assert f"shape 2: {what}" in problems[0]


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (label_file(shape())[:-40], "not JSON"),
        (label_file(imagePath=None), "imagePath is nothing, expected the path of the image"),
        (label_file(imagePath=""), "imagePath is '', which names no file"),
        ('{"imagePath": "a.jpg", "shapes": {}}', "shapes: an object instead of a list"),
        ('{"shapes": ' + "[" * 50_000 + "]" * 50_000 + "}", "nested too deeply"),
        ("[]", "holds a list of 0, expected an object"),
    ],
    ids=["cut off", "no path", "empty path", "no list", "deep", "list"],
)
def test_a_broken_file_is_named_and_left_out(tmp_path, content, what):
    put(tmp_path / "a.json", content)
    put(tmp_path / "b.json", label_file(shape(), imagePath="b.jpg"))
    images, problems = read("labelme", tmp_path)
    assert [image.image for image in images] == ["b.jpg"]
    assert len(problems) == 1
    assert "a.json: " in problems[0]
    assert what in problems[0]


def test_sizes_that_cannot_be_true_are_unknown(tmp_path):
    for height in (None, -1, 0, "200", 200.5, True, 10**9):
        (image,), problems = read("labelme", put(tmp_path / "a.json", label_file(imageHeight=height)))
        assert (image.size, problems) == (None, [])


def test_crossing_flat_and_outlying_polygons_are_read_and_found_by_the_check(tmp_path):
    outlines = [
        [[10, 20], [110, 60], [110, 20], [10, 60]],
        [[10, 20], [110, 20], [60, 20]],
        [[-40, 20], [110, 20], [110, 60]],
        [[250, 150], [900, 150], [900, 190]],
    ]
    path = put(tmp_path / "a.json", label_file(*(shape(points=points) for points in outlines)))
    (image,), problems = read("labelme", path)
    assert problems == []
    assert [one.polygon.tolist() for one in image.instances] == outlines
    found = findings("labelme", path)
    assert [any(word in line for line in found) for word in ("crosses", "no area", "outside")] == [True] * 3


@settings(deadline=None, max_examples=60)
@given(labelled_images())
def test_what_is_written_is_read_back(tmp_path_factory, images):
    out = tmp_path_factory.mktemp("labelme")
    report = FORMATS["labelme"].write(images, out)
    assert report == (len(images), sum(len(image.instances) for image in images), ())
    if images:
        assert_same(list(FORMATS["labelme"].read(out)), images)


def test_what_is_written_stands_beside_the_image_in_labelmes_layout(tmp_path):
    made = LabelledImage("sub/a.jpg", (text(ignore=True, language="Latin"), text(QUAD[:2])), (200, 300))
    report = FORMATS["labelme"].write([made], tmp_path)
    assert [(change.index, change.what) for change in report.changed] == [
        (1, "dropped: 2 points, at least 3 are needed")
    ]
    data = json.loads((tmp_path / "sub" / "a.json").read_text("utf-8"))
    assert data == {
        "version": "5.5.0", "flags": {},
        "shapes": [
            {
                "label": "text", "description": "Harbour", "group_id": None, "flags": {"ignore": True},
                "mask": None, "language": "Latin", "points": POINTS, "shape_type": "polygon",
            }
        ],
        "imagePath": "a.jpg", "imageData": None, "imageHeight": 200, "imageWidth": 300,
    }  # fmt: skip


def test_the_report_names_what_labelme_will_miss_and_what_will_be_mistaken(tmp_path):
    report = FORMATS["labelme"].write([LabelledImage("img_1", (text(transcription="###"),))], tmp_path)
    assert [(change.index, change.what) for change in report.changed] == [
        (None, "written without the ending of the image file"),
        (None, "written without the size of the image"),
        (0, "the text ### will be read as ignored"),
    ]


def test_labelme_is_told_from_x_anylabeling(tmp_path):
    assert recognise_format(put(tmp_path / "a.json", label_file(shape()))) == "labelme"
    assert recognise_format(put(tmp_path / "b.json", label_file(shape(difficult=False)))) == "xanylabeling"
