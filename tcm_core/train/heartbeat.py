"""The sign of life of a run: a small file that is written anew every few seconds."""

import json
import os
import socket
import threading
import time
from pathlib import Path
from typing import Final, NamedTuple

import psutil  # type: ignore[import-untyped]

from tcm_core.train.folder import RunFolder

_STALE_FACTOR: Final = 4.0  # so many intervals without a sign mean that nothing lives
_LEAST_STALE_S: Final = 10.0
_ENDED: Final = ("ended", "failed")


class Pulse(NamedTuple):
    """What a heartbeat says."""

    time: float  # seconds since the epoch
    step: int
    state: str  # "starting", "training", "validating", "saving", "paused"; at last "ended" or "failed"
    pid: int
    host: str
    seconds: float  # until the next one is due

    def alive(self, now: float | None = None) -> bool:
        """Whether the run goes on, as far as can be seen from here.

        On the run's own machine a process that is gone is known at once; elsewhere by a beat that is overdue.
        """
        if self.state in _ENDED:
            return False
        if self.host == socket.gethostname() and not psutil.pid_exists(self.pid):
            return False
        age = (time.time() if now is None else now) - self.time
        return age < max(_LEAST_STALE_S, _STALE_FACTOR * self.seconds)


class Heartbeat:
    """Writes the file `heartbeat` of a run from a thread of its own, as long as the context is open.

    Args:
        folder: of the run; one that does not write has no heartbeat.
        seconds: between two beats.
    """

    def __init__(self, folder: RunFolder, seconds: float = 5.0) -> None:
        self._folder = folder
        self._seconds = seconds
        self._now = (0, "starting")  # step and state, changed together
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._beat_on, name="heartbeat", daemon=True)

    def __enter__(self) -> "Heartbeat":
        if self._folder.writes:
            self._write()
            self._thread.start()
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        self._end.set()
        if self._thread.is_alive():
            self._thread.join()
        if self._folder.writes:
            self._now = (self._now[0], "ended" if kind is None else "failed")
            self._write()

    def note(self, step: int, state: str = "training") -> None:
        """What the next beat says; costs nothing."""
        self._now = (step, state)

    def _beat_on(self) -> None:
        while not self._end.wait(self._seconds):
            self._write()

    def _write(self) -> None:
        step, state = self._now
        pulse = Pulse(time.time(), step, state, os.getpid(), socket.gethostname(), self._seconds)
        temporary = self._folder.path / ".heartbeat.tmp"
        try:
            temporary.write_text(json.dumps(pulse._asdict()) + "\n", encoding="utf-8")
            temporary.replace(self._folder.heartbeat_file)
        except OSError:  # a full disk: the run matters more than its sign of life
            temporary.unlink(missing_ok=True)


def read_heartbeat(run: Path) -> Pulse | None:
    """The last heartbeat of the run in a folder; None when there is none that can be read."""
    try:
        values = json.loads((run / "heartbeat").read_bytes())
        return Pulse(
            float(values["time"]),
            int(values["step"]),
            str(values["state"]),
            int(values["pid"]),
            str(values["host"]),
            float(values["seconds"]),
        )
    except (OSError, ValueError, KeyError, TypeError, OverflowError, RecursionError):
        return None
