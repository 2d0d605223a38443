"""What a person is told when detection could not be done as it was asked for."""

from pathlib import Path

from app.workers.messages import LoadCheckpoint, Problem, problem_of
from app.workers.predictor import Moved, is_out_of_memory
from tcm_core.errors import BadImage, TcmError


def detection_problem(error: BaseException, path: Path) -> Problem:
    """What a person is told when one page failed."""
    if isinstance(error, BadImage):
        remedy = "The other images are not affected. Repair or replace the file, then retry."
        return problem_of(error, what=str(error), where=str(path), remedy=remedy)
    if is_out_of_memory(error) or isinstance(error, MemoryError):
        return problem_of(
            error,
            what="There was not enough memory to find the text of this image.",
            where=str(path),
            remedy="Close other programs or make the image smaller, then retry.",
        )
    return problem_of(
        error,
        what=f"Finding the text of this image failed: {str(error) or type(error).__name__}",
        where=str(path),
        remedy="The other images are not affected. Retry it; if it fails again, report it with the details.",
    )


def load_problem(error: BaseException, request: LoadCheckpoint) -> Problem:
    """What a person is told when a checkpoint could not be loaded."""
    reason = str(error) if isinstance(error, TcmError) else f"{type(error).__name__}: {error}"
    return problem_of(
        error,
        what=f"The checkpoint could not be loaded: {reason}",
        where=f"{request.checkpoint} (device: {request.device})",
        remedy="Choose another checkpoint in the Detect menu.",
    )


def moved_problem(moved: Moved, where: str) -> Problem:
    """What a person is told when the CPU had to take over."""
    if moved.lost:
        return Problem(
            f"{moved.device} does not answer any more, so the detector runs on the CPU now.",
            where,
            "Your labels are not affected. Start the program again when the graphics card is back.",
            moved.reason,
        )
    return Problem(
        f"The memory of {moved.device} was not enough, so the detector runs on the CPU now.",
        where,
        "Close other programs that use the GPU, then load the checkpoint again to go back to it.",
        moved.reason,
    )


def smaller_problem(path: Path, device: str, scale: float, error: BaseException) -> Problem:
    """What a person is told when an image had to be looked at in a smaller size."""
    return Problem(
        f"The memory of {device} was not enough: this image was looked at in {scale:.0%} of its usual size.",
        str(path),
        "Small text may be missed. Close other programs, then detect the image again.",
        f"{type(error).__name__}: {error}",
    )
