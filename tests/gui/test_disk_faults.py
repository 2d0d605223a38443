"""Real disks that are full, read-only or pulled out, and real second processes, under the open window."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication, QFileDialog, QLineEdit, QWidget

from app.domain.page import Page
from app.domain.region import new_region
from app.services.importing import ImportPlan, plan_import
from app.storage.backups import back_up
from app.storage.project_db import ProjectDb
from app.views.dialogs.unsaved import UnsavedDialog
from tests.conftest import REPOSITORY
from tests.faults.small_disk import SCENARIOS, counts, draw
from tests.helpers.app_robot import AppRobot, run_with
from tests.helpers.fake_predictor import FakeDetector
from tests.helpers.photos import write_photos

PROJECT = Path(".tcm-studio") / "project.sqlite3"
QUAD = ((10, 10), (60, 10), (60, 30), (10, 30))
NAME_SPACE = ("unshare", "--user", "--map-root-user", "--mount")


@pytest.fixture(scope="module")
def may_mount(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Skips where a program may not mount a disk of its own."""
    if shutil.which("unshare") is None:
        pytest.skip("unshare (util-linux) is not there to mount a small disk")
    place = str(tmp_path_factory.mktemp("mount"))
    tried = subprocess.run(
        [*NAME_SPACE, "mount", "-t", "tmpfs", "tmpfs", place], capture_output=True, text=True, check=False
    )
    if tried.returncode != 0:
        pytest.skip(f"no small disk can be mounted here: {tried.stderr.strip()}")


@pytest.mark.parametrize("scenario", list(SCENARIOS))
def test_a_disk_that_fails_under_the_window_is_said_and_the_labels_are_intact(
    may_mount, tmp_path: Path, private_home: Path, scenario: str
):
    command = [*NAME_SPACE, sys.executable, "-m", "tests.faults.small_disk", scenario, str(tmp_path)]
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen", "TCM_STUDIO_HOME": str(private_home)}
    ended = subprocess.run(
        command, cwd=REPOSITORY, env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    assert ended.returncode == 0, ended.stderr


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_photos(tmp_path / "photos")


@pytest.fixture
def other_window(folder: Path, tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """The program in a process of its own, with the folder open."""
    environment = {
        **os.environ, "QT_QPA_PLATFORM": "offscreen", "TCM_STUDIO_HOME": str(tmp_path / "other home")
    }  # fmt: skip
    with (tmp_path / "other.log").open("wb") as log:
        window = subprocess.Popen(
            [sys.executable, "-m", "app", str(folder)],
            cwd=REPOSITORY, env=environment, stdout=log, stderr=log,
        )  # fmt: skip
    try:
        yield window
    finally:
        window.kill()
        window.wait(10)


def test_two_programs_on_one_folder_and_the_first_is_killed(
    qapp, folder: Path, other_window: subprocess.Popen[bytes]
):
    def script(robot: AppRobot):
        yield (folder / PROJECT).with_name("backups").exists  # it has opened the folder
        robot.window.start_page.folder_chosen.emit(str(folder))
        yield robot.picture_shown
        notice = robot.window.folder_banner.text
        assert f"process {other_window.pid}" in notice.text()
        draw(robot)
        assert len(robot.page.regions) == 0
        other_window.send_signal(signal.SIGKILL)
        other_window.wait(10)
        robot.window.start_page.folder_chosen.emit(str(folder))
        yield lambda: robot.picture_shown() and robot.window.folder_banner.isHidden()
        draw(robot)
        assert len(robot.page.regions) == 1

    run_with(FakeDetector(), [], script)
    assert counts(folder) == {"a.jpg": 1}


def label(folder: Path) -> Path:
    """A project with a label; its file."""
    db = ProjectDb.open(folder)
    db.save_edit("a.jpg", Page((new_region(QUAD, text="EXIT"),), "approved"), "Add", "edit")
    db.close()
    return folder / PROJECT


@pytest.mark.parametrize("garbage", [b"", b"this is no database" * 500])
def test_a_project_of_which_nothing_can_be_read_comes_back_from_its_backup(
    qapp, folder: Path, garbage: bytes
):
    project = label(folder)
    copy = back_up(project)
    assert copy is not None
    project.write_bytes(garbage)

    def script(robot: AppRobot):
        yield robot.picture_shown
        notice = robot.window.folder_banner.text.text()
        assert "was damaged" in notice
        assert copy.name in notice
        assert [region.text for region in robot.page.regions] == ["EXIT"]
        draw(robot, 100)
        assert robot.window.save_banner.isHidden()

    run_with(FakeDetector(), [str(folder)], script)
    assert project.with_name(project.name + ".corrupt-1").read_bytes() == garbage
    assert counts(folder) == {"a.jpg": 2}


def test_a_project_that_is_damaged_while_it_is_open_keeps_old_and_new_labels(qapp, folder: Path):
    project = label(folder)

    def script(robot: AppRobot):
        yield robot.picture_shown
        with project.open("r+b") as file:
            file.seek(4096)
            file.write(b"\xa5" * (project.stat().st_size - 4096))
        draw(robot, 100)
        yield lambda: len(robot.page.regions) == 2
        robot.press("D")
        robot.press("A")
        robot.close_problems()

    def again(robot: AppRobot):
        yield robot.picture_shown
        assert len(robot.page.regions) == 2

    run_with(FakeDetector(), [str(folder)], script)
    run_with(FakeDetector(), [str(folder)], again)


def test_labels_of_a_folder_that_does_not_come_back_are_saved_elsewhere_and_imported(
    qapp, folder: Path, tmp_path: Path
):
    rescued, gone = tmp_path / "rescued", tmp_path / "gone"
    rescued.mkdir()
    choosing, leaving = QTimer(), QTimer()  # the file dialog has a loop of its own

    def leave(window: QWidget) -> None:
        leaving.stop()
        asked(window).leave_button.click()

    def script(robot: AppRobot):
        yield robot.picture_shown
        folder.rename(gone)
        draw(robot)
        robot.press("F2")
        robot.type("EXIT", robot.window.regions.text)
        robot.press("Return", robot.window.regions.text)
        assert not robot.window.save_banner.isHidden()
        window = robot.window
        robot.close()
        choosing.timeout.connect(lambda: choose_folder(rescued))
        choosing.start(100)
        asked(window).elsewhere_button.click()
        choosing.stop()
        assert "photos_unsaved" in asked(window).informativeText()
        asked(window).stay_button.click()
        leaving.timeout.connect(lambda: leave(window))  # the end of the script closes, which asks once more
        leaving.start(100)

    run_with(FakeDetector(), [str(folder)], script)
    gone.rename(folder)
    assert counts(folder) == {}  # what was in memory only is not in the project
    plan = plan_import(rescued / "photos_unsaved", "auto", None, folder, ("a.jpg", "b.png", "c.jpg"))
    assert isinstance(plan, ImportPlan), plan
    ((key, regions),) = plan.pages
    assert key == "a.jpg"
    assert [region.text for region in regions] == ["EXIT"]


def asked(window: QWidget) -> UnsavedDialog:
    """The question that is on the screen."""
    (dialog,) = [box for box in window.findChildren(UnsavedDialog) if box.isVisible()]
    return dialog


def choose_folder(folder: Path) -> None:
    """In Qt's own file dialog, once it is there."""
    dialog = QApplication.activeModalWidget()
    if isinstance(dialog, QFileDialog):
        dialog.findChild(QLineEdit).setText(str(folder))
        dialog.accept()
