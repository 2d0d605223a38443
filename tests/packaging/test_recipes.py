"""The Debian package as the recipe makes it of a small program, the desktop file, the icons, the recipes."""

import argparse
import configparser
import importlib.util
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest
import yaml
from PIL import Image

from tests.conftest import REPOSITORY

HERE = REPOSITORY / "packaging"


def load(name: str) -> ModuleType:
    """A script of packaging/ as a module."""
    spec = importlib.util.spec_from_file_location(f"packaging_{name}", HERE / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def unpacked(tmp_path) -> Path:
    """The root of a system with the package of a program that is a shell script, and its control file."""
    if not (shutil.which("dpkg-deb") and shutil.which("dpkg")):
        pytest.skip("dpkg is of Debian and its relatives")
    program = tmp_path / "frozen" / "tcm-studio"
    (program / "_internal").mkdir(parents=True)
    starter = program / "tcm-studio"
    starter.write_text('#!/bin/sh\necho "$@"\n')
    starter.chmod(0o755)
    (program / "_internal" / "large.bin").write_bytes(bytes(3_000_000))
    options = argparse.Namespace(out=tmp_path / "dist", work=tmp_path / "build")
    options.out.mkdir()
    (options.out / "tcm_studio-1.2.3-py3-none-any.whl").touch()
    package = load("package").make_deb(program, options)
    root = tmp_path / "root"
    subprocess.run(["dpkg", "-x", package, root], check=True)
    subprocess.run(["dpkg", "-e", package, root / "DEBIAN"], check=True)
    return root


def test_the_debian_package_brings_program_command_desktop_file_icon_and_licence(unpacked):
    command = unpacked / "usr/bin/tcm-studio"
    assert command.readlink() == Path("/opt/tcm-studio/tcm-studio")
    starter = unpacked / "opt/tcm-studio/tcm-studio"
    assert subprocess.check_output([starter, "a b"], text=True) == "a b\n"
    share = unpacked / "usr/share"
    assert (share / "icons/hicolor/scalable/apps/tcm-studio.svg").read_bytes() == (
        REPOSITORY / "resources/icons/app.svg"
    ).read_bytes()
    assert "Apache License" in (share / "doc/tcm-studio/copyright").read_text()
    assert (share / "applications/tcm-studio.desktop").exists()


def test_the_control_file_names_version_size_and_what_is_needed(unpacked):
    rows = dict(
        line.split(": ", 1) for line in (unpacked / "DEBIAN/control").read_text().splitlines() if ": " in line
    )
    assert rows["Package"] == "tcm-studio"
    assert rows["Version"] == "1.2.3"
    assert 2900 < int(rows["Installed-Size"]) < 3500  # KiB
    assert {"libegl1", "libgl1"} <= {word.strip() for word in rows["Depends"].split(",")}


def test_the_desktop_file_opens_folders_and_pictures():
    parser = configparser.ConfigParser(interpolation=None, delimiters=("=",))
    parser.optionxform = str
    parser.read(HERE / "linux" / "tcm-studio.desktop", encoding="utf-8")
    entry = parser["Desktop Entry"]
    assert (entry["Type"], entry["Icon"], entry["Exec"]) == ("Application", "tcm-studio", "tcm-studio %f")
    types = set(entry["MimeType"].rstrip(";").split(";"))
    assert {"inode/directory", "image/jpeg", "image/png"} <= types
    assert {"Comment[zh_TW]", "Comment[zh_CN]"} <= set(entry)


def test_icons_of_windows_and_macos_are_drawn(tmp_path):
    subprocess.run([sys.executable, HERE / "icons.py", tmp_path], check=True)
    for name in ("tcm-studio.ico", "tcm-studio.icns"):
        with Image.open(tmp_path / name) as icon:
            assert icon.size == (256, 256)
            low, high = icon.convert("RGBA").getextrema()[3]
            assert (low, high) == (0, 255)  # something is drawn, and not everywhere


def test_the_workflow_packs_on_all_three_systems_with_scripts_that_are_there():
    job = yaml.safe_load((HERE / "workflow.yml").read_text(encoding="utf-8"))["jobs"]["package"]
    systems = [name.partition("-")[0] for name in job["strategy"]["matrix"]["os"]]
    assert systems == ["ubuntu", "windows", "macos"]
    commands = "\n".join(step.get("run", "") for step in job["steps"])
    assert "python packaging/package.py" in commands
    assert "packaging\\windows\\studio.iss" in commands
    assert (HERE / "package.py").exists()
    assert (HERE / "windows" / "studio.iss").exists()


def test_the_workflow_installs_on_linux_what_the_debian_package_needs():
    job = yaml.safe_load((HERE / "workflow.yml").read_text(encoding="utf-8"))["jobs"]["package"]
    (step,) = [step for step in job["steps"] if "apt-get" in step.get("run", "")]
    assert set(load("package").QT_LIBRARIES) <= set(step["run"].split())
