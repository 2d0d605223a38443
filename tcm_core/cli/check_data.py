"""`tcm check-data`."""

import io
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tcm_core.cli.console import errors, output

if TYPE_CHECKING:
    from tcm_core.data.check import CheckReport


def check_data(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder, file or zip of labels.")],
    label_format: Annotated[
        str, typer.Option("--format", help="Format of the labels; auto: told by the content.")
    ] = "auto",
    images: Annotated[
        Path | None,
        typer.Option(help="Folder of the images; looked for in DIR, DIR/images and beside DIR without it."),
    ] = None,
    sheet: Annotated[
        Path | None, typer.Option(help="Draw images with their polygons to this file (.jpg or .png).")
    ] = None,
) -> None:
    """List every problem of labels, with file, line and remedy. Exit status 1: there are some."""
    with errors().status("checking"):
        from tcm_core.data.check import check_labels
        from tcm_core.data.formats.table import recognise_format
        from tcm_core.data.label_images import find_image_folder

        name = recognise_format(folder) if label_format == "auto" else label_format
        where = images or find_image_folder(folder)
        report = check_labels(folder, name, where)
    for problem in report.problems:
        output().print(str(problem), highlight=False, markup=False, soft_wrap=True)
    beside = f"images in {where}" if where is not None else "no images found, the labels were checked alone"
    output().print(
        f"{name}: {report.images} images, {report.texts} texts ({report.ignored} ignored), "
        f"{len(report.problems)} problems; {beside}",
        highlight=False, markup=False, soft_wrap=True,
    )  # fmt: skip
    if sheet is not None:
        _draw(report, sheet)
    if report.problems:
        raise typer.Exit(1)


def _draw(report: "CheckReport", path: Path) -> None:
    from PIL import Image

    from tcm_core.data.atomic_file import write_atomic
    from tcm_core.data.check_sheet import draw_sheet
    from tcm_core.errors import BadLabels

    kinds = {".jpg": "JPEG", ".jpeg": "JPEG", ".png": "PNG"}
    kind = kinds.get(path.suffix.lower())
    if kind is None:
        raise BadLabels(f"{path}: a sheet is written as .jpg or .png. Choose another name.")
    if not report.shown:
        raise BadLabels(f"{path}: no image to draw. Give the folder of the images with --images.")
    buffer = io.BytesIO()
    Image.fromarray(draw_sheet(report)).save(buffer, kind, quality=88)
    write_atomic(path, buffer.getvalue())
    errors().print(f"sheet in {path}", highlight=False, markup=False, soft_wrap=True)
