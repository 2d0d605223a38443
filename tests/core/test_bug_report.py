"""A report of a fault: what it holds by default names and quotes nothing; what was chosen goes in."""

import logging
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tcm_core.bug_report import BugReport, bones, finding_line, without_places
from tcm_core.data.formats.icdar import read_icdar
from tcm_core.doctor import Finding, data_folder_finding
from tcm_core.errors import BadImage, TcmError

PERSON = "Ximena Sørbye"
PICTURE = "divorce papers.jpg"
WORDS = "口座番号 4711"
SECRETS = ("Ximena", "Sørbye", "divorce", "papers", "口座", "4711")


@pytest.fixture
def person(tmp_path, monkeypatch) -> Path:
    """A home of a person with a blank in the name, who is also the account."""
    home = tmp_path / PERSON
    home.mkdir()
    for name in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(name, str(home))
    for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.setenv(name, PERSON)
    for name in ("XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "TCM_STUDIO_HOME"):
        monkeypatch.delenv(name, raising=False)
    return home


@pytest.fixture
def log(person) -> Path:
    """A log as the program writes it, of real failures on a file and a label of the person."""
    file = person / "studio.log"
    handler = logging.FileHandler(file, encoding="utf-8")
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    log = logging.getLogger("app.test_bug_report")
    log.addHandler(handler)
    log.propagate = False
    labels = person / "gt_divorce papers.txt"
    labels.write_text(f"1,2,3,{WORDS}\n", encoding="utf-8")
    try:
        read_icdar(labels)
    except TcmError as error:
        log.error("unforeseen error in %s", labels, exc_info=error)
    log.error("problem: %s\n%s\n%s: typed", PICTURE, WORDS, WORDS, exc_info=BadImage(f"{person}: {WORDS}"))
    handler.close()
    log.removeHandler(handler)
    return file


def content(file: Path) -> dict[str, str]:
    with zipfile.ZipFile(file) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name).decode() for name in archive.namelist()}


def assert_says_nothing(text: str, *more: str) -> None:
    for secret in (*SECRETS, *more):
        assert secret not in text


@pytest.mark.logs_warnings
def test_by_default_nothing_is_named_or_quoted(person, log):
    said = log.read_text(encoding="utf-8")
    assert all(secret in said for secret in SECRETS)  # or this test shows nothing
    findings = (
        Finding("Python", "3.11.7 on Linux x86_64"),
        data_folder_finding(person / ".local" / "share" / "tcm-studio"),
        Finding("detection", f"BadImage: {person / PICTURE}: damaged", ok=False, remedy=f"look at {person}"),
        Finding("checkpoint db-small", f"cannot be read: '/mnt/{PICTURE}'", ok=False),
    )
    report = person / "report.zip"
    held = BugReport(findings, (log, person / "not there.log")).write(report)
    found = content(report)
    assert list(found) == held == ["findings.txt", "studio.log"]
    assert_says_nothing("".join((*found, *found.values())), str(person), str(person.parent))
    assert "3.11.7 on Linux" in found["findings.txt"]
    assert "BadImage" in found["findings.txt"]


@pytest.mark.logs_warnings
def test_the_bones_of_a_log_tell_when_where_and_which_error(log):
    text = bones(log.read_text(encoding="utf-8"))
    assert "ERROR app.test_bug_report" in text
    assert "Traceback (most recent call last):" in text
    assert "  tcm_core/data/formats/icdar.py:" in text
    assert "tcm_core.errors.BadLabels" in text
    assert "tcm_core.errors.BadImage" in text
    assert text.rstrip().endswith("lines left out)")


def test_a_crash_of_native_code_keeps_its_frames():
    text = bones(
        "Fatal Python error: Segmentation fault\n\n"
        "Current thread 0x00007f1c (most recent call first):\n"
        '  File "/home/Ximena Sørbye/app/venv/lib/python3.11/site-packages/app/a.py", line 12 in shut_down\n'
        '  File "/home/Ximena Sørbye/divorce/x.py", line 3 in run\n'
        "Extension modules: numpy, 口座 (total: 2)\n"
    )
    assert "Fatal Python error: Segmentation fault\nCurrent thread 0x00007f1c\n" in text
    assert "app/a.py:12 shut_down" in text
    assert "elsewhere:3 run" in text
    assert_says_nothing(text)


@given(st.text(min_size=1).filter(str.strip))
def test_whatever_a_message_says_it_is_left_out(message):
    entry = f"2026-01-02 03:04:05,678 INFO app.compose: {message}"
    kept = bones("\n".join([entry, *(f"secret {line}" for line in message.splitlines())]))
    lines = kept.splitlines()
    assert lines[0] == "2026-01-02 03:04:05,678 INFO app.compose"
    assert "secret" not in kept


@pytest.mark.parametrize(
    "text",
    [
        "cannot be read: /srv/divorce papers/1.jpg: damaged",
        "open ('C:\\divorce papers\\1.jpg')",
        "\\\\server\\divorce papers",
        "~/divorce papers",
        "file=/divorce papers",
    ],
)
def test_places_that_nobody_foresaw_are_cut_off(text):
    assert_says_nothing(without_places(text))


def test_what_is_no_place_stays():
    for text in (
        "2 threads, AVX512, bf16 supported",
        "X11",
        "NVIDIA H100/80GB",
        "1.5 s to load, 0.2 s to detect",
    ):
        assert without_places(text) == text


def test_a_finding_about_a_place_tells_only_whether_it_serves(tmp_path):
    (tmp_path / "file").touch()
    assert finding_line(data_folder_finding(tmp_path)) == "ok   data folder: (left out)"
    assert finding_line(data_folder_finding(tmp_path / "file" / "x")) == "bad  data folder: (left out)"


@pytest.mark.logs_warnings
def test_what_was_chosen_goes_in(person, log):
    picture = person / PICTURE
    picture.write_bytes(b"the picture")
    report = BugReport((), (log,), messages=True, attached=(picture,), texts={"labels.json": WORDS})
    assert report.write(person / "r.zip") == [
        "findings.txt",
        "studio.log",
        "labels.json",
        f"attached/1-{PICTURE}",
    ]
    found = content(person / "r.zip")
    assert found["studio.log"] == log.read_text(encoding="utf-8")
    assert found["labels.json"] == WORDS
    assert found[f"attached/1-{PICTURE}"] == "the picture"


def test_a_report_that_cannot_be_made_says_why_and_leaves_nothing(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(TcmError, match="Save the report to another folder"):
        BugReport(()).write(tmp_path / "file" / "r.zip")
    with pytest.raises(TcmError, match="Leave it out"):
        BugReport((), attached=(tmp_path / "gone.jpg",)).write(tmp_path / "r.zip")
    assert not (tmp_path / "r.zip").exists()
