"""Events of a run: JSON lines that a window, a report or a person can follow while the run goes on."""

import json
import math
import os
import time
from collections import deque
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Final, NamedTuple

from tcm_core.errors import TcmError

Event = dict[str, Any]
"""One event: "event" is its kind, "time" seconds since the epoch, the rest are its values."""

_FLAGS: Final = os.O_WRONLY | os.O_CREAT | os.O_APPEND | getattr(os, "O_BINARY", 0)
_MAX_WAITING: Final = 20_000  # events that are kept for a disk that is full
_MAX_READ: Final = 1 << 24  # bytes that are read at once


class EventLog:
    """Appends one JSON object a line, each at once and whole.

    A disk that is full never ends a run: events wait in memory and are written, in their order, when there is
    room again. Of those that no longer find a place in memory the number is written ("events_lost").

    Args:
        path: the file; appended to when it exists, after half a line that a killed run left was taken away.
            None: nothing is written, as in all processes of a run but the first.

        on_trouble: told once, in words, when events begin to wait.

    Raises:
        TcmError: the file cannot be opened.
    """

    def __init__(self, path: Path | None, on_trouble: Callable[[str], None] | None = None) -> None:
        self.stage = ""
        """Name of the stage that the run is in; in every event where it is not empty."""
        self._path = path
        self._on_trouble = on_trouble
        self._sinks: list[Callable[[Event], None]] = []
        self._waiting: deque[bytes] = deque()
        self._lost = 0
        self._file: int | None = None
        self.trouble = ""
        """Why events are waiting, in words; empty while they are written."""
        if path is not None:
            try:
                _drop_half_line(path)
                self._file = os.open(path, _FLAGS, 0o644)
            except OSError as error:
                raise TcmError(f"{path}: events cannot be written ({error.strerror or error})") from error

    def add_sink(self, sink: Callable[[Event], None]) -> None:
        """Gives every later event to somebody else too, such as TensorBoard."""
        self._sinks.append(sink)

    def write(self, kind: str, **values: Any) -> None:
        """One event of a kind, with the time. Numbers that are not finite become null, as JSON has none."""
        event = {"event": kind, "time": round(time.time(), 3), **_plain(values)}
        if self.stage:
            event.setdefault("stage", self.stage)
        if self._path is None:
            return
        self._waiting.append((json.dumps(event, ensure_ascii=False, allow_nan=False) + "\n").encode())
        if len(self._waiting) > _MAX_WAITING:
            self._waiting.popleft()
            self._lost += 1
        self._write_waiting()
        for sink in self._sinks:
            sink(event)

    def close(self) -> None:
        """Tries once more to write what waits, and closes the file."""
        if self._file is not None:
            self._write_waiting()
            os.close(self._file)
            self._file = None

    def _write_waiting(self) -> None:
        if self._file is None:
            return
        if self._lost:
            count, self._lost = self._lost, 0
            note = {"event": "events_lost", "time": round(time.time(), 3), "count": count}
            self._waiting.appendleft((json.dumps(note) + "\n").encode())
        try:
            while self._waiting:
                _append(self._file, self._waiting[0])
                self._waiting.popleft()
            self.trouble = ""
        except OSError as error:
            begins = not self.trouble
            self.trouble = (
                f"{self._path}: events cannot be written ({error.strerror or error}); {len(self._waiting)} "
                "wait in memory. Free some space: they are written when there is room."
            )
            if begins and self._on_trouble is not None:
                self._on_trouble(self.trouble)


class EventPage(NamedTuple):
    """What stood in a log from an offset on."""

    events: tuple[Event, ...]
    offset: int
    """Where to read on: bytes from the start of the file, at the start of a line."""
    damaged: int
    """Lines that are no events and were passed over."""


def read_events(path: Path, after: int = 0) -> EventPage:
    """The events of a run from an offset on; the run may be writing at the same time.

    A last line that is not complete yet is left for the next call. Of a long file 16 MB are read at once:
    read on until nothing comes. A file that is shorter than the offset is a new one, read from its start.

    Args:
        path: events.jsonl; one that does not exist yet has no events.
        after: the offset of the page before.

    Raises:
        TcmError: the file exists and cannot be read.
    """
    try:
        with path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            start = after if after <= size else 0
            file.seek(start)
            content = file.read(_MAX_READ)
    except FileNotFoundError:
        return EventPage((), 0, 0)
    except OSError as error:
        raise TcmError(f"{path}: events cannot be read ({error.strerror or error})") from error
    end = content.rfind(b"\n") + 1
    if not end and len(content) == _MAX_READ:  # no line of ours is so long
        return EventPage((), start + len(content), 1)
    parsed = [_parsed(line) for line in content[:end].split(b"\n")[:-1]]
    events = tuple(event for event in parsed if event is not None)
    return EventPage(events, start + end, len(parsed) - len(events))


def all_events(path: Path) -> list[Event]:
    """Every event of a log, see read_events."""
    events: list[Event] = []
    page = read_events(path)
    while page.events or page.damaged:
        events += page.events
        page = read_events(path, page.offset)
    return events


def valid_course(events: Iterable[Event]) -> list[Event]:
    """The events of the run as if it had never been broken off.

    A killed run that is resumed does the steps since its last saved state again and writes their events
    again. Those that a later "start" made void are left out; each "start" stays.
    """
    course: list[Event] = []
    for event in events:
        if event["event"] == "start":
            first = event.get("step", 0)
            course = [e for e in course if e["event"] == "start" or e.get("step", 0) <= first]
        course.append(event)
    return course


def _parsed(line: bytes) -> Event | None:
    try:
        event = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return event if isinstance(event, dict) and isinstance(event.get("event"), str) else None


def _plain(value: Any) -> Any:
    """The value as JSON can hold it."""
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return str(value) if isinstance(value, Path) else value


def _append(file: int, line: bytes) -> None:
    """The whole line or nothing of it.

    Raises:
        OSError: it could not be written.
    """
    before = os.fstat(file).st_size
    try:
        written = os.write(file, line)
        while written < len(line):
            written += os.write(file, line[written:])
    except OSError:
        os.ftruncate(file, before)
        raise


def _drop_half_line(path: Path) -> None:
    """Cuts off what stands after the last line's end."""
    if not path.exists():
        return
    with path.open("r+b") as file:
        end = size = file.seek(0, os.SEEK_END)
        while end:
            start = max(0, end - (1 << 16))
            file.seek(start)
            found = file.read(end - start).rfind(b"\n")
            if found >= 0:
                end = start + found + 1
                break
            end = start
        if end < size:
            file.truncate(end)
