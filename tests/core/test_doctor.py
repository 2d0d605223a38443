import shutil
import sys
from importlib import metadata

import pytest

from tcm_core import resources
from tcm_core.checkpoint_file import file_sha256, list_checkpoints
from tcm_core.doctor import (
    checkpoint_finding,
    collect,
    data_folder_finding,
    detection_finding,
    disk_finding,
    folder_findings,
    fonts_finding,
    qt_platform_finding,
    qt_version_finding,
    recorded_hash,
)
from tcm_core.system_libraries import (
    MissingLibrary,
    install_line,
    missing_qt_libraries,
    not_loadable,
)


def test_everything_of_interest_is_in_the_report():
    names = [finding.name for finding in collect()]
    for name in (
        "Python",
        "torch",
        "timm",
        "numpy",
        "Qt for Python",
        "CPU",
        "Qt platform",
        "Qt's system libraries",
        "fonts",
        "data folder",
        "settings folder",
        "cache folder",
        "disk",
        "detection",
    ):
        assert name in names
    assert any(name.startswith("checkpoint") for name in names)


def test_the_report_is_truthful_about_this_machine():
    import torch

    findings = {finding.name: finding for finding in collect()}
    assert findings["torch"].value == metadata.version("torch")
    assert f"{torch.get_num_threads()} threads" in findings["CPU"].value
    assert ("cuda:0" in findings) == torch.cuda.is_available()
    for finding in findings.values():
        assert finding.ok == (finding.remedy == "")
    assert "texts on a shipped photograph" in findings["detection"].value
    for path in list_checkpoints():
        assert file_sha256(path) in findings[f"checkpoint {path.stem}"].value


@pytest.mark.parametrize(
    ("version", "python", "ok"),
    [
        ("6.12.0", (3, 11), False),
        ("6.12.0", (3, 12), True),
        ("6.11.3", (3, 11), True),
        (None, (3, 12), False),
    ],
)
def test_the_qt_version_that_ends_the_program_is_refused(version, python, ok):
    finding = qt_version_finding(version, python)
    assert finding.ok is ok
    assert bool(finding.remedy) is not ok


def test_a_data_folder_that_can_be_made_is_fine(tmp_path):
    assert data_folder_finding(tmp_path / "not" / "yet").ok
    assert not (tmp_path / "not").exists()


def test_a_data_folder_below_a_file_cannot_be_written(tmp_path):
    (tmp_path / "file").touch()
    finding = data_folder_finding(tmp_path / "file" / "data")
    assert not finding.ok
    assert "TCM_STUDIO_HOME" in finding.remedy


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="sonames of Linux")
def test_only_libraries_that_the_loader_does_not_find_are_missing():
    there = MissingLibrary("libc.so.6", "libc6")
    absent = MissingLibrary("libno-such-thing.so.7", "libno-such-thing7")
    assert not_loadable([there, absent]) == [absent]


def test_the_install_line_names_each_package_once():
    missing = [
        MissingLibrary("b.so", "pkg-b"),
        MissingLibrary("a.so", "pkg-a"),
        MissingLibrary("a2.so", "pkg-a"),
    ]
    assert install_line(missing) == "sudo apt-get install pkg-a pkg-b"


def test_what_is_missing_for_drawing_is_also_missing_for_a_window():
    assert set(missing_qt_libraries(window=False)) <= set(missing_qt_libraries())


def test_other_systems_bring_their_libraries_with_qt(monkeypatch):
    monkeypatch.setattr(sys, "platform", "win32")
    assert missing_qt_libraries() == []


@pytest.mark.parametrize(
    ("set_to", "value", "ok"),
    [
        ({"QT_QPA_PLATFORM": "offscreen", "DISPLAY": ":1"}, "offscreen, as QT_QPA_PLATFORM says", True),
        ({"DISPLAY": "somebodys-machine:10.0"}, "X11", True),
        ({"WAYLAND_DISPLAY": "wayland-0", "DISPLAY": ":1"}, "Wayland", True),
        ({}, "no display", False),
    ],
)
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="displays of Linux")
def test_the_platform_of_qt_is_told_by_the_environment(monkeypatch, set_to, value, ok):
    for name in ("QT_QPA_PLATFORM", "DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    for name, text in set_to.items():
        monkeypatch.setenv(name, text)
    finding = qt_platform_finding()
    assert (finding.value, finding.ok, finding.required) == (value, ok, ok)


def test_a_folder_that_cannot_be_made_is_found_by_trying(tmp_path, monkeypatch):
    monkeypatch.setenv("TCM_STUDIO_HOME", str(tmp_path / "new" / "home"))
    assert [finding.ok for finding in folder_findings()] == [True, True, True]
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "new").touch()
    settings, cache, _ = folder_findings()
    assert not settings.ok
    assert not cache.ok
    assert str(tmp_path) not in settings.value + settings.remedy


def test_little_room_is_worth_a_word_but_no_reason_to_stop(tmp_path):
    free = shutil.disk_usage(tmp_path).free
    assert disk_finding(tmp_path, least=0).ok
    full = disk_finding(tmp_path / "not yet", least=2 * free)
    assert (full.ok, full.required, full.remedy) == (False, False, "make room")


def test_a_machine_without_fonts_is_told_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setattr("tcm_core.data.synth.fonts.system_folders", lambda: (tmp_path,))
    finding = fonts_finding()
    assert (finding.value, finding.ok) == ("none", False)
    assert "fonts-noto-cjk" in finding.remedy


def test_a_checkpoint_that_is_not_the_packaged_one_is_told():
    assert checkpoint_finding("a", "a", "12ab", "12ab").value == "a, sha256 12ab, as packaged"
    assert checkpoint_finding("a", "a", "12ab", None).ok
    changed = checkpoint_finding("a", "a", "12ab", "34cd")
    assert not changed.ok
    assert "34cd was packaged" in changed.value


def test_the_list_of_files_of_a_package_is_asked_only_where_it_is_installed():
    assert resources.resource_root().name == "resources"  # the tests run in the source tree
    assert recorded_hash("db-small.safetensors") is None


def test_an_installation_without_its_checkpoints_finds_no_text(tmp_path, monkeypatch):
    shutil.copytree(resources.resource("samples"), tmp_path / "resources" / "samples")
    (tmp_path / "resources" / "checkpoints").mkdir()
    monkeypatch.setattr(sys, "_MEIPASS", str(tmp_path), raising=False)
    finding = detection_finding()
    assert not finding.ok
    assert finding.value.startswith("BadCheckpoint: db-small: no such checkpoint")
