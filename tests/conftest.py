"""What holds for every test: no display, a private home, no thread left, no unexpected warning in the log.

Shared robots, fakes and generated pictures are imported as ``from tests.helpers.NAME import ...``.
"""

import os

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")  # before Qt is imported by anything
os.environ.setdefault("OMP_NUM_THREADS", "1")  # one torch thread a process: several run at once

import gc
import logging
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import shiboken6
from PySide6.QtCore import QCoreApplication, QEvent, QThread

REPOSITORY = Path(__file__).resolve().parent.parent
THREAD_STOP_MS = 5000
COLLECT_EVERY = 20  # tests: a collection takes as long as a short one
OFFSCREEN_NOISE = r"This plugin does not support (propagateSizeHints|raise|grabbing the keyboard)"

_since_collection: list[str] = []


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let the offscreen platform say that it has no window manager; other warnings of Qt fail the test."""
    for item in items:
        item.add_marker(pytest.mark.qt_log_ignore(OFFSCREEN_NOISE, extend=True))


@pytest.fixture(autouse=True)
def private_home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The settings, data and logs of this test: TCM_STUDIO_HOME, empty at the start."""
    home = tmp_path_factory.mktemp("studio-home")
    monkeypatch.setenv("TCM_STUDIO_HOME", str(home))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home / "xdg-config"))
    monkeypatch.setenv("XDG_DATA_HOME", str(home / "xdg-data"))
    return home


@pytest.fixture(autouse=True)
def no_thread_left_running(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Fails a test that leaves a QThread running; stops it first, so that the next tests are not hit."""
    started: list[weakref.ref[QThread]] = []
    start = QThread.start

    def remembering_start(thread: QThread, *arguments: Any) -> None:
        started.append(weakref.ref(thread))
        start(thread, *arguments)

    monkeypatch.setattr(QThread, "start", remembering_start)
    yield
    left = []
    for reference in started:
        thread = reference()
        if thread is None or not shiboken6.isValid(thread) or not thread.isRunning():
            continue
        left.append(thread.objectName() or type(thread).__name__)
        thread.requestInterruption()
        thread.quit()
        thread.wait(THREAD_STOP_MS)
    assert not left, f"threads left running: {left}"


@pytest.fixture(autouse=True)
def windows_are_let_go(request: pytest.FixtureRequest) -> Iterator[None]:
    """Ends what was to be deleted later, and now and then what only refers to itself.

    Without it nothing of a test's widgets is freed while no event loop runs, and a canvas holds megabytes.
    As in the program, cycles are collected in this thread only (app.gui_collector): a worker must not destroy
    what belongs to Qt's thread.
    """
    gc.disable()
    yield
    if {"qtbot", "qapp"} & set(request.fixturenames):
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    _since_collection.append(request.node.name)
    if len(_since_collection) >= COLLECT_EVERY:
        _since_collection.clear()
        gc.collect()


@pytest.fixture(autouse=True)
def no_unexpected_warning_in_the_log(
    request: pytest.FixtureRequest, caplog: pytest.LogCaptureFixture
) -> Iterator[None]:
    """Fails a test whose log holds a warning or worse, unless it is marked ``logs_warnings``."""
    yield
    if request.node.get_closest_marker("logs_warnings") is not None:
        return
    records = [record for phase in ("setup", "call") for record in caplog.get_records(phase)]
    bad = [f"{r.name}: {r.getMessage()}" for r in records if r.levelno >= logging.WARNING]
    assert not bad, f"unexpected warnings in the log: {bad}"


@pytest.fixture(scope="session")
def data_root() -> Path:
    """The folder of public data sets beside the repository; the test is skipped where it is absent."""
    root = REPOSITORY.parent / "shared" / "data"
    if not (root / "icdar2015").is_dir():
        pytest.skip("the public data sets are not beside this repository (../shared/data)")
    return root


@pytest.fixture(scope="session")
def samples() -> Path:
    """resources/samples: ``images`` and ``gt``. Tests read it and copy it; nothing is written there."""
    return REPOSITORY / "resources" / "samples"
