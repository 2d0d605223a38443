"""Export and import of labels."""

import zipfile

import numpy as np
import pytest

from app.domain.page import Page
from app.domain.region import Region, new_region
from app.storage.errors import StorageError
from app.storage.label_io import plan_export, regions_of, report_lines, write_export
from tcm_core.data.formats.icdar import read_icdar

SQUARE = np.array(((0.0, 0.0), (10.0, 0.0), (10.0, 10.0), (0.0, 10.0)))
LINE = "0,0,10,0,10,10,0,10"


def page_of(*texts):
    return Page(tuple(new_region(SQUARE, text=text) for text in texts))


def names(keys, as_zip=False):
    items = plan_export([(key, Page()) for key in keys])
    return [item.zip_name if as_zip else item.file_name for item in items]


def test_a_photo_gives_one_file_of_its_name_with_a_line_for_each_region(tmp_path):
    ignored = new_region(SQUARE, text="kept in the project", ignore=True)
    items = plan_export([("photo.jpg", Page((*page_of("one", "two, three").regions, ignored)))])
    (path,) = write_export(items, tmp_path, as_zip=False)
    assert path == tmp_path / "gt_photo.txt"
    assert path.read_bytes() == f"{LINE},one\n{LINE},two, three\n{LINE},###\n".encode()


def test_planning_writes_nothing(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    plan_export([("photo.jpg", page_of("one"))])
    assert list(tmp_path.iterdir()) == []


def test_a_page_without_regions_gives_an_empty_file(tmp_path):
    (path,) = write_export(plan_export([("photo.jpg", Page())]), tmp_path, as_zip=False)
    assert path.read_bytes() == b""


def test_folders_of_the_images_are_kept(tmp_path):
    paths = write_export(
        plan_export([("a.jpg", Page()), ("sub/deep/a.jpg", Page())]), tmp_path / "new", as_zip=False
    )
    assert paths == [tmp_path / "new" / "gt_a.txt", tmp_path / "new" / "sub" / "deep" / "gt_a.txt"]
    assert all(path.is_file() for path in paths)


def test_images_of_one_stem_are_kept_apart_by_their_ending():
    assert names(["a.jpg", "a.png", "b.jpg"]) == ["gt_a_jpg.txt", "gt_a_png.txt", "gt_b.txt"]


def test_names_that_differ_only_in_case_are_kept_apart():
    found = names(["A.jpg", "a.jpg"])
    assert len({name.casefold() for name in found}) == 2


def test_a_zip_keeps_colliding_stems_apart_by_their_folder():
    assert names(["a.jpg", "one/a.jpg", "two/a.jpg", "one/b.jpg"], as_zip=True) == [
        "gt_a.txt",
        "gt_one_a.txt",
        "gt_two_a.txt",
        "gt_b.txt",
    ]


@pytest.mark.parametrize(
    "keys",
    [
        ["a.jpg", "a.png", "x/a.jpg", "x/a.png", "x_a.jpg"],
        ["x/a.jpg", "x_a.jpg", "y/a.jpg", "y/x_a.jpg", "x/y/a.png"],
        ["a.jpg", "a.png", "a_jpg.jpg", "a_png.png"],
        ["a.jpg", "a.JPG", "A.jpg", "A.JPG"],
    ],
)
@pytest.mark.parametrize("as_zip", [False, True])
def test_no_two_images_ever_share_a_file(keys, as_zip):
    found = names(keys, as_zip)
    assert len({name.casefold() for name in found}) == len(keys)
    assert all(name.split("/")[-1].startswith("gt_") and name.endswith(".txt") for name in found)


def test_the_report_names_what_was_renamed():
    items = plan_export([("a.jpg", Page()), ("sub/a.jpg", Page())])
    assert report_lines(items, as_zip=False) == []
    assert report_lines(items, as_zip=True) == [
        "sub/a.jpg: written as gt_sub_a.txt, because another image would give gt_a.txt too"
    ]


def test_the_report_names_regions_fitted_and_left_out():
    curved = new_region(((0, 0), (20, -5), (40, 0), (40, 10), (20, 5), (0, 10)))
    flat = new_region(((0, 0), (10, 0.1), (20, 0), (10, 0.2)))
    items = plan_export([("a.jpg", Page((new_region(SQUARE), curved, flat))), ("b.jpg", page_of("x"))])
    fitted, dropped = report_lines(items, as_zip=False)
    assert fitted.startswith("a.jpg: 1 region does not have four corners (2)")
    assert dropped.startswith("a.jpg: region 3 will be left out: no area")
    assert [len(item.lines) for item in items] == [2, 1]


def test_what_is_exported_is_read_back(tmp_path):
    page = Page(
        (
            new_region(((1, 2), (30, 4), (29, 20), (2, 18)), text='say "hi", 漢字 🎈'),
            new_region(SQUARE + 50, ignore=True),
            new_region(SQUARE + 90, text='"quoted"'),
        )
    )
    (path,) = write_export(plan_export([("日本語, x.jpg", page)]), tmp_path, as_zip=False)
    regions = regions_of(read_icdar(path))
    assert [(r.polygon.tolist(), r.text, r.ignore, r.origin) for r in regions] == [
        (r.polygon.tolist(), r.text, r.ignore, "person") for r in page.regions
    ]


def test_a_zip_is_flat_holds_only_labels_and_is_the_same_every_time(tmp_path):
    items = plan_export([("one/a.jpg", page_of("x")), ("two/b.jpg", Page())])
    (path,) = write_export(items, tmp_path / "labels.zip", as_zip=True)
    with zipfile.ZipFile(path) as archive:
        assert {name: archive.read(name) for name in archive.namelist()} == {
            "gt_a.txt": f"{LINE},x\n".encode(),
            "gt_b.txt": b"",
        }
    (again,) = write_export(items, tmp_path / "again.zip", as_zip=True)
    assert again.read_bytes() == path.read_bytes()


def test_a_zip_asked_for_in_a_folder_lies_in_it(tmp_path):
    assert write_export(plan_export([("a.jpg", Page())]), tmp_path, as_zip=True) == [tmp_path / "labels.zip"]


def test_a_failing_write_names_the_file_and_leaves_the_older_one(tmp_path):
    items = plan_export([("a.jpg", page_of("x")), ("sub/b.jpg", page_of("y"))])
    (tmp_path / "sub").write_text("in the way")
    with pytest.raises(StorageError, match=r"gt_b\.txt.*1 file was written before it"):
        write_export(items, tmp_path, as_zip=False)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["gt_a.txt", "sub"]
    assert (tmp_path / "sub").read_text() == "in the way"


@pytest.mark.parametrize("key", ["../a.jpg", "/etc/a.jpg", "sub/../../a.jpg"])
def test_a_key_that_leaves_the_folder_is_not_exported(key):
    with pytest.raises(StorageError, match="not a path inside"):
        plan_export([(key, Page())])


def test_a_lone_half_of_a_pair_in_a_text_does_not_stop_the_export(tmp_path):
    page = Page((Region("r", SQUARE, "a\ud800"),))
    (path,) = write_export(plan_export([("a.jpg", page)]), tmp_path, as_zip=False)
    assert path.read_bytes() == f"{LINE},a?\n".encode()
