"""Where the project file lies when its folder cannot be written to."""

import os
import sys
import tempfile
from pathlib import Path

import pytest

from app.storage.errors import StorageError
from app.storage.project_db import ProjectDb
from tests.helpers.projects import PROJECT, page_of, run

READ_ONLY = """
import os, sys
from pathlib import Path
from app.domain.page import Page
from app.storage.project_db import ProjectDb

if os.geteuid() == 0:
    os.setuid(65534)
place = Path(sys.argv[1])
db = ProjectDb.open(place / "images", place / "home")
print(len(db.load_page("a.jpg").regions))
db.save_edit("a.jpg", Page(), "Delete", "edit")
print(len(db.load_page("a.jpg").regions))
db.close()
db = ProjectDb.open(place / "images", place / "home")
print(len(db.load_page("a.jpg").regions))
print("cannot be written to" in db.notice)
db.close()
"""


class TestPlace:
    """A file in the place of the project's folder stops it from being made, whoever the user is."""

    def test_labels_of_a_folder_that_cannot_be_written_to_are_kept_in_the_data_folder(self, tmp_path):
        folder, home = tmp_path / "images", tmp_path / "home"
        folder.mkdir()
        (folder / ".tcm-studio").write_text("in the way")
        db = ProjectDb.open(folder, home)
        assert home in db.path.parents
        assert str(folder) in db.notice
        page = page_of(1)
        db.save_edit("a.jpg", page, "Add", "edit")
        db.close()
        again = ProjectDb.open(folder, home)
        assert again.load_page("a.jpg") == page
        again.close()

    def test_two_such_folders_do_not_share_labels(self, tmp_path):
        for name in ("one", "two"):
            (tmp_path / name).mkdir()
            (tmp_path / name / ".tcm-studio").write_text("in the way")
        first, second = (ProjectDb.open(tmp_path / name, tmp_path / "home") for name in ("one", "two"))
        assert first.path != second.path
        first.close()
        second.close()

    @pytest.mark.skipif(
        not Path("/sys/kernel").is_dir(), reason="needs a folder that is read-only for everybody"
    )
    def test_a_really_read_only_folder_works(self, tmp_path):
        db = ProjectDb.open(Path("/sys/kernel"), tmp_path)
        assert tmp_path in db.path.parents
        assert "cannot be written to" in db.notice
        db.close()

    @pytest.mark.skipif(sys.platform == "win32", reason="folders are made read-only differently there")
    def test_labels_in_a_folder_that_became_read_only_are_shown_and_can_be_changed(self):
        with tempfile.TemporaryDirectory() as name:
            place = Path(name)
            place.chmod(0o777)  # for another user: rights do not bind root
            (place / "images").mkdir()
            db = ProjectDb.open(place / "images")
            db.save_edit("a.jpg", page_of(2), "Add", "edit")
            db.close()
            for path, rights in ((db.path, 0o444), (db.path.parent, 0o555), (place / "images", 0o555)):
                path.chmod(rights)
            try:
                output = run(READ_ONLY, place).stdout.split()
            finally:
                (place / "images").chmod(0o755)
                db.path.parent.chmod(0o755)
        assert output == ["2", "0", "0", "True"]

    def test_labels_kept_elsewhere_come_into_the_folder_once_it_can_be_written_to(self, tmp_path):
        folder, home = tmp_path / "images", tmp_path / "home"
        folder.mkdir()
        (folder / ".tcm-studio").write_text("in the way")
        db = ProjectDb.open(folder, home)
        page = page_of(1)
        db.save_edit("a.jpg", page, "Add", "edit")
        db.close()
        (folder / ".tcm-studio").unlink()
        db = ProjectDb.open(folder, home)
        assert db.path == folder / PROJECT
        assert "copied into it" in db.notice
        assert db.load_page("a.jpg") == page
        db.close()

    def test_newer_labels_kept_elsewhere_are_pointed_out(self, tmp_path):
        folder, home = tmp_path / "images", tmp_path / "home"
        folder.mkdir()
        ProjectDb.open(folder, home).close()
        (folder / ".tcm-studio").rename(folder / "moved")
        (folder / ".tcm-studio").write_text("in the way")
        elsewhere = ProjectDb.open(folder, home)
        elsewhere.save_edit("a.jpg", page_of(1), "Add", "edit")
        elsewhere.close()
        (folder / ".tcm-studio").unlink()
        (folder / "moved").rename(folder / ".tcm-studio")
        os.utime(folder / PROJECT, (1, 1))
        db = ProjectDb.open(folder, home)
        assert "Newer labels" in db.notice
        assert str(elsewhere.path.parent) in db.notice
        db.close()

    def test_no_place_at_all_is_an_error_in_words(self, tmp_path):
        folder = tmp_path / "images"
        folder.mkdir()
        (folder / ".tcm-studio").write_text("in the way")
        (tmp_path / "home").write_text("in the way too")
        with pytest.raises(StorageError, match="Labels cannot be kept"):
            ProjectDb.open(folder, tmp_path / "home")

    def test_a_moved_folder_takes_its_labels_along(self, tmp_path):
        (tmp_path / "old").mkdir()
        db = ProjectDb.open(tmp_path / "old")
        page = page_of(1)
        db.save_edit("a.jpg", page, "Add", "edit")
        db.close()
        (tmp_path / "old").rename(tmp_path / "new")
        db = ProjectDb.open(tmp_path / "new")
        assert db.load_page("a.jpg") == page
        db.close()
