"""Problems in words: what the error dialog, the clipboard and the terminal say about them."""

import traceback
from types import TracebackType

from app.workers.messages import Problem
from tcm_core.errors import TcmError


def problem_text(problem: Problem) -> str:
    """The whole problem as text to copy or to print."""
    parts = [problem.what, f"Where: {problem.where}" if problem.where else "", problem.remedy]
    text = "\n".join(part for part in parts if part)
    return f"{text}\n\n{problem.details}".rstrip() if problem.details else text


def known_problem(error: TcmError, where: str) -> Problem:
    """An error that was foreseen: its own message already says what, where and what to do."""
    return Problem(what=str(error), where=where, remedy="", details="")


def unforeseen_problem(
    kind: type[BaseException], error: BaseException, trace: TracebackType | None
) -> Problem:
    """An error nobody foresaw: a mistake of the program, with everything that helps to find it."""
    if isinstance(error, TcmError):
        return Problem(str(error), "", "", "".join(traceback.format_exception(kind, error, trace)))
    if isinstance(error, MemoryError):
        return Problem(
            "There was not enough memory for the last action.",
            "",
            "Close other programs, or work on smaller images. What was shown as saved is saved.",
            "".join(traceback.format_exception(kind, error, trace)),
        )
    return Problem(
        f"The last action failed by a mistake of the program: {kind.__name__}: {error}",
        "",
        "What was shown as saved is saved, and you can go on working. "
        "Please copy the details into a report, so that it can be repaired.",
        "".join(traceback.format_exception(kind, error, trace)),
    )
