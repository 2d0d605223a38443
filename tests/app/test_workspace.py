"""The open project: scanning in chunks, natural order, folders that are no good, another folder half-way."""

import os
import sqlite3
from pathlib import Path

import pytest

from app.domain.edits import AddRegions, DeleteRegions, SetReview
from app.domain.region import new_region
from app.services.workspace import Workspace
from app.workers.folder_scan import CHUNK, image_keys
from tcm_core.data.image_io import list_images

SQUARE = ((0, 0), (10, 0), (10, 10), (0, 10))


class Heard:
    """What a workspace said, in order."""

    def __init__(self, workspace: Workspace) -> None:
        self.chunks, self.problems, self.opened, self.touched, self.counts = [], [], [], [], []
        workspace.pages_added.connect(self.chunks.append)
        workspace.failed.connect(self.problems.append)
        workspace.opened.connect(lambda: self.opened.append(workspace.folder))
        workspace.summary_changed.connect(self.touched.append)
        workspace.scan_finished.connect(self.counts.append)


@pytest.fixture
def workspace(qtbot, tmp_path):
    workspace = Workspace(tmp_path / "data home")
    yield workspace
    workspace.close()


def images(folder: Path, *names: str) -> Path:
    """Files with the names of images; scanning does not look inside."""
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    return folder


def open_and_wait(qtbot, workspace: Workspace, folder: Path) -> None:
    with qtbot.waitSignal(workspace.scan_finished, timeout=20_000):
        workspace.open_folder(folder)


def test_a_folder_opens_with_its_pages_in_natural_order(qtbot, workspace, tmp_path):
    heard = Heard(workspace)
    folder = images(
        tmp_path / "photos", "img_10.jpg", "img_2.JPG", "b/x.png", "b/y/1.tif", "a.txt", ".hid.jpg"
    )
    open_and_wait(qtbot, workspace, folder)
    assert heard.opened == [folder]
    assert list(workspace.keys) == ["b/x.png", "b/y/1.tif", "img_2.JPG", "img_10.jpg"]
    assert heard.counts == [4]
    assert workspace.row_of("img_2.JPG") == 2
    assert workspace.path_of("b/y/1.tif") == folder / "b" / "y" / "1.tif"
    assert not workspace.scanning


def test_the_order_is_that_of_the_command_line(tmp_path):
    names = [
        "a/1.jpg", "a/10.jpg", "a/2.jpg", "a1.jpg", "a-b.jpg", "A.png", "a b/1.png", "a.jpg", "ab/3.jpg",
        "ab.png", "10/1.jpg", "9.jpg", "9/5.jpg", "日本/é.jpg", "日本.jpg", "_x/1.jpg", "_x.jpg", "a/b/c.jpg",
        "a/b.jpg",
    ]  # fmt: skip
    folder = images(tmp_path / "mixed", *names)
    left_out: list[str] = []
    found = list(image_keys(folder, left_out))
    assert found == [path.relative_to(folder).as_posix() for path in list_images(folder)]
    assert len(found) == len(names)
    assert not left_out


def test_names_with_blanks_commas_and_other_scripts_are_pages(qtbot, workspace, tmp_path):
    names = ["a, b.jpg", "street 'sign'.png", "路牌 🛑.jpg", "mañana/ü.png"]
    open_and_wait(qtbot, workspace, images(tmp_path / "names", *names))
    assert set(workspace.keys) == set(names)


def test_many_images_come_in_chunks_of_the_same_size(qtbot, workspace, tmp_path):
    folder = images(tmp_path / "many", *(f"{n // 500}/img_{n}.jpg" for n in range(2_000)))
    heard = Heard(workspace)
    open_and_wait(qtbot, workspace, folder)
    assert [len(chunk) for chunk in heard.chunks] == [CHUNK] * 4
    assert list(workspace.keys) == [f"{n // 500}/img_{n}.jpg" for n in range(2_000)]


def test_a_folder_without_images_says_so_and_leaves_the_open_one(qtbot, workspace, tmp_path):
    open_and_wait(qtbot, workspace, images(tmp_path / "good", "1.jpg"))
    heard = Heard(workspace)
    images(tmp_path / "empty", "notes.txt")
    with qtbot.waitSignal(workspace.failed):
        workspace.open_folder(tmp_path / "empty")
    (problem,) = heard.problems
    assert "no images" in problem.what
    assert problem.where == str(tmp_path / "empty")
    assert workspace.folder == tmp_path / "good"
    assert list(workspace.keys) == ["1.jpg"]
    assert not heard.opened
    assert not (tmp_path / "empty" / ".tcm-studio").exists()


@pytest.mark.parametrize(("name", "words"), [("gone", "is not there"), ("file.jpg", "a file, not a folder")])
def test_what_is_no_folder_is_a_problem_in_words(qtbot, workspace, tmp_path, name, words):
    images(tmp_path, "file.jpg")
    heard = Heard(workspace)
    with qtbot.waitSignal(workspace.failed):
        workspace.open_folder(tmp_path / name)
    assert words in heard.problems[0].what
    assert workspace.folder is None
    assert not workspace.scanning


def test_opening_another_folder_drops_the_scan_of_the_first(qtbot, workspace, tmp_path):
    big = images(tmp_path / "big", *(f"img_{n}.jpg" for n in range(3000)))
    small = images(tmp_path / "small", "1.jpg", "2.jpg")
    heard = Heard(workspace)
    workspace.open_folder(big)
    workspace._scan._pool.waitForDone()  # all of it is on its way, nothing has arrived
    workspace.open_folder(small)
    qtbot.waitUntil(lambda: bool(heard.counts))
    qtbot.wait(100)
    assert heard.opened == [small]
    assert list(workspace.keys) == ["1.jpg", "2.jpg"]
    assert heard.counts == [2]


def test_another_folder_after_the_first_chunk_replaces_the_pages(qtbot, workspace, tmp_path):
    big = images(tmp_path / "big", *(f"img_{n}.jpg" for n in range(3000)))
    small = images(tmp_path / "small", "1.jpg")
    heard = Heard(workspace)
    with qtbot.waitSignal(workspace.pages_added):
        workspace.open_folder(big)
    workspace.open_folder(small)
    qtbot.waitUntil(lambda: heard.opened == [big, small])
    qtbot.waitUntil(lambda: not workspace.scanning)
    assert list(workspace.keys) == ["1.jpg"]


def test_a_folder_that_vanishes_half_way_keeps_what_was_found(qtbot, workspace, tmp_path):
    folder = images(tmp_path / "some", "1.jpg", "2/3.jpg")
    open_and_wait(qtbot, workspace, folder)
    heard = Heard(workspace)
    (folder / "1.jpg").unlink()
    (folder / "2" / "3.jpg").unlink()
    with qtbot.waitSignal(workspace.failed):
        workspace.open_folder(folder)
    assert "no images" in heard.problems[0].what
    assert list(workspace.keys) == ["1.jpg", "2/3.jpg"]


@pytest.mark.skipif(os.name != "posix", reason="other systems have only names that are text")
def test_a_name_that_is_not_text_is_left_out_and_named(qtbot, workspace, tmp_path):
    folder = images(tmp_path / "odd", "1.jpg")
    (Path(os.fsdecode(os.fsencode(folder) + b"/caf\xe9.jpg"))).touch()
    heard = Heard(workspace)
    open_and_wait(qtbot, workspace, folder)
    assert list(workspace.keys) == ["1.jpg"]
    assert "caf" in heard.problems[0].what
    assert "rename" in heard.problems[0].what


def test_links_to_folders_are_not_followed(qtbot, workspace, tmp_path):
    folder = images(tmp_path / "loop", "1.jpg")
    try:
        (folder / "again").symlink_to(folder, target_is_directory=True)
    except OSError:
        pytest.skip("this system has no links")
    open_and_wait(qtbot, workspace, folder)
    assert list(workspace.keys) == ["1.jpg"]


def test_edits_change_the_summary_and_survive_the_project(qtbot, workspace, tmp_path):
    folder = images(tmp_path / "photos", "1.jpg", "2.jpg")
    open_and_wait(qtbot, workspace, folder)
    heard = Heard(workspace)
    session = workspace.session
    session.open_page("1.jpg")
    session.apply(AddRegions((new_region(SQUARE),)))
    session.apply_to("2.jpg", SetReview("approved"))
    assert workspace.summary("1.jpg").region_count == 1
    assert workspace.summary("1.jpg").review == "edited"
    assert workspace.summary("2.jpg").review == "approved"
    assert heard.touched == ["1.jpg", "2.jpg"]
    session.undo()
    assert workspace.summary("1.jpg").region_count == 0
    session.redo()
    assert workspace.close()
    again = Workspace(tmp_path / "data home")
    open_and_wait(qtbot, again, folder)
    assert again.summary("1.jpg").region_count == 1
    assert again.summary("2.jpg").review == "approved"
    assert again.close()


def test_an_untouched_page_with_detections_shows_as_detected(qtbot, workspace, tmp_path):
    open_and_wait(qtbot, workspace, images(tmp_path / "photos", "1.jpg"))
    workspace.note_detections("1.jpg", 3)
    assert workspace.summary("1.jpg").review == "detected"
    assert workspace.summary("1.jpg").detection_count == 3
    session = workspace.session
    session.open_page("1.jpg")
    region = new_region(SQUARE)
    session.apply(AddRegions((region,)))
    assert workspace.summary("1.jpg").review == "edited"
    session.apply(DeleteRegions((region.id,)))
    session.undo()
    session.undo()
    assert workspace.summary("1.jpg").review == "detected"


def test_the_same_folder_can_be_opened_again(qtbot, workspace, tmp_path):
    folder = images(tmp_path / "photos", "1.jpg")
    open_and_wait(qtbot, workspace, folder)
    images(folder, "2.jpg")
    open_and_wait(qtbot, workspace, folder)
    assert list(workspace.keys) == ["1.jpg", "2.jpg"]


def test_a_project_file_of_a_newer_version_is_refused_in_words(qtbot, workspace, tmp_path):
    folder = images(tmp_path / "photos", "1.jpg")
    open_and_wait(qtbot, workspace, folder)
    path = workspace.db.path
    assert workspace.close()
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 999")
    connection.commit()
    connection.close()
    heard = Heard(workspace)
    with qtbot.waitSignal(workspace.failed):
        workspace.open_folder(folder)
    assert "newer" in heard.problems[0].what
    assert workspace.folder is None
    assert not workspace.scanning


def test_edits_that_cannot_be_saved_keep_the_project_open(qtbot, workspace, tmp_path):
    folder, other = images(tmp_path / "photos", "1.jpg"), images(tmp_path / "other", "9.jpg")
    open_and_wait(qtbot, workspace, folder)
    blocker = sqlite3.connect(workspace.db.path, isolation_level=None)
    blocker.execute("BEGIN EXCLUSIVE")
    workspace.db._connection.execute("PRAGMA busy_timeout = 10")
    workspace.session.open_page("1.jpg")
    workspace.session.apply(AddRegions((new_region(SQUARE),)))
    assert workspace.session.dirty
    heard = Heard(workspace)
    with qtbot.waitSignal(workspace.failed):
        workspace.open_folder(other)
    assert "not saved yet" in heard.problems[0].what
    assert workspace.folder == folder
    assert len(workspace.session.page.regions) == 1
    blocker.execute("ROLLBACK")
    blocker.close()
    open_and_wait(qtbot, workspace, other)
    assert workspace.folder == other
