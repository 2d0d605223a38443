"""A disk that takes seconds for whatever is to stay, under the open window.

    python -m tests.faults.slow_disk FOLDER

Starts itself once more with a library before that of the system (slow_disk.c, compiled here) that waits in
`fsync` and `fdatasync` of files in FOLDER; what SQLite and the exports bring to the disk goes through these.
A scenario that fails ends with a traceback and a status other than 0.
"""

import ctypes
import gc
import os
import subprocess
import sys
from pathlib import Path

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication

from app.services.export import ExportService
from tests.faults.small_disk import counts, draw
from tests.helpers.app_robot import AppRobot, run_with
from tests.helpers.fake_predictor import FakeDetector
from tests.helpers.photos import write_photos

WAIT_MS = 1500
SOURCE = Path(__file__).with_name("slow_disk.c")


def compiled(folder: Path) -> Path:
    """The library."""
    library = folder / "slow_disk.so"
    command = ["cc", "-shared", "-fPIC", "-o", str(library), str(SOURCE), "-ldl"]
    subprocess.run(command, check=True, timeout=60)
    return library


def waits() -> int:
    """How often the disk has kept the program waiting."""
    return ctypes.c_int.in_dll(ctypes.CDLL(None), "slow_disk_waits").value


def saving_takes_seconds(disk: Path) -> None:
    """Every edit is saved when its action is over, later input is not lost, and exports do not hold it up."""
    folder, out = write_photos(disk / "photos"), disk / "labels"
    beats: list[bool] = []

    def script(robot: AppRobot):
        yield robot.picture_shown
        gc.unfreeze()  # else they are not listed
        (export,) = (one for one in gc.get_objects() if type(one) is ExportService)
        beat = QTimer(robot.window)
        beat.timeout.connect(lambda: beats.append(export.writing))
        beat.start(10)
        os.environ["SLOW_DISK_MS"] = str(WAIT_MS)
        before = waits()
        QTimer.singleShot(0, lambda: robot.press("D"))  # pressed while the first edit is being saved
        draw(robot)
        assert waits() > before, "the disk was not slow"
        assert robot.window.save_banner.isHidden()
        assert counts(folder) == {"a.jpg": 1}
        yield lambda: robot.key == "b.png" and robot.picture_shown()
        draw(robot)
        beats.clear()
        export.write(export.plan(["a.jpg", "b.png"]), out)
        yield lambda: beats.count(True) > 5  # the window lives while the files wait for the disk
        draw(robot, 100)
        assert counts(folder) == {"a.jpg": 1, "b.png": 2}
        assert robot.window.save_banner.isHidden()
        yield lambda: not export.writing
        assert {file.name for file in out.rglob("*.txt")} == {"gt_a.txt", "gt_b.txt"}
        assert robot.problems == []

    run_with(FakeDetector(), [str(folder)], script)
    assert counts(folder) == {"a.jpg": 1, "b.png": 2}


def main(folder: Path) -> int:
    """Start the program with the slow layer, or do what it is started for."""
    folder.mkdir(parents=True, exist_ok=True)
    if "SLOW_DISK" not in os.environ:
        layer = {"LD_PRELOAD": str(compiled(folder)), "SLOW_DISK": str(folder), "SLOW_DISK_MS": "0"}
        command = [sys.executable, "-m", "tests.faults.slow_disk", str(folder)]
        return subprocess.run(command, env={**os.environ, **layer}, check=False).returncode
    application = QApplication([])
    saving_takes_seconds(folder)
    assert application is not None
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]).resolve()))
