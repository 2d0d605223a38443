"""The command `tcm`: detect, evaluate, train, doctor. Exit status 1: some work failed; 2: bad input."""

import os
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeRemainingColumn,
)
from rich.table import Table

from tcm_core.data.image_io import ReadFrame, list_images
from tcm_core.errors import BadImage, TcmError

app = typer.Typer(
    name="tcm",
    help="Find, evaluate and learn text in photographs.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


class LabelFormat(StrEnum):
    """Formats that results can be written in."""

    ICDAR2015 = "icdar2015"


class Protocol(StrEnum):
    """Evaluation protocols."""

    ICDAR2015 = "icdar2015"


class DeviceChoice(StrEnum):
    """Where the detector runs."""

    AUTO = "auto"
    CPU = "cpu"
    CUDA = "cuda"


class FrameChoice(StrEnum):
    """What coordinates refer to."""

    VIEW = "view"
    STORED = "stored"


def main() -> int:
    """Run the command line; an error that a person can mend is one message on stderr and status 2."""
    try:
        app(prog_name="tcm")
    except TcmError as error:
        _errors().print(f"[bold red]error:[/] {escape(str(error))}", soft_wrap=True)
        return 2
    return 0


@app.command()
def detect(  # noqa: PLR0913 - one parameter an option
    paths: Annotated[list[Path], typer.Argument(metavar="PATH...", help="Images and folders of images.")],
    out: Annotated[Path, typer.Option(help="Folder of the results res_<name>.txt.")],
    checkpoint: Annotated[str, typer.Option(help="Name of a shipped checkpoint, or a file.")] = "db-small",
    device: Annotated[DeviceChoice, typer.Option(help="Where the detector runs.")] = DeviceChoice.AUTO,
    label_format: Annotated[
        LabelFormat, typer.Option("--format", help="Format of the results.")
    ] = LabelFormat.ICDAR2015,
    overlay: Annotated[bool, typer.Option("--overlay", help="Also write <name>.overlay.jpg.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Detect again what is done.")] = False,
    frame: Annotated[
        FrameChoice,
        typer.Option(help="Coordinates of the picture as viewers turn it, or as it is stored (benchmarks)."),
    ] = FrameChoice.VIEW,
) -> None:
    """Find the text on images: one result file an image; what is done already is skipped."""
    images, root = find_images(paths)
    console = _errors()
    with console.status("loading the detector"):
        from tcm_core.infer.folder import Outcome, detect_folder
        from tcm_core.infer.predictor import Predictor

        predictor = Predictor.load(checkpoint, device.value)
    console.print(f"{predictor.checkpoint_name} on {predictor.device_text}", highlight=False)
    read_frame: ReadFrame = "view" if frame is FrameChoice.VIEW else "stored"
    outcomes: list[Outcome] = []
    with _progress(console) as progress:
        task = progress.add_task("detecting", total=len(images))
        for outcome in detect_folder(
            predictor, images, out, root=root, overlay=overlay, force=force, frame=read_frame
        ):
            outcomes.append(outcome)
            if outcome.message:
                colour = "red" if outcome.status == "failed" else "yellow"
                console.print(f"[{colour}]{outcome.status}:[/] {escape(outcome.message)}", soft_wrap=True)
            progress.advance(task)
    counts = {status: sum(o.status == status for o in outcomes) for status in ("done", "skipped", "failed")}
    _output().print(
        f"{counts['done']} done, {counts['skipped']} skipped, {counts['failed']} failed; "
        f"{sum(outcome.texts for outcome in outcomes)} texts in {out} ({label_format.value})",
        highlight=False,
        markup=False,
        soft_wrap=True,
    )
    if counts["failed"]:
        raise typer.Exit(1)


@app.command()
def evaluate(
    gt: Annotated[Path, typer.Option(help="Folder or zip of gt_<name>.txt.")],
    det: Annotated[Path, typer.Option(help="Folder or zip of res_<name>.txt.")],
    protocol: Annotated[Protocol, typer.Option(help="Rules of the evaluation.")] = Protocol.ICDAR2015,
    json: Annotated[Path | None, typer.Option(help="Also write the figures to this file.")] = None,
) -> None:
    """Score results against labels: precision, recall and their harmonic mean."""
    from tcm_core.data.atomic_file import write_text_atomic
    from tcm_core.evaluate.run import evaluate_files, result_json

    with _errors().status("evaluating"):
        result = evaluate_files(gt, det)
    if json is not None:
        write_text_atomic(json, result_json(result))
    table = Table(title=f"{protocol.value}, {len(result.images)} images")
    figures = {
        "precision": f"{result.precision:.4f}",
        "recall": f"{result.recall:.4f}",
        "hmean": f"{result.hmean:.4f}",
        "matched": str(result.matched),
        "texts that count": str(result.care_gt),
        "detections that count": str(result.care_det),
    }
    for name in figures:
        table.add_column(name, justify="right")
    table.add_row(*figures.values())
    _output().print(table)


@app.command()
def train(
    config: Annotated[Path, typer.Option(help="Settings of the run, a TOML file.")],
    out: Annotated[Path, typer.Option(help="Folder of the run: events, states, checkpoint.")],
    data: Annotated[
        Path | None, typer.Option(help="Folder of the data set, instead of the settings' own.")
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on from the last state in the folder.")
    ] = False,
) -> None:
    """Train a detector."""
    with _errors().status("loading"):
        from tcm_core.train.run import run_training

    run_training(config, out, resume=resume, data_root=data)


@app.command()
def doctor() -> None:
    """Look at all that detection, training and the window need, and say what to do about the rest."""
    with _errors().status("looking"):
        from tcm_core.doctor import collect

        findings = collect()
    table = Table(show_edge=False)
    for column in ("", "what", "found"):
        table.add_column(column, overflow="fold")
    for finding in findings:
        mark = "[green]ok[/]" if finding.ok else ("[red]bad[/]" if finding.required else "[yellow]note[/]")
        table.add_row(mark, escape(finding.name), escape(finding.value))
    output = _output()
    output.print(table)
    for finding in findings:
        if not finding.ok:
            output.print(f"{finding.name}: {finding.remedy}", markup=False, highlight=False, soft_wrap=True)
    if any(finding.required and not finding.ok for finding in findings):
        raise typer.Exit(1)


def find_images(paths: Sequence[Path]) -> tuple[list[Path], Path]:
    """The images named or lying in the folders named, each once, and the folder that all of them lie below.

    A folder alone is its own root. Pictures that an earlier run drew (.overlay.jpg) are left out of folders.

    Raises:
        BadImage: a path does not exist, the paths share no folder, or there is no image at all.
    """
    roots: list[str] = []
    found: dict[Path, None] = {}
    for path in (path.absolute() for path in paths):
        if path.is_dir():
            roots.append(str(path))
            found.update(
                dict.fromkeys(image for image in list_images(path) if not image.name.endswith(".overlay.jpg"))
            )
        elif path.exists():
            roots.append(str(path.parent))
            found[path] = None
        else:
            raise BadImage(f"{path}: no such file or folder. Check the path.")
    if not found:
        raise BadImage(
            f"{paths[0]}: no image in it. Choose a folder with JPEG, PNG, TIFF, BMP, WebP or GIF files."
        )
    try:
        return list(found), Path(os.path.commonpath(roots))
    except ValueError as error:
        raise BadImage(f"the paths lie on different drives ({error}). Detect each drive alone.") from error


def _progress(console: Console) -> Progress:
    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=console,
        transient=True,
    )


def _output() -> Console:
    """For results; made anew, so that it writes to what stdout is now."""
    return Console()


def _errors() -> Console:
    """For progress and messages, which do not belong into a pipe."""
    return Console(stderr=True)
