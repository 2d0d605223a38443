"""What the studio keeps of a fine-tuning beside what the run itself writes: one small file in its folder.

No table knows of runs: their folders do, so that they are there whatever becomes of the project file.

    runs/<name>/studio.json   the wish, the process, what was decided
    runs/<name>/run.toml      the configuration
    runs/<name>/data/         frozen labels, links to the images, and pages.json
    runs/<name>/process.log   what the process said
    runs/<name>/...           the files of the run, see tcm_core.train.folder
"""

import json
import logging
import re
import shutil
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple

from app.domain.finetune import FinetuneWish
from app.storage.errors import StorageError
from tcm_core.data.atomic_file import write_text_atomic
from tcm_core.errors import TcmError

RUNS_FOLDER: Final = "runs"
RECORD_FILE: Final = "studio.json"
CONFIG_FILE: Final = "run.toml"
DATA_FOLDER: Final = "data"
PAGES_FILE: Final = "pages.json"
PROCESS_LOG: Final = "process.log"
HEAVY: Final = ("state.pt", "state.former.pt", "last.safetensors", "checkpoints", "trouble")
"""What only goes on with a run or was kept for a look."""
UNREADABLE: Final = "A fine-tuning run is not listed: what was noted of it cannot be read."
UNREADABLE_REMEDY: Final = (
    "Its checkpoints are still in its folder and can be imported. "
    "Put the file back from a copy, or delete it."
)
_NAME: Final = re.compile(r"[^\w.-]+")

_log = logging.getLogger(__name__)

Phase = Literal["preparing", "queued", "launched", "refused"]


class ProcessMark(NamedTuple):
    """A process of this computer; the time of its birth tells it from a later one with the same number."""

    pid: int
    born: float


@dataclass(frozen=True)
class RunRecord:
    """What the studio knows of a run.

    Attributes:
        wish: what was asked for.
        created: seconds since the epoch; runs wait in this order.
        phase: "refused": it could not be prepared or started, see problem.
        resume: it goes on from its saved state when it is started next.
        launched: seconds since the epoch of the last start.
        process: of the last start; None: it runs elsewhere, or was never started.
        seen: events that were there before the last start.
        pulse: time of the heartbeat that was there before the last start.
        decision: what became of its checkpoint.
        problem: why it could not be prepared or started.
    """

    wish: FinetuneWish
    created: float
    phase: Phase = "preparing"
    resume: bool = False
    launched: float = 0.0
    process: ProcessMark | None = None
    seen: int = 0
    pulse: float = 0.0
    decision: Literal["", "promoted", "discarded"] = ""
    problem: str = ""


def runs_folder(project_file: Path) -> Path:
    """Where the runs of a project are: beside its file."""
    return project_file.parent / RUNS_FOLDER


def fresh_name(runs: Path, wanted: str) -> str:
    """A name that no run has yet, made of letters, digits, "-", "_" and "."."""
    plain = _NAME.sub("-", wanted).strip("-.")[:60] or "run"
    name, number = plain, 1
    while (runs / name).exists():
        number += 1
        name = f"{plain}-{number}"
    return name


def read_records(runs: Path, on_damage: Callable[[Path], None] | None = None) -> dict[str, RunRecord]:
    """All runs by name, the oldest first.

    Args:
        runs: where they are.
        on_damage: told of a record that cannot be read; its run is passed over, and its folder is as it was.
    """
    found: dict[str, RunRecord] = {}
    for file in runs.glob(f"*/{RECORD_FILE}"):
        try:
            found[file.parent.name] = _parsed(json.loads(file.read_text(encoding="utf-8")))
        except (OSError, ValueError, KeyError, TypeError, OverflowError, RecursionError) as error:
            _log.info("%s: passed over: %s", file, error)
            if on_damage is not None:
                on_damage(file)
    return dict(sorted(found.items(), key=lambda item: (item[1].created, item[0])))


def write_record(folder: Path, record: RunRecord) -> None:
    """Keep the record of the run in a folder.

    Raises:
        StorageError: it cannot be written.
    """
    try:
        text = json.dumps(asdict(record), ensure_ascii=False, indent=1)
        write_text_atomic(folder / RECORD_FILE, text + "\n")
    except TcmError as error:
        raise StorageError(f"The fine-tuning could not be noted: {error}") from error


def drop_weights(folder: Path, *, all_of_them: bool) -> None:
    """Delete what is large: the saved state, and all checkpoints or all but the best; what is left is small.

    Raises:
        StorageError: something cannot be deleted.
    """
    names = (*HEAVY, "best.safetensors") if all_of_them else HEAVY
    try:
        for name in names:
            path = folder / name
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)
    except OSError as error:
        raise StorageError(f"{folder}: cannot be cleared ({error.strerror or error})") from error


def last_lines(file: Path, count: int = 12) -> str:
    """The last lines of a log that say something; empty when there is none."""
    try:
        with file.open("rb") as log:
            log.seek(max(0, file.stat().st_size - 16_000))
            lines = log.read().decode("utf-8", errors="replace").splitlines()
    except OSError:
        return ""
    return "\n".join([line.rstrip() for line in lines if line.strip()][-count:])


def _parsed(values: Mapping[str, Any]) -> RunRecord:
    known = {field.name for field in fields(RunRecord)}
    given = {key: value for key, value in values.items() if key in known}
    given["wish"] = FinetuneWish.from_json(given["wish"])
    if given.get("process") is not None:
        pid, born = given["process"]
        given["process"] = ProcessMark(int(pid), float(born))
    return RunRecord(**given)
