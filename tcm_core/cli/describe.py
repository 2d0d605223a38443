"""`tcm describe`."""

import re
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from tcm_core.cli.console import errors, output
from tcm_core.errors import BadConfig

if TYPE_CHECKING:
    from tcm_core.models.receptive import MapSight
    from tcm_core.models.summary import Part


def describe(
    source: Annotated[
        str,
        typer.Argument(
            metavar="PRESET|CHECKPOINT|FILE",
            help="Name of a preset or of a shipped checkpoint, or a .toml, .safetensors or .onnx file.",
        ),
    ],
    size: Annotated[str, typer.Option(help="HxW that multiply-adds are counted at.")] = "736x1280",
) -> None:
    """Print the parts of a detector: parameters, multiply-adds, and how much its maps see of the image."""
    match = re.fullmatch(r"(\d{1,5})x(\d{1,5})", size)
    if match is None:
        raise BadConfig(f"size {size!r}: give height and width, such as 736x1280")
    with errors().status("building"):
        from tcm_core.describe import describe as describe_model
        from tcm_core.describe import find_described

        found = find_described(source)
        description = describe_model(found.model, (int(match[1]), int(match[2])), found.frozen or ())
    kind = "checkpoint" if found.frozen is None else "configuration"
    output().print(
        f"{found.name}: {kind}, head {found.model.head.name}", highlight=False, markup=False, soft_wrap=True
    )
    output().print(_parts_table(description.parts, size))
    output().print(_sights_table(description.sights))


def _parts_table(parts: "list[Part]", size: str) -> Table:
    from tcm_core.models.summary import IMAGE_TOWER

    table = Table("part")
    for column in ("parameters", "trainable", f"G multiply-adds at {size}"):
        table.add_column(column, justify="right")
    groups = [(part.name, [part]) for part in parts]
    tower = [part for part in parts if part.name in IMAGE_TOWER]
    if len(tower) == len(IMAGE_TOWER):
        groups.append(("image tower (encoder and pool)", tower))
    groups.append(("all", parts))
    for name, members in groups:
        if name == "image tower (encoder and pool)" or (name == "all" and len(groups) == len(parts) + 1):
            table.add_section()
        parameters = sum(part.parameters for part in members)
        trainable = sum(part.trainable for part in members)
        products = sum(part.multiply_adds for part in members)
        table.add_row(
            name,
            f"{parameters:,}",
            "frozen" if parameters and not trainable else f"{trainable:,}",
            f"{products / 1e9:.3f}" if products else "",
        )
    return table


def _sights_table(sights: "list[MapSight]") -> Table:
    table = Table("map", title="what a pixel of a map can see, network pixels", title_justify="left")
    for column in ("stride", "sees"):
        table.add_column(column, justify="right")
    for sight in sights:
        sees = "the whole image" if sight.side is None else f"{sight.side} x {sight.side}"
        if sight.through_score:
            sees += "; the whole image through the score map"
        table.add_row(sight.name, str(sight.stride), sees)
    return table
