"""`tcm experiment`."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape
from rich.table import Table

from tcm_core.cli.console import errors, output

if TYPE_CHECKING:
    from tcm_core.experiments.plan import Plan


class Budget(StrEnum):
    """How much is spent."""

    SMALL = "small"
    FULL = "full"


def experiment(  # noqa: PLR0913 - one parameter an option
    name: Annotated[
        str, typer.Argument(help="The grid: ablation, few-shot, ...; a wrong name lists them all.")
    ],
    out: Annotated[
        Path, typer.Option(help="Folder of runs and reports; experiments share runs in the same folder.")
    ],
    budget: Annotated[
        Budget, typer.Option(help="small: two CPU cores, a small encoder; full: the paper's recipe.")
    ] = Budget.SMALL,
    data: Annotated[Path, typer.Option(help="Folder that holds the data sets' folders.")] = Path("data"),
    only: Annotated[str, typer.Option(help="Only the row of this name.")] = "",
    plan: Annotated[
        bool, typer.Option("--plan", help="Only say what would be run, and what is missing for it.")
    ] = False,
    report: Annotated[
        bool, typer.Option("--report", help="Only write the report anew from the stored results.")
    ] = False,
) -> None:
    """Run one of the paper's experiments; what is done already is kept, and a report is written."""
    with errors().status("loading"):
        from tcm_core.errors import BadConfig
        from tcm_core.experiments.plan import plan_experiment
        from tcm_core.experiments.report import write_report
        from tcm_core.experiments.runner import Runner

    planned = plan_experiment(name, budget.value)
    names = [row.row.name for row in planned.rows]
    if only and only not in names:
        raise BadConfig(f"--only {only}: no such row; {name} has {', '.join(names)}")
    if plan:
        output().print(_plan_table(planned, out, data))
        return
    console = errors()
    if not report:
        runner = Runner(planned, out, data, lambda text: console.print(escape(text), soft_wrap=True))
        try:
            runner.run(only, lambda: write_report(planned, out, data))
        finally:
            file = write_report(planned, out, data)
    file = write_report(planned, out, data)
    output().print(str(file), highlight=False, markup=False, soft_wrap=True)


def _plan_table(planned: "Plan", out: Path, data: Path) -> Table:
    """Every run with its state; runs that rows share have the same hash."""
    from tcm_core.experiments.missing import missing_for_run
    from tcm_core.experiments.results import RunFiles

    table = Table("row", "seed", "run", "learns from", "steps", "state")
    for row in planned.rows:
        for run in row.runs:
            state = "done" if RunFiles(out, run.key).result() else missing_for_run(run, planned, data)
            table.add_row(
                escape(row.row.name),
                str(run.config.seed),
                run.key,
                escape(run.data),
                str(run.config.optim.steps) if row.row.trained else "speed only",
                escape(state or "to do"),
            )
    return table
