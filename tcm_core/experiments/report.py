"""The report of an experiment: Markdown, CSV and a plot, made from stored results alone."""

import csv
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from tcm_core.data.atomic_file import write_text_atomic
from tcm_core.experiments.figures import RowFigures, gather, reference_of, tests_of
from tcm_core.experiments.plan import Plan
from tcm_core.experiments.plots import draw
from tcm_core.experiments.results import SpeedResult, TestResult, read_record
from tcm_core.experiments.runner import speed_file

_COLUMNS: Final = (
    "row", "seed", "run", "data", "images", "steps", "seconds", "parameters", "validation_pages",
    "validation_hmean", "decode", "test", "protocol", "pages", "precision", "recall", "hmean", "device",
    "processor", "versions", "remark",
)  # fmt: skip


def write_report(plan: Plan, out: Path, root: Path | None = None) -> Path:
    """Writes NAME-BUDGET.md, .csv and .png from what the folder holds.

    Args:
        plan: the experiment.
        out: its folder.
        root: of the data sets, to say which are absent.

    Returns:
        The Markdown file.

    Raises:
        TcmError: a stored result is damaged, or the folder cannot be written.
    """
    rows = gather(plan, out, root)
    name = f"{plan.name}-{plan.budget}"
    speeds = read_record(speed_file(plan, out), SpeedResult)
    write_text_atomic(out / f"{name}.csv", _csv(rows))
    plot = draw(plan, rows, out / f"{name}.png")
    file = out / f"{name}.md"
    write_text_atomic(file, _markdown(plan, rows, speeds, plot.name if plot else ""))
    return file


def _markdown(plan: Plan, rows: Sequence[RowFigures], speeds: SpeedResult | None, plot: str) -> str:
    grid = plan.grid
    parts = [
        f"# {grid.title} (budget {plan.budget})",
        grid.question,
        f"Made by `tcm experiment {plan.name} --out DIR --budget {plan.budget} --data ROOT`; with `--report` "
        "it is made anew from the stored results alone.",
        f"**What this budget can show.** {plan.limits}",
        "## Figures",
        *(_table(plan, rows, test) for test in tests_of(rows)),
        "F is the harmonic mean of precision P and recall R. With several seeds: the mean, and the least and "
        'the most in brackets. "Against" is the difference of the means from the row named.',
    ]
    if plot:
        parts.append(f"![F of every row]({plot})")
    parts += ["## Reading", _reading(plan, rows)]
    if speeds is not None:
        parts += ["## Speed", _speed_table(speeds)]
    parts += ["## How it was measured", _protocol(plan, rows), "## Runs", _runs(rows)]
    absent = [f"* {row.name}: {reason}" for row in rows for reason in row.reasons]
    if absent:
        parts += ["## Rows without figures", "\n".join(absent)]
    return "\n\n".join(parts) + "\n"


def _table(plan: Plan, rows: Sequence[RowFigures], test: str) -> str:
    lines = [
        f"### {plan.tables.test[test].title}",
        "",
        "| row | | seeds | P | R | F | against |",
        "|---|---|---:|---:|---:|---:|---|",
    ]
    for row in rows:
        hmean = row.spread(test)
        about = row.planned.row.about
        if hmean is None:
            lines.append(f"| {row.name} | {about} | 0 | | | {_short(row)} | |")
            continue
        precision, recall = row.spread(test, "precision"), row.spread(test, "recall")
        assert precision is not None
        assert recall is not None
        lines.append(
            f"| {row.name} | {about} | {hmean.seeds} | {precision.mean:.3f} | {recall.mean:.3f} | {hmean} "
            f"| {_difference(plan, row, rows, test)} |"
        )
    return "\n".join(lines)


def _short(row: RowFigures) -> str:
    """One or two words for a row without figures; the reasons stand at the report's end."""
    return row.reasons[0].partition(":")[0] if row.reasons else "none"


def _difference(plan: Plan, row: RowFigures, rows: Sequence[RowFigures], test: str) -> str:
    other = reference_of(row, rows, plan.grid.reference)
    theirs = None if other is None else other.spread(test)
    own = row.spread(test)
    if other is None or theirs is None or own is None:
        return ""
    return f"{own.mean - theirs.mean:+.3f} {other.name}"


def _reading(plan: Plan, rows: Sequence[RowFigures]) -> str:
    """Which differences are larger than what another seed makes, in words."""
    lines = []
    for test in tests_of(rows):
        title = plan.tables.test[test].title
        noise = seed_range(rows, test)
        if noise is None:
            lines.append(f"* {title}: no row has several seeds there, so nothing can be said about chance.")
            continue
        beyond: list[str] = []
        within: list[str] = []
        for row in rows:
            other = reference_of(row, rows, plan.grid.reference)
            own, theirs = row.spread(test), None if other is None else other.spread(test)
            if own is None or other is None or theirs is None:
                continue
            difference = own.mean - theirs.mean
            words = f"{row.name} ({difference:+.3f} against {other.name})"
            (beyond if abs(difference) > noise else within).append(words)
        lines.append(
            f"* {title}: another seed alone moves F by up to {noise:.3f}. "
            f"Differences beyond that: {'; '.join(beyond) or 'none'}. "
            f"Within it: {'; '.join(within) or 'none'}."
        )
    lines.append(
        "* With one to three seeds a difference beyond the range of the seeds is a hint, and none within it "
        "says anything."
    )
    return "\n".join(lines)


def seed_range(rows: Sequence[RowFigures], test: str) -> float | None:
    """The largest range of F over the seeds of one row; None when no row has several."""
    ranges = [
        spread.most - spread.least
        for row in rows
        if (spread := row.spread(test)) is not None and spread.seeds > 1
    ]
    return max(ranges, default=None)


def _speed_table(speeds: SpeedResult) -> str:
    slowest = max(speed.cpu_seconds for speed in speeds.rows.values())
    lines = [
        f"From the pixels of a {speeds.size[0]} x {speeds.size[1]} image to the detector's maps, "
        f"{speeds.machine.device}; {speeds.machine.processor}. Median processor time of {speeds.repeats} "
        "readings, the models in turns; and the fastest reading by the clock, which other work makes longer.",
        "",
        "| row | processor seconds | images per processor second | seconds by the clock |",
        "|---|---:|---:|---:|",
    ]
    lines += [
        f"| {row} | {speed.cpu_seconds:.3f} | {1 / speed.cpu_seconds:.2f} | {speed.wall_seconds:.3f} |"
        for row, speed in speeds.rows.items()
        if slowest > 0
    ]
    return "\n".join(lines)


def _protocol(plan: Plan, rows: Sequence[RowFigures]) -> str:
    lines = []
    for name in tests_of(rows):
        test = plan.tables.test[name]
        found = _any_test(rows, name)
        pages = "" if found is None else f"{len(found.pages)} pages"
        lines.append(f"* {test.title}: {pages or 'not measured'}, protocol `{test.protocol}`.")
        if found is not None and (test.take or test.stems):
            lines.append(f"  Pages: {', '.join(found.pages)}.")
    results = [seed.result for row in rows for seed in row.seeds if seed.result is not None]
    counts = sorted({result.validation_pages for result in results})
    lines.append(
        "* Thresholds: every run's decode settings are those of the best F on its validation pages "
        f"({' or '.join(map(str, counts)) or 'none yet'}), which are cut from the training part and "
        "neither learnt from nor tested on. No choice was made on a test page."
    )
    begun = dict.fromkeys(
        (run.begin.config.name, run.begin.key, run.begin.data, run.begin.config.optim.steps)
        for row in rows
        for seed in row.seeds
        if (run := seed.run).begin is not None
    )
    lines += [
        f"* Begun with: {name} (`{key}`), {steps} steps on {data}; every tensor of it that fits. "
        "The seeds of a row share it: their range does not hold what another pretraining would change."
        for name, key, data, steps in begun
    ]
    machines = dict.fromkeys(
        f"{result.machine.device}; {result.machine.processor}; {result.machine.versions}"
        for result in results
    )
    lines += [f"* Hardware: {machine}." for machine in machines]
    return "\n".join(lines)


def _any_test(rows: Sequence[RowFigures], name: str) -> TestResult | None:
    found = (seed.tests[name] for row in rows for seed in row.seeds if name in seed.tests)
    return next(found, None)


def _runs(rows: Sequence[RowFigures]) -> str:
    lines = [
        "| row | seed | run | learnt from | images | steps | minutes | M parameters | validation F "
        "| thresholds |",
        "|---|---:|---|---|---:|---:|---:|---:|---:|---|",
    ]
    for row in rows:
        for seed in row.seeds:
            head = f"| {row.name} | {seed.run.config.seed} | `{seed.run.key}` | {seed.run.data} "
            if seed.result is None:
                lines.append(f"{head}| | {seed.run.config.optim.steps} | | | | |")
                continue
            result = seed.result
            hmean = "" if result.validation_hmean is None else f"{result.validation_hmean:.3f}"
            lines.append(
                f"{head}| {result.learnt} | {result.steps} | {result.seconds / 60:.1f} "
                f"| {result.parameters / 1e6:.2f} | {hmean} | {_decode_words(result.decode.model_dump())} |"
            )
    return "\n".join(lines)


def _decode_words(decode: dict[str, object]) -> str:
    shown = ("threshold", "score_threshold", "kernel_threshold", "grow", "unclip_ratio", "shrink_ratio")
    hidden = "shrink_ratio" if decode.get("grow") == "area" else "unclip_ratio"
    return ", ".join(f"{key} {decode[key]}" for key in shown if key in decode and key != hidden)


def _csv(rows: Sequence[RowFigures]) -> str:
    buffer = io.StringIO(newline="")
    writer = csv.DictWriter(buffer, _COLUMNS, restval="", lineterminator="\n")
    writer.writeheader()
    for row in rows:
        for seed in row.seeds:
            line: dict[str, object] = {
                "row": row.name,
                "seed": seed.run.config.seed,
                "run": seed.run.key,
                "data": seed.run.data,
                "steps": seed.run.config.optim.steps,
                "remark": seed.reason,
            }
            if seed.result is not None:
                line |= {
                    "images": seed.result.learnt,
                    "seconds": seed.result.seconds,
                    "parameters": seed.result.parameters,
                    "validation_pages": seed.result.validation_pages,
                    "validation_hmean": seed.result.validation_hmean,
                    "decode": _decode_words(seed.result.decode.model_dump()),
                    **seed.result.machine.model_dump(),
                }
            writer.writerows(
                [
                    {
                        **line,
                        "test": name,
                        "protocol": test.protocol,
                        "pages": len(test.pages),
                        "precision": round(test.precision, 4),
                        "recall": round(test.recall, 4),
                        "hmean": round(test.hmean, 4),
                    }
                    for name, test in seed.tests.items()
                ]
                or [line]
            )
    return buffer.getvalue()
