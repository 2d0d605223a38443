"""`tcm convert checkpoint`."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer
from rich.table import Table

from tcm_core.cli.console import errors, output
from tcm_core.errors import TcmError

if TYPE_CHECKING:
    from tcm_core.convert.checkpoint.detector import ConvertedClip, ConvertedDetector
    from tcm_core.convert.checkpoint.report import ConversionReport


class Style(StrEnum):
    """Where mmdet's bottlenecks have their stride."""

    PYTORCH = "pytorch"
    CAFFE = "caffe"


def checkpoint(  # noqa: PLR0913 - one parameter an option
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="A checkpoint of TCM or mmocr, or CLIP's weights.")
    ],
    out: Annotated[Path, typer.Option(help="The .safetensors file to write.")],
    name: Annotated[str | None, typer.Option(help="Its name; by default the file's.")] = None,
    words: Annotated[
        str | None, typer.Option(help="TCM: the words it was trained with, if not the released ones.")
    ] = None,
    style: Annotated[
        Style | None,
        typer.Option(help="mmdet's ResNet style, if not that of mmocr's own configuration."),
    ] = None,
    json: Annotated[Path | None, typer.Option(help="Also write the report to this file.")] = None,
    half: Annotated[bool, typer.Option("--half", help="Half precision: half the size, rounded.")] = False,
    details: Annotated[
        bool, typer.Option("--details", help="List every tensor, not only unused ones.")
    ] = False,
) -> None:
    """Turn a checkpoint of another project into ours.

    Read are TCM (DB, PAN, FCE), mmocr 0.x and 1.x (DBNet, PANet, FCENet) and CLIP ResNets (encoder weights).
    Nothing in the file is run. Released TCM weights stay under CC BY-NC 4.0: not for commercial use.
    """
    from tcm_core.convert.checkpoint.detector import convert_checkpoint
    from tcm_core.data.atomic_file import write_text_atomic

    if out.suffix != ".safetensors":
        raise TcmError(f"{out}: the result is a safetensors file. Give a name that ends in .safetensors.")
    chosen: Literal["pytorch", "caffe"] | None = None
    if style is not None:
        chosen = "caffe" if style is Style.CAFFE else "pytorch"
    with errors().status("converting"):
        converted = convert_checkpoint(file, name or out.stem, words=words, style=chosen)
        _write(converted, out, half=half)
    _print_report(converted.report, details=details)
    if json is not None:
        write_text_atomic(json, converted.report.model_dump_json(indent=2) + "\n")
    output().print(f"{out}: {converted.report.purpose}", highlight=False, markup=False, soft_wrap=True)


def _write(converted: "ConvertedDetector | ConvertedClip", out: Path, *, half: bool) -> None:
    import safetensors.torch

    from tcm_core.checkpoint import save_checkpoint
    from tcm_core.convert.checkpoint.detector import ConvertedDetector
    from tcm_core.data.atomic_file import write_atomic

    if not isinstance(converted, ConvertedDetector):
        write_atomic(out, safetensors.torch.save(converted.tensors))
        return
    save_checkpoint(out, converted.state, converted.metadata, half=half)


def _print_report(report: "ConversionReport", *, details: bool) -> None:
    console = errors()
    console.print(
        f"{report.source}: {report.what}; {len(report.used)} tensors used, {len(report.unused)} not",
        highlight=False, markup=False, soft_wrap=True,
    )  # fmt: skip
    table = Table("tensor", "shape", "went into", box=None)
    if details:
        for used in report.used:
            table.add_row(used.source, _size(used.shape), ", ".join(used.targets))
    for unused in report.unused:
        table.add_row(unused.source, _size(unused.shape), f"unused: {unused.why}")
    if table.row_count:
        console.print(table, highlight=False, markup=False)
    for note in report.notes:
        console.print(f"note: {note}", highlight=False, markup=False, soft_wrap=True)


def _size(shape: tuple[int, ...]) -> str:
    return "x".join(map(str, shape)) or "1 number"
