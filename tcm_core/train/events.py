"""Events of a run: JSON lines that a window or a person can follow."""

import json
import time
from pathlib import Path
from typing import Any


class EventLog:
    """Appends one JSON object a line, flushed at once; a reader never sees half a line for long.

    Args:
        path: the file; appended to when it exists.
    """

    def __init__(self, path: Path) -> None:
        self._file = path.open("a", encoding="utf-8")

    def write(self, kind: str, **values: Any) -> None:
        """One event of a kind, with the time in seconds since the epoch."""
        self._file.write(json.dumps({"event": kind, "time": round(time.time(), 3), **values}) + "\n")
        self._file.flush()

    def close(self) -> None:
        """Closes the file."""
        self._file.close()
