"""Folders, zips and files that labels come from, whatever the format."""

import os
import struct
import tracemalloc
import zipfile

import pytest

from tcm_core.data.formats.source import MAX_FILE_BYTES, image_stem, is_contained, label_files
from tcm_core.data.formats.table import FORMATS
from tcm_core.errors import BadLabels
from tests.helpers.labels import plain, put, read

LINE = "10,20,110,20,110,60,10,60,Harbour\n"


def zipped(path, entries):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries:
            archive.writestr(name, content)
    return path


def names(source):
    problems = []
    files = [file.name for file in label_files(source, (".txt",), problems.append)]
    return files, [str(problem) for problem in problems]


def test_a_folder_is_read_in_natural_order_with_its_sub_folders_and_without_hidden_files(tmp_path):
    for name in ("gt_img_10.txt", "gt_img_2.txt", "b/gt_1.txt", ".gt_3.txt", ".git/gt_4.txt", "notes.md"):
        put(tmp_path / name, LINE)
    assert names(tmp_path) == (["b/gt_1.txt", "gt_img_2.txt", "gt_img_10.txt"], [])


def test_a_zip_is_read_without_the_folder_that_holds_everything(tmp_path):
    entries = [("gt/gt_2.txt", LINE), ("gt/sub/gt_1.txt", LINE), ("__MACOSX/gt/._gt_2.txt", "x")]
    assert names(zipped(tmp_path / "gt.zip", entries)) == (["gt_2.txt", "sub/gt_1.txt"], [])


def test_a_missing_path_an_empty_folder_and_an_unreadable_file_are_named(tmp_path):
    assert names(tmp_path / "none") == ([], [f"{tmp_path}/none: no such file or folder. Check the path."])
    (problem,) = names(tmp_path)[1]
    assert problem.startswith(f"{tmp_path}: no label file (.txt) in it")
    (tmp_path / "gone.txt").symlink_to(tmp_path / "nowhere")
    assert names(tmp_path) == ([], [f"{tmp_path}/gone.txt: no such file or folder. Check the path."])


def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "gt_1.txt")
    assert names(tmp_path) == ([], [f"{tmp_path}/gt_1.txt: not a file. Take it out of the labels."])


def test_folders_that_link_to_themselves_end(tmp_path):
    put(tmp_path / "gt_1.txt", LINE)
    (tmp_path / "again").symlink_to(tmp_path, target_is_directory=True)
    assert names(tmp_path) == (["gt_1.txt"], [])


@pytest.mark.parametrize(
    "entry", ["../gt_1.txt", "a/../../gt_1.txt", "/gt_1.txt", "C:/gt_1.txt", "a\\gt_1.txt"]
)
def test_an_entry_that_climbs_out_of_the_zip_is_left_out_and_named(tmp_path, entry):
    files, problems = names(zipped(tmp_path / "gt.zip", [(entry, LINE), ("gt_2.txt", LINE)]))
    assert files == ["gt_2.txt"]
    assert problems == [f"{tmp_path}/gt.zip/{entry}: the name points outside the zip. Pack it again."]


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_an_entry_that_is_there_twice_and_a_zip_in_the_zip_are_named(tmp_path):
    inner = zipped(tmp_path / "inner.zip", [("gt_9.txt", LINE)]).read_bytes()
    entries = [("gt_1.txt", LINE), ("gt_1.txt", "other"), ("a/./gt_1.txt", LINE), ("inner.zip", inner)]
    files, problems = names(zipped(tmp_path / "gt.zip", entries))
    assert files == ["a/gt_1.txt", "gt_1.txt"]
    assert [problem.split(": ")[1] for problem in problems] == [
        "is in the zip twice. Pack it again.",
        "a zip inside the zip is not opened. Unpack it first.",
    ]


def test_a_file_that_unpacks_to_more_than_a_label_file_is_refused(tmp_path):
    bomb = zipped(tmp_path / "gt.zip", [("gt_1.txt", b"0" * (MAX_FILE_BYTES + 1)), ("gt_2.txt", LINE)])
    assert bomb.stat().st_size < 50_000
    files, problems = names(bomb)
    assert files == ["gt_2.txt"]
    assert "gt_1.txt: larger than 16,000,000 bytes" in problems[0]


def test_a_zip_that_claims_to_unpack_to_gigabytes_is_refused_unread(tmp_path):
    path = zipped(tmp_path / "gt.zip", [("gt_1.txt", LINE)])
    content = bytearray(path.read_bytes())
    entry = content.index(b"PK\x01\x02")
    struct.pack_into("<I", content, entry + 24, 4_000_000_000)  # uncompressed size
    path.write_bytes(content)
    files, problems = names(path)
    assert files == []
    assert "more than 1,000,000 files or 2,147,483,648 bytes in the zip" in problems[0]


def test_a_zip_that_lies_about_a_size_a_cut_one_and_one_with_a_password_are_named(tmp_path):
    path = zipped(tmp_path / "gt.zip", [("gt_1.txt", LINE * 9)])
    whole = bytearray(path.read_bytes())
    for offset, value in ((24, 5), (8, 1)):  # uncompressed size; the flag of encryption
        content = bytearray(whole)
        entry = content.index(b"PK\x01\x02")
        struct.pack_into("<I" if offset == 24 else "<H", content, entry + offset, value)
        path.write_bytes(content)
        files, problems = names(path)
        assert files == []
        assert "cannot be unpacked" in problems[0]
    path.write_bytes(whole[:60])
    files, problems = names(path)
    assert files == []
    assert "not a zip file that can be read" in problems[0]


@pytest.mark.parametrize("name", FORMATS)
def test_a_line_of_a_gigabyte_is_refused_without_being_read(tmp_path, name):
    path = tmp_path / "gt_1.txt"
    with path.open("wb") as file:
        file.truncate(1_000_000_000)  # sparse: takes no room on the disk
    tracemalloc.start()
    try:
        images, problems = read(name, path)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert images == []
    assert len(problems) == 1
    assert "gt_1.txt: " in problems[0]
    assert peak < 20_000_000


@pytest.mark.parametrize("name", FORMATS)
def test_binary_rubbish_is_bad_labels(tmp_path, name):
    rubbish = bytes(range(128, 256)) * 40 + b"\n" + bytes(range(256)) * 4
    path = put(tmp_path / "gt_1.txt", rubbish)
    with pytest.raises(BadLabels, match=r"gt_1\.txt"):
        list(FORMATS[name].read(path))
    images, problems = read(name, path)
    assert problems
    assert not any(image.instances for image in images)


@pytest.mark.parametrize("name", FORMATS)
def test_a_source_that_is_not_there_is_bad_labels(tmp_path, name):
    with pytest.raises(BadLabels, match="none"):
        list(FORMATS[name].read(tmp_path / "none"))


@pytest.mark.parametrize(
    "content",
    [
        b"\xef\xbb\xbf10,20,110,20,110,60,10,60,caf\xc3\xa9\r\n\r\n  \r\n5,5,9,5,9,9,5,9,b\r\n",
        "\ufeff10,20,110,20,110,60,10,60,café\n5,5,9,5,9,9,5,9,b".encode("utf-16-le"),
        "\ufeff10,20,110,20,110,60,10,60,café\r5,5,9,5,9,9,5,9,b\r".encode("utf-16-be"),
        "10,20,110,20,110,60,10,60,café\n5,5,9,5,9,9,5,9,b\n".encode(),
    ],
    ids=["UTF-8 with mark, CRLF", "UTF-16 LE", "UTF-16 BE, CR", "UTF-8, LF"],
)
def test_encodings_and_line_ends(tmp_path, content):
    (image,), problems = read("icdar2015", put(tmp_path / "gt_1.txt", content))
    assert problems == []
    assert [instance.text for instance in image.instances] == ["café", "b"]


def test_bytes_that_are_not_utf_8_become_replacement_characters(tmp_path):
    (image,), problems = read("icdar2015", put(tmp_path / "gt_1.txt", b"1,2,9,2,9,9,1,9,caf\xe9"))
    assert problems == []
    assert image.instances[0].text == "caf\N{REPLACEMENT CHARACTER}"


def test_labels_of_the_same_image_in_two_files_are_named(tmp_path):
    put(tmp_path / "gt_a.txt", LINE)
    put(tmp_path / "a.txt", "1,2,9,2,9,9,1,9,other\n")
    images, problems = read("icdar2015", tmp_path)
    assert [plain(image)[0] for image in images] == ["a"]
    assert "labels of a, which" in problems[0]


@pytest.mark.parametrize("name", ["gt_..txt", "gt_...txt"])
def test_a_file_whose_name_leaves_no_name_of_an_image_is_named(tmp_path, name):
    put(tmp_path / name, LINE)
    assert read("icdar2015", tmp_path) == (
        [], [f"{tmp_path}/{name}: its name names no image. Rename it as its image."],
    )  # fmt: skip


@pytest.mark.parametrize(
    ("path", "inside"),
    [
        ("a/b.jpg", True), ("a..b", True), ("..", False), ("a/../b", False), ("/a", False), ("", False),
        ("C:a", False), ("a\\..\\b", False), ("a\0", False),
    ],
)  # fmt: skip
def test_paths_are_contained(path, inside):
    assert is_contained(path) is inside


def test_only_endings_of_images_are_taken_off():
    assert [image_stem(name) for name in ("a/img_1.JPG", "img_1", "scene.v2", "a.b/c")] == [
        "a/img_1", "img_1", "scene.v2", "a.b/c",
    ]  # fmt: skip


@pytest.mark.parametrize("name", ["icdar2015", "polygon-list", "cvat"])
@pytest.mark.parametrize("blank", ["\x1c", "\x1f", "\x0b", "\N{NO-BREAK SPACE}", "\u3000"])
def test_every_kind_of_blank_may_stand_around_numbers(tmp_path, name, blank):
    line = f"{blank}10,20{blank},{blank}110{blank},20,110,60,10,60,Harbour"
    (image,), problems = read(name, put(tmp_path / "gt_1.txt", line))
    assert problems == []
    assert image.instances[0].polygon[0].tolist() == [10, 20]
