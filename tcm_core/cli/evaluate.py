"""`tcm evaluate`."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from tcm_core.cli.console import errors, output


class Protocol(StrEnum):
    """Evaluation protocols."""

    ICDAR2015 = "icdar2015"


def evaluate(
    gt: Annotated[Path, typer.Option(help="Folder or zip of gt_<name>.txt.")],
    det: Annotated[Path, typer.Option(help="Folder or zip of res_<name>.txt.")],
    protocol: Annotated[Protocol, typer.Option(help="Rules of the evaluation.")] = Protocol.ICDAR2015,
    json: Annotated[Path | None, typer.Option(help="Also write the figures to this file.")] = None,
) -> None:
    """Score results against labels: precision, recall and their harmonic mean."""
    from tcm_core.data.atomic_file import write_text_atomic
    from tcm_core.evaluate.run import evaluate_files, result_json

    with errors().status("evaluating"):
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
    output().print(table)
