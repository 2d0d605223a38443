"""Which checkpoints there are to choose from. Reads their headers only; torch is not imported."""

from dataclasses import dataclass
from pathlib import Path

from app.workers.messages import Problem, problem_of
from tcm_core.checkpoint_file import list_checkpoints, read_metadata
from tcm_core.errors import TcmError


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


def available_checkpoints() -> list[CheckpointChoice]:
    """All checkpoints that are found; those that cannot be read say why."""
    return [choice_of(path) for path in list_checkpoints()]


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
