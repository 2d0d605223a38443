"""Two windows on one project, and the copies that are made of it."""

import json
import os
import socket
import sqlite3
import subprocess
import sys
import time

import pytest

from app.document.session import Session
from app.domain.edits import AddRegions, EditRefused, SetReview
from app.domain.region import new_region
from app.services.workspace import Workspace
from app.storage.backups import EVERY_S, KEPT, back_up, backups_of
from app.storage.errors import StorageError
from app.storage.lock import LOCK_FILE, STALE_AFTER_S, ProjectLock, is_running
from app.storage.project_db import PredictionRow, ProjectDb

SQUARE = ((0, 0), (10, 0), (10, 10), (0, 10))


@pytest.fixture
def first(tmp_path):
    db = ProjectDb.open(tmp_path, exclusive=True)
    yield db
    db.close()


def write_lock(project, **values):
    lock = project.path.with_name(LOCK_FILE)
    content = {
        "user": "anna",
        "host": socket.gethostname(),
        "pid": os.getpid(),
        "since": time.time(),
        **values,
    }
    lock.write_text(json.dumps(content), encoding="utf-8")
    return lock


class TestTwoWindows:
    def test_the_second_window_says_who_has_the_project_and_only_reads(self, first):
        first.save_edit("a.jpg", first.load_page("a.jpg"), "Nothing", "edit")
        second = ProjectDb.open(first.folder, exclusive=True)
        assert second.holder.pid == os.getpid()
        assert f"process {os.getpid()}" in second.notice
        assert socket.gethostname() in second.notice
        assert len(second.journal("a.jpg")) == 1
        with pytest.raises(StorageError, match="has this project open"):
            second.save_edit("a.jpg", second.load_page("a.jpg"), "Nothing", "edit")
        with pytest.raises(StorageError, match="has this project open"):
            second.truth.save([], "x")
        with pytest.raises(StorageError, match="has this project open"):
            second.save_predictions("a.jpg", PredictionRow("h", "n", "{}", ()))
        second.close()
        assert first.path.with_name(LOCK_FILE).exists()  # the first one's lock

    def test_edits_are_refused_in_words_and_nothing_waits_to_be_saved(self, first, qapp):
        session = Session(first)
        session.open_page("a.jpg")
        session.apply(AddRegions([new_region(SQUARE)]))
        second = ProjectDb.open(first.folder, exclusive=True)
        looking = Session(second)
        looking.open_page("a.jpg")
        assert len(looking.page.regions) == 1
        with pytest.raises(EditRefused, match="only be looked at"):
            looking.apply(SetReview("approved"))
        looking.undo()
        assert len(looking.page.regions) == 1
        assert not looking.undo_stack.canUndo()
        assert not looking.dirty
        second.close()

    def test_when_the_first_window_is_closed_the_next_may_write(self, tmp_path):
        first = ProjectDb.open(tmp_path, exclusive=True)
        first.close()
        second = ProjectDb.open(tmp_path, exclusive=True)
        assert second.holder is None
        assert second.notice is None
        second.close()

    def test_a_lock_of_a_killed_process_is_taken_over(self, first):
        first.close()
        ended = subprocess.Popen([sys.executable, "-c", ""])
        ended.wait()
        write_lock(first, pid=ended.pid)
        again = ProjectDb.open(first.folder, exclusive=True)
        assert again.holder is None
        again.close()
        assert not first.path.with_name(LOCK_FILE).exists()

    def test_a_lock_of_another_computer_counts_as_long_as_it_says_that_it_is_there(self, first):
        first.close()
        lock = write_lock(first, host="another computer", pid=1)
        again = ProjectDb.open(first.folder, exclusive=True)
        assert str(again.holder).startswith("anna on another computer (process 1, since ")
        again.close()
        old = time.time() - STALE_AFTER_S - 1
        os.utime(lock, (old, old))
        again = ProjectDb.open(first.folder, exclusive=True)
        assert again.holder is None
        os.utime(lock, (old, old))
        again.beat()
        assert lock.stat().st_mtime > old + STALE_AFTER_S
        again.close()

    @pytest.mark.parametrize("content", ["", "{", "[]", '{"user": 1}'])
    def test_a_lock_written_half_counts_for_a_minute(self, first, content):
        first.close()
        lock = first.path.with_name(LOCK_FILE)
        lock.write_text(content)
        assert ProjectLock(first.path).acquire() is not None
        os.utime(lock, (1, 1))
        assert ProjectLock(first.path).acquire() is None

    def test_a_damaged_project_leaves_no_lock_behind(self, first):
        first._connection.execute("PRAGMA user_version = 999")
        first.close()
        with pytest.raises(StorageError, match="newer TCM Studio"):
            ProjectDb.open(first.folder, exclusive=True)
        assert not first.path.with_name(LOCK_FILE).exists()

    def test_a_running_process_is_told_from_one_that_has_ended(self):
        assert is_running(os.getpid())
        assert not is_running(0)

    def test_two_workspaces(self, qtbot, tmp_path):
        folder = tmp_path / "photos"
        folder.mkdir()
        (folder / "a.jpg").touch()
        windows = [Workspace(tmp_path / "data home") for _ in range(2)]
        for window in windows:
            with qtbot.waitSignal(window.scan_finished):
                window.open_folder(folder)
        assert windows[0].db.holder is None
        assert windows[1].db.holder.pid == os.getpid()
        assert windows[0].close()
        with qtbot.waitSignal(windows[1].scan_finished):
            windows[1].open_folder(folder)
        assert windows[1].db.holder is None
        windows[1].close()


class TestBackups:
    def test_a_backup_is_the_project_as_it_is_while_it_is_in_use(self, first):
        first.save_edit("a.jpg", first.load_page("a.jpg"), "Nothing", "edit")
        copy = back_up(first.path)
        assert copy is not None
        connection = sqlite3.connect(copy)
        assert connection.execute("SELECT count(*) FROM edits").fetchone() == (1,)
        connection.close()
        assert backups_of(first.path) == [copy]

    def test_there_is_one_a_day_and_the_oldest_go(self, first):
        now = time.time()
        copies = []
        for day in range(KEPT + 3):
            moment = now + day * (EVERY_S + 1)
            copy = back_up(first.path, moment)
            os.utime(copy, (moment, moment))
            copies.append(copy)
            assert back_up(first.path, moment + EVERY_S / 2) is None
        assert backups_of(first.path) == copies[-KEPT:]

    def test_a_backup_that_cannot_be_written_is_said_and_harms_nothing(self, first):
        first.path.with_name("backups").write_text("in the way")
        with pytest.raises(StorageError, match="The labels are safe"):
            back_up(first.path)
        assert first.load_page("a.jpg") is not None

    def test_opening_a_folder_makes_one(self, qtbot, tmp_path):
        folder = tmp_path / "photos"
        folder.mkdir()
        (folder / "a.jpg").touch()
        workspace = Workspace(tmp_path / "data home")
        with qtbot.waitSignal(workspace.scan_finished):
            workspace.open_folder(folder)
        path = workspace.db.path
        workspace.close()
        assert len(backups_of(path)) == 1
