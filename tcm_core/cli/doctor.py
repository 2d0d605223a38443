"""`tcm doctor`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape
from rich.table import Table

from tcm_core.cli.console import errors, output

if TYPE_CHECKING:
    from tcm_core.doctor import Finding


def doctor(
    report: Annotated[
        Path | None,
        typer.Option(metavar="FILE.zip", help="Also write a report to send on; it names and quotes nothing."),
    ] = None,
    messages: Annotated[
        bool, typer.Option("--messages", help="Put whole logs in; they can name files and quote labels.")
    ] = False,
    attach: Annotated[
        list[Path] | None,
        typer.Option(metavar="FILE", help="Put this picture or label file in, too; may be repeated."),
    ] = None,
) -> None:
    """Look at all that detection, training and the window need, and say what to do about the rest."""
    if report is None and (messages or attach):
        raise typer.BadParameter("--messages and --attach say what goes into a --report FILE.zip.")
    with errors().status("looking"):
        from tcm_core.doctor import collect

        findings = collect()
    table = Table(show_edge=False)
    for column in ("", "what", "found"):
        table.add_column(column, overflow="fold")
    for finding in findings:
        mark = "[green]ok[/]" if finding.ok else ("[red]bad[/]" if finding.required else "[yellow]note[/]")
        table.add_row(mark, escape(finding.name), escape(finding.value))
    console = output()
    console.print(table)
    for finding in findings:
        if not finding.ok:
            console.print(f"{finding.name}: {finding.remedy}", markup=False, highlight=False, soft_wrap=True)
    if report is not None:
        _write(report, findings, messages=messages, attach=attach or [])
    if any(finding.required and not finding.ok for finding in findings):
        raise typer.Exit(1)


def _write(report: Path, findings: "list[Finding]", *, messages: bool, attach: list[Path]) -> None:
    from tcm_core.bug_report import BugReport
    from tcm_core.home import data_folder

    logs = sorted((data_folder() / "logs").glob("*.log*"))
    held = BugReport(findings, logs, messages=messages, attached=attach).write(report)
    output().print(f"{report}: {', '.join(held)}", markup=False, highlight=False, soft_wrap=True)
