"""Nothing goes over the network that a person did not ask for: all connections of Python are written down."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY

WATCH = """
import os, sys

def _watch(event, arguments):
    if event in ("socket.connect", "socket.getaddrinfo", "socket.sendto", "urllib.Request"):
        with open(os.environ["WATCHED"], "a", encoding="utf-8") as file:
            file.write(f"{event} {arguments[1:]!r}\\n")

sys.addaudithook(_watch)
"""
NETWORK_PARTS = ("PySide6.QtNetwork", "PySide6.QtWebSockets", "PySide6.QtWebEngineCore")


def run_watched(folder: Path, *arguments: str) -> list[str]:
    """Run Python with the watch, in its child processes too; what was written down."""
    (folder / "sitecustomize.py").write_text(WATCH, encoding="utf-8")
    seen = folder / "seen"
    seen.touch()
    environment = {
        **os.environ,
        "PYTHONPATH": str(folder),
        "WATCHED": str(seen),
        "QT_QPA_PLATFORM": "offscreen",
    }
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=REPOSITORY,
        env=environment,
        capture_output=True,
        text=True,
        timeout=500,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return seen.read_text(encoding="utf-8").splitlines()


def test_the_watch_sees_a_connection(tmp_path: Path):
    ask = "import socket; s = socket.socket(); s.settimeout(1); s.connect_ex(('127.0.0.1', 9))"
    assert run_watched(tmp_path, "-c", ask) == ["socket.connect (('127.0.0.1', 9),)"]


@pytest.mark.timeout(560)
def test_opening_detecting_editing_and_exporting_connect_to_nothing(tmp_path: Path):
    """The window of Qt is not seen by the watch, but has no part that could connect."""
    program = (
        "import sys; sys.argv = ['app', '--self-test']\n"
        "from app.__main__ import main\n"
        "status = main(sys.argv[1:])\n"
        f"loaded = [name for name in {NETWORK_PARTS!r} if name in sys.modules]\n"
        "sys.exit(status or ' '.join(loaded) or 0)\n"
    )
    assert run_watched(tmp_path, "-c", program) == []
