"""Total-Text labels, one file an image: poly_gt_<stem>.txt or .mat, or gt_<stem>.

A text is `x: [[1 2 3]], y: [[4 5 6]], ornt: [u'c'], transcriptions: [u'...']` and may go on over several
lines; in a .mat it is a row of the variable "polygt" ("gt" in later releases): x in column 2, y in 4,
transcription in 5, orientation in 6. Orientation or transcription `#` marks an ignored text. The sets hold a
few polygons of a single point, which the official scripts drop, as is done here.
"""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import Final

import numpy as np

from tcm_core.data.formats.labelled import LabelledImage, LabelProblem, LabelReport, OnProblem, refuse
from tcm_core.data.formats.lines import (
    CORRECT_LINE,
    Malformed,
    decode_labels,
    leading_numbers,
    numbered_lines,
    one_line,
    parse_records,
    polygon_of,
    without_repeats,
)
from tcm_core.data.formats.mat5 import Cell, MatFile, Value
from tcm_core.data.formats.output import Line, losses, mistaken, whole_pixel_polygon, write_line_files
from tcm_core.data.formats.source import LabelFile, image_stem, label_files, with_last
from tcm_core.data.sample import TextInstance
from tcm_core.geometry.polygon import Points, bounds

IGNORE_MARK: Final = "#"

_RECORD: Final = re.compile(
    r"\s*x:\s*\[\[([^\[\]]*)\]\]\s*,\s*y:\s*\[\[([^\[\]]*)\]\]\s*"
    r"(?:,\s*ornt:\s*\[([^\[\]]*)\]\s*)?(?:,\s*transcriptions:\s*\[(.*)\]\s*)?",
    re.DOTALL,
)
_STARTS: Final = re.compile(r"\s*x:")
_LITERAL: Final = re.compile(r"""\s*[uU]?(["'])(.*)\1\s*""", re.DOTALL)
_ESCAPE: Final = re.compile(r"\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U000([0-9a-fA-F]{5})|(.))", re.DOTALL)
_EXPECTED: Final = "x: [[...]], y: [[...]], ornt: [u'c'], transcriptions: [u'...']"
_PREFIXES: Final = ("poly_gt_", "gt_")
_COLUMNS: Final = 6


def read_totaltext(source: Path, on_problem: OnProblem = refuse) -> Iterator[LabelledImage]:
    """The labels of a folder, zip or file, .txt and .mat, one file an image."""
    files = label_files(source, (".txt", ".mat"), on_problem)
    return without_repeats((_file(file, on_problem) for file in files), on_problem)


def write_totaltext(images: Sequence[LabelledImage], out: Path) -> LabelReport:
    """Write poly_gt_<stem>.txt for every image into a folder, or a zip when out ends so; whole pixels.

    Raises:
        TcmError: a file cannot be written, or a name leaves the folder or is there twice.
    """
    return write_line_files(images, out, _label_name, _line)


def recognise_totaltext_mat(source: Path) -> bool:
    """Whether the first .mat file holds polygons as Total-Text keeps them."""
    for file in label_files(source, (".mat",), lambda problem: None):
        try:
            return bool(MatFile(file.content).names & {"polygt", "gt"})
        except Malformed:
            return False
    return False


def parse_record(record: str) -> TextInstance | None:
    """One text; None for a polygon of a single point.

    Raises:
        Malformed: it is not written as it should be.
    """
    match = _RECORD.fullmatch(record)
    if match is None:
        raise Malformed(f"not {_EXPECTED}; found {record.strip()[:80]!r}")
    x, y = (_coordinates(match.group(group), "xy"[group - 1]) for group in (1, 2))
    text = _literal(match.group(4) or "")
    return _instance(x, y, text, _literal(match.group(3) or ""))


def _instance(x: Sequence[float], y: Sequence[float], text: str, orientation: str) -> TextInstance | None:
    if len(x) != len(y):
        raise Malformed(f"{len(x)} x but {len(y)} y")
    if len(x) == 1:
        return None
    ignore = IGNORE_MARK in (text, orientation)
    return TextInstance(polygon_of(list(zip(x, y, strict=True))), text, ignore)


def _coordinates(field: str, name: str) -> list[float]:
    values = field.replace(",", " ").split()
    if leading_numbers(values) < len(values):
        raise Malformed(f"{name} holds something that is no number; found {field.strip()[:80]!r}")
    return [float(value) for value in values]


def _literal(field: str) -> str:
    """The text of u'...' as Python writes it; empty for an empty field, anything else as it stands."""
    match = _LITERAL.fullmatch(field)
    if match is None:
        return field.strip()
    text = _ESCAPE.sub(_unescaped, match.group(2))
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _unescaped(match: re.Match[str]) -> str:
    code = match.group(1) or match.group(2) or match.group(3)
    if code:
        return chr(int(code, 16))
    return {"n": "\n", "r": "\r", "t": "\t", "'": "'", '"': '"', "\\": "\\"}.get(
        match.group(4), match.group(0)
    )


def _file(file: LabelFile, on_problem: OnProblem) -> LabelledImage:
    parse = _mat_file if file.name.lower().endswith(".mat") else _text_file
    return parse(file, _image_of(file.name), on_problem)


def _text_file(file: LabelFile, image: str, on_problem: OnProblem) -> LabelledImage:
    return parse_records(file, image, _records(decode_labels(file.content)), parse_record, on_problem)


def _records(text: str) -> list[tuple[int, str]]:
    """(line, text) of each record: a line that begins with x:, and those that go on with it."""
    records: list[tuple[int, list[str]]] = []
    for number, line in numbered_lines(text):
        if records and not _STARTS.match(line):
            records[-1][1].append(line)
        else:
            records.append((number, [line]))
    return [(number, " ".join(lines)) for number, lines in records]


def _mat_file(file: LabelFile, image: str, on_problem: OnProblem) -> LabelledImage:
    instances: list[TextInstance] = []
    try:
        rows = _rows(MatFile(file.content))
    except Malformed as error:
        on_problem(LabelProblem(file.where, None, error.what, error.remedy))
        rows = []
    for number, row in enumerate(rows, 1):
        try:
            instance = _instance(_column(row[1]), _column(row[3]), _text(row[4]), _text(row[5]))
        except Malformed as error:
            on_problem(LabelProblem(file.where, None, f"row {number}: {error.what}", error.remedy))
            continue
        if instance is not None:
            instances.append(instance)
    return LabelledImage(image, tuple(instances), file=file.where)


def _rows(file: MatFile) -> list[list[Value]]:
    table = file.value("polygt" if "polygt" in file.names else "gt")
    if isinstance(table, np.ndarray) and table.size == 0:
        return []
    if not isinstance(table, Cell) or len(table.shape) != 2 or table.shape[1] < _COLUMNS:
        raise Malformed("the polygons are no table of six columns", "Check that this is Total-Text.")
    count = table.shape[0]
    return [list(table.entries[row::count]) for row in range(count)]


def _column(value: Value) -> list[float]:
    if not isinstance(value, np.ndarray):
        raise Malformed("coordinates that are no numbers", CORRECT_LINE)
    return [float(number) for number in value.ravel()]


def _text(value: Value) -> str:
    if isinstance(value, Cell):
        value = value.entries[0] if value.entries else ()
    return " ".join(value) if isinstance(value, tuple) and not isinstance(value, Cell) else ""


def _line(instance: TextInstance) -> Line:
    polygon, reason = whole_pixel_polygon(instance.polygon)
    if polygon is None:
        return None, [f"dropped: {reason}"]
    text = IGNORE_MARK if instance.ignore else one_line(instance.text)
    changes = losses(instance, text=True, ignore=True, language=False)
    changes += mistaken(instance, text, IGNORE_MARK)
    x, y = (" ".join(str(int(value)) for value in polygon[:, axis]) for axis in (0, 1))
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    orientation = IGNORE_MARK if instance.ignore else _orientation(polygon)
    return f"x: [[{x}]], y: [[{y}]], ornt: [u'{orientation}'], transcriptions: [u'{escaped}']", changes


def _orientation(polygon: Points) -> str:
    """h(orizontal), m(ulti-oriented) or c(urved)."""
    if len(polygon) > 4:
        return "c"
    x0, y0, x1, y1 = bounds(polygon)
    upright = {(float(x), float(y)) for x, y in polygon} == {(x0, y0), (x1, y0), (x1, y1), (x0, y1)}
    return "h" if upright else "m"


def _image_of(name: str) -> str:
    stem = PurePosixPath(name).name
    stem = stem[:-4] if stem.lower().endswith((".txt", ".mat")) and len(stem) > 4 else stem
    for prefix in _PREFIXES:
        if stem.startswith(prefix) and stem != prefix:
            return with_last(name, stem.removeprefix(prefix))
    return with_last(name, stem)


def _label_name(image: str) -> str:
    stem = image_stem(image)
    return with_last(stem, f"poly_gt_{PurePosixPath(stem).name}.txt")
