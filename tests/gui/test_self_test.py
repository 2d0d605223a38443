"""`--self-test` as a package's last step runs it: a process of its own, its exit status, its words."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY


def run_self_test(*arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "app", "--self-test", *arguments]
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen"}
    return subprocess.run(
        command, cwd=REPOSITORY, env=environment, capture_output=True, text=True, timeout=500, check=False
    )


@pytest.mark.timeout(560)
def test_an_installation_that_works_passes_and_says_each_step():
    done = run_self_test("--training")
    assert done.returncode == 0, done.stdout + done.stderr
    said = done.stdout.splitlines()
    assert said[-1] == "self-test: passed"
    assert "self-test: labels are written" in said
    assert any(line.endswith("steps were learnt in a process of their own") for line in said)


@pytest.mark.timeout(560)
def test_a_broken_checkpoint_fails_it_with_the_words_of_the_problem(tmp_path: Path):
    broken = tmp_path / "broken.safetensors"
    broken.write_bytes(b"\xff" * 64)
    done = run_self_test("--checkpoint", str(broken))
    assert done.returncode == 1, done.stdout + done.stderr
    assert "self-test: failed" in done.stdout
    assert "broken.safetensors" in done.stdout
