"""Images that were moved or renamed keep their labels, their history and their comments."""

import shutil

import pytest

from app.domain.edits import AddRegions, SetText
from app.domain.page import Page
from app.domain.region import new_region
from app.services.reattach import Reattach, look
from app.services.workspace import Workspace
from app.storage.images import ImageFacts, read_facts
from app.storage.project_db import ProjectDb
from tests.helpers.photos import write_photos
from tests.helpers.turned_photos import STORED_SIZE, write_turned

SQUARE = ((0, 0), (10, 0), (10, 10), (0, 10))


@pytest.fixture
def folder(tmp_path):
    return write_photos(tmp_path / "photos")


def labelled(folder, *keys):
    """Labels as an earlier run leaves them, with the content known."""
    db = ProjectDb.open(folder)
    for key in keys:
        page = Page((new_region(SQUARE, text=key),), "edited")
        db.save_edit(key, page, "Add", "edit")
        db.images.keep({key: read_facts(folder / key)})
    db.close()


@pytest.fixture
def opened(qtbot, tmp_path):
    """Opens a folder as a window does, and waits until the labels have been looked for."""
    workspace = Workspace(tmp_path / "data home")
    reattach = Reattach(workspace)
    again = []
    reattach.found_again.connect(again.append)

    def open_folder(folder):
        with qtbot.waitSignal(workspace.scan_finished):
            workspace.open_folder(folder)
        reattach._pool.waitForDone()
        qtbot.wait(50)
        return workspace, [key for keys in again for key in keys]

    yield open_folder
    reattach.shutdown()
    workspace.close()


def test_a_renamed_image_keeps_its_labels_and_their_history(folder, opened):
    labelled(folder, "a.jpg", "b.png")
    (folder / "sub").mkdir()
    (folder / "a.jpg").rename(folder / "sub" / "renamed.jpg")
    workspace, again = opened(folder)
    assert again == ["sub/renamed.jpg"]
    assert workspace.summary("sub/renamed.jpg").region_count == 1
    assert workspace.summary("a.jpg").region_count == 0
    assert workspace.summary("b.png").region_count == 1
    workspace.session.open_page("sub/renamed.jpg")
    assert [region.text for region in workspace.session.page.regions] == ["a.jpg"]
    workspace.session.undo()
    assert workspace.session.page == Page()


def test_the_page_on_the_screen_gets_its_labels_too(qtbot, folder, tmp_path):
    labelled(folder, "c.jpg")
    (folder / "c.jpg").rename(folder / "0.jpg")
    workspace = Workspace(tmp_path / "data home")
    workspace.pages_added.connect(lambda keys: workspace.session.open_page(keys[0]))
    reattach = Reattach(workspace)
    with qtbot.waitSignal(reattach.found_again):
        workspace.open_folder(folder)
    assert workspace.session.key == "0.jpg"
    (region,) = workspace.session.page.regions
    workspace.session.apply(SetText(region.id, "goes on"))
    assert not workspace.session.dirty
    workspace.session.undo()
    workspace.session.undo()
    assert workspace.session.page == Page()
    reattach.shutdown()
    workspace.close()


def test_of_two_copies_none_is_taken(folder, opened):
    labelled(folder, "a.jpg")
    shutil.copyfile(folder / "a.jpg", folder / "x.jpg")
    (folder / "a.jpg").rename(folder / "y.jpg")
    workspace, again = opened(folder)
    assert again == []
    assert workspace.db.load_page("a.jpg").regions  # kept for when it is back


def test_an_image_with_labels_of_its_own_keeps_them(folder):
    labelled(folder, "a.jpg", "b.png")
    db = ProjectDb.open(folder)
    assert db.images.move([("a.jpg", "b.png")]) == []
    assert db.load_page("b.png").regions[0].text == "b.png"
    assert db.load_page("a.jpg").regions[0].text == "a.jpg"
    db.close()


def test_comments_truth_and_predictions_move_along(folder):
    labelled(folder, "a.jpg")
    db = ProjectDb.open(folder)
    db._connection.execute(
        "INSERT INTO comments (key, x, y, text, author, at, resolved) "
        "VALUES ('a.jpg', 1, 1, 'see', 'a', 1, 0)"
    )
    db.truth.save([("a.jpg", (new_region(SQUARE),))], "gt")
    assert db.images.move([("a.jpg", "new.jpg")]) == [("a.jpg", "new.jpg")]
    assert len(db.truth.load("new.jpg")) == 1
    assert db._connection.execute("SELECT key FROM comments").fetchall() == [("new.jpg",)]
    assert [row.label for row in db.journal("new.jpg")] == ["Add"]
    db.close()


def test_the_content_of_an_edited_image_is_learnt_after_a_while(qtbot, folder, opened):
    workspace, _ = opened(folder)
    workspace.session.open_page("a.jpg")
    workspace.session.apply(AddRegions([new_region(SQUARE)]))
    qtbot.waitUntil(lambda: workspace.db.images.labelled()["a.jpg"][1] is not None, timeout=15_000)
    workspace.close()
    (folder / "a.jpg").rename(folder / "z.jpg")
    assert opened(folder)[1] == ["z.jpg"]


def test_facts_of_an_image(tmp_path):
    path = write_turned(tmp_path / "a.jpg", 6)
    facts = read_facts(path)
    assert (facts.stored_size, facts.orientation) == (STORED_SIZE, 6)
    assert facts.bytes == path.stat().st_size
    (tmp_path / "bad.jpg").write_bytes(b"no picture")
    assert read_facts(tmp_path / "bad.jpg").stored_size is None
    assert read_facts(tmp_path / "none.jpg") is None


def test_looking_ends_when_it_is_not_wanted_any_more(folder):
    facts = read_facts(folder / "a.jpg")
    assert isinstance(facts, ImageFacts)
    gone = {"old.jpg": (facts.bytes, facts.sha256)}
    assert look(folder, gone, ["a.jpg"], ["b.png"], lambda: True).moved == [("old.jpg", "a.jpg")]
    ended = look(folder, gone, ["a.jpg"], ["b.png"], lambda: False)
    assert ended.moved == []
    assert ended.facts == {}
