"""PPOCRLabel's Label.txt, Cache.cach and fileState.txt."""

import json
import zipfile

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tcm_core.data.formats.labelled import LabelledImage
from tcm_core.data.formats.ppocrlabel import MAX_LINE
from tcm_core.data.formats.table import FORMATS, recognise_format
from tcm_core.errors import BadLabels
from tests.helpers.labels import QUAD, findings, plain, put, read, text
from tests.helpers.made_labels import assert_same, labelled_images

POINTS = [[10, 20], [110, 20], [110, 60], [10, 60]]


def entry(**fields):
    return {"transcription": "Harbour", "points": POINTS, "difficult": False, **fields}


def line(*entries, image="street/a.jpg"):
    return f"{image}\t{json.dumps(list(entries), ensure_ascii=False)}\n"


def test_a_folder_of_ppocrlabel(tmp_path):
    folder = tmp_path / "street"
    put(
        folder / "Label.txt",
        line(entry(), entry(transcription="true nullify, false", key_cls="None"))
        + line(entry(transcription="###"), entry(transcription="*"), image="street/茶庄.png")
        + line(entry(difficult=True), image="street/c.jpg")
        + "street/d.jpg\t[]\nstreet/e.jpg\t\n",
    )
    put(folder / "Cache.cach", line(entry(transcription="what the model read")))
    put(folder / "fileState.txt", "street/a.jpg\t1\n")
    images, problems = read("ppocrlabel", folder)
    assert problems == []
    assert [plain(image) for image in images] == [
        ("a.jpg", [(QUAD.tolist(), "Harbour", False, ""), (QUAD.tolist(), "true nullify, false", False, "")]),
        ("茶庄.png", [(QUAD.tolist(), "###", True, ""), (QUAD.tolist(), "*", True, "")]),
        ("c.jpg", [(QUAD.tolist(), "Harbour", True, "")]),
        ("d.jpg", []),
        ("e.jpg", []),
    ]
    assert [image.lines for image in images] == [(1, 1), (2, 2), (3,), (), ()]
    assert recognise_format(folder) == "ppocrlabel"


def test_the_cache_is_read_where_nothing_was_confirmed_or_when_it_is_named(tmp_path):
    cache = put(tmp_path / "street" / "Cache.cach", line(entry(transcription="model")))
    for source in (cache, cache.parent):
        (image,), problems = read("ppocrlabel", source)
        assert (image.image, image.instances[0].text, problems) == ("a.jpg", "model", [])
    put(cache.with_name("Label.txt"), "")
    assert read("ppocrlabel", cache.parent) == ([], [])
    assert len(read("ppocrlabel", cache)[0]) == 1


def test_the_folder_may_have_been_renamed_or_be_one_of_several(tmp_path):
    labels = put(tmp_path / "new" / "Label.txt", line(entry(), image="old/a.jpg"))
    assert [image.image for image in read("ppocrlabel", labels)[0]] == ["old/a.jpg"]
    put(tmp_path / "new" / "a.jpg", b"an image")
    assert [image.image for image in read("ppocrlabel", labels)[0]] == ["a.jpg"]
    assert [image.image for image in read("ppocrlabel", tmp_path)[0]] == ["new/a.jpg"]


def test_a_zip_of_the_folder_is_read(tmp_path):
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        archive.writestr("street/Label.txt", line(entry()))
        archive.writestr("street/fileState.txt", "street/a.jpg\t1\n")
    (image,), problems = read("ppocrlabel", tmp_path / "all.zip")
    assert (image.image, problems) == ("a.jpg", [])


@pytest.mark.parametrize(
    ("path", "image"),
    [("/home/x/a.jpg", "a.jpg"), ("..\\..\\a.jpg", "a.jpg"), ("C:\\data\\street\\a.jpg", "a.jpg")],
)
def test_image_paths_stay_inside(tmp_path, path, image):
    (found,), problems = read("ppocrlabel", put(tmp_path / "Label.txt", line(entry(), image=path)))
    assert (found.image, problems) == (image, [])


BROKEN = {
    "one number in a point": (entry(points=[[1], *POINTS[1:]]), "point 1 is a list of 1, expected [x, y]"),
    "letters": (entry(points=[["a", 20], *POINTS[1:]]), "point 1 is 'a', not a number"),
    "NaN": (entry(points=[[float("nan"), 20], *POINTS[1:]]), "point 1 is nan"),
    "Infinity": (entry(points=[[float("inf"), 20], *POINTS[1:]]), "point 1 is inf"),
    "two points": (entry(points=POINTS[:2]), "2 points, a polygon needs at least 3"),
    "no points": ({"transcription": "Harbour"}, "the points are nothing, expected a list"),
    "a list as text": (entry(transcription=["a"]), "transcription is a list of 1, expected a text"),
    "a flag as text": (entry(transcription=True), "transcription is true, expected a text"),
    "a word as flag": (entry(difficult="very"), "difficult is 'very', expected true or false"),
    "no object": (["Harbour", POINTS], "a list of 2 instead of an object"),
}


@pytest.mark.parametrize(("bad", "what"), BROKEN.values(), ids=BROKEN)
def test_a_broken_text_is_named_by_its_line_and_left_out(tmp_path, bad, what):
    path = put(tmp_path / "street" / "Label.txt", line(entry()) + line(entry(), bad, image="street/b.jpg"))
    with pytest.raises(BadLabels, match=r"Label\.txt line 2: text 2: "):
        list(FORMATS["ppocrlabel"].read(path))
    images, problems = read("ppocrlabel", path)
    assert [len(image.instances) for image in images] == [1, 1]
    assert len(problems) == 1
    assert f"Label.txt line 2: text 2: {what}" in problems[0]


@pytest.mark.parametrize(
    ("bad", "what"),
    [
        ("street/b.jpg [1]\n", "no tab between the image and its labels; found 'street/b.jpg [1]'"),
        ("street/b.jpg\t[{'transcription': None}]\n", "not JSON (Expecting property name"),
        ("street/b.jpg\t__import__('os').getcwd()\n", "not JSON (Expecting value"),
        ("street/b.jpg\t{}\n", "the labels: an object instead of a list"),
        ("street/b.jpg\tnull\n", "the labels: nothing instead of a list"),
        ("street/b.jpg\t" + "[" * 100_000 + "\n", "nested too deeply"),
        ("\t[]\n", "the path is '', which names no file"),
        ("street/a.jpg\t[]\n", "labels of a.jpg, which line 1 has already"),
        ("street/b.jpg\t" + " " * MAX_LINE + "[]\n", "at most 16000000 are read"),
        (b"\xff\xfe\x00\x01\x80\n", "no tab between"),
    ],
    ids=["blank", "Python", "code", "object", "null", "deep", "no path", "again", "huge", "binary"],
)
def test_a_broken_line_is_named_and_left_out(tmp_path, bad, what):
    content = line(entry()).encode() + (bad if isinstance(bad, bytes) else bad.encode())
    images, problems = read("ppocrlabel", put(tmp_path / "street" / "Label.txt", content))
    assert [image.image for image in images] == ["a.jpg"]
    assert len(problems) == 1
    assert "Label.txt line 2: " in problems[0]
    assert what in problems[0]


def test_crossing_flat_and_negative_polygons_are_read_and_found_by_the_check(tmp_path):
    outlines = [[[0, 0], [9, 9], [9, 0], [0, 9]], [[0, 0], [9, 0], [5, 0]], [[-40, 20], [90, 20], [90, 60]]]
    path = put(tmp_path / "street" / "Label.txt", line(*(entry(points=points) for points in outlines)))
    (image,), problems = read("ppocrlabel", path)
    assert problems == []
    assert [one.polygon.tolist() for one in image.instances] == outlines
    assert len(findings("ppocrlabel", path)) == 3


@settings(deadline=None, max_examples=60)
@given(
    labelled_images(ignored_text="###", languages=st.just("")).filter(
        lambda images: (
            not any(
                not one.ignore and one.text in ("*", "###") for image in images for one in image.instances
            )
        )
    )
)
def test_what_is_written_is_read_back_in_whole_pixels(tmp_path_factory, images):
    out = tmp_path_factory.mktemp("ppocrlabel") / "street"
    report = FORMATS["ppocrlabel"].write(images, out)
    assert report == (len(images), sum(len(image.instances) for image in images), ())
    assert_same(list(FORMATS["ppocrlabel"].read(out)), images, tolerance=0.5)


@settings(deadline=None, max_examples=100)
@example("\true")
@example("\null")
@example("\x0calse")
@example("\x0false \\true \\\null")
@given(st.text(st.sampled_from('true false null\\"\t\n\x0c\x0f\x00/ué'), max_size=30))
def test_what_is_written_survives_the_words_that_ppocrlabel_replaces(tmp_path_factory, transcription):
    """PPOCRLabel replaces true, false and null in the line and then evaluates it as Python."""
    out = tmp_path_factory.mktemp("words") / "street"
    FORMATS["ppocrlabel"].write([LabelledImage("a.jpg", (text(transcription=transcription),))], out)
    (key, labels) = (out / "Label.txt").read_text("utf-8").splitlines()[0].split("\t")
    assert key == "street/a.jpg"
    assert json.loads(labels)[0]["transcription"] == transcription
    string = labels[len('[{"transcription": ') : labels.index(', "points"')]
    assert not any(word in string for word in ("true", "false", "null"))


def test_what_is_written_opens_in_ppocrlabel_and_the_report_names_the_losses(tmp_path):
    made = LabelledImage(
        "a.jpg",
        (
            text([[10.4, 19.6], [110.2, 20], [110, 60], [10, 60]], "Pier"),
            text(ignore=True),
            text(transcription="*", language="Latin"),
            text([[1, 1], [1.2, 1], [1.2, 1.3]]),
        ),
    )
    out = tmp_path / "street"
    report = FORMATS["ppocrlabel"].write([made, LabelledImage("deep/er/b", ())], out)
    assert (out / "Label.txt").read_text("utf-8") == (
        'street/a.jpg\t[{"transcription": "Pier", "points": [[10, 20], [110, 20], [110, 60], [10, 60]], '
        '"difficult": false}, {"transcription": "###", "points": [[10, 20], [110, 20], [110, 60], [10, 60]], '
        '"difficult": true}, {"transcription": "*", "points": [[10, 20], [110, 20], [110, 60], [10, 60]], '
        '"difficult": false}]\ndeep/er/b\t[]\n'
    )
    assert (out / "fileState.txt").read_text("utf-8") == "street/a.jpg\t1\ndeep/er/b\t1\n"
    assert (report.images, report.written) == (2, 3)
    assert [(change.index, change.what) for change in report.changed] == [
        (1, "transcription lost"),
        (2, "the text * will be read as ignored"),
        (2, "language lost"),
        (3, "dropped: no area is left in whole pixels"),
        (None, "written without the ending of the image file"),
    ]


@pytest.mark.parametrize("name", ["../a.jpg", "/a.jpg", "a\tb.jpg", "a\nb.jpg"])
def test_names_that_no_line_can_hold_are_refused(tmp_path, name):
    with pytest.raises(BadLabels, match="cannot be written"):
        FORMATS["ppocrlabel"].write([LabelledImage(name, ())], tmp_path / "street")
    assert not (tmp_path / "street").exists()
