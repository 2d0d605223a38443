"""A run's folder: where its configuration, split, manifest, events, states, checkpoints and pictures are.

config.json, split.json, manifest.json, environment.json: what the run is made of.
events.jsonl, train.log, heartbeat, tensorboard/: what it does.
state.pt, last.safetensors, best.safetensors, checkpoints/, pictures/, trouble/: what it leaves.
control: what it is asked for.
"""

import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Final

from filelock import FileLock, Timeout

from tcm_core.data.atomic_file import write_text_atomic
from tcm_core.errors import BadConfig, TcmError
from tcm_core.train.events import EventLog

_LEFT_OVER_S: Final = 60  # temporary files that are older belong to nobody


class RunFolder:
    """The files of one run. One process writes there at a time; the lock goes with the process.

    Args:
        path: an existing folder.
        writes: off in all processes of a run but the first: events and log then go nowhere.

    Raises:
        BadConfig: another process is training there.
        TcmError: the folder cannot be written.
    """

    def __init__(self, path: Path, *, writes: bool = True) -> None:
        self.path = path
        self.writes = writes
        self.config_file = path / "config.json"
        self.manifest_file = path / "manifest.json"
        self.environment_file = path / "environment.json"
        self.events_file = path / "events.jsonl"
        self.log_file = path / "train.log"
        self.heartbeat_file = path / "heartbeat"
        self.state_file = path / "state.pt"
        self.last_file = path / "last.safetensors"
        self.best_file = path / "best.safetensors"
        self.checkpoints_dir = path / "checkpoints"
        self.trouble_dir = path / "trouble"
        self.tensorboard_dir = path / "tensorboard"
        self.control_file = path / "control"
        """Whoever writes stop, pause or resume here asks the run for it; see tcm_core.train.control."""
        self.stop_file = path / "stop"
        """The same as the word stop."""
        self.told: Callable[[str], None] | None = None
        """Shows the person what is said."""
        self._lock = FileLock(path / ".lock")
        if writes:
            self._take()
        self.events = EventLog(self.events_file if writes else None, self.say)

    def __enter__(self) -> "RunFolder":
        return self

    def __exit__(self, *_: object) -> None:
        self.events.close()
        self._lock.release()

    def numbered_checkpoint(self, step: int) -> Path:
        """The checkpoint that is kept of a step: checkpoints/step_000400.safetensors."""
        return self.checkpoints_dir / f"step_{step:06d}.safetensors"

    def write_config(self, json: str) -> None:
        """Keeps the whole configuration, every default filled in.

        Raises:
            TcmError: it cannot be written.
        """
        if self.writes:
            write_text_atomic(self.config_file, json + "\n")

    def say(self, message: str) -> None:
        """Shows a message to the person and appends it to train.log; a full disk loses it silently."""
        if not self.writes:
            return
        if self.told is not None:
            self.told(message)
        moment = datetime.now().astimezone().isoformat(timespec="seconds")
        line = f"{moment} {message}".replace("\r", " ").replace("\n", "\n    ") + "\n"
        try:
            with self.log_file.open("ab") as file:
                file.write(line.encode("utf-8", errors="replace"))
        except OSError:
            return

    def _take(self) -> None:
        try:
            self._lock.acquire(timeout=0)
        except Timeout as error:
            raise BadConfig(
                f"{self.path}: another process is training in this folder; wait for it, stop it "
                f"(write the word stop into {self.control_file}), or choose another folder"
            ) from error
        except OSError as error:
            raise TcmError(
                f"{self.path}: cannot be written ({error.strerror or error}); choose another folder"
            ) from error
        for left in (*self.path.glob(".*.tmp"), *self.path.glob("*.part")):
            if time.time() - left.stat().st_mtime > _LEFT_OVER_S:
                left.unlink(missing_ok=True)
