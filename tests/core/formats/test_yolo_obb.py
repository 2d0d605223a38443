"""YOLO-OBB: labels in shares of the image's sides."""

import zipfile

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from tcm_core.data.formats.labelled import LabelledImage
from tcm_core.data.formats.table import FORMATS, recognise_format
from tcm_core.errors import BadLabels
from tests.helpers.labels import CURVED, QUAD, box, plain, put, read, text
from tests.helpers.made_labels import assert_same

LINE = "0 0.05 0.2 0.55 0.2 0.55 0.6 0.05 0.6\n"  # QUAD in an image of 200 x 100


def image_file(path, size=(100, 200), **options):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (size[1], size[0])).save(path, **options)


def data_set(root, labels=LINE, names="names:\n  0: text\n  1: ignore\n"):
    """As Ultralytics has it."""
    put(root / "data.yaml", f"path: ../datasets/streets\ntrain: images/train\nval: images/train\n\n{names}")
    image_file(root / "images" / "train" / "a.jpg")
    return put(root / "labels" / "train" / "a.txt", labels)


def test_a_data_set_of_ultralytics(tmp_path):
    data_set(tmp_path, LINE + "1 0.05 0.2 0.55 0.2 0.55 0.6 0.05 0.6\r\n\n")
    image_file(tmp_path / "images" / "train" / "sub" / "b.c.PNG", (10, 20))
    put(tmp_path / "labels" / "train" / "sub" / "b.c.txt", "")
    put(tmp_path / "train.txt", "images/train/a.jpg\n")
    put(tmp_path / "labels" / "train.cache", b"\x00")
    images, problems = read("yolo-obb", tmp_path)
    assert problems == []
    assert [(image.image, image.size) for image in images] == [
        ("train/a.jpg", (100, 200)), ("train/sub/b.c.PNG", (10, 20)),
    ]  # fmt: skip
    assert [one.ignore for one in images[0].instances] == [False, True]
    assert np.allclose(images[0].instances[0].polygon, QUAD, atol=1e-9)
    assert images[0].lines == (1, 2)
    assert recognise_format(tmp_path) == "yolo-obb"


@pytest.mark.parametrize(
    "names", ["names: [text, '###']\n", "names:\n- text\n- Ignore\n", "names: {1: difficult}\n"]
)
def test_classes_that_mean_ignored(tmp_path, names):
    data_set(tmp_path, "1" + LINE[1:], names)
    (image,), problems = read("yolo-obb", tmp_path)
    assert (image.instances[0].ignore, problems) == (True, [])


def test_classes_txt_beside_labels_and_images_in_one_folder(tmp_path):
    put(tmp_path / "classes.txt", "text\nignore\n")
    image_file(tmp_path / "a.jpg")
    put(tmp_path / "a.txt", "1" + LINE[1:])
    (image,), problems = read("yolo-obb", tmp_path)
    assert (image.image, image.instances[0].ignore, problems) == ("a.jpg", True, [])


def test_the_size_is_that_of_the_turned_image(tmp_path):
    labels = data_set(tmp_path)
    exif = Image.Exif()
    exif[274] = 6
    image_file(tmp_path / "images" / "train" / "a.jpg", (200, 100), exif=exif)  # stored 200 high, turned 100
    (image,), problems = read("yolo-obb", labels)
    assert (image.size, problems) == ((100, 200), [])
    assert np.allclose(image.instances[0].polygon, QUAD, atol=1e-9)


BROKEN = {
    "eight fields": ("0 0.05 0.2 0.55 0.2 0.55 0.6 0.05", "8 fields, expected a class and 8 shares"),
    "a box of YOLO": ("0 0.5 0.5 0.2 0.2", "5 fields, expected a class and 8 shares"),
    "letters": ("0 a 0.2 0.55 0.2 0.55 0.6 0.05 0.6", "1 number, expected a class and 8 shares"),
    "NaN": ("0 nan 0.2 0.55 0.2 0.55 0.6 0.05 0.6", "1 number, expected a class and 8 shares"),
    "Infinity": ("0 1e999 0.2 0.55 0.2 0.55 0.6 0.05 0.6", "a coordinate is too large or not a number"),
    "pixels": ("0 10 20 110 20 110 60 10 60", "corners far outside the image"),
    "far to the left": ("0 -1.5 0.2 0.55 0.2 0.55 0.6 0.05 0.6", "corners far outside the image"),
    "half a class": ("0.5 0.05 0.2 0.55 0.2 0.55 0.6 0.05 0.6", "class 0.5, expected a whole number"),
    "a negative class": ("-1 0.05 0.2 0.55 0.2 0.55 0.6 0.05 0.6", "class -1, expected a whole number"),
    "a name as class": ("text 0.05 0.2 0.55 0.2 0.55 0.6 0.05 0.6", "0 numbers, expected a class"),
    "a huge line": ("0 " * 1_000_000, "1000000 fields, expected a class"),
}


@pytest.mark.parametrize(("line", "what"), BROKEN.values(), ids=BROKEN)
def test_a_broken_line_is_named_and_left_out(tmp_path, line, what):
    path = data_set(tmp_path, f"{LINE}{line}\n")
    with pytest.raises(BadLabels, match=r"a\.txt line 2: "):
        list(FORMATS["yolo-obb"].read(path))
    (image,), problems = read("yolo-obb", path)
    assert len(image.instances) == 1
    assert len(problems) == 1
    assert f"a.txt line 2: {what}" in problems[0]


def test_without_the_image_nothing_can_be_said(tmp_path):
    data_set(tmp_path)
    (tmp_path / "images" / "train" / "a.jpg").unlink()
    with pytest.raises(BadLabels, match=r"a\.txt: its image is not found, whose size is needed"):
        list(FORMATS["yolo-obb"].read(tmp_path))
    put(tmp_path / "images" / "train" / "a.jpg", b"\xff\xd8 no image")
    images, problems = read("yolo-obb", tmp_path)
    assert images == []
    assert len(problems) == 1
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        archive.writestr("labels/a.txt", LINE)
    assert "Unpack it and give the folder" in read("yolo-obb", tmp_path / "all.zip")[1][0]


LAUGHS = "".join(f"a{step}: &a{step} [{', '.join([f'*a{step - 1}'] * 9)}]\n" for step in range(1, 20))


@pytest.mark.parametrize(
    ("names", "what"),
    [
        ("names: [", "not YAML"),
        ("nc: 2\n", "no names of classes in it"),
        ("names: &a [*a]\n", "not YAML"),
        ("[" * 20_000, "not YAML"),
        ('names: ["\\U11111111"]\n', "not YAML"),
        (b"names: [\x00]", "not YAML"),
        ("names: [text]\n" + "#" * 200_000, "larger than 100,000 bytes"),
    ],
    ids=["open", "none", "itself", "deep", "no character", "zero byte", "large"],
)
def test_a_broken_data_yaml_is_named_and_the_labels_are_read(tmp_path, names, what):
    data_set(tmp_path)
    put(tmp_path / "data.yaml", names)
    with pytest.raises(BadLabels, match=r"data\.yaml: "):
        list(FORMATS["yolo-obb"].read(tmp_path))
    (image,), problems = read("yolo-obb", tmp_path)
    assert len(image.instances) == 1
    assert len(problems) == 1
    assert what in problems[0]


def test_aliases_that_grow_without_end_and_tags_of_python_do_nothing(tmp_path):
    data_set(tmp_path, names=f"a0: &a0 ha\n{LAUGHS}names: {{0: *a19, 1: ignore}}\n")
    assert [one.ignore for one in read("yolo-obb", tmp_path)[0][0].instances] == [False]
    data_set(tmp_path, names="names: !!python/object/apply:os.system ['touch made']\n")
    images, _ = read("yolo-obb", tmp_path)
    assert len(images) == 1
    assert not (tmp_path / "made").exists()


@st.composite
def quads_inside(draw, size):
    """Four corners in an image of this size."""
    centre = np.array([draw(st.floats(0.3, 0.7)), draw(st.floats(0.3, 0.7))])
    angles = np.arange(4) * np.pi / 2 + draw(st.floats(0, 6))
    reaches = np.array([draw(st.floats(0.05, 0.3)) for _ in range(4)])
    shares = centre + reaches[:, None] * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    return shares * (size[1], size[0])


@settings(deadline=None, max_examples=30)
@given(st.data())
def test_what_is_written_is_read_back(tmp_path_factory, data):
    out = tmp_path_factory.mktemp("yolo")
    images = []
    for name, size in (("a.jpg", (100, 200)), ("sub/b.png", (301, 77))):
        ignores = data.draw(st.lists(st.booleans(), max_size=4))
        texts = [text(data.draw(quads_inside(size)), "", ignore) for ignore in ignores]
        images.append(LabelledImage(name, tuple(texts), size))
        image_file(out / "images" / name, size)
    report = FORMATS["yolo-obb"].write(images, out)
    assert report == (2, sum(len(image.instances) for image in images), ())
    found = list(FORMATS["yolo-obb"].read(out))
    assert_same(found, images, tolerance=1e-6)
    assert [image.size for image in found] == [image.size for image in images]


def test_what_is_written_has_ultralytics_layout_and_the_report_names_the_losses(tmp_path):
    made = LabelledImage(
        "sub/a.jpg",
        (
            text(QUAD, "Pier", language="Latin"),
            text(CURVED, "###", True),
            text(box(-10, 20, 100, 60), ""),
            text(box(300, 20, 400, 60), ""),
            text(QUAD[:2], ""),
        ),
        (100, 200),
    )
    report = FORMATS["yolo-obb"].write([made, LabelledImage("b.jpg", (text(),))], tmp_path)
    assert (tmp_path / "data.yaml").read_text("utf-8") == (
        "path: .\ntrain: images\nval: images\nnames:\n  0: text\n  1: ignore\n"
    )
    lines = (tmp_path / "labels" / "sub" / "a.txt").read_text("utf-8").splitlines()
    assert lines[0] == (
        "0 0.050000000 0.200000000 0.550000000 0.200000000 0.550000000 0.600000000 0.050000000 0.600000000"
    )
    assert lines[1].startswith("1 ")
    assert lines[2].startswith("0 0.000000000 0.200000000 0.500000000 ")
    assert (report.images, report.written, len(lines)) == (1, 3, 3)
    assert [(change.image, change.index, change.what) for change in report.changed] == [
        ("b.jpg", None, "left out: the size of the image is not known"),
        ("sub/a.jpg", 0, "transcription lost"),
        ("sub/a.jpg", 0, "language lost"),
        ("sub/a.jpg", 1, "8 points became the minimum-area rectangle"),
        ("sub/a.jpg", 2, "corners outside the image were moved to its edge"),
        ("sub/a.jpg", 3, "dropped: outside the image"),
        ("sub/a.jpg", 4, "dropped: 2 points, at least 3 are needed"),
    ]


def test_crossing_quads_and_corners_outside_are_read_as_they_are(tmp_path):
    shapes = ["0 0.05 0.2 0.55 0.6 0.55 0.2 0.05 0.6", "0 -0.1 0.2 1.2 0.2 1.2 0.6 -0.1 0.6"]
    (image,), problems = read("yolo-obb", data_set(tmp_path, "\n".join(shapes)))
    assert problems == []
    assert plain(image)[1][0][0] == [[10, 20], [pytest.approx(110), 60], [pytest.approx(110), 20], [10, 60]]
    assert image.instances[1].polygon.min() == -20
