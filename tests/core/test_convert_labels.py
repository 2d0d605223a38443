"""`tcm convert labels`: what is read, written, left out and reported."""

import itertools
import json

import pytest

from tcm_core.data.convert_labels import convert_labels
from tcm_core.errors import BadLabels
from tests.core.test_check_data import GOOD, picture, tcm  # noqa: F401 - a fixture
from tests.helpers.labels import plain, put, read

CURVED_LINE = "10,30,60,10,110,30,110,60,60,40,10,60,around\n"


def test_labels_are_converted_and_losses_counted(tcm, tmp_path):  # noqa: F811
    put(tmp_path / "in" / "img_1.jpg.txt", CURVED_LINE + CURVED_LINE.replace("10", "15"))
    put(tmp_path / "in" / "img_2.jpg.txt", GOOD)
    out = tmp_path / "gt.zip"
    status, text, err = tcm("convert", "labels", tmp_path / "in", "--to", "icdar2015", "--out", out)
    assert status == 0
    assert text == f"polygon-list to icdar2015: 2 images, 3 texts, {out}\n"
    assert err == "2 x 6 points became the minimum-area rectangle\n"
    images, problems = read("icdar2015", out)
    assert problems == []
    assert [(image.image, len(image.instances)) for image in images] == [("img_1", 2), ("img_2", 1)]


def test_every_change_is_listed_when_asked_for(tcm, tmp_path):  # noqa: F811
    put(tmp_path / "in" / "img_1.jpg.txt", GOOD + CURVED_LINE)
    _, _, err = tcm(
        *("convert", "labels", tmp_path / "in", "--from", "polygon-list", "--to", "td500"),
        *("--out", tmp_path / "out", "--details"),
    )
    assert err.splitlines() == [
        "img_1.jpg text 1: transcription lost",
        "img_1.jpg text 2: 6 points became the minimum-area rectangle",
        "img_1.jpg text 2: transcription lost",
    ]


def test_bad_lines_are_left_out_named_and_give_status_1(tcm, tmp_path):  # noqa: F811
    put(tmp_path / "in" / "gt_img_1.txt", GOOD * 9 + "1,2,3\n")
    status, text, err = tcm(
        "convert", "labels", tmp_path / "in", "--from", "auto", "--to", "art", "--out", tmp_path / "out.json"
    )
    assert status == 1
    assert "left out: " in err
    assert "gt_img_1.txt line 10: 3 numbers, expected 8 and a text" in err
    assert "9 texts" in text
    assert len(json.loads((tmp_path / "out.json").read_text())["img_1"]) == 9


def test_images_give_names_sizes_and_the_frame(tmp_path):
    picture(tmp_path / "images" / "img_1.jpg", (200, 100), orientation=6)
    put(tmp_path / "gt" / "gt_img_1.txt", "10,20,110,20,110,60,10,60,Harbour\n")
    put(tmp_path / "gt" / "gt_img_2.txt", GOOD)
    problems = []
    done = convert_labels(
        tmp_path / "gt", ("icdar2015", "labelme"), tmp_path / "out", tmp_path / "images", problems.append
    )
    assert not done.frame_kept
    assert [str(problem) for problem in problems] == [
        f"{tmp_path}/gt/gt_img_2.txt: no image img_2. Add the image, or take its labels away."
    ]
    image = next(image for image in read("labelme", tmp_path / "out")[0] if image.image.endswith("img_1.jpg"))
    assert image.size == (200, 100)
    # a quarter turn clockwise: x of the view is 100 minus y as stored, y is x as stored
    assert plain(image)[1][0][0] == [[80, 10], [80, 110], [40, 110], [40, 10]]
    back = convert_labels(
        tmp_path / "out", ("labelme", "icdar2015"), tmp_path / "back", tmp_path / "images", problems.append
    )
    assert back.report.changed == ()
    assert (tmp_path / "back" / "gt_img_1.txt").read_text() == "10,20,110,20,110,60,10,60,Harbour\n"


def test_frames_that_differ_are_pointed_out_when_no_images_are_given(tcm, tmp_path):  # noqa: F811
    put(tmp_path / "gt" / "gt_img_1.txt", GOOD)
    status, _, err = tcm(
        "convert",
        "labels",
        tmp_path / "gt",
        "--from",
        "icdar2015",
        "--to",
        "labelme",
        "--out",
        tmp_path / "out",
    )
    assert status == 0
    assert "different frames of turned photographs (EXIF); give --images" in err


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (("icdar2015", "synthtext"), "SynthText labels cannot be written. Choose one of: icdar2013"),
        (("pascal", "icdar2015"), "unknown label format 'pascal'"),
        (("icdar2015", "pascal"), "unknown label format 'pascal'"),
        (("synthtext", "icdar2015"), "no labels of the format synthtext could be read"),
    ],
)
def test_what_cannot_be_converted_is_refused(tmp_path, names, message):
    put(tmp_path / "gt_img_1.txt", GOOD)
    with pytest.raises(BadLabels, match=message):
        convert_labels(tmp_path, names, tmp_path / "out", None, [].append)
    assert not (tmp_path / "out").exists()


def test_a_folder_of_images_that_is_not_there_is_refused(tmp_path):
    put(tmp_path / "gt_img_1.txt", GOOD)
    with pytest.raises(BadLabels, match="no such folder"):
        convert_labels(tmp_path, ("icdar2015", "coco"), tmp_path / "out", tmp_path / "none", [].append)


def test_the_public_labels_survive_every_text_format(data_root, tmp_path):
    source = data_root / "icdar2015" / "train" / "gt"
    original, _ = read("icdar2015", source)
    for names in itertools.pairwise(["icdar2015", "mlt2017", "art", "icdar2015"]):
        out = tmp_path / (f"{names[1]}.json" if names[1] == "art" else f"{names[1]}.zip")
        done = convert_labels(source, names, out, None, [].append)
        assert (done.report.images, done.report.written, done.report.changed) == (1000, 11886, ())
        source = out
    assert [plain(image) for image in read("icdar2015", source)[0]] == [plain(image) for image in original]
