"""The bookkeeping of a batch: what became of each page, and how long the rest will take. No Qt."""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal

from app.workers.messages import Problem

OutcomeState = Literal["waiting", "ok", "failed", "cancelled"]
RECENT: Final = 20
"""The time left is reckoned from the last so many pages."""


@dataclass(frozen=True)
class PageOutcome:
    """What became of one page.

    Attributes:
        problem: why it failed; of one that is done, why it was not done as asked for.
        detections: how many texts were found.
        seconds: the detector spent on it.
    """

    key: str
    state: OutcomeState
    problem: Problem | None = None
    detections: int = 0
    seconds: float = 0.0


@dataclass(frozen=True)
class BatchSummary:
    """The end of a batch.

    Attributes:
        done: pages with a result.
        failed: pages without, for the reasons in problems.
        cancelled: pages that were not reached.
        seconds: from the start to the end.
        problems: (key, problem) of the failed pages.
    """

    done: int
    failed: int
    cancelled: int
    seconds: float
    problems: tuple[tuple[str, Problem], ...] = ()


class Batch:
    """Pages that were asked for together. Times are seconds of any steady clock."""

    def __init__(self, keys: Iterable[str], now: float) -> None:
        self._outcomes: dict[str, PageOutcome] = {}
        self._started = now
        self._settled = 0
        self._failed = 0
        self._times: deque[float] = deque([now], maxlen=RECENT + 1)
        self.add(keys)

    @property
    def total(self) -> int:
        """Pages in the batch."""
        return len(self._outcomes)

    @property
    def settled(self) -> int:
        """Pages that nothing more will happen to."""
        return self._settled

    @property
    def failed(self) -> int:
        """Pages that failed."""
        return self._failed

    @property
    def over(self) -> bool:
        """Whether all pages are settled."""
        return self._settled == len(self._outcomes)

    def add(self, keys: Iterable[str]) -> None:
        """More pages; one that is settled already waits again."""
        for key in keys:
            self._forget(key)
            self._outcomes[key] = PageOutcome(key, "waiting")

    def waits(self, key: str) -> bool:
        """Whether the page is in the batch and not settled."""
        outcome = self._outcomes.get(key)
        return outcome is not None and outcome.state == "waiting"

    def waiting(self) -> list[str]:
        """The pages not settled yet."""
        return [key for key, outcome in self._outcomes.items() if outcome.state == "waiting"]

    def settle(self, outcome: PageOutcome, now: float) -> None:
        """Note what became of a page that waits."""
        self._outcomes[outcome.key] = outcome
        self._settled += 1
        self._failed += outcome.state == "failed"
        self._times.append(now)

    def eta_s(self) -> float:
        """Seconds until the end at the pace of the last pages; -1 while it is not known."""
        if len(self._times) < 2:
            return -1.0
        pace = (self._times[-1] - self._times[0]) / (len(self._times) - 1)
        return pace * (self.total - self._settled)

    def summary(self, now: float) -> BatchSummary:
        """What came of it so far."""
        outcomes = self._outcomes.values()
        return BatchSummary(
            sum(outcome.state == "ok" for outcome in outcomes),
            self._failed,
            sum(outcome.state == "cancelled" for outcome in outcomes),
            now - self._started,
            tuple(
                (outcome.key, outcome.problem)
                for outcome in outcomes
                if outcome.state == "failed" and outcome.problem is not None
            ),
        )

    def _forget(self, key: str) -> None:
        outcome = self._outcomes.pop(key, None)
        if outcome is not None and outcome.state != "waiting":
            self._settled -= 1
            self._failed -= outcome.state == "failed"
