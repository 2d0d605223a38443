import sys
from importlib import metadata

import pytest

from tcm_core.doctor import collect, data_folder_finding, qt_version_finding
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
        "Qt's system libraries",
        "data folder",
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
