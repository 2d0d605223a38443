"""`tcm check-data`: what is found, where it is said to be, and the sheet."""

import json
import sys

import numpy as np
import pytest
from PIL import Image

from tcm_core.cli.main import main
from tcm_core.data.check import check_labels
from tcm_core.data.label_images import find_image_folder
from tcm_core.errors import BadLabels
from tests.helpers.labels import put

GOOD = "10,20,110,20,110,60,10,60,Harbour\n"


def picture(path, size=(200, 100), orientation=1):
    path.parent.mkdir(parents=True, exist_ok=True)
    image = Image.new("RGB", size, "gray")
    exif = image.getexif()
    exif[0x0112] = orientation
    image.save(path, exif=exif)
    return path


@pytest.fixture
def tcm(monkeypatch, capsys):
    """Runs the command line in this process and gives (exit status, stdout, stderr)."""

    def call(*arguments):
        monkeypatch.setattr(sys, "argv", ["tcm", *map(str, arguments)])
        try:
            status = main()
        except SystemExit as stop:
            status = stop.code or 0
        captured = capsys.readouterr()
        return status, captured.out, captured.err

    return call


def test_a_clean_data_set_has_status_0_and_no_problems(tcm, tmp_path):
    picture(tmp_path / "images" / "img_1.jpg")
    put(tmp_path / "gt" / "gt_img_1.txt", GOOD)
    status, out, err = tcm("check-data", tmp_path, "--format", "icdar2015")
    assert status == 0, err
    assert out == (f"icdar2015: 1 images, 1 texts (0 ignored), 0 problems; images in {tmp_path / 'images'}\n")


def test_every_problem_is_listed_with_file_line_and_remedy(tcm, tmp_path):
    for name in ("img_1.jpg", "img_2.jpg", "img_3.jpg"):
        picture(tmp_path / "images" / name)
    put(
        tmp_path / "gt" / "gt_img_1.txt",
        GOOD + "seven,20,110,20,110,60,10,60,letters\n"
        "150,20,250,20,250,60,150,60,over the edge\n"
        "250,20,290,20,290,60,250,60,beyond\n"
        "10,20,110,20,110,60,10,60.2,Harbour again\n",
    )
    put(tmp_path / "gt" / "gt_img_9.txt", GOOD)
    put(tmp_path / "gt" / "gt_img_2.txt", b"10,20,110,20,110,60,10,60,caf\xe9\n")
    status, out, _ = tcm("check-data", tmp_path, "--format", "icdar2015")
    first = f"{tmp_path}/gt/gt_img_1.txt line"
    assert status == 1
    assert out.splitlines() == [
        f"{first} 2: 0 numbers, expected 8 and a text (x1,y1,x2,y2,x3,y3,x4,y4,text); found "
        "'seven,20,110,20,110,60,10,60,letters'. Correct the line, or take it out.",
        f"{first} 3: gt/img_1 text 2 'over the edge': a corner lies outside of the image (200 x 100). "
        "Move it to the edge.",
        f"{first} 4: gt/img_1 text 3 'beyond': the polygon lies outside of the image (200 x 100). "
        "Check the image's size.",
        f"{first} 5: gt/img_1 text 4 'Harbour again': the same place as text 1 of this image. "
        "Take one of the two out.",
        f"{tmp_path}/gt/gt_img_2.txt line 1: gt/img_2 text 1 'caf\N{REPLACEMENT CHARACTER}': "
        "the transcription holds bytes that are not UTF-8. Save the file in the encoding UTF-8.",
        f"{tmp_path}/gt/gt_img_9.txt: no image gt/img_9. Add the image, or take its labels away.",
        f"{tmp_path}/images/img_3.jpg: the image has no labels. "
        "Add the labels (an empty file when there is no text), or take the image away.",
        f"icdar2015: 3 images, 6 texts (0 ignored), 7 problems; images in {tmp_path / 'images'}",
    ]


def test_the_format_is_found_out_and_the_labels_alone_are_checked_without_images(tcm, tmp_path):
    put(tmp_path / "labels" / "gt_a.txt", "0,0,9,9,9,0,0,9,Latin,crossing\n")
    status, out, _ = tcm("check-data", tmp_path / "labels")
    assert status == 1
    assert "crosses itself" in out
    assert "mlt2017: 1 images, 1 texts (0 ignored), 1 problems; no images found" in out


def test_the_sheet_shows_polygons_on_images_with_problems_first(tcm, tmp_path):
    for number in range(30):
        picture(tmp_path / "images" / f"img_{number}.png")
        put(tmp_path / "gt" / f"gt_img_{number}.txt", GOOD if number < 29 else "0,0,90,90,90,0,0,90,x\n")
    status, _, err = tcm("check-data", tmp_path, "--format", "icdar2015", "--sheet", tmp_path / "sheet.png")
    assert status == 1
    assert "sheet in" in err
    sheet = np.asarray(Image.open(tmp_path / "sheet.png")).astype(int)
    coloured = np.abs(sheet - sheet.mean(axis=2, keepdims=True)).max(axis=2) > 40
    assert 4000 < coloured.sum() < 40_000  # outlines, not areas
    report = check_labels(tmp_path, "icdar2015", tmp_path / "images")
    assert len(report.shown) == 24
    assert report.shown[0].path.name == "img_29.png"


def test_a_sheet_of_another_kind_or_without_images_is_refused(tcm, tmp_path):
    put(tmp_path / "gt_a.txt", GOOD)
    status, _, err = tcm("check-data", tmp_path, "--sheet", tmp_path / "sheet.gif")
    assert (status, "written as .jpg or .png" in err) == (2, True)
    status, _, err = tcm("check-data", tmp_path, "--sheet", tmp_path / "sheet.jpg")
    assert (status, "no image to draw" in err) == (2, True)


def test_labels_in_the_stored_frame_are_checked_against_the_stored_size(tmp_path):
    picture(tmp_path / "img_1.jpg", (200, 100), orientation=6)  # shown upright: 100 x 200
    put(tmp_path / "gt_img_1.txt", "110,20,190,20,190,60,110,60,a\n")
    assert check_labels(tmp_path, "icdar2015", tmp_path).problems == ()


def test_damaged_images_and_wrong_sizes_are_named(tmp_path):
    picture(tmp_path / "a.jpg")
    put(tmp_path / "b.jpg", b"\xff\xd8\xff damaged")
    images = [{"id": 1, "file_name": "a.jpg", "width": 300, "height": 100}, {"id": 2, "file_name": "b.jpg"}]
    labels = json.dumps({"images": images, "annotations": [], "categories": []})
    problems = check_labels(put(tmp_path / "a.json", labels), "coco", tmp_path).problems
    assert str(problems[0]).removeprefix(str(tmp_path)) == (
        "/a.json: the labels say 300 x 100 pixels, the image has 200 x 100. "
        "Check that these labels belong to this image."
    )
    assert "b.jpg: the image is damaged or cut off" in str(problems[1])


def test_two_images_of_one_name_are_named(tmp_path):
    picture(tmp_path / "images" / "a.jpg")
    picture(tmp_path / "images" / "a.png")
    put(tmp_path / "gt" / "gt_a.txt", GOOD)
    problems = check_labels(tmp_path / "gt", "icdar2015", tmp_path / "images").problems
    assert "would share the labels of 'a'" in str(problems[0])


def test_counter_clockwise_matters_only_where_an_evaluation_refuses_it(tmp_path):
    reversed_quad = "10,60,110,60,110,20,10,20"
    put(tmp_path / "a" / "gt_1.txt", f"{reversed_quad},x\n")
    assert len(check_labels(tmp_path / "a", "icdar2015", None).problems) == 1
    assert check_labels(tmp_path / "a", "polygon-list", None).problems == ()


@pytest.mark.parametrize(
    ("layout", "labels", "expected"),
    [
        (["images/a.jpg"], "gt", "images"),
        (["set/a.jpg"], "set", "set"),
        (["set/images/a.jpg"], "set", "set/images"),
        (["set/images/a.jpg", "set/b.jpg"], "set", "set/images"),
        (["images/a.jpg"], "labels.json", "images"),
        ([], "gt", None),
    ],
)
def test_images_are_looked_for_in_the_labels_in_images_and_beside(tmp_path, layout, labels, expected):
    for name in layout:
        picture(tmp_path / name)
    source = tmp_path / labels
    if source.suffix:
        source.touch()
    else:
        source.mkdir(exist_ok=True)
    assert find_image_folder(source) == (None if expected is None else tmp_path / expected)


def test_a_folder_of_images_that_is_not_there_is_refused(tmp_path):
    put(tmp_path / "gt_a.txt", GOOD)
    with pytest.raises(BadLabels, match="no such folder"):
        check_labels(tmp_path, "icdar2015", tmp_path / "none")


def test_the_public_training_labels_are_clean(data_root):
    report = check_labels(
        data_root / "icdar2015" / "train" / "gt", "icdar2015", data_root / "icdar2015" / "train" / "images"
    )
    assert (report.images, report.texts, report.ignored, report.problems) == (1000, 11886, 7418, ())
