"""The plot of an experiment: F of every row, or of every series over x, with the range of the seeds."""

import importlib.util
import io
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tcm_core.data.atomic_file import write_atomic
from tcm_core.experiments.figures import RowFigures, Spread, tests_of
from tcm_core.experiments.plan import Plan

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_WIDTH_INCHES, _HEIGHT_INCHES, _DPI = 4.2, 3.6, 100
_REFERENCE, _OTHERS = "#8a8a8a", "#2a6fb0"


def can_draw() -> bool:
    """Whether matplotlib is there; it comes with the extra "experiments"."""
    return importlib.util.find_spec("matplotlib") is not None


def draw(plan: Plan, rows: Sequence[RowFigures], path: Path) -> Path | None:
    """Draws one panel a test.

    Args:
        plan: says how.
        rows: the figures.
        path: a .png file.

    Returns:
        The file; None when there is nothing to draw, or matplotlib is not there.
    """
    tests = [test for test in tests_of(rows) if any(row.spread(test) for row in rows)]
    if not tests or not can_draw():
        return None
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(_WIDTH_INCHES * len(tests), _HEIGHT_INCHES), layout="constrained")
    FigureCanvasAgg(figure)
    for place, test in enumerate(tests, 1):
        axes = figure.add_subplot(1, len(tests), place)
        (_lines if plan.grid.plot == "lines" else _bars)(axes, plan, rows, test)
        axes.set_title(plan.tables.test[test].title, fontsize=8, wrap=True)
        axes.set_ylabel("F", fontsize=8)
        axes.set_ylim(bottom=0)
        axes.tick_params(labelsize=7)
        axes.grid(axis="y", alpha=0.3)
    buffer = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a title that is squeezed is no reason to fail a report
        figure.savefig(buffer, format="png", dpi=_DPI, metadata={"Software": None})
    write_atomic(path, buffer.getvalue())
    return path


def _bars(axes: "Axes", plan: Plan, rows: Sequence[RowFigures], test: str) -> None:
    known = [(row, spread) for row in rows if (spread := row.spread(test)) is not None]
    axes.bar(
        range(len(known)),
        [spread.mean for _, spread in known],
        yerr=_ranges([spread for _, spread in known]),
        color=[_REFERENCE if _is_reference(row, plan) else _OTHERS for row, _ in known],
        capsize=3,
    )
    axes.set_xticks(range(len(known)), [row.name for row, _ in known], rotation=40, ha="right", fontsize=7)


def _is_reference(row: RowFigures, plan: Plan) -> bool:
    return plan.grid.reference in (row.name, row.planned.row.series)


def _lines(axes: "Axes", plan: Plan, rows: Sequence[RowFigures], test: str) -> None:
    for series in dict.fromkeys(row.planned.row.series for row in rows):
        points: list[tuple[float, Spread]] = []
        for row in rows:
            spread, x = row.spread(test), row.planned.row.x
            if row.planned.row.series == series and spread is not None and x is not None:
                points.append((x, spread))
        axes.errorbar(
            [x for x, _ in points],
            [spread.mean for _, spread in points],
            yerr=_ranges([spread for _, spread in points]),
            label=series,
            marker="o",
            capsize=3,
        )
    axes.set_xscale("log")
    axes.set_xlabel(plan.grid.x_label, fontsize=8)
    axes.legend(fontsize=7)


def _ranges(spreads: Sequence[Spread]) -> Any:
    """Below and above the mean."""
    return [
        [spread.mean - spread.least for spread in spreads],
        [spread.most - spread.mean for spread in spreads],
    ]
