"""A training as a process of its own: by the interpreter, by the built application, by an AppImage."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from app.__main__ import main
from app.command_line import COMMAND_LINE, tcm_environment, tcm_words
from app.workers.train_process import is_running, start_detached
from tests.conftest import REPOSITORY

PATIENCE_S = 120


@pytest.fixture
def built(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stands for the built application: a program that takes the studio's arguments."""
    program = tmp_path / "tcm-studio"
    program.write_text(
        f'#!/bin/sh\ncd "{REPOSITORY}"\nexec "{sys.executable}" -m app "$@"\n', encoding="utf-8"
    )
    program.chmod(0o755)
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    monkeypatch.setattr(sys, "executable", str(program))
    return program


def test_the_studio_is_the_command_line_when_its_first_word_says_so():
    command = [sys.executable, "-m", "app", COMMAND_LINE, "train", "--help"]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert done.returncode == 0
    assert "--config" in done.stdout
    assert "--resume" in done.stdout


def test_what_a_person_can_mend_is_one_message_and_status_2(tmp_path: Path, capsys):
    missing = tmp_path / "run.toml"
    assert main([COMMAND_LINE, "train", "--config", str(missing), "--out", str(tmp_path / "run")]) == 2
    assert "run.toml" in capsys.readouterr().err


@pytest.mark.skipif(sys.platform == "win32", reason="a shell script stands for the program")
def test_the_built_application_starts_itself_and_says_so_in_the_log(built: Path, tmp_path: Path):
    words = tcm_words()
    assert words == [str(built), "tcm"]
    assert tcm_environment()["PYINSTALLER_RESET_ENVIRONMENT"] == "1"
    log = tmp_path / "log"
    mark = start_detached([*words, "train", "--help"], tmp_path, log)
    end = time.monotonic() + PATIENCE_S
    while is_running(mark):
        assert time.monotonic() < end
        time.sleep(0.05)
    assert "--config" in log.read_text(encoding="utf-8")


def test_an_appimage_is_started_by_its_file_as_its_contents_go(
    built: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("APPIMAGE", "/opt/Studio.AppImage")
    monkeypatch.setenv("APPDIR", str(tmp_path / "elsewhere"))
    assert tcm_words() == [str(built), "tcm"]  # it was started by another AppImage, such as a terminal
    monkeypatch.setenv("APPDIR", str(tmp_path))
    assert tcm_words() == ["/opt/Studio.AppImage", "tcm"]


def test_from_source_the_interpreter_finds_the_packages_from_any_folder(tmp_path: Path):
    done = subprocess.run(
        [*tcm_words(), "--help"],
        cwd=tmp_path, env=tcm_environment(), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0
    assert "PYINSTALLER_RESET_ENVIRONMENT" not in {*tcm_environment()} - {*os.environ}
