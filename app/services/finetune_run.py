"""One fine-tuning of the open project, looked at from outside: its files say all, whoever started it."""

import shutil
import time
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from app.command_line import tcm_words
from app.domain.finetune import launch_words
from app.domain.finetune_course import GOING, Course, RunState, state_words
from app.storage.finetune_runs import CONFIG_FILE, PROCESS_LOG, RunRecord, last_lines, write_record
from app.workers.train_process import is_running
from tcm_core.errors import TcmError
from tcm_core.train.events import read_events
from tcm_core.train.heartbeat import Pulse, read_heartbeat

START_S: Final = 180.0
"""A run that gives no sign of life so long after its start is silent."""
LEAST_SILENCE_S: Final = 15.0
_MISSED: Final = 4.0  # heartbeats
_LITTLE_ROOM: Final = 20_000_000  # bytes


class TrainingRun:
    """A run's record, and what its events and its heartbeat say.

    Attributes:
        state: since the last `look`.
        silent_s: how long there was no sign of life.
    """

    def __init__(self, folder: Path, record: RunRecord) -> None:
        self.folder, self.record = folder, record
        self.course = Course()
        self.state: RunState = "queued"
        self.silent_s = 0.0
        self._offset = 0
        self._pulse: Pulse | None = None
        self._pulse_seen = 0.0  # by our own clock: the other computer's may go wrong

    @property
    def name(self) -> str:
        return self.folder.name

    @property
    def going(self) -> bool:
        """Whether it has begun and not ended."""
        return self.state in GOING

    @property
    def remote(self) -> bool:
        """Whether another computer runs it."""
        return bool(self.record.wish.launcher)

    @property
    def may_use_gpu(self) -> bool:
        """Whether it may want the memory of this computer's GPU."""
        return not self.remote and self.record.wish.device != "cpu"

    @property
    def checkpoint(self) -> Path | None:
        """The best checkpoint, or the last; None while there is none."""
        for name in ("best.safetensors", "last.safetensors"):
            if (self.folder / name).is_file():
                return self.folder / name
        return None

    @property
    def resumable(self) -> bool:
        """Whether it has ended before its end and may go on."""
        return self.state in ("stopped", "failed", "killed")

    @property
    def words(self) -> str:
        """Its state in one line."""
        return state_words(self.state, self.course, self.silent_s)

    def change(self, **values: Any) -> None:
        """Change the record, on the disk too.

        Raises:
            StorageError: it cannot be written; the record stays as it was.
        """
        record = replace(self.record, **values)
        write_record(self.folder, record)
        self.record = record

    def look(self) -> bool:
        """Read what has come since the last look.

        Returns:
            Whether anything is new.

        Raises:
            TcmError: the events cannot be read.
        """
        before = self.state, self.course.seen, round(self.silent_s)
        page = read_events(self.folder / "events.jsonl", self._offset)
        while page.events or page.damaged:
            if page.offset < self._offset:  # another file of the same name
                self.course = Course()
            self.course.add(page.events)
            self._offset = page.offset
            page = read_events(self.folder / "events.jsonl", self._offset)
        self._look_at_pulse()
        self.state = self._state()
        return (self.state, self.course.seen, round(self.silent_s)) != before

    def problem(self) -> str:
        """Why it failed, in words; empty when it did not."""
        if self.state not in ("failed", "killed", "silent"):
            return ""
        said = self.record.problem or (self.course.message if self._ended_since_launch() else "")
        if said:
            return said
        lines = [last_lines(self.folder / PROCESS_LOG)]
        if self.state == "silent":
            lines.append(
                "It may be waiting for a disk, or its computer is switched off. Stop asks it to end, "
                "Kill ends it on this computer."
            )
        if self._disk_is_full():
            lines.append(f"The disk of {self.folder} is full: make room, then resume.")
        return "\n".join(line for line in lines if line)

    def _disk_is_full(self) -> bool:
        try:
            return shutil.disk_usage(self.folder).free < _LITTLE_ROOM
        except OSError:
            return False

    def _ended_since_launch(self) -> bool:
        return bool(self.course.outcome) and self.course.ended_at > self.record.seen

    def _look_at_pulse(self) -> None:
        now, pulse = time.time(), read_heartbeat(self.folder)
        if pulse is not None and pulse != self._pulse:
            first = self._pulse is None
            self._pulse_seen = min(now, pulse.time) if first else now
            self._pulse = pulse
        since = self._pulse_seen if self._pulse is not None and self._has_pulse() else self.record.launched
        self.silent_s = max(0.0, now - since) if self.record.phase == "launched" else 0.0

    def _has_pulse(self) -> bool:
        """Whether there was a sign of life since the last start."""
        return self._pulse is not None and self._pulse.time != self.record.pulse

    def _process_lives(self) -> bool:
        """By the process that was noted, or by the one that the heartbeat names where none could be noted."""
        if self.record.process is not None or self._pulse is None or not self._has_pulse():
            return is_running(self.record.process)
        return self._pulse.alive()

    def _state(self) -> RunState:
        record = self.record
        if record.decision:
            return record.decision
        if record.phase == "refused":
            return "failed"
        if record.phase != "launched":
            return record.phase
        if self._ended_since_launch():
            ends: dict[str, RunState] = {"end": "finished", "stopped": "stopped", "error": "failed"}
            return ends[self.course.outcome]
        if not self.remote and not self._process_lives():
            return "killed" if self.course.seen > record.seen else "failed"
        return self._living_state()

    def _living_state(self) -> RunState:
        if self._pulse is None or not self._has_pulse():
            return "starting" if self.silent_s < START_S else "silent"
        if self.remote and self._pulse.state == "failed":
            return "failed"
        if self.silent_s > max(LEAST_SILENCE_S, _MISSED * self._pulse.seconds):
            return "silent"
        if self._pulse.state == "paused":
            return "paused"
        return "starting" if self._pulse.state == "starting" else "going"


def command_of(run: TrainingRun, folder: Path | None) -> list[str]:
    """The command that trains a run here, or that starts it on another computer.

    Args:
        run: its wish says where, its record whether it goes on from a saved state.
        folder: of the images, which may have another path on the other computer.
    """
    wish, resume = run.record.wish, run.record.resume
    values = {"config": str(run.folder / CONFIG_FILE), "run": str(run.folder)}
    if not wish.launcher:
        template = [*tcm_words(), "train", "--config", "{config}", "--out", "{run}", "{resume}"]
        return launch_words(template, values, resume=resume)
    if wish.there and folder is not None:
        values = {name: _there(value, folder, wish.there) for name, value in values.items()}
    return launch_words(wish.launcher, values, resume=resume)


def _there(path: str, folder: Path, there: str) -> str:
    """A path in the project's folder as the other computer calls it."""
    try:
        inside = Path(path).relative_to(folder).as_posix()
    except ValueError:
        return path
    return f"{there.rstrip('/')}/{inside}"


def look_quietly(run: TrainingRun) -> bool:
    """As TrainingRun.look; events that cannot be read now are read later."""
    try:
        return run.look()
    except TcmError:
        return False
