"""Which of the formats of one text a line a source has, told by its first lines.

The formats contain each other (every MLT line is an ICDAR 2015 line too), so that they are asked in an order,
the more particular ones first.
"""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Final

from tcm_core.data.formats import ctw1500, cvat, icdar, icdar2013, mlt, polygon_list, td500
from tcm_core.data.formats.lines import first_files, first_lines, fit, leading_numbers
from tcm_core.data.formats.source import LabelFile

Rule = Callable[[Sequence[str]], bool]


def line_format_of(source: Path) -> str | None:
    """The name of the format in formats.table, None when no format of this kind fits. Never raises."""
    if cvat.has_icdar_layout(source):
        return None
    if fit(first_lines(first_files(source, (".gt",))), td500.parse_line):
        return "td500"
    files = first_files(source, (".txt",))
    lines = first_lines(files)
    for name, rule in _RULES:
        if rule(lines):
            return _mlt_of(files) if name == "mlt" else name
    return None


def has_lines_of(name: str) -> Callable[[Path], bool]:
    """Whether a source has the format of this name, for formats.table."""
    return partial(_is, name)


def _is(name: str, source: Path) -> bool:
    return line_format_of(source) == name


def _totaltext(lines: Sequence[str]) -> bool:
    return bool(lines) and lines[0].lstrip().startswith("x:") and "[[" in lines[0]


def _legacy(lines: Sequence[str]) -> bool:
    return fit(lines, ctw1500.parse_legacy_line)


def _icdar2013(lines: Sequence[str]) -> bool:
    quoted = [line for line in lines if line.rstrip().endswith('"')]
    numbered = [line for line in quoted if leading_numbers(line.replace(",", " ").split()) == 4]
    return len(numbered) >= 0.9 * len(lines) and fit(numbered, icdar2013.parse_line)


def _mlt(lines: Sequence[str]) -> bool:
    named = [
        line for line in lines if line.split(",", 9)[8:9] and line.split(",", 9)[8].strip() in mlt.SCRIPTS
    ]
    return len(named) >= 0.9 * len(lines) and fit(named, mlt.parse_line)


def _mlt_of(files: Sequence[LabelFile]) -> str:
    names = [PurePosixPath(file.name).name for file in files]
    return "mlt2017" if all(name.startswith("gt_") for name in names) else "mlt2019"


def _polygon_list(lines: Sequence[str]) -> bool:
    """Whether polygons, and at least every fourth has other than four points."""
    others = [line for line in lines if line.count(",") != 8]
    return 4 * len(others) >= len(lines) and fit(lines, polygon_list.parse_line)


_RULES: Final[tuple[tuple[str, Rule], ...]] = (
    ("totaltext", _totaltext),
    ("ctw1500", partial(fit, parse_line=ctw1500.parse_line)),
    ("ctw1500-legacy", _legacy),
    ("mlt", _mlt),
    ("icdar2013", _icdar2013),
    ("td500", partial(fit, parse_line=td500.parse_flag_line)),
    ("polygon-list", _polygon_list),
    ("icdar2015", partial(fit, parse_line=icdar.parse_line)),
)
