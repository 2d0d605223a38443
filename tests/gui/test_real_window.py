"""The program as a process: in a window of a real X server, and painted before torch is imported."""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from app.storage.project_db import ProjectDb
from tcm_core.system_libraries import missing_qt_libraries
from tests.conftest import REPOSITORY
from tests.helpers.photos import write_photos


@pytest.fixture
def x_server(tmp_path: Path) -> Iterator[str]:
    """The name of a fresh display."""
    program = shutil.which("Xvfb")
    if program is None:
        pytest.skip("Xvfb is not installed")
    if missing := missing_qt_libraries():
        pytest.skip(f"Qt's libraries for a window are missing: {[library.soname for library in missing]}")
    reading, writing = os.pipe()
    command = [program, "-displayfd", str(writing), "-screen", "0", "1280x800x24", "-nolisten", "tcp"]
    with (tmp_path / "xvfb.log").open("wb") as log:
        server = subprocess.Popen(command, pass_fds=(writing,), stdout=log, stderr=log)
    os.close(writing)
    try:
        number = os.read(reading, 16).decode().strip()
        assert number, "Xvfb did not start"
        yield f":{number}"
    finally:
        os.close(reading)
        server.terminate()
        server.wait(10)


def start(environment: dict[str, str], *arguments: str) -> dict:
    command = [sys.executable, "-m", "app", *arguments, "--exit-when-shown"]
    ended = subprocess.run(
        command, cwd=REPOSITORY, env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    assert ended.returncode == 0, ended.stderr
    return json.loads(ended.stdout.splitlines()[-1])


def test_the_window_opens_on_a_real_display_without_torch(x_server: str, tmp_path: Path, samples: Path):
    environment = {key: value for key, value in os.environ.items() if key != "QT_QPA_PLATFORM"}
    environment["DISPLAY"] = x_server
    folder = tmp_path / "samples"
    shutil.copytree(samples / "images", folder, ignore=shutil.ignore_patterns(".*"))
    shown = start(environment, str(folder))
    assert shown["torch_imported"] is False
    assert shown["painted_at"] <= time.time()
    assert shown["platform"] == "xcb"


def test_the_window_is_painted_before_torch_is_imported_offscreen():
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen"}
    shown = start(environment)
    assert shown["torch_imported"] is False
    assert shown["platform"] == "offscreen"


def test_a_polygon_drawn_with_the_mouse_of_the_x_server_is_saved(
    x_server: str, tmp_path: Path, private_home: Path
):
    """The pointer and the keys are the X server's own, as from a mouse; Qt is not told what happens."""
    if shutil.which("xdotool") is None:
        pytest.skip("xdotool, which moves the X server's mouse, is not installed")
    folder = write_photos(tmp_path / "photos")
    environment = {
        **os.environ, "DISPLAY": x_server, "QT_QPA_PLATFORM": "xcb", "TCM_STUDIO_HOME": str(private_home)
    }  # fmt: skip
    picture = tmp_path / "screen.png"
    ended = subprocess.run(
        [sys.executable, "-m", "tests.helpers.real_mouse", str(folder), str(picture)],
        cwd=REPOSITORY, env=environment, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr
    db = ProjectDb.open(folder)
    (region,) = db.load_page("a.jpg").regions
    db.close()
    wanted = np.array([(40, 40), (200, 50), (210, 120), (120, 150), (30, 110)])
    assert region.polygon.shape == wanted.shape
    assert np.abs(region.polygon - wanted).max() < 1.0
    screen = np.asarray(Image.open(picture).convert("RGB"))
    assert screen.shape == (800, 1280, 3)
    assert len(np.unique(screen.reshape(-1, 3), axis=0)) > 2000  # a photograph is on it
