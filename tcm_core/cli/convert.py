"""`tcm convert`."""

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from tcm_core.cli.console import errors, output
from tcm_core.cli.convert_checkpoint import checkpoint

if TYPE_CHECKING:
    from tcm_core.data.formats.labelled import LabelProblem, LabelReport

convert = typer.Typer(help="Turn labels and checkpoints of others into ours, and back.", no_args_is_help=True)
convert.command("checkpoint")(checkpoint)


@convert.command("labels")
def labels(
    source: Annotated[Path, typer.Argument(metavar="SRC", help="Folder, file or zip of labels.")],
    target: Annotated[str, typer.Option("--to", help="Format to write.")],
    out: Annotated[Path, typer.Option(help="Folder, file or .zip to write.")],
    origin: Annotated[
        str, typer.Option("--from", help="Format to read; auto: told by the content.")
    ] = "auto",
    images: Annotated[
        Path | None, typer.Option(help="Folder of the images, for their names, sizes and frames.")
    ] = None,
    details: Annotated[bool, typer.Option("--details", help="List every change, not only counts.")] = False,
) -> None:
    """Write labels in another format, and say what it cannot hold. Exit status 1: some could not be read."""
    from tcm_core.data.convert_labels import convert_labels

    problems: list[LabelProblem] = []
    console = errors()
    with console.status("converting"):
        done = convert_labels(source, (origin, target), out, images, problems.append)
    for problem in problems:
        console.print(f"[yellow]left out:[/] {escape(str(problem))}", soft_wrap=True)
    if done.frame_kept:
        console.print(
            f"[yellow]note:[/] {done.source_format} and {target} count pixels in different frames of turned "
            "photographs (EXIF); give --images to have the polygons turned",
            soft_wrap=True,
        )
    _print_changes(done.report, details=details)
    output().print(
        f"{done.source_format} to {target}: {done.report.images} images, {done.report.written} texts, {out}",
        highlight=False, markup=False, soft_wrap=True,
    )  # fmt: skip
    if problems:
        raise typer.Exit(1)


def _print_changes(report: "LabelReport", *, details: bool) -> None:
    console = errors()
    if details:
        for change in report.changed:
            place = change.image if change.index is None else f"{change.image} text {change.index + 1}"
            console.print(f"{place}: {change.what}", highlight=False, markup=False, soft_wrap=True)
        return
    for what, count in Counter(change.what for change in report.changed).most_common():
        console.print(f"{count} x {what}", highlight=False, markup=False, soft_wrap=True)
