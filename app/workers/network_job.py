"""Work other than looking at pages that needs a loaded checkpoint, done in the worker's thread."""

from dataclasses import dataclass
from typing import Protocol

from app.workers.messages import Problem, problem_of
from app.workers.predictor import PredictorLike, is_out_of_memory
from tcm_core.errors import TcmError


class NetworkJob(Protocol):
    """One piece of work; a newer one of the same slot takes the place of one that waits."""

    @property
    def slot(self) -> str: ...
    @property
    def checkpoint(self) -> str:
        """A shipped name or the path of a file."""
        ...

    @property
    def device(self) -> str: ...
    def run(self, predictor: PredictorLike) -> object:
        """In the worker's thread; what it gives comes back in a JobDone."""
        ...


@dataclass(frozen=True, eq=False)
class JobDone:
    """What came of a job.

    Attributes:
        result: what it gave; None when there is a problem.
        problem: why it failed.
    """

    job: NetworkJob
    result: object = None
    problem: Problem | None = None


def job_problem(error: BaseException, job: NetworkJob) -> Problem:
    """What a person is told when a job failed."""
    where = job.checkpoint
    if isinstance(error, TcmError):
        return problem_of(error, what=str(error), where=where, remedy="")
    if is_out_of_memory(error):
        what, remedy = "There was not enough memory.", "Close other programs, then try again."
        return problem_of(error, what=what, where=where, remedy=remedy)
    what = f"It failed: {str(error) or type(error).__name__}"
    return problem_of(error, what=what, where=where, remedy="Try again; if it fails again, report it.")
