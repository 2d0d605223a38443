"""Disks that fill up, become read-only and are pulled out under the open window, made of real file systems.

    unshare --user --map-root-user --mount python -m tests.faults.small_disk SCENARIO FOLDER

In a mount name space of its own an ordinary user may mount a small file system; the program works on it
through its real main(). A scenario that fails ends with a traceback and a status other than 0.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from PySide6.QtWidgets import QApplication

from app.storage.project_db import ProjectDb
from tests.helpers.app_robot import AppRobot, run_with
from tests.helpers.fake_predictor import FakeDetector
from tests.helpers.photos import write_photos

SIZE_KB = 2048


def mount(disk: Path) -> None:
    """A new, empty disk."""
    disk.mkdir(exist_ok=True)
    subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={SIZE_KB}k", "tmpfs", str(disk)], check=True, timeout=10
    )


def remount(disk: Path, rights: str) -> None:
    """Make it "ro" or "rw", as a system does with a disk that has faults."""
    subprocess.run(["mount", "-o", f"remount,{rights}", str(disk)], check=True, timeout=10)


def pull_out(disk: Path) -> None:
    """As one pulls out a stick: at once, with files open on it."""
    subprocess.run(["umount", "--lazy", str(disk)], check=True, timeout=10)


def fill(disk: Path) -> Path:
    """Write a file until the disk takes not a byte more; the file."""
    filler = disk / "filler.bin"
    with filler.open("wb", buffering=0) as stream:
        for size in (65536, 4096, 512, 1):
            try:
                while True:
                    stream.write(b"\0" * size)
            except OSError:
                continue
    return filler


def draw(robot: AppRobot, x: float = 20) -> None:
    """One rectangle more."""
    robot.press("R")
    robot.drag((x, 20), (x + 40, 60))


def counts(folder: Path) -> dict[str, int]:
    """How many regions each labelled page has on the disk."""
    db = ProjectDb.open(folder)
    found = {key: summary.region_count for key, summary in db.summaries().items()}
    db.close()
    return found


def fills_up(disk: Path) -> None:
    """Edits on a full disk stay in memory, are said, and are saved when there is room again."""
    folder = write_photos(disk / "photos")

    def script(robot: AppRobot):
        yield robot.picture_shown
        draw(robot)
        banner = robot.window.save_banner
        assert banner.isHidden()
        filler = fill(disk)
        drawn = 1
        while banner.isHidden():  # the file has some room of its own
            draw(robot, 20 + drawn % 40)
            drawn += 1
            assert drawn < 200
        assert "the disk is full" in banner.text.text()
        assert "kept in memory" in banner.text.text()
        assert robot.window.status.save_label.text() == "not saved"
        assert len(robot.page.regions) == drawn
        robot.press("D")  # work goes on
        yield lambda: robot.key == "b.png" and robot.picture_shown()
        draw(robot)
        robot.press("A")
        yield lambda: robot.key == "a.jpg"
        assert len(robot.page.regions) == drawn
        assert counts_of(disk, folder) == {"a.jpg": drawn - 1}
        filler.unlink()
        banner.button.click()
        assert banner.isHidden()
        assert counts(folder) == {"a.jpg": drawn, "b.png": 1}

    run_with(FakeDetector(), [str(folder)], script)


def counts_of(disk: Path, folder: Path) -> dict[str, int]:
    """`counts` by a copy elsewhere, because reading needs room beside the file too."""
    copy = disk.parent / "copy"
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(folder / ".tcm-studio", copy / ".tcm-studio", ignore=shutil.ignore_patterns("*-shm"))
    return counts(copy)


def full_at_the_start(disk: Path) -> None:
    """A folder on a full disk is refused in words; with room on it, it opens."""
    folder = write_photos(disk / "photos")
    filler = fill(disk)

    def script(robot: AppRobot):
        yield lambda: robot.problems or robot.picture_shown()
        if robot.problems:
            (problem,) = robot.close_problems()
            assert "disk" in problem.what, problem.what
            assert "room" in f"{problem.what} {problem.remedy}"
            filler.unlink()
            robot.window.start_page.folder_chosen.emit(str(folder))
            yield robot.picture_shown
        else:
            assert "cannot be written to" in robot.window.folder_banner.text.text()
            filler.unlink()
        draw(robot)
        assert len(robot.page.regions) == 1
        assert robot.window.save_banner.isHidden()

    run_with(FakeDetector(), [str(folder)], script)


def full_home(disk: Path) -> None:
    """Settings, thumbnails and maps that find no room disturb nobody's labels."""
    home = disk / "home"
    home.mkdir()
    os.environ["TCM_STUDIO_HOME"] = str(home)
    fill(disk)
    folder = write_photos(disk.parent / "photos")

    def script(robot: AppRobot):
        yield robot.picture_shown
        yield robot.checkpoint_ready
        yield lambda: robot.problems
        assert {problem.what.split(":")[0] for problem in robot.close_problems()} == {
            "The settings could not be saved"
        }
        robot.trigger("detect_all")
        yield robot.all_detected
        yield robot.can_accept
        robot.press("Shift+Return")
        assert len(robot.page.regions) == 2
        assert robot.window.save_banner.isHidden()

    run_with(FakeDetector(), [str(folder)], script)
    assert counts(folder)["a.jpg"] == 2


def read_only(disk: Path) -> None:
    """A folder that is read-only at the start: its labels are shown, new ones are kept elsewhere."""
    folder = write_photos(disk / "photos")

    def label(robot: AppRobot):
        yield robot.picture_shown
        draw(robot)

    def again(robot: AppRobot):
        yield robot.picture_shown
        assert "cannot be written to" in robot.window.folder_banner.text.text()
        assert len(robot.page.regions) == 1
        draw(robot, 100)
        assert len(robot.page.regions) == 2
        assert robot.window.save_banner.isHidden()

    def third(robot: AppRobot):
        yield robot.picture_shown
        assert len(robot.page.regions) == 2

    run_with(FakeDetector(), [str(folder)], label)
    remount(disk, "ro")
    run_with(FakeDetector(), [str(folder)], again)
    run_with(FakeDetector(), [str(folder)], third)


def pulled_out(disk: Path) -> None:
    """Work goes on in memory; put back, it is another disk for the system, and all is saved on it."""
    folder = write_photos(disk / "photos")

    def script(robot: AppRobot):
        yield robot.picture_shown
        draw(robot)
        shutil.copytree(disk, disk.parent / "content")
        pull_out(disk)
        draw(robot, 100)
        banner = robot.window.save_banner
        assert "is not there any more" in banner.text.text()
        assert "Put it back" in banner.text.text()
        robot.press("End")
        yield lambda: robot.key == "c.jpg"
        robot.press("Home")
        yield lambda: robot.key == "a.jpg"
        assert len(robot.page.regions) == 2
        mount(disk)
        shutil.copytree(disk.parent / "content", disk, dirs_exist_ok=True)
        banner.button.click()
        assert banner.isHidden(), banner.text.text()
        assert counts(folder) == {"a.jpg": 2}
        draw(robot, 200)
        robot.press("Ctrl+Z")
        draw(robot, 210)
        assert counts(folder) == {"a.jpg": 3}

    run_with(FakeDetector(), [str(folder)], script)


SCENARIOS: dict[str, Callable[[Path], None]] = {
    function.__name__: function
    for function in (
        fills_up, full_at_the_start, full_home, read_only, pulled_out
    )
}  # fmt: skip


if __name__ == "__main__":
    application = QApplication([])
    place = Path(sys.argv[2]) / "disk"
    mount(place)
    SCENARIOS[sys.argv[1]](place)
