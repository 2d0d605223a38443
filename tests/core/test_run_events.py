"""Events of a run: written whole, kept when the disk is full, read while they are written."""

import json
import math

import pytest

from tcm_core.errors import TcmError
from tcm_core.train.events import EventLog, all_events, read_events, valid_course
from tests.helpers.full_disk import largest_file


def test_an_event_is_one_line_of_json_with_kind_time_and_values(tmp_path):
    log = EventLog(tmp_path / "events.jsonl")
    log.write("step", step=10, losses={"text": 0.5, "kernel": math.nan}, lr=math.inf, names=("a", tmp_path))
    (line,) = (tmp_path / "events.jsonl").read_text(encoding="utf-8").splitlines()
    log.close()
    event = json.loads(line)
    assert event.pop("time") > 1e9
    assert event == {
        "event": "step",
        "step": 10,
        "losses": {"text": 0.5, "kernel": None},
        "lr": None,
        "names": ["a", str(tmp_path)],
    }


def test_the_stage_is_in_every_event_while_there_is_one(tmp_path):
    log = EventLog(tmp_path / "events.jsonl")
    log.write("start", step=0)
    log.stage = "synthetic"
    log.write("step", step=1)
    log.write("step", step=2, stage="given")
    log.close()
    assert [event.get("stage") for event in all_events(tmp_path / "events.jsonl")] == [
        None,
        "synthetic",
        "given",
    ]


def test_events_wait_while_the_disk_is_full_and_are_written_in_order_afterwards(tmp_path):
    path = tmp_path / "events.jsonl"
    told = []
    log = EventLog(path, told.append)
    log.write("start", step=0)
    with largest_file(path.stat().st_size + 30):
        for step in range(1, 6):
            log.write("step", step=step)
        assert "events cannot be written (File too large); 5 wait in memory" in log.trouble
        assert [event["event"] for event in read_events(path).events] == ["start"]
        assert path.read_bytes().endswith(b"\n"), "half a line was left"
    assert len(told) == 1
    log.write("step", step=6)
    assert log.trouble == ""
    log.close()
    assert [event["step"] for event in all_events(path)] == [0, 1, 2, 3, 4, 5, 6]


def test_closing_writes_what_waited(tmp_path):
    path = tmp_path / "events.jsonl"
    log = EventLog(path)
    with largest_file(10):
        log.write("end", step=4)
    log.close()
    assert [event["event"] for event in all_events(path)] == ["end"]


def test_events_that_found_no_place_in_memory_are_counted(tmp_path, monkeypatch):
    monkeypatch.setattr("tcm_core.train.events._MAX_WAITING", 3)
    path = tmp_path / "events.jsonl"
    log = EventLog(path)
    with largest_file(0):
        for step in range(5):
            log.write("step", step=step)
    log.write("end", step=5)
    log.close()
    events = all_events(path)
    lost = sum(event["count"] for event in events if event["event"] == "events_lost")
    assert [event["step"] for event in events if "step" in event][-1] == 5
    assert lost + sum("step" in event for event in events) == 6
    assert lost > 0


def test_half_a_line_of_a_killed_run_is_taken_away_before_more_is_appended(tmp_path):
    path = tmp_path / "events.jsonl"
    path.write_bytes(b'{"event": "start"}\n{"event": "st')
    log = EventLog(path)
    log.write("step", step=1)
    log.close()
    assert [event["event"] for event in all_events(path)] == ["start", "step"]
    path.write_bytes(b"x" * 70_000)
    EventLog(path).close()
    assert path.read_bytes() == b""


def test_a_process_that_does_not_write_leaves_no_file(tmp_path):
    log = EventLog(None)
    log.write("start", step=0)
    log.close()
    assert list(tmp_path.iterdir()) == []


def test_a_log_that_cannot_be_opened_is_said_in_words(tmp_path):
    (tmp_path / "events.jsonl").mkdir()
    with pytest.raises(TcmError, match=r"events\.jsonl: events cannot be written"):
        EventLog(tmp_path / "events.jsonl")


def test_sinks_are_given_every_later_event(tmp_path):
    taken = []
    log = EventLog(tmp_path / "events.jsonl")
    log.write("start", step=0)
    log.add_sink(taken.append)
    log.write("step", step=1, lr=math.nan)
    log.close()
    assert [(event["event"], event["step"], event["lr"]) for event in taken] == [("step", 1, None)]


def test_reading_goes_on_from_an_offset_and_leaves_half_a_line(tmp_path):
    path = tmp_path / "events.jsonl"
    assert read_events(path) == ((), 0, 0)
    path.write_bytes(b'{"event": "start"}\n{"event": "step", "st')
    page = read_events(path)
    assert ([event["event"] for event in page.events], page.offset) == (["start"], 19)
    assert read_events(path, page.offset) == ((), 19, 0)
    with path.open("ab") as file:
        file.write(b'ep": 7}\n')
    later = read_events(path, page.offset)
    assert [event["step"] for event in later.events] == [7]
    assert later.offset == path.stat().st_size


def test_lines_that_are_no_events_are_counted_and_passed_over(tmp_path):
    path = tmp_path / "events.jsonl"
    deep = b"[" * 100_000
    path.write_bytes(b'\xff\xfe\n[1]\n{"event": 3}\n{"step": 1}\n' + deep + b'\n{"event": "end"}\n')
    page = read_events(path)
    assert ([event["event"] for event in page.events], page.damaged) == (["end"], 5)


def test_a_log_that_was_replaced_by_a_shorter_one_is_read_from_its_start(tmp_path):
    path = tmp_path / "events.jsonl"
    path.write_bytes(b'{"event": "start"}\n' * 5)
    offset = read_events(path).offset
    path.write_bytes(b'{"event": "end"}\n')
    assert [event["event"] for event in read_events(path, offset).events] == ["end"]


def test_a_long_log_comes_in_pages_and_a_line_without_end_is_passed_over(tmp_path, monkeypatch):
    monkeypatch.setattr("tcm_core.train.events._MAX_READ", 64)
    path = tmp_path / "events.jsonl"
    path.write_bytes(b'{"event": "step"}\n' * 10 + b"x" * 200 + b"\n" + b'{"event": "end"}\n')
    page = read_events(path)
    assert (len(page.events), page.offset) == (3, 54)
    assert [event["event"] for event in all_events(path)] == ["step"] * 10 + ["end"]


def test_the_course_of_a_resumed_run_has_each_step_once():
    written = [
        {"event": "start", "step": 0},
        {"event": "step", "step": 10},
        {"event": "validation", "step": 10},
        {"event": "step", "step": 20},
        {"event": "start", "step": 10},
        {"event": "step", "step": 20, "again": True},
        {"event": "end", "step": 20},
    ]
    course = valid_course(written)
    assert [(event["event"], event["step"]) for event in course] == [
        ("start", 0),
        ("step", 10),
        ("validation", 10),
        ("start", 10),
        ("step", 20),
        ("end", 20),
    ]
    assert course[4] == written[5]
