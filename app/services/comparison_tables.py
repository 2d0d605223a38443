"""The tables of a run over many images: figures of each source, and the figures of each image."""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from app.domain.compare_figures import FolderFigures
from app.i18n.translation import tr
from app.services.comparison_run import RunResult
from tcm_core.evaluate.result import Verdict

Cell = str | float | int | None
EVERYTHING: Final = "all"
FIGURE_COLUMNS: Final = ("Pane", "Texts", "Group", "Labels", "Found", "P", "R", "F", "s / image")
MEASURE_WORDS: Final = {EVERYTHING: "All texts", "size": "Height", "angle": "Angle", "curvature": "Curvature"}

VERDICT_WORDS: Final[dict[Verdict, str]] = {
    Verdict.TRUE_POSITIVE: "found",
    Verdict.FALSE_POSITIVE: "wrong",
    Verdict.FALSE_NEGATIVE: "missed",
    Verdict.IGNORED: "ignored",
}


@dataclass(frozen=True)
class Table:
    """Rows to be shown, sorted and written to a file.

    Attributes:
        columns: their headings.
        rows: numbers stay numbers.
        keys: of each row the image that a double click opens; empty for none.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    keys: tuple[str, ...] = ()

    def csv(self) -> str:
        """The table as a CSV file with a heading; numbers with a point."""
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(self.columns)
        for row in self.rows:
            writer.writerow(["" if cell is None else _plain(cell) for cell in row])
        return out.getvalue()


def figures_table(names: Sequence[str], figures: Sequence[FolderFigures], measure: str = "") -> Table:
    """The figures of every pane: all texts first, then by group.

    Args:
        names: of the panes, with their numbers.
        figures: of the panes.
        measure: EVERYTHING for all texts alone, a name in MEASURES for one breakdown, "" for all of them.
    """
    rows: list[tuple[Cell, ...]] = []
    for pane, one in zip(names, figures, strict=True):
        whole = one.result
        if measure in ("", EVERYTHING):
            rows.append(
                (pane, tr(MEASURE_WORDS[EVERYTHING]), "", whole.care_gt, whole.care_det,
                 whole.precision, whole.recall, whole.hmean, one.seconds)
            )  # fmt: skip
        for key, groups in one.groups.items():
            if measure in ("", key):
                rows += [
                    (pane, tr(MEASURE_WORDS[key]), tr(group.label), group.care_gt, group.care_det,
                     group.precision if group.care_det else None,
                     group.recall if group.care_gt else None,
                     group.hmean if group.care_gt and group.care_det else None, None)
                    for group in groups
                ]  # fmt: skip
    return Table(tuple(tr(column) for column in FIGURE_COLUMNS), tuple(rows))


def images_table(figures: Sequence[FolderFigures], result: RunResult) -> Table:
    """The figures of every image, the one with the lowest mean F first; then those that were left out."""
    columns = [tr("Image")]
    by_key = [{page.key: page for page in one.pages} for one in figures]
    for number in result.plan.numbers:
        columns += [f"F {number}", f"{tr('Missed')} {number}", f"{tr('Wrong')} {number}"]
    columns.append(tr("Remark"))
    keys = list(by_key[0]) if by_key else []
    keys.sort(key=lambda key: sum(pages[key].hmean for pages in by_key))
    rows = []
    for key in keys:
        cells: list[Cell] = [key]
        for pages in by_key:
            cells += [pages[key].hmean, pages[key].missed, pages[key].wrong]
        remark = tr("Labels outside of the image: of another one?") if key in result.foreign else ""
        rows.append((*cells, remark))
    for key, why in result.failed.items():
        if key not in keys:
            keys.append(key)
            rows.append((key, *[None] * (3 * len(result.plan.numbers)), why))
    return Table(tuple(columns), tuple(rows), tuple(keys))


def shown(cell: Cell) -> str:
    """A cell as people read it."""
    if cell is None:
        return "\u2013"
    return f"{cell:.3f}" if isinstance(cell, float) else str(cell)


def _plain(cell: Cell) -> str:
    return f"{cell:.6g}" if isinstance(cell, float) else str(cell)
