"""`tcm export`."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from tcm_core.cli.console import errors, output
from tcm_core.cli.detect import find_images

if TYPE_CHECKING:
    from tcm_core.checkpoint import LoadedCheckpoint
    from tcm_core.export.formats import FormatName


class FormatChoice(StrEnum):
    """Formats of exported files."""

    ONNX = "onnx"
    TORCHSCRIPT = "torchscript"
    OPENVINO = "openvino"


def export(
    checkpoint: Annotated[str, typer.Argument(help="Name of a shipped checkpoint, or a .safetensors file.")],
    out: Annotated[
        Path, typer.Option(help="The file: .onnx, .pt (TorchScript), or .xml (OpenVINO, with a .bin beside).")
    ],
    format_choice: Annotated[FormatChoice, typer.Option("--format", help="Format.")] = FormatChoice.ONNX,
    verify: Annotated[
        list[Path] | None,
        typer.Option(help="Images, or folders of images, to compare the file with the checkpoint on."),
    ] = None,
    short_side: Annotated[
        list[int] | None,
        typer.Option(min=32, help="With --verify: sizes to compare at; else the checkpoint's own, and half."),
    ] = None,
) -> None:
    """Write a checkpoint for other programs; `tcm detect` runs an .onnx file without PyTorch."""
    images = find_images(verify)[0] if verify else []
    console = errors()
    with console.status("loading"):
        from tcm_core.checkpoint import load_checkpoint
        from tcm_core.checkpoint_file import resolve_checkpoint
        from tcm_core.export.formats import export_detector

        loaded = load_checkpoint(resolve_checkpoint(checkpoint))
    with console.status(f"exporting {loaded.metadata.name}"):
        export_detector(loaded.detector, loaded.metadata, format_choice.value, out)
    output().print(f"{out}: {out.stat().st_size / 1e6:.1f} MB", highlight=False, markup=False, soft_wrap=True)
    if images:
        own = loaded.metadata.short_side
        _verify(loaded, format_choice.value, out, images, short_side or [own, max(32, own // 2)])


def _verify(
    loaded: "LoadedCheckpoint", name: "FormatName", out: Path, images: list[Path], short_sides: list[int]
) -> None:
    from tcm_core.export.formats import FORMATS
    from tcm_core.export.verify import compare

    table = Table(title="exported file against checkpoint")
    for column in ("image", "network size", "largest map difference", "texts", "exported", "corners, px"):
        table.add_column(column)
    network = FORMATS[name].open(out, loaded.metadata)
    equal = True
    for found in compare(loaded.detector, loaded.metadata, network, images, short_sides):
        worst = max(found.maps, key=lambda key: found.maps[key])
        height, width = found.network_size
        table.add_row(
            found.image.name,
            f"{height}x{width}",
            f"{found.largest:.1e} ({worst})",
            str(found.texts),
            str(found.texts_exported),
            f"{found.corners:.3f}",
            style=None if found.equal else "red",
        )
        equal &= found.equal
    output().print(table)
    if not equal:
        errors().print("[bold red]The exported file does not give what the checkpoint gives.[/]")
        raise typer.Exit(1)
