"""The campaign of faults in short; `make faults` runs it at full size (docs/reliability.md)."""

import json
import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from app.storage.backups import back_up, backups_of
from app.storage.lock import LOCK_FILE, ProjectLock
from app.storage.project_db import ProjectDb
from tests.conftest import REPOSITORY
from tests.faults import corrupt, kill_writers, monkey
from tests.faults.corrupt_kinds import KINDS, Kind

SLOW = ("training", "of a run", "ONNX")
QUICK = [name for name in KINDS if not any(word in name for word in SLOW)]
DAY = 24 * 3600.0


@pytest.mark.parametrize("name", QUICK)
@pytest.mark.logs_warnings
def test_a_damaged_file_is_read_or_refused_in_words(name: str, tmp_path: Path):
    counts, faults = corrupt.run_kind(name, 6 if name == "checkpoint" else 12, 1, tmp_path)
    assert faults == []
    assert sum(counts.values()) >= 6


@pytest.mark.parametrize(
    ("read", "guarded", "expected"),
    [
        (lambda folder: ((folder / "a").read_bytes().hex(), []), True, "SILENT"),
        (lambda folder: ((folder / "a").read_bytes().hex(), []), False, "unnoticed"),
        (lambda folder: (json.loads((folder / "a").read_bytes())["a"], []), True, "CRASHED"),
        (lambda folder: ("", ["it is damaged"]), True, "recovered"),
    ],
)
def test_the_campaign_sees_silence_and_crashes(read, guarded, expected, tmp_path: Path, monkeypatch):
    def make(folder: Path) -> list[Path]:
        (folder / "a").write_bytes(b'{"a": "some content"}')
        return [folder / "a"]

    whole = []

    def reading(folder: Path):
        if not whole:
            whole.append(folder)
            return "as it was", []
        return read(folder)

    monkeypatch.setitem(KINDS, "made up", Kind(make, reading, guarded))
    counts, faults = corrupt.run_kind("made up", 20, 0, tmp_path)
    assert counts[expected] > 5
    assert bool(faults) == (expected in corrupt.FAULTS)


@pytest.mark.parametrize("name", list(kill_writers.WRITERS))
def test_a_killed_writer_leaves_whole_files(name: str, tmp_path: Path):
    assert kill_writers.run(name, 3, 0, tmp_path / "place") == []


def test_a_clock_that_jumps_back_does_not_stop_the_backups(tmp_path: Path):
    db = ProjectDb.open(tmp_path)
    db.close()
    now = 1_700_000_000.0
    future = back_up(db.path, now + 400 * DAY)
    assert future is not None
    os.utime(future, (now + 400 * DAY, now + 400 * DAY))
    copy = back_up(db.path, now)  # the clock was wrong and has been set right
    assert copy is not None
    os.utime(copy, (now, now))
    assert back_up(db.path, now + 60) is None
    assert back_up(db.path, now + 2 * DAY) is not None
    assert len(backups_of(db.path)) == 3


@pytest.mark.parametrize("offset", [-(10**9), 10**9])
def test_a_clock_that_jumps_does_not_take_the_lock_from_a_window_that_lives(tmp_path: Path, offset: int):
    ours = ProjectLock(tmp_path / "project.sqlite3")
    assert ours.acquire() is None
    os.utime(tmp_path / LOCK_FILE, (1_700_000_000 + offset, 1_700_000_000 + offset))
    holder = ProjectLock(tmp_path / "project.sqlite3").acquire()
    assert holder is not None
    assert holder.pid == os.getpid()
    ours.release()


def run_module(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", *words],
        cwd=REPOSITORY,
        env={**os.environ, "QT_QPA_PLATFORM": "offscreen", "PYTHONPATH": str(REPOSITORY)},
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )


@pytest.mark.skipif(
    sys.platform != "linux" or shutil.which("cc") is None, reason="the slow layer is compiled for Linux"
)
def test_saving_that_takes_seconds_loses_nothing_and_exports_do_not_stop_the_window(tmp_path: Path):
    done = run_module("tests.faults.slow_disk", str(tmp_path / "disk"))
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-5000:]


def test_random_actions_in_the_window_meet_nothing_unforeseen():
    done = run_module("tests.faults.monkey", "--minutes", "0.35", "--seed", "11", "--made-detector")
    assert done.returncode == 0, done.stdout[-5000:] + done.stderr[-3000:]
    assert " 0 faults" in done.stdout


def test_the_monkey_finds_a_command_that_fails(tmp_path: Path):
    program = (
        "import sys\n"
        "from app.views.canvas.view import StudioCanvas\n"
        "def broken(self, *words):\n"
        "    raise KeyError('on purpose')\n"
        "for name in ('fit', 'zoom_by', 'actual_size'):\n"
        "    setattr(StudioCanvas, name, broken)\n"
        "from tests.faults import monkey\n"
        "sys.argv = ['monkey', '--minutes', '4', '--seed', '3', '--made-detector', '--until-fault']\n"
        "sys.exit(monkey.main())\n"
    )
    (tmp_path / "program.py").write_text(program, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, str(tmp_path / "program.py")],
        cwd=REPOSITORY,
        env={**os.environ, "QT_QPA_PLATFORM": "offscreen", "PYTHONPATH": str(REPOSITORY)},
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )
    assert done.returncode == 1, done.stdout[-3000:]
    assert "KeyError: 'on purpose'" in done.stdout


@pytest.mark.parametrize("patience_s", [60.0, 0.2])
def test_the_monkey_tells_a_late_thread_from_one_that_stays(patience_s: float, monkeypatch):
    def _collect():  # the name of what the window's diagnosis runs in a thread
        released.wait(0.5 if patience_s > 1 else 30)

    monkeypatch.setattr(monkey, "LATE_S", patience_s)
    released, outcome = threading.Event(), monkey.Outcome()
    thread = threading.Thread(target=_collect)
    thread.start()
    monkey._stuck(outcome)
    released.set()
    thread.join()
    late = patience_s > 1
    assert (outcome.counts["ended late"], len(outcome.faults)) == ((1, 0) if late else (0, 1))


def test_many_images_cost_neither_files_nor_threads():
    done = run_module("tests.faults.long_run", "--images", "60", "--detect", "2", "--every", "10")
    assert done.returncode == 0, done.stdout + done.stderr[-3000:]
    rows = [line.split("|") for line in done.stdout.splitlines() if line.startswith("| edited")]
    assert [int(row[2]) for row in rows] == [10, 20, 30, 40, 50, 60]
    files, threads = ([int(row[column]) for row in rows] for column in (5, 6))
    assert max(files) <= files[0] + 8
    assert max(threads) <= threads[0] + 8
    assert float(rows[-1][7]) < 30
