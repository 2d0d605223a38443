import pytest

from tcm_core.data.formats.icdar import write_icdar2015
from tcm_core.data.formats.labelled import LabelledImage
from tcm_core.errors import BadLabels, TcmError
from tests.helpers.labels import CURVED, QUAD, findings, plain, put, read, read_one, text


def test_texts_hold_commas_and_quotes_and_files_may_lack_their_prefix(tmp_path):
    put(tmp_path / "gt_img_1.txt", '10,20,110,20,110,60,10,60,Salt, Pepper\n1,2,9,2,9,9,1,9,"###"\n')
    put(tmp_path / "img_2.jpg.txt", "1.5 , 2,9,2,9,9,-1,9 ,x \n")
    (first, second), problems = read("icdar2015", tmp_path)
    assert problems == []
    assert plain(first) == (
        "img_1",
        [
            (QUAD.tolist(), "Salt, Pepper", False, ""),
            ([[1, 2], [9, 2], [9, 9], [1, 9]], "###", True, ""),
        ],
    )
    assert plain(second) == ("img_2.jpg", [([[1.5, 2], [9, 2], [9, 9], [-1, 9]], "x ", False, "")])


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("10,20,110,20,110,60,10,word", "7 numbers, expected 8 and a text"),
        ("word,10,20,110,20,110,60,10,60", "0 numbers"),
        ("10,20,nan,20,110,60,10,60,x", "2 numbers"),
        ("10,20,inf,20,110,60,10,60,x", "2 numbers"),
        ("10,20,1e99,20,110,60,10,60,x", "too large"),
        ("10,20,110,20", "4 numbers"),
        ("10 20 110 20 110 60 10 60 x", "0 numbers"),
        ("10,20,١٢,20,110,60,10,60,x", "2 numbers"),
        ("\x00\x00\x00", "0 numbers"),
    ],
)
def test_a_broken_line_is_named_and_left_out(tmp_path, line, message):
    content = f"1,2,9,2,9,9,1,9,good\n{line}\n"
    instances, problems = read_one("icdar2015", tmp_path / "gt_1.txt", content)
    assert [instance.text for instance in instances] == ["good"]
    assert len(problems) == 1
    assert f"gt_1.txt line 2: {message}" in problems[0] or message in problems[0]


def test_shapes_that_would_spoil_an_evaluation_are_read_and_found_by_the_check(tmp_path):
    path = put(
        tmp_path / "gt_1.txt",
        "10,20,110,60,110,20,10,60,crossing\n"
        "10,20,110,20,60,20,30,20,flat\n"
        "10,60,110,60,110,20,10,20,anticlockwise\n"
        "-90,20,-10,20,-10,60,-90,60,outside\n"
        "10,20,110,20,110,60,10,61,twice\n",
    )
    assert [finding.removeprefix(f"{path} ") for finding in findings("icdar2015", path)] == [
        "line 1: 1 text 1 'crossing': the polygon crosses itself. Bring its points in order around the text.",
        "line 2: 1 text 2 'flat': the polygon has no area. Draw it again, or take it out.",
        "line 3: 1 text 3 'anticlockwise': the points run counter-clockwise, which the official evaluation "
        "refuses. Reverse their order.",
        "line 4: 1 text 4 'outside': a corner has a negative coordinate. Move it to the edge of the image.",
        "line 5: 1 text 5 'twice': the same place as text 3 of this image. Take one of the two out.",
    ]


def test_what_quads_cannot_hold_is_in_the_report(tmp_path):
    texts = (
        text(),
        text(CURVED, "around"),
        text(QUAD[:2]),
        text(QUAD, "secret", ignore=True, language="Latin"),
    )
    report = write_icdar2015(
        [LabelledImage("a/img_1.jpg", texts), LabelledImage("b", ())], tmp_path / "gt.zip"
    )
    images, problems = read("icdar2015", tmp_path / "gt.zip")
    assert problems == []
    assert [image.image for image in images] == ["a/img_1", "b"]
    assert (report.images, report.written) == (2, 3)
    assert [(change.image, change.index, change.what) for change in report.changed] == [
        ("a/img_1.jpg", 1, "8 points became the minimum-area rectangle"),
        ("a/img_1.jpg", 2, "dropped: 2 points, at least 3 are needed"),
        ("a/img_1.jpg", 3, "transcription lost"),
        ("a/img_1.jpg", 3, "language lost"),
    ]


@pytest.mark.parametrize("name", ["../img_1.jpg", "/etc/img_1.jpg", "a/../../b.jpg", "C:/b.jpg", ""])
def test_an_image_that_leaves_the_folder_is_not_written(tmp_path, name):
    with pytest.raises(BadLabels, match="leaves the folder"):
        write_icdar2015([LabelledImage(name, (text(),))], tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


def test_images_that_would_share_a_file_are_not_written(tmp_path):
    images = [LabelledImage(name, (text(),)) for name in ("a.jpg", "c.jpg", "A.png")]
    with pytest.raises(BadLabels, match=r"a\.jpg and A\.png would share the labels gt_A\.txt"):
        write_icdar2015(images, tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "out").touch()
    with pytest.raises(TcmError, match="cannot be written"):
        write_icdar2015([LabelledImage("a", ())], tmp_path / "out")


def test_the_public_labels_are_all_read(data_root):
    images, problems = read("icdar2015", data_root / "icdar2015" / "train" / "gt")
    assert problems == []
    texts = [instance for image in images for instance in image.instances]
    assert (len(images), len(texts), sum(not instance.ignore for instance in texts)) == (1000, 11886, 4468)
