"""The watched folder: images that come, go and change while it is open."""

import os

import pytest

from app.services.workspace import Workspace
from tests.helpers.photos import write_photo


@pytest.fixture
def workspace(qtbot, tmp_path):
    for name in ("a.jpg", "sub/c.jpg"):
        write_photo(tmp_path / "photos" / name)
    workspace = Workspace(tmp_path / "data home")
    with qtbot.waitSignal(workspace.scan_finished):
        workspace.open_folder(tmp_path / "photos")
    yield workspace
    workspace.close()


def test_new_images_go_to_the_end_of_the_list_once(qtbot, workspace, tmp_path):
    with qtbot.waitSignal(workspace.pages_added, timeout=15_000) as added:
        write_photo(tmp_path / "photos" / "b2.jpg")
        write_photo(tmp_path / "photos" / "b10.jpg")
    assert added.args[0] == ["b2.jpg", "b10.jpg"]
    with qtbot.waitSignal(workspace.pages_added, timeout=15_000) as added:
        write_photo(tmp_path / "photos" / "sub" / "d.jpg")
    assert added.args[0] == ["sub/d.jpg"]
    assert list(workspace.keys) == ["a.jpg", "sub/c.jpg", "b2.jpg", "b10.jpg", "sub/d.jpg"]
    assert workspace.row_of("sub/d.jpg") == 4


def test_a_new_sub_folder_is_looked_through_and_watched(qtbot, workspace, tmp_path):
    with qtbot.waitSignal(workspace.pages_added, timeout=15_000) as added:
        write_photo(tmp_path / "photos" / "new" / "e.jpg")
    assert added.args[0] == ["new/e.jpg"]
    with qtbot.waitSignal(workspace.pages_added, timeout=15_000):
        write_photo(tmp_path / "photos" / "new" / "f.jpg")


def test_the_open_image_is_minded(qtbot, workspace, tmp_path):
    workspace.session.open_page("a.jpg")
    photo = tmp_path / "photos" / "a.jpg"
    with qtbot.waitSignal(workspace.image_changed, timeout=15_000) as changed:
        write_photo(tmp_path / "other.jpg", seed=5).replace(photo)
    assert changed.args == ["a.jpg", True]
    with qtbot.waitSignal(workspace.image_changed, timeout=15_000) as changed:
        photo.unlink()
    assert changed.args == ["a.jpg", False]
    with qtbot.waitSignal(workspace.image_changed, timeout=15_000) as changed:
        write_photo(photo)
    assert changed.args == ["a.jpg", True]


def test_what_is_no_change_is_not_told(qtbot, workspace, tmp_path):
    workspace.session.open_page("a.jpg")
    told = []
    workspace.image_changed.connect(lambda *arguments: told.append(arguments))
    with qtbot.waitSignal(workspace.pages_added, timeout=15_000):
        os.chmod(tmp_path / "photos" / "a.jpg", 0o600)  # noqa: PTH101 the watcher hears of it
        write_photo(tmp_path / "photos" / "z.jpg")
    assert told == []


def test_after_closing_nothing_is_told(qtbot, workspace, tmp_path):
    added = []
    workspace.pages_added.connect(added.append)
    workspace.close()
    write_photo(tmp_path / "photos" / "late.jpg")
    qtbot.wait(1200)
    assert added == []
