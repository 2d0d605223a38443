"""An experiment's figures, gathered from what is stored: nothing is trained or measured here."""

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tcm_core.experiments.missing import missing_for_test
from tcm_core.experiments.plan import Plan, PlannedRow, PlannedRun
from tcm_core.experiments.results import Failure, RunFiles, RunResult, TestResult, read_record


@dataclass(frozen=True)
class SeedFigures:
    """What a row has given with one seed.

    Attributes:
        run: as planned.
        result: of the training; None: see reason.
        tests: by name, where they are measured.
        reason: why something is not there; empty when all is.
    """

    run: PlannedRun
    result: RunResult | None
    tests: dict[str, TestResult]
    reason: str


@dataclass(frozen=True)
class Spread:
    """The figures of several seeds."""

    mean: float
    least: float
    most: float
    seeds: int

    def __str__(self) -> str:
        if self.seeds == 1:
            return f"{self.mean:.3f}"
        return f"{self.mean:.3f} ({self.least:.3f} to {self.most:.3f})"


@dataclass(frozen=True)
class RowFigures:
    """All that is known of a row."""

    planned: PlannedRow
    seeds: tuple[SeedFigures, ...]

    @property
    def name(self) -> str:
        """Of the row."""
        return self.planned.row.name

    def spread(self, test: str, figure: str = "hmean") -> Spread | None:
        """Mean and range of a figure on a test over the seeds; None without any."""
        return spread_of(getattr(seed.tests[test], figure) for seed in self.seeds if test in seed.tests)

    @property
    def reasons(self) -> list[str]:
        """Why figures are not there, each once."""
        return list(dict.fromkeys(seed.reason for seed in self.seeds if seed.reason))


def gather(plan: Plan, out: Path, root: Path | None = None) -> list[RowFigures]:
    """What the folder holds of every trained row.

    Args:
        plan: the experiment.
        out: its folder.
        root: of the data sets, to say which are absent; None: nothing is said of them.
    """
    rows = [row for row in plan.rows if row.row.trained]
    return [RowFigures(row, tuple(_seed(plan, row, run, out, root) for run in row.runs)) for row in rows]


def tests_of(rows: Iterable[RowFigures]) -> list[str]:
    """The tests of all rows, each once, in their order."""
    return list(dict.fromkeys(test for row in rows for test in row.planned.tests))


def reference_of(row: RowFigures, rows: Sequence[RowFigures], reference: str) -> RowFigures | None:
    """The row that another is compared with: of the reference's series at the same x, or of its name."""
    own = row.planned.row
    for other in rows:
        if other is row:
            continue
        theirs = other.planned.row
        if other.name == reference or (theirs.series == reference and theirs.x == own.x):
            return other
    return None


def spread_of(values: Iterable[float]) -> Spread | None:
    """Mean and range; None of nothing."""
    given = list(values)
    if not given:
        return None
    return Spread(statistics.fmean(given), min(given), max(given), len(given))


def _seed(plan: Plan, row: PlannedRow, run: PlannedRun, out: Path, root: Path | None) -> SeedFigures:
    files = RunFiles(out, run.key)
    result = files.result()
    tests = {name: found for name in row.tests if (found := files.test(plan.tables.test[name])) is not None}
    failure = read_record(files.failure, Failure)
    reason = ""
    if failure is not None:
        reason = f"{'failed' if failure.ran else 'not run'}: {failure.reason}"
    elif result is None:
        reason = "not run yet"
    else:
        for name in row.tests:
            if name not in tests:
                why = missing_for_test(plan.tables.test[name], root) if root is not None else ""
                reason = reason or f"{name} not measured{': ' + why if why else ' yet'}"
    return SeedFigures(run, result, tests, reason)
