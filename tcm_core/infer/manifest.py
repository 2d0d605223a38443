"""What the results in an output folder were made with, so that a run goes on where another stopped."""

import json
import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

from tcm_core.data.atomic_file import write_text_atomic
from tcm_core.errors import TcmError

MANIFEST: Final = "detect.json"
"""In the output folder: which checkpoint, settings and image each result file was made with."""

_VERSION: Final = 1
_SECONDS: Final = 2.0


class Share(NamedTuple):
    """Which part of the images a process has."""

    rank: int = 0
    processes: int = 1

    @classmethod
    def of_environment(cls) -> "Share":
        """The share of a process that torchrun started (RANK, WORLD_SIZE), or everything.

        Raises:
            TcmError: the two contradict each other.
        """
        rank, processes = os.environ.get("RANK"), os.environ.get("WORLD_SIZE")
        if rank is None or processes is None:
            return cls()
        if not (rank.isdecimal() and processes.isdecimal() and int(rank) < int(processes)):
            raise TcmError(
                f"RANK is {rank!r} and WORLD_SIZE is {processes!r}: start the processes by torchrun"
            )
        return cls(int(rank), int(processes))

    @property
    def text(self) -> str:
        """Behind the device's name: which process this is, if there are several."""
        return "" if self.processes == 1 else f"; process {self.rank + 1} of {self.processes}"

    @property
    def manifest(self) -> str:
        """The file name of this process's manifest: processes never write the same one."""
        if self.processes == 1:
            return MANIFEST
        stem, _, suffix = MANIFEST.partition(".")
        return f"{stem}.{self.rank + 1}-of-{self.processes}.{suffix}"


class Manifest:
    """What each result file was made with; a file that cannot be used counts as empty.

    Every process writes its own file and reads those of all: of two that name the same result, the later
    entry holds, so that a run may go on with another number of processes.

    Args:
        folder: of the results.
        share: of this process.
    """

    def __init__(self, folder: Path, share: Share) -> None:
        self._path = folder / share.manifest
        self._written_at = time.monotonic()
        self._own = _read(self._path)
        self._known: dict[str, dict[str, Any]] = {}
        for path in sorted(folder.glob("detect*.json")):
            for name, entry in _read(path).items():
                if _time(entry) >= _time(self._known.get(name, {})):
                    self._known[name] = entry

    def entry(self, name: str) -> dict[str, Any] | None:
        """What a result was made with, if that is known."""
        return self._known.get(name)

    def set(self, name: str, entry: Mapping[str, Any]) -> None:
        """A result was made."""
        self._own[name] = self._known[name] = {**entry, "at_ns": time.time_ns()}

    def forget(self, name: str) -> None:
        """A result is no more."""
        self._own.pop(name, None)
        self._known.pop(name, None)

    def write(self) -> None:
        """Writes the file of this process.

        Raises:
            TcmError: it cannot be written.
        """
        write_text_atomic(
            self._path, json.dumps({"version": _VERSION, "results": self._own}, indent=1) + "\n"
        )
        self._written_at = time.monotonic()

    def write_now_and_then(self) -> None:
        """Writes it when the last time was some seconds ago."""
        if time.monotonic() - self._written_at > _SECONDS:
            self.write()


def _time(entry: Mapping[str, Any]) -> int:
    at = entry.get("at_ns", 0)
    return at if isinstance(at, int) else 0


def _read(path: Path) -> dict[str, dict[str, Any]]:
    try:
        content = json.loads(path.read_bytes())
        if content["version"] != _VERSION:
            return {}
        return {name: entry for name, entry in content["results"].items() if isinstance(entry, dict)}
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return {}
