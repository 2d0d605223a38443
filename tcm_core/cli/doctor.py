"""`tcm doctor`."""

import typer
from rich.markup import escape
from rich.table import Table

from tcm_core.cli.console import errors, output


def doctor() -> None:
    """Look at all that detection, training and the window need, and say what to do about the rest."""
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
    if any(finding.required and not finding.ok for finding in findings):
        raise typer.Exit(1)
