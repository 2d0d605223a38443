"""Stopping and pausing a run from outside, by signals and by words."""

import os
import signal
import threading

import pytest

from tcm_core.train.control import RunControl, ask, leave_signals_to_the_run
from tcm_core.train.events import all_events
from tcm_core.train.folder import RunFolder


@pytest.fixture
def folder(tmp_path):
    with RunFolder(tmp_path) as opened:
        yield opened


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_asks_for_a_stop_and_the_handlers_are_given_back(folder, number):
    former = signal.getsignal(number)
    with RunControl(folder) as control:
        assert control.request() is None
        os.kill(os.getpid(), number)
        assert control.request() == "stop"
        os.kill(os.getpid(), number)  # a launcher passes the same signal on at once
        assert control.request() == "stop"
    assert signal.getsignal(number) is former
    assert folder.log_file.read_text(encoding="utf-8").count("the run saves after this step") == 1


def test_a_second_signal_ends_the_run_at_once(folder, monkeypatch):
    monkeypatch.setattr("tcm_core.train.control._SECOND_SIGNAL_S", 0.0)
    with RunControl(folder) as control:
        signal.raise_signal(signal.SIGINT)
        assert control.request() == "stop"
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)


def test_outside_the_main_thread_signals_are_left_alone(folder):
    former, seen = signal.getsignal(signal.SIGTERM), []

    def run():
        with RunControl(folder) as control:
            seen.append(signal.getsignal(signal.SIGTERM))
            ask(folder.path, "stop")
            seen.append(control.request())

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    assert seen == [former, "stop"]


def test_words_are_followed_and_taken_away(folder):
    control = RunControl(folder)
    ask(folder.path, "pause")
    assert control.request() == "pause"
    assert not folder.control_file.exists()
    assert control.request() == "pause"
    ask(folder.path, "resume")
    assert control.request() is None
    ask(folder.path, "stop")
    assert control.request() == "stop"
    ask(folder.path, "resume")
    assert control.request() == "stop"
    assert sorted(path.name for path in folder.path.iterdir()) == [".lock", "events.jsonl"]


def test_the_stop_file_means_stop(folder):
    folder.stop_file.touch()
    assert RunControl(folder).request() == "stop"
    assert not folder.stop_file.exists()


def test_an_unknown_word_is_said_and_ignored(folder):
    folder.control_file.write_bytes(b"\xff halt\x00" + b"x" * 5000)
    control = RunControl(folder)
    assert control.request() is None
    assert "is not known; write stop, pause or resume" in folder.log_file.read_text(encoding="utf-8")


def test_a_paused_run_waits_until_it_may_go_on(folder):
    control, waits = RunControl(folder), []

    def on_wait():
        waits.append(control.request())
        if len(waits) == 2:
            ask(folder.path, "resume")

    control.wait(3, on_wait)
    assert waits == [], "nobody asked for a pause"
    ask(folder.path, "pause")
    control.wait(4, on_wait)
    assert waits == ["pause", "pause"]
    assert [(event["event"], event["step"]) for event in all_events(folder.events_file)] == [
        ("paused", 4),
        ("resumed", 4),
    ]


def test_a_paused_run_can_be_stopped(folder):
    control = RunControl(folder)
    ask(folder.path, "pause")
    control.wait(4, lambda: ask(folder.path, "stop"))
    assert control.request() == "stop"
    assert [event["event"] for event in all_events(folder.events_file)] == ["paused"]


def test_a_loader_process_survives_the_signals_that_all_processes_get():
    former = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        leave_signals_to_the_run()
        os.kill(os.getpid(), signal.SIGINT)
        os.kill(os.getpid(), signal.SIGTERM)
        assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL, "a second one would not end it"
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)
