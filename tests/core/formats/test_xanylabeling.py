"""X-AnyLabeling's JSON."""

import json

import pytest
from hypothesis import given, settings

from tcm_core.data.formats.labelled import LabelledImage
from tcm_core.data.formats.table import FORMATS, recognise_format
from tcm_core.errors import BadLabels
from tests.helpers.labels import QUAD, findings, plain, put, read, text
from tests.helpers.made_labels import assert_same, labelled_images

POINTS = [[10.0, 20.0], [110.0, 20.0], [110.0, 60.0], [10.0, 60.0]]


def shape(**fields):
    """As X-AnyLabeling 4 saves one."""
    return {
        "label": "other", "score": None, "points": POINTS, "group_id": 1, "description": "Harbour",
        "difficult": False, "shape_type": "polygon", "flags": {}, "attributes": {}, "kie_linking": [],
        **fields,
    }  # fmt: skip


def label_file(*shapes, **fields):
    """As X-AnyLabeling 4 saves one."""
    return json.dumps(
        {
            "version": "4.0.2", "flags": {}, "checked": True, "shapes": list(shapes), "imagePath": "a.jpg",
            "imageData": None, "imageHeight": 200, "imageWidth": 300, "description": "", **fields,
        }
    )  # fmt: skip


def test_a_file_of_version_4(tmp_path):
    turned = [[50.0, 10.0], [90.0, 50.0], [80.0, 60.0], [40.0, 20.0]]
    content = label_file(
        shape(shape_type="rectangle"),
        shape(shape_type="rotation", points=turned, direction=0.785, description="Pier", difficult=True),
        shape(shape_type="quadrilateral", description="###"),
        shape(description=None, attributes={"language": "Latin"}),
    )
    (image,), problems = read("xanylabeling", put(tmp_path / "a.json", content))
    assert problems == []
    assert plain(image) == (
        "a.jpg",
        [
            (QUAD.tolist(), "Harbour", False, ""),
            (turned, "Pier", True, ""),
            (QUAD.tolist(), "###", True, ""),
            (QUAD.tolist(), "", False, "Latin"),
        ],
    )
    assert image.size == (200, 300)


def test_files_before_version_2_2_have_rectangles_of_two_corners_and_a_text_key(tmp_path):
    older = {
        "label": "text", "text": "Harbour", "points": [POINTS[0], POINTS[2]], "group_id": None,
        "shape_type": "rectangle", "flags": {},
    }  # fmt: skip
    content = json.dumps(
        {
            "version": "0.2.23", "flags": {}, "shapes": [older], "imagePath": "a.jpg", "imageData": None,
            "imageHeight": 200, "imageWidth": 300, "text": "",
        }
    )  # fmt: skip
    path = put(tmp_path / "a.json", content)
    (image,), problems = read("xanylabeling", path)
    assert problems == []
    assert plain(image) == ("a.jpg", [(QUAD.tolist(), "Harbour", False, "")])
    assert recognise_format(path) == "xanylabeling"


BROKEN = {
    "one number in a point": (shape(points=[[1], *POINTS[1:]]), "point 1 is a list of 1, expected [x, y]"),
    "letters": (shape(points=[["a", 20], *POINTS[1:]]), "point 1 is 'a', not a number"),
    "NaN": (shape(points=[[float("nan"), 20], *POINTS[1:]]), "point 1 is nan"),
    "Infinity": (shape(points=[[1, float("-inf")], *POINTS[1:]]), "point 1 is -inf"),
    "two points": (shape(points=POINTS[:2]), "2 points, a polygon needs at least 3"),
    "no points": (shape(points=[]), "0 points, a polygon needs at least 3"),
    "a rotation of three": (
        shape(shape_type="rotation", points=POINTS[:3]),
        "a rotation of 3 points, expected 4",
    ),
    "a quadrilateral of five": (
        shape(shape_type="quadrilateral", points=[*POINTS, [5, 30]]),
        "a quadrilateral of 5 points, expected 4",
    ),
    "a line strip": (shape(shape_type="linestrip"), "shape_type is 'linestrip', which is no outline"),
    "a cuboid": (shape(shape_type="cuboid", points=POINTS * 2), "shape_type is 'cuboid'"),
    "a word as flag": (shape(difficult="very"), "difficult is 'very', expected true or false"),
    "an object as text": (shape(description={"a": 1}), "description is an object, expected a text"),
    "a list as attributes": (shape(attributes=[1]), "attributes is a list of 1, expected an object"),
}


@pytest.mark.parametrize(("entry", "what"), BROKEN.values(), ids=BROKEN)
def test_a_broken_shape_is_named_and_left_out(tmp_path, entry, what):
    path = put(tmp_path / "a.json", label_file(shape(), entry))
    with pytest.raises(BadLabels, match=r"a\.json: shape 2: "):
        list(FORMATS["xanylabeling"].read(path))
    (image,), problems = read("xanylabeling", path)
    assert [one.text for one in image.instances] == ["Harbour"]
    assert len(problems) == 1
    assert f"shape 2: {what}" in problems[0]


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (label_file(shapes="none"), "shapes: 'none' instead of a list"),
        (label_file(imagePath="/"), "imagePath is '/', which names no file"),
        ('{"shapes": ' + '[{"a":' * 50_000, "nested too deeply"),
        (b"PK\x03\x04" + bytes(100), "not a zip file that can be read"),
        ("{}" * 2, "not JSON (Extra data"),
    ],
    ids=["no list", "no path", "deep", "half a zip", "two objects"],
)
def test_a_broken_file_is_named(tmp_path, content, what):
    images, problems = read("xanylabeling", put(tmp_path / "a.json", content))
    assert images == []
    assert what in problems[0]


def test_two_files_about_one_image_are_named(tmp_path):
    put(tmp_path / "a.json", label_file(shape()))
    put(tmp_path / "a (copy).json", label_file(shape()))
    images, problems = read("xanylabeling", tmp_path)
    assert [image.image for image in images] == ["a.jpg"]
    assert "labels of a.jpg, which" in problems[0]


def test_crossing_flat_and_negative_polygons_are_read_and_found_by_the_check(tmp_path):
    outlines = [[[0, 0], [9, 9], [9, 0], [0, 9]], [[0, 0], [9, 0], [5, 0]], [[-40, 20], [90, 20], [90, 60]]]
    path = put(tmp_path / "a.json", label_file(*(shape(points=points) for points in outlines)))
    (image,), problems = read("xanylabeling", path)
    assert problems == []
    assert [one.polygon.tolist() for one in image.instances] == outlines
    assert len(findings("xanylabeling", path)) >= 3


@settings(deadline=None, max_examples=60)
@given(labelled_images())
def test_what_is_written_is_read_back(tmp_path_factory, images):
    out = tmp_path_factory.mktemp("xanylabeling")
    report = FORMATS["xanylabeling"].write(images, out)
    assert report == (len(images), sum(len(image.instances) for image in images), ())
    if images:
        assert_same(list(FORMATS["xanylabeling"].read(out)), images)


def test_what_is_written_has_x_anylabelings_layout(tmp_path):
    made = LabelledImage("sub/a.jpg", (text(ignore=True, language="Latin"),), (200, 300))
    report = FORMATS["xanylabeling"].write([made], tmp_path)
    assert report == (1, 1, ())
    assert json.loads((tmp_path / "sub" / "a.json").read_text("utf-8")) == {
        "version": "4.0.0", "flags": {}, "checked": False,
        "shapes": [
            {
                "label": "text", "score": None, "description": "Harbour", "group_id": None, "difficult": True,
                "flags": {}, "attributes": {"language": "Latin"}, "kie_linking": [], "points": POINTS,
                "shape_type": "polygon",
            }
        ],
        "imagePath": "a.jpg", "imageData": None, "imageHeight": 200, "imageWidth": 300,
    }  # fmt: skip
