"""CVAT's exports: ICDAR Localization, Segmentation and Recognition 1.0, and the XML for images 1.1."""

import zipfile

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tcm_core.data.formats.labelled import LabelledImage
from tcm_core.data.formats.table import FORMATS, recognise_format
from tcm_core.errors import BadLabels
from tests.helpers.labels import CURVED, QUAD, findings, plain, put, read, read_one, text
from tests.helpers.made_labels import LINE_TEXTS, assert_same, labelled_images, polygons

LINE = '10.0,20.0,110.0,20.0,110.0,60.0,10.0,60.0,"Harbour"\n'

XML = """<?xml version="1.0" encoding="utf-8"?>
<annotations>
  <version>1.1</version>
  <meta><task><id>1</id><name>streets</name><size>2</size><mode>annotation</mode>
    <labels><label><name>icdar</name><attributes><attribute><name>text</name></attribute></attributes></label>
    </labels></task></meta>
  <image id="0" name="street/a.jpg" width="300" height="200">
    <polygon label="icdar" source="manual" occluded="0"
        points="10.00,20.00;110.00,20.00;110.00,60.00;10.00,60.00" z_order="0">
      <attribute name="text">Caf&#233; &lt;3&gt; "Pier"</attribute>
    </polygon>
    <box label="icdar" source="manual" occluded="0" xtl="10" ytl="20" xbr="110" ybr="60" z_order="0">
      <attribute name="text">###</attribute>
    </box>
    <box label="icdar" occluded="0" xtl="10.00" ytl="20.00" xbr="110.00" ybr="60.00" rotation="90.00">
      <attribute name="ignore">true</attribute><attribute name="language">Latin</attribute>
    </box>
    <tag label="night" source="manual"/>
  </image>
  <image id="1" name="b.jpg" width="30" height="20"/>
</annotations>
"""


def zipped(path, **entries):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries.items():
            archive.writestr(name.replace("__", "/") + ".txt", content)
    return path


def with_shape(shape):
    return f'<annotations>\n<image name="a.jpg" width="9" height="9">\n{shape}\n</image></annotations>'


def test_an_icdar_localization_archive(tmp_path):
    content = (
        '10.0,20.0,110.0,20.0,110.0,60.0,10.0,60.0,"Harbour, 3"\n'
        '10.0 20.0 110.0 60.0 "Pier"\n'
        "10.0,20.0,60.0,10.0,110.0,20.0,110.0,60.0,60.0,50.0,10.0,60.0\n"
        '10.0,20.0,110.0,20.0,110.0,60.0,10.0,60.0,"say "hi""\n'
        '10.0 20.0 110.0 60.0 "###"\n'
    )
    path = zipped(tmp_path / "streets.zip", default__gt_a=content, default__gt_b="")
    images, problems = read("cvat", path)
    assert problems == []
    curved = [[10, 20], [60, 10], [110, 20], [110, 60], [60, 50], [10, 60]]
    assert [plain(image) for image in images] == [
        (
            "a",
            [
                (QUAD.tolist(), "Harbour, 3", False, ""),
                (QUAD.tolist(), "Pier", False, ""),
                (curved, "", False, ""),
                (QUAD.tolist(), 'say "hi"', False, ""),
                (QUAD.tolist(), "###", True, ""),
            ],
        ),
        ("b", []),
    ]
    assert images[0].lines == (1, 2, 3, 4, 5)
    assert recognise_format(path) == "cvat"


def test_subsets_and_the_unpacked_archive(tmp_path):
    for name in ("train/gt_a.txt", "train/sub/gt_b.txt", "default/gt_c.txt"):
        put(tmp_path / name, LINE)
    put(tmp_path / "train" / "images" / "a.jpg", b"an image")
    images, problems = read("cvat", tmp_path)
    assert problems == []
    assert [image.image for image in images] == ["c", "train/a", "train/sub/b"]
    assert recognise_format(tmp_path) == "cvat"


def test_texts_without_quotes_as_icdar_2015_has_them(tmp_path):
    content = "10,20,110,20,110,60,10,60,Pier, 3\n10,20,110,20,110,60,10,60,1984\n10,20,110,20,110,60,10,60\n"
    found, problems = read_one("cvat", tmp_path / "gt_a.txt", content)
    assert problems == []
    assert [one.text for one in found] == ["Pier, 3", "1984", ""]
    assert all(np.array_equal(one.polygon, QUAD) for one in found)


def test_an_icdar_segmentation_archive_gives_boxes_and_joins_single_characters(tmp_path):
    content = (
        '1 2 3 20 40 10 20 30 60 "H"\n4 5 6 40 40 30 20 50 60 "i"\n\n'
        '#7 8 9 - - 50 20 60 60 " "\n'
        '10 11 12 - - 60.0 20.0 110.0 60.0 "Pier"\n13 14 15 - - 60.0 20.0 110.0 60.0 "###"\n'
    )
    path = zipped(tmp_path / "streets.zip", default__a_GT=content)
    (image,), problems = read("cvat", path)
    assert problems == []
    assert plain(image)[0] == "a"
    assert [(one.polygon[[0, 2]].ravel().tolist(), one.text, one.ignore) for one in image.instances] == [
        ([10, 20, 50, 60], "Hi", False),
        ([60, 20, 110, 60], "Pier", False),
        ([60, 20, 110, 60], "###", True),
    ]
    assert image.lines == (1, 5, 6)


def test_icdar_recognition_is_refused_since_it_has_no_places(tmp_path):
    path = zipped(tmp_path / "streets.zip", default__gt='a.jpg, "Harbour"\n')
    with pytest.raises(
        BadLabels, match=r"gt\.txt: gt\.txt is no gt_<image>\.txt.*Recognition holds no places"
    ):
        list(FORMATS["cvat"].read(path))


LINES = {
    "seven numbers": ('1,2,3,4,5,6,7,"a"', "7 numbers, expected 4, 8 or another even number"),
    "three numbers": ("1 2 3", "3 numbers, expected 4, 8"),
    "letters": ('10,x,110,20,110,60,10,60,"a"', "1 numbers, expected 4, 8"),
    "NaN": ('NaN,20,110,20,110,60,10,60,"a"', "0 numbers, expected 4, 8"),
    "Infinity": ('10,20,110,20,110,60,10,1e999,"a"', "a coordinate is too large"),
    "an open quote": ('10,20,110,20,110,60,10,60,"Harbour', "a text that is not closed by a quote"),
    "something behind the text": ('10,20,110,20,110,60,10,60,"a" b', "a text that is not closed by a quote"),
    "nothing but a text": ('"Harbour"', "0 numbers, expected 4, 8"),
    "commas without end": ("," * 1_000_000 + "x", "0 numbers, expected 4, 8"),
    "quotes without end": ("1,2 " + '" ' * 500_000 + "x", "a text that is not closed by a quote"),
}


@pytest.mark.parametrize(("line", "what"), LINES.values(), ids=LINES)
def test_a_broken_line_is_named_and_left_out(tmp_path, line, what):
    path = put(tmp_path / "default" / "gt_a.txt", f"{LINE}{line}\n")
    with pytest.raises(BadLabels, match=r"gt_a\.txt line 2: "):
        list(FORMATS["cvat"].read(path))
    (image,), problems = read("cvat", path)
    assert [one.text for one in image.instances] == ["Harbour"]
    assert len(problems) == 1
    assert f"gt_a.txt line 2: {what}" in problems[0]


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ('1 2 3 20 40 10 20 30 "H"', "8 fields, expected a colour, a centre, a box and a text"),
        ("1 2 3 20 40 10 20 30 60", "9 fields, expected a colour"),
        ('1 2 3 20 40 10 20 30 x "H"', "3 numbers, expected a colour"),
    ],
)
def test_a_broken_mask_is_named_and_left_out(tmp_path, line, what):
    path = put(tmp_path / "default" / "a_GT.txt", f'1 2 3 20 40 10 20 30 60 "Pier"\n{line}\n')
    (image,), problems = read("cvat", path)
    assert [one.text for one in image.instances] == ["Pier"]
    assert f"a_GT.txt line 2: {what}" in problems[0]


def test_crossing_flat_and_negative_quads_are_read_and_found_by_the_check(tmp_path):
    lines = ["0,0,9,9,9,0,0,9", "0,0,9,0,5,0", "-40,20,90,20,90,60,-40,60"]
    path = put(tmp_path / "gt_a.txt", "\n".join(lines))
    (image,), problems = read("cvat", path)
    assert (len(image.instances), problems) == (3, [])
    assert len(findings("cvat", path)) >= 3


@settings(deadline=None, max_examples=60)
@given(
    labelled_images(
        outlines=polygons((4, 4)),
        texts=LINE_TEXTS.filter(lambda value: '"' not in value and value != "###"),
        ignored_text="###",
        languages=st.just(""),
        names=("img_1", "img_2", "gt_x", "sub/a b", "deep/er/c"),
    )
)
def test_what_is_written_as_icdar_localization_is_read_back_to_two_decimals(tmp_path_factory, images):
    out = tmp_path_factory.mktemp("cvat")
    report = FORMATS["cvat"].write(images, out)
    assert report == (len(images), sum(len(image.instances) for image in images), ())
    if images:
        assert_same(list(FORMATS["cvat"].read(out)), images, tolerance=0.0051)


def test_what_is_written_as_icdar_localization_opens_in_cvat_and_the_report_names_the_losses(tmp_path):
    made = LabelledImage(
        "a.jpg",
        (
            text([[10.4, 19.6], [110.2, 20], [110, 60], [10, 60]], 'say\n"hi"', language="Latin"),
            text(CURVED, "Pier", True),
            text(QUAD[:2]),
            text(QUAD, "###"),
        ),
    )
    report = FORMATS["cvat"].write([made], tmp_path / "out.zip")
    with zipfile.ZipFile(tmp_path / "out.zip") as archive:
        assert archive.namelist() == ["default/gt_a.txt"]
        lines = archive.read("default/gt_a.txt").decode("utf-8").splitlines()
    assert lines[0] == "10.4,19.6,110.2,20.0,110.0,60.0,10.0,60.0,\"say 'hi'\""
    assert lines[1].endswith(',"###"')
    assert lines[1].count(",") == 8
    assert (report.images, report.written) == (1, 3)
    assert [(change.index, change.what) for change in report.changed] == [
        (0, "line ends in the transcription became blanks"),
        (0, "language lost"),
        (0, "double quotes in the transcription became single ones"),
        (1, "8 points became the minimum-area rectangle"),
        (1, "transcription lost"),
        (2, "dropped: 2 points, at least 3 are needed"),
        (3, "the text ### will be read as ignored"),
    ]


def test_an_xml_file_as_cvat_writes_it(tmp_path):
    path = put(tmp_path / "annotations.xml", XML)
    images, problems = read("cvat", path)
    assert problems == []
    turned = [[80, -10], [80, 90], [40, 90], [40, -10]]
    assert [plain(image) for image in images] == [
        (
            "street/a.jpg",
            [
                (QUAD.tolist(), 'Café <3> "Pier"', False, ""),
                (QUAD.tolist(), "###", True, ""),
                (pytest.approx(np.array(turned)), "", True, "Latin"),
            ],
        ),
        ("b.jpg", []),
    ]
    assert [image.size for image in images] == [(200, 300), (20, 30)]
    assert images[0].lines == (8, 12, 15)
    assert recognise_format(path) == "cvat"


def test_the_xml_of_an_export_with_images_is_found_in_the_zip(tmp_path):
    with zipfile.ZipFile(tmp_path / "task.zip", "w") as archive:
        archive.writestr("images/street/a.jpg", b"an image")
        archive.writestr("annotations.xml", XML)
    images, problems = read("cvat", tmp_path / "task.zip")
    assert ([image.image for image in images], problems) == (["street/a.jpg", "b.jpg"], [])


SHAPES = {
    "one number in a point": ('<polygon points="1,2;3;5,6"/>', "points '1,2;3;5,6', expected x,y;x,y;..."),
    "letters": ('<polygon points="1,2;a,4;5,6"/>', "0 numbers, expected x,y;x,y"),
    "NaN": ('<polygon points="1,2;nan,4;5,6"/>', "0 numbers, expected"),
    "a far corner": ('<polygon points="1,2;1e300,4;5,6"/>', "a coordinate is too large"),
    "two points": ('<polygon points="1,2;3,4"/>', "2 points, a polygon needs at least 3"),
    "no points": ("<polygon/>", "points '', expected x,y;x,y;..."),
    "half a box": ('<box xtl="1" ytl="2" xbr="3"/>', "3 numbers, expected xtl, ytl, xbr and ybr"),
    "a word as angle": (
        '<box xtl="1" ytl="2" xbr="3" ybr="4" rotation="steep"/>',
        "0 numbers, expected an angle",
    ),
    "a mask": ('<mask rle="1, 2" left="1" top="1" width="2" height="2"/>', "a mask, which is no outline"),
    "a cuboid": ('<cuboid xtl1="1"/>', "a cuboid, which is no outline of a text"),
    "a word as flag": (
        '<polygon points="1,2;3,4;5,9"><attribute name="ignore">no idea</attribute></polygon>',
        "ignore is 'no idea', expected true or false",
    ),
}


@pytest.mark.parametrize(("shape", "what"), SHAPES.values(), ids=SHAPES)
def test_a_broken_shape_of_an_xml_file_is_named_by_its_line_and_left_out(tmp_path, shape, what):
    content = with_shape(f'<polygon points="1,2;3,4;5,9"/>\n{shape}')
    path = put(tmp_path / "annotations.xml", content)
    with pytest.raises(BadLabels, match=r"annotations\.xml line 4: "):
        list(FORMATS["cvat"].read(path))
    (image,), problems = read("cvat", path)
    assert len(image.instances) == 1
    assert image.lines == (3,)
    assert len(problems) == 1
    assert f"annotations.xml line 4: {what}" in problems[0]


BOMB = "".join(f'<!ENTITY l{step} "{f"&l{step - 1};" * 10}">' for step in range(1, 12))


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (XML[:400], "not XML ("),
        ("<annotations>" * 100_000, "not XML ("),
        (
            XML.replace("<annotations>", f'<!DOCTYPE a [<!ENTITY l0 "ha">{BOMB}]><annotations>'),
            "a document type",
        ),
        (
            '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]>' + with_shape("&x;"),
            "a document type declaration, which CVAT does not write",
        ),
        (with_shape("").replace("annotations", "opencv_storage"), "<opencv_storage>, expected <annotations>"),
        (with_shape("").replace("a.jpg", ".."), "the name of the image is '..', which names no file"),
        ("<annotations><track id='0' label='x'/></annotations>", "a track of a video"),
        ("<annotations>\x00</annotations>", "not XML ("),
        (with_shape('<polygon><attribute name="text"><box/>a</attribute></polygon>'), "<box> inside another"),
        (with_shape('<polygon><image name="b.jpg"/></polygon>'), "<image> inside another"),
        (with_shape('<image name="b.jpg"/>'), "<image> inside another"),
    ],
    ids=[
        "cut off",
        "deep",
        "bomb",
        "foreign file",
        "another root",
        "no name",
        "video",
        "zero byte",
        "box in a text",
        "image in a shape",
        "image in an image",
    ],
)
def test_an_xml_file_that_is_not_for_images_is_named(tmp_path, content, what):
    images, problems = read("cvat", put(tmp_path / "annotations.xml", content))
    assert not any(image.instances for image in images)
    assert len(problems) == 1
    assert what in problems[0]


def test_image_paths_in_the_xml_stay_inside(tmp_path):
    content = with_shape("").replace("a.jpg", "../../etc/a.jpg")
    (image,), problems = read("cvat", put(tmp_path / "annotations.xml", content))
    assert (image.image, problems) == ("a.jpg", [])


XML_TEXTS = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters=[*map(chr, range(32)), "\ufffe", "\uffff"]),
    max_size=20,
) | st.text(st.sampled_from("a\t\n\r<>&\"']"), max_size=20)


@settings(deadline=None, max_examples=60)
@given(labelled_images(texts=XML_TEXTS))
def test_what_is_written_as_xml_is_read_back(tmp_path_factory, images):
    out = tmp_path_factory.mktemp("cvat") / "annotations.xml"
    report = FORMATS["cvat"].write(images, out)
    assert report == (len(images), sum(len(image.instances) for image in images), ())
    assert_same(list(FORMATS["cvat"].read(out)), images)


def test_characters_that_xml_cannot_hold_are_replaced_and_named(tmp_path):
    out = tmp_path / "annotations.xml"
    report = FORMATS["cvat"].write([LabelledImage("a.jpg", (text(transcription="a\x01b"),))], out)
    assert [(change.index, change.what) for change in report.changed] == [
        (None, "written without the size of the image"),
        (0, "characters that XML cannot hold were replaced"),
    ]
    assert read("cvat", out)[0][0].instances[0].text == "a\N{REPLACEMENT CHARACTER}b"
