"""Wheel and sdist, built here: everything the program loads at work is inside, and is found from there."""

import hashlib
import os
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY

RESOURCES = REPOSITORY / "resources"
KINDS = (
    "checkpoints/*.safetensors",
    "checkpoints/*.md",
    "presets/*",
    "icons/*.svg",
    "i18n/*.json",
    "keys/*.json",
    "theme/*",
    "samples/images/*.jpg",
    "samples/gt/*.txt",
)


@pytest.fixture(scope="module")
def built(tmp_path_factory) -> Path:
    """A folder with the sdist and the wheel that was built from it."""
    out = tmp_path_factory.mktemp("built")
    uv = Path(sys.executable).with_name("uv")
    if not uv.exists():
        pytest.skip("uv, which builds them, is not installed")
    done = subprocess.run(
        [uv, "build", "--offline", "--quiet", "--out-dir", out, REPOSITORY],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode and "hatchling" in done.stderr:
        pytest.skip("the build needs hatchling, which is not kept on this machine")
    assert done.returncode == 0, done.stderr
    return out


@pytest.fixture(scope="module")
def installed(built, tmp_path_factory) -> Path:
    """A folder with what the wheel would install."""
    folder = tmp_path_factory.mktemp("installed")
    (wheel,) = built.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    return folder


def shipped() -> list[Path]:
    files = [file for kind in KINDS for file in RESOURCES.glob(kind) if file.is_file()]
    assert len(files) > 50
    return files


def test_the_wheel_has_every_resource_byte_by_byte(installed):
    for file in shipped():
        assert (
            installed / "tcm_core/_resources" / file.relative_to(RESOURCES)
        ).read_bytes() == file.read_bytes()
    assert list((installed / "tcm_core" / "_resources" / "guide").rglob("*.png"))
    guides = {file.name for file in (REPOSITORY / "docs").glob("guide*.md")}
    assert "guide.md" in guides
    assert {file.name for file in (installed / "tcm_core/_resources/guide").glob("*.md")} == guides


def test_the_wheel_has_licence_and_commands_and_nothing_else(installed):
    names = {path.name for path in installed.iterdir()}
    (info,) = [name for name in names if name.endswith(".dist-info")]
    assert names == {"app", "tcm_core", info}
    licences = {path.name for path in (installed / info / "licenses").iterdir()}
    assert licences == {"LICENSE", "NOTICE"}
    entries = (installed / info / "entry_points.txt").read_text()
    assert "tcm = tcm_core.cli.main:main" in entries
    assert "tcm-studio = app.__main__:main" in entries


def test_the_sdist_has_them_too(built):
    (sdist,) = built.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        held = {name.partition("/")[2] for name in archive.getnames()}
    for file in shipped():
        assert file.relative_to(REPOSITORY).as_posix() in held
    assert {"LICENSE", "NOTICE", "README.md", "pyproject.toml", "packaging/studio.spec"} <= held
    assert not [name for name in held if name.startswith((".venv", "runs/", "out/", "dist/", "build/"))]


def test_an_installed_wheel_finds_its_checkpoints_and_knows_their_hashes(installed, tmp_path):
    program = (
        "from tcm_core.checkpoint_file import list_checkpoints\n"
        "from tcm_core.doctor import recorded_hash\n"
        "for path in list_checkpoints(): print(path.name, path, recorded_hash(path.name), sep='|')"
    )
    environment = {**os.environ, "PYTHONPATH": str(installed)}
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=environment, cwd=tmp_path, capture_output=True, text=True, check=True,
    )  # fmt: skip
    rows = [line.split("|") for line in done.stdout.splitlines()]
    assert {name for name, *_ in rows} == {path.name for path in RESOURCES.glob("checkpoints/*.safetensors")}
    for name, path, recorded in rows:
        assert Path(path).is_relative_to(installed)
        assert recorded == hashlib.sha256((RESOURCES / "checkpoints" / name).read_bytes()).hexdigest()
