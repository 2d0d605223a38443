"""One window at a time changes a project: a file beside it says who that is."""

import getpass
import json
import os
import socket
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

LOCK_FILE: Final = "project.lock"
BEAT_S: Final = 60.0
STALE_AFTER_S: Final = 600.0  # without a beat, when the other computer cannot be asked


@dataclass(frozen=True)
class Holder:
    """Who has a project open."""

    user: str
    host: str
    pid: int
    since: float  # seconds since 1970

    def __str__(self) -> str:
        since = time.strftime("%Y-%m-%d %H:%M", time.localtime(self.since))
        return f"{self.user} on {self.host} (process {self.pid}, since {since})"


class ProjectLock:
    """The lock of one project file. A lock of a process that has ended is taken over."""

    def __init__(self, project: Path) -> None:
        """`project`: the project file; the lock lies beside it."""
        self._path = project.with_name(LOCK_FILE)
        self._held = False

    def acquire(self) -> Holder | None:
        """Take the lock; when another window has it, who that is.

        Raises:
            OSError: the lock cannot be written.
        """
        for _ in range(3):  # somebody else may take over a stale lock at the same moment
            try:
                descriptor = os.open(self._path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o644)
            except FileExistsError:
                holder = self._holder()
                if holder is not None:
                    return holder
                self._path.unlink(missing_ok=True)
                continue
            try:
                with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                    json.dump(vars(_myself()), file)
            except OSError:  # the disk is full: half a lock would be taken for another window's
                with suppress(OSError):
                    self._path.unlink()
                raise
            self._held = True
            return None
        return Holder("somebody", "this project", 0, time.time())

    def beat(self) -> None:
        """Say that this window is still there; see BEAT_S."""
        if self._held:
            with suppress(OSError):
                os.utime(self._path)

    def release(self) -> None:
        """Let the next one change the project."""
        if self._held:
            self._held = False
            with suppress(OSError):
                self._path.unlink(missing_ok=True)

    def _holder(self) -> Holder | None:
        """Who has the lock; None when it is stale."""
        age = 0.0
        try:
            age = time.time() - self._path.stat().st_mtime
            content = json.loads(self._path.read_text(encoding="utf-8"))
            holder = Holder(
                str(content["user"]), str(content["host"]), int(content["pid"]), float(content["since"])
            )
            time.localtime(holder.since)  # a moment that can be said
        except FileNotFoundError:
            return None
        except (OSError, ValueError, TypeError, LookupError, OverflowError, RecursionError):
            # written half, by a process that is at it or that was ended at it
            return None if age > BEAT_S else Holder("somebody", "another window", 0, time.time())
        if holder.host == socket.gethostname():
            return holder if is_running(holder.pid) else None
        return holder if age < STALE_AFTER_S else None


def is_running(pid: int) -> bool:
    """Whether a process of this computer is still there."""
    if pid <= 0:
        return False
    if sys.platform == "win32":
        import ctypes

        handle = ctypes.windll.kernel32.OpenProcess(0x1000, False, pid)  # query limited information
        if handle:
            ctypes.windll.kernel32.CloseHandle(handle)
        return bool(handle)
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True  # of another user
    return True


def _myself() -> Holder:
    try:
        user = getpass.getuser()
    except (OSError, KeyError):
        user = "somebody"
    return Holder(user, socket.gethostname(), os.getpid(), time.time())
