"""A training as a process of its own: it goes on when the studio ends, however it ends."""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from app.command_line import tcm_environment
from app.storage.finetune_runs import ProcessMark
from tcm_core.errors import TcmError


def start_detached(words: Sequence[str], folder: Path, log: Path) -> ProcessMark:
    """Starts a command that outlives this process; what it says is appended to a file.

    Args:
        words: the program and its arguments; no shell sees them.
        folder: that it starts in.
        log: takes its stdout and stderr.

    Raises:
        TcmError: it cannot be started.
    """
    own_group: dict[str, Any] = {"start_new_session": True}
    if sys.platform == "win32":
        own_group = {"creationflags": subprocess.DETACHED_PROCESS | subprocess.CREATE_NEW_PROCESS_GROUP}
    try:
        with log.open("ab") as output:
            process = subprocess.Popen(
                list(words), cwd=folder, env=tcm_environment(), stdin=subprocess.DEVNULL, stdout=output,
                stderr=subprocess.STDOUT, **own_group,
            )  # fmt: skip
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise TcmError(
            f"{words[0]}: cannot be started ({reason}). Check that the program is there and that the disk "
            "has room for its log."
        ) from error
    pid = process.pid
    process.returncode = 0  # nobody waits for it: it is let go, and reaped by is_running
    return ProcessMark(pid, _born(pid))


def is_running(mark: ProcessMark | None) -> bool:
    """Whether this very process still runs."""
    import psutil  # type: ignore[import-untyped]

    if mark is None:
        return False
    _reap(mark.pid)
    try:
        process = psutil.Process(mark.pid)
        if abs(process.create_time() - mark.born) > 1.0:
            return False
        return bool(process.status() != psutil.STATUS_ZOMBIE)
    except psutil.Error:
        return False


def kill(mark: ProcessMark) -> None:
    """Ends a process and all that it started, at once and without its say."""
    import psutil

    if not is_running(mark):
        return
    try:
        parent = psutil.Process(mark.pid)
        for process in (*parent.children(recursive=True), parent):
            try:
                process.kill()
            except psutil.NoSuchProcess:
                continue
    except psutil.NoSuchProcess:
        return
    except psutil.AccessDenied as error:
        raise TcmError(f"Process {mark.pid} cannot be ended: it belongs to somebody else.") from error


def _born(pid: int) -> float:
    import psutil

    try:
        return float(psutil.Process(pid).create_time())
    except psutil.Error:
        return 0.0


def _reap(pid: int) -> None:
    """Let the system forget a child that has ended."""
    if sys.platform != "win32":
        try:
            os.waitpid(pid, os.WNOHANG)
        except OSError:  # not a child of ours, or reaped before
            return
