"""What holds for every format: telling them apart, and writing what was read."""

import os

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tcm_core.data.formats.labelled import LabelledImage
from tcm_core.data.formats.table import FORMATS, format_named, recognise_format
from tcm_core.errors import BadLabels
from tests.helpers.labels import CURVED, QUAD, plain, put, read, text

SLANTED = np.array([[210.0, 220], [310, 230], [306, 270], [206, 260]])
IMAGES = [
    LabelledImage("img_1.jpg", (text(QUAD, "Harbour", language="Latin"), text(SLANTED, "Tea")), (480, 640)),
    LabelledImage(
        "img_2.jpg", (text(CURVED, "around", language="Latin"), text(QUAD, "", ignore=True)), (480, 640)
    ),
    LabelledImage("img_3.jpg", (), (480, 640)),
]
WRITABLE = [name for name, row in FORMATS.items() if row.write is not None]


@pytest.mark.parametrize("name", WRITABLE)
def test_what_a_format_writes_is_recognised_as_that_format_alone(tmp_path, name):
    FORMATS[name].write(IMAGES, tmp_path / "labels")
    assert recognise_format(tmp_path / "labels") == name


@pytest.mark.parametrize(
    ("content", "name"),
    [
        ('158 128 411 181 "Footway"\n', "icdar2013"),
        ('38, 43, 920, 215, "Harbour"\n', "icdar2013"),
        ("10,20,110,20,110,60,10,60,0\n1,2,9,2,5,8,9,9,1\n", "td500"),
        ("10,20,110,20,110,60,10,60,1984\n1,2,9,2,5,8,9,9,word\n", "icdar2015"),
        ("10,20,110,20,110,60,10,60,Latin,a\n" * 9 + "broken\n", "mlt2017"),
    ],
)
def test_text_files_are_recognised(tmp_path, content, name):
    put(tmp_path / "gt_1.txt", content)
    assert recognise_format(tmp_path) == name


def test_what_no_format_fits_is_named_with_all_formats(tmp_path):
    put(tmp_path / "gt_1.txt", "hello\n")
    for source in (tmp_path, tmp_path / "none"):
        with pytest.raises(BadLabels, match=r"no known label format fits.*icdar2013, icdar2015"):
            recognise_format(source)


def test_several_formats_that_fit_are_named(tmp_path):
    FORMATS["coco"].write(IMAGES, tmp_path / "a.json")
    FORMATS["td500"].write(IMAGES, tmp_path)
    with pytest.raises(BadLabels, match="several label formats fit: td500, coco"):
        recognise_format(tmp_path)


def test_an_unknown_format_is_named_with_the_known_ones():
    with pytest.raises(BadLabels, match=r"unknown label format 'pascal'.*synthtext"):
        format_named("pascal")


@pytest.mark.parametrize("name", FORMATS)
def test_recognising_never_raises(tmp_path, name):
    put(tmp_path / "rubbish.txt", bytes(range(256)) * 9)
    put(tmp_path / "cut.zip", b"PK\x03\x04" + bytes(99))
    for source in (tmp_path, *tmp_path.iterdir(), tmp_path / "none", tmp_path / ("n" * 300)):
        assert FORMATS[name].recognise(source) is False


NAMES = ["a.jpg", "b/c.png", "b/c.d.JPG", "1001.jpg", "x y.jpg", "gt_1"]
CASES = int(os.environ.get("TCM_FUZZ_CASES", "15"))
ALONE = [name for name in WRITABLE if name != "yolo-obb"]  # which is only read beside its images

coordinates = st.floats(-50, 700, allow_nan=False)
polygons = st.lists(st.tuples(coordinates, coordinates).map(list), min_size=0, max_size=17).map(
    lambda points: np.array(points, dtype=float).reshape(-1, 2)
)
texts = st.text(max_size=8) | st.sampled_from(
    ["###", "#", '"a"', "a,b", "'", "\\", "a\nb", "\t", "]", "&<>", "1"]
)
instances = st.builds(text, polygons, texts, st.booleans(), st.sampled_from(["", "Latin", "a,b"]))
image_lists = st.lists(
    st.tuples(st.sampled_from(NAMES), st.lists(instances, max_size=4)), max_size=4, unique_by=lambda e: e[0]
)


@pytest.mark.parametrize("name", ALONE)
@settings(max_examples=CASES, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(entries=image_lists)
def test_whatever_is_written_is_reported_or_read_back_and_written_again_the_same(
    tmp_path_factory, name, entries
):
    folder = tmp_path_factory.mktemp("labels")
    images = [LabelledImage(image, tuple(found), (480, 640)) for image, found in entries]
    report = FORMATS[name].write(images, folder / "first")
    dropped = sum(change.what.startswith("dropped") for change in report.changed)
    assert report.written + dropped == sum(len(image.instances) for image in images)
    assert report.images == len(images)
    once, problems = read(name, folder / "first") if images else ([], [])
    assert problems == []
    assert sum(len(image.instances) for image in once) == report.written
    sized = [LabelledImage(image.image, image.instances, (480, 640)) for image in once]
    FORMATS[name].write(sized, folder / "second")
    again, problems = read(name, folder / "second") if once else ([], [])
    assert problems == []
    assert [plain(image) for image in again] == [plain(image) for image in once]
