"""Which checkpoints there are to choose from. Reads their headers only; torch is not imported."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from app.domain.checkpoint import CheckpointEntry, Origin, card_figures
from app.domain.finetune_course import Course
from app.storage.finetune_runs import read_records
from app.workers.messages import Problem, problem_of
from tcm_core.checkpoint_file import list_checkpoints, read_metadata
from tcm_core.errors import TcmError
from tcm_core.onnx_file import is_onnx
from tcm_core.train.events import read_events

OWN_FOLDER: Final = "checkpoints"
"""In the user's data: promoted, imported and exported checkpoints."""
SUFFIXES: Final = (".safetensors", ".onnx")
_CARD_LIMIT: Final = 200_000  # bytes


@dataclass(frozen=True)
class CheckpointChoice:
    """A checkpoint file as a list shows it.

    Attributes:
        path: the file; give it to DetectionService.load_checkpoint.
        name: what the checkpoint calls itself; the file's name when it cannot be read.
        head: the head's name; empty when it cannot be read.
        problem: why it cannot be used.
    """

    path: Path
    name: str
    head: str = ""
    problem: Problem | None = None

    @property
    def value(self) -> str:
        """How the settings name it: shipped ones by name, others by their file."""
        return self.path.stem if self.path in list_checkpoints() else str(self.path)


def available_checkpoints(own: Path | None = None) -> list[CheckpointChoice]:
    """The shipped checkpoints, then those of the person's own folder; those that cannot be read say why."""
    return [choice_of(path) for path in (*list_checkpoints(), *own_files(own))]


def own_files(folder: Path | None) -> list[Path]:
    """The checkpoint files of a folder, by name; none when it is not there."""
    if folder is None:
        return []
    found = (path for suffix in SUFFIXES for path in folder.glob(f"*{suffix}"))
    return sorted(path for path in found if path.is_file() and not path.name.startswith("."))


def choice_of(path: Path) -> CheckpointChoice:
    """The choice that a file is, whether or not it can be read."""
    try:
        metadata = read_metadata(path)
    except (TcmError, OSError) as error:
        problem = problem_of(
            error, what=str(error), where=str(path), remedy="Choose another checkpoint or replace the file."
        )
        return CheckpointChoice(path, path.stem, problem=problem)
    return CheckpointChoice(path, metadata.name, metadata.model.head.name)


def list_entries(own: Path, runs: Path | None, chosen: str) -> list[CheckpointEntry]:
    """All checkpoints with what their headers and cards say; takes its time, so it is for threads.

    Args:
        own: the person's own folder.
        runs: the runs of the open project; None: no project is open.
        chosen: the one in use, as the settings name it; listed wherever it lies.

    Raises:
        TcmError: the shipped files are not there.
    """
    entries = [entry_of(path, "shipped") for path in list_checkpoints()]
    entries += [entry_of(path, "own") for path in own_files(own)]
    entries += [] if runs is None else _run_entries(runs)
    known = {entry.path.resolve() for entry in entries}
    path = Path(chosen).expanduser()
    if path.suffix.lower() in SUFFIXES and path.resolve() not in known:
        entries.append(entry_of(path, "elsewhere"))
    return entries


def entry_of(path: Path, origin: Origin) -> CheckpointEntry:
    """What the header and the card of a file say; why not, when they cannot be read."""
    card = _card_of(path)
    best = re.search(r"^Best: (hmean .+?)\.$", card, re.MULTILINE)
    figures = card_figures(card) or ("" if best is None else best[1])
    entry = CheckpointEntry(path, origin, path.stem, is_onnx(path), card=card, figures=figures)
    try:
        stat = path.stat()
        entry = replace(entry, size=stat.st_size, mtime_ns=stat.st_mtime_ns)
        metadata = read_metadata(path)
    except TcmError as error:
        return replace(entry, problem=str(error))
    except OSError as error:
        return replace(entry, problem=f"{path}: cannot be read: {error.strerror}")
    model = metadata.model
    return replace(
        entry,
        title=metadata.name,
        head=model.head.name,
        encoder=("CLIP " if model.encoder.kind == "clip" else "") + model.encoder.name,
        words=None if model.tcm is None else model.tcm.language.words,
        sides=(metadata.short_side, metadata.max_long_side),
        note=metadata.note,
    )


def _run_entries(runs: Path) -> Iterator[CheckpointEntry]:
    for name in read_records(runs):
        folder = runs / name
        file = next(
            (folder / f for f in ("best.safetensors", "last.safetensors") if (folder / f).is_file()), None
        )
        if file is not None:
            yield replace(entry_of(file, "run"), name=f"{name} ({file.stem})", figures=run_figures(folder))


def run_figures(folder: Path) -> str:
    """The best validation of a run, in words; empty when there was none."""
    course = Course()
    try:
        page = read_events(folder / "events.jsonl", 0)
        while page.events or page.damaged:
            course.add(page.events)
            page = read_events(folder / "events.jsonl", page.offset)
    except TcmError:
        return ""
    return "" if course.best_hmean is None else f"hmean {course.best_hmean:.4f} (its own validation)"


def write_run_card(file: Path, run: Path, start: str) -> None:
    """Write the card of a promoted checkpoint beside it: the run that it is from, and its figures.

    Args:
        file: the checkpoint.
        run: folder of the run.
        start: the checkpoint that it began from.

    Raises:
        OSError: it cannot be written.
    """
    figures = run_figures(run) or "there was no validation"
    text = (
        f"# {file.stem}\n\nFine-tuned from {Path(start).name} in the run {run.name} ({run}).\n\n"
        f"Best: {figures}.\n\nThe licence is that of the start and of the images that it learnt from.\n"
    )
    file.with_suffix(".md").write_text(text, encoding="utf-8")


def _card_of(path: Path) -> str:
    """The Markdown beside a checkpoint; empty when there is none."""
    try:
        with path.with_suffix(".md").open("rb") as file:
            return file.read(_CARD_LIMIT).decode("utf-8", errors="replace")
    except OSError:
        return ""
