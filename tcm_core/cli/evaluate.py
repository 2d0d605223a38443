"""`tcm evaluate`."""

from collections.abc import Iterable
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from tcm_core.cli.console import errors, output
from tcm_core.errors import BadConfig

if TYPE_CHECKING:
    from tcm_core.evaluate.breakdown import Group
    from tcm_core.evaluate.confidence import SweepRow
    from tcm_core.evaluate.result import EvaluationResult
    from tcm_core.evaluate.run import Evaluation


class ProtocolChoice(StrEnum):
    """Evaluation protocols, the names in PROTOCOLS."""

    ICDAR2013 = "icdar2013"
    ICDAR2015 = "icdar2015"
    TOTALTEXT = "totaltext"
    TOTALTEXT_OLD = "totaltext-old"
    TOTALTEXT_PASCAL = "totaltext-pascal"
    CTW1500 = "ctw1500"
    CTW1500_PAN = "ctw1500-pan"
    TD500 = "td500"
    TD500_PAN = "td500-pan"
    ART = "art"


def evaluate(  # noqa: PLR0913 - one parameter an option
    gt: Annotated[Path, typer.Option(help="Labels: a folder, zip or file, as the protocol has them.")],
    det: Annotated[Path, typer.Option(help="Results: a folder, zip or file, as the protocol has them.")],
    protocol: Annotated[
        ProtocolChoice, typer.Option(help="Rules of the evaluation.")
    ] = ProtocolChoice.ICDAR2015,
    iou: Annotated[
        float | None, typer.Option(help="Another limit of the intersection over union, 0.7 say.")
    ] = None,
    scores: Annotated[
        bool,
        typer.Option("--scores", help="Every result ends with a confidence: report average precision."),
    ] = False,
    sweep: Annotated[
        bool, typer.Option("--sweep", help="Also the figures at every confidence; the results need them.")
    ] = False,
    by: Annotated[
        str, typer.Option(help="Also the figures by size, angle, curvature: any of them, with commas.")
    ] = "",
    json: Annotated[Path | None, typer.Option(help="Also write the figures to this file.")] = None,
    per_image: Annotated[
        Path | None, typer.Option(help="Write the verdict on every polygon of every image to this CSV.")
    ] = None,
    xy: Annotated[
        bool, typer.Option("--xy", help="Total-Text: the results give x before y, not the official y, x.")
    ] = False,
) -> None:
    """Score results against labels: precision, recall and their harmonic mean."""
    from tcm_core.data.atomic_file import write_text_atomic
    from tcm_core.evaluate import confidence, report, run
    from tcm_core.evaluate.breakdown import breakdown
    from tcm_core.evaluate.protocols import PROTOCOLS

    measures = _measures(by)
    with errors().status("evaluating"):
        evaluation = run.load_evaluation(
            gt, det, protocol.value, iou=iou, with_scores=scores or sweep, x_first=xy
        )
        result = evaluation.score()
        submission, found = evaluation.submission, evaluation.submission.polygons()
        precision = (
            confidence.average_precision(result, submission.scores()) if submission.with_scores else None
        )
        rows = confidence.sweep(evaluation.score, submission) if sweep else ()
        groups = [g for name in measures for g in breakdown(result, evaluation.labels, found, name)]
    if json is not None:
        about: dict[str, str | float | None] = {"protocol": protocol.value, "iou": evaluation.iou}
        content = report.result_json(result, average_precision=precision, sweep=rows, groups=groups, **about)
        write_text_atomic(json, content)
    if per_image is not None:
        write_text_atomic(per_image, report.polygons_csv(result, evaluation.labels, found))
    title = f"{PROTOCOLS[protocol.value].title}{_limit_words(evaluation)}, {len(result.images)} images"
    _print_result(title, result, precision)
    if rows:
        _print_sweep(rows)
    if groups:
        _print_groups(groups)


def _print_result(title: str, result: "EvaluationResult", average_precision: float | None) -> None:
    figures = {
        "precision": f"{result.precision:.4f}",
        "recall": f"{result.recall:.4f}",
        "hmean": f"{result.hmean:.4f}",
        "matched": str(result.matched),
        "texts that count": str(result.care_gt),
        "detections that count": str(result.care_det),
    }
    if average_precision is not None:
        figures["average precision"] = f"{average_precision:.4f}"
    _print(title, figures, [figures.values()])


def _measures(by: str) -> list[str]:
    from tcm_core.evaluate.breakdown import MEASURES

    names = [name.strip() for name in by.split(",") if name.strip()]
    for name in names:
        if name not in MEASURES:
            raise BadConfig(f"--by {name}: no such measure. Choose from {', '.join(MEASURES)}.")
    return names


def _limit_words(evaluation: "Evaluation") -> str:
    return "" if evaluation.iou is None else f" at {evaluation.iou:g}"


def _print(title: str, columns: Iterable[str], rows: Iterable[Iterable[str]]) -> None:
    table = Table(title=title)
    for name in columns:
        table.add_column(name, justify="right")
    for row in rows:
        table.add_row(*row)
    output().print(table)


def _print_sweep(rows: "Iterable[SweepRow]") -> None:
    rows = list(rows)
    best = max(row.hmean for row in rows)
    _print(
        "by the lowest confidence",
        ["confidence", "precision", "recall", "hmean", ""],
        [[*(f"{value:.4f}" for value in row), "best" if row.hmean == best else ""] for row in rows],
    )


def _print_groups(groups: "Iterable[Group]") -> None:
    _print(
        "by what the texts look like",
        ["", "", "texts", "detections", "precision", "recall", "hmean"],
        [
            [g.measure, g.label, str(g.care_gt), str(g.care_det), *(f"{value:.4f}" for value in g[-3:])]
            for g in groups
        ],
    )
