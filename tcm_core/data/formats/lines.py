"""Label files of one text a line: decoding, numbers, polygons, and the loop over the files of a source."""

import codecs
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Final

import numpy as np

from tcm_core.data.formats.labelled import LabelledImage, LabelProblem, OnProblem
from tcm_core.data.formats.source import LabelFile, label_files
from tcm_core.data.sample import TextInstance
from tcm_core.geometry.polygon import Points

MAX_COORDINATE: Final = 1e7
"""Pixels; what is further out is no coordinate of an image."""
SAMPLE_FILES: Final = 20
SAMPLE_LINES: Final = 200
CORRECT_LINE: Final = "Correct the line, or take it out."

_TOO_LARGE: Final = "a coordinate is too large or not a number"
_NUMBER: Final = re.compile(r"\s*[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?\s*")
_LINE_END: Final = re.compile(r"\r\n|\r|\n")
_QUOTED: Final = re.compile(r'\s*"(.*)"\s*', re.DOTALL)


class Malformed(Exception):
    """A line or an entry that does not fit; never leaves the formats, a LabelProblem is made from it."""

    def __init__(self, what: str, remedy: str = CORRECT_LINE) -> None:
        super().__init__(what)
        self.what = what
        self.remedy = remedy


ParseLine = Callable[[str], TextInstance | None]
"""Gives the text of a line, None when the line means nothing; raises Malformed."""


def read_line_files(
    source: Path,
    image_of: Callable[[str], str],
    parse_line: ParseLine,
    on_problem: OnProblem,
    suffixes: tuple[str, ...] = (".txt",),
) -> Iterator[LabelledImage]:
    """One image a file, one text a line.

    Args:
        source: folder, zip or file.
        image_of: from the name of a label file in the source to the name of its image.
        parse_line: of one line without its line end; blank lines are not given to it.
        on_problem: told of what cannot be read.
        suffixes: endings of the label files.
    """
    files = label_files(source, suffixes, on_problem)
    images = (parse_file(file, image_of(file.name), parse_line, on_problem) for file in files)
    return without_repeats(images, on_problem)


def without_repeats(images: Iterable[LabelledImage], on_problem: OnProblem) -> Iterator[LabelledImage]:
    """The images, each once; labels of one that came before, or of a file name that is none, are reported."""
    owners: dict[str, str] = {}
    for image in images:
        if image.image.rpartition("/")[2] in ("", ".", ".."):
            on_problem(LabelProblem(image.file, None, "its name names no image", "Rename it as its image."))
            continue
        if image.image in owners:
            what = f"labels of {image.image}, which {owners[image.image]} has already"
            on_problem(LabelProblem(image.file, None, what, "Take one of the two away."))
            continue
        owners[image.image] = image.file
        yield image


def parse_file(file: LabelFile, image: str, parse_line: ParseLine, on_problem: OnProblem) -> LabelledImage:
    """The image whose texts stand in the lines of a file; bad lines are reported and left out."""
    return parse_records(file, image, numbered_lines(decode_labels(file.content)), parse_line, on_problem)


def parse_records(
    file: LabelFile,
    image: str,
    records: Iterable[tuple[int, str]],
    parse: ParseLine,
    on_problem: OnProblem,
) -> LabelledImage:
    """The image of a file whose texts are records with the number of their line; see parse_file."""
    instances: list[TextInstance] = []
    lines: list[int] = []
    for number, record in records:
        try:
            instance = parse(record)
        except Malformed as error:
            on_problem(LabelProblem(file.where, number, error.what, error.remedy))
            continue
        if instance is not None:
            instances.append(instance)
            lines.append(number)
    return LabelledImage(image, tuple(instances), file=file.where, lines=tuple(lines))


def first_files(source: Path, suffixes: tuple[str, ...]) -> list[LabelFile]:
    """The first SAMPLE_FILES label files, to tell formats apart; empty when there are none. Never raises."""
    return list(islice(label_files(source, suffixes, _overlook), SAMPLE_FILES))


def first_lines(files: Sequence[LabelFile]) -> list[str]:
    """The first SAMPLE_LINES lines of the files that are not blank."""
    found: list[str] = []
    for file in files:
        found += [line for _, line in numbered_lines(decode_labels(file.content))]
    return found[:SAMPLE_LINES]


def fit(lines: Sequence[str], parse_line: ParseLine) -> bool:
    """Whether there are lines and at least nine in ten of them can be parsed."""
    bad = 0
    for line in lines:
        try:
            parse_line(line)
        except Malformed:
            bad += 1
    return 10 * bad <= len(lines) > 0


def _overlook(problem: LabelProblem) -> None:
    """Takes a problem and does nothing: while formats are told apart, nothing is wrong yet."""


def decode_labels(content: bytes) -> str:
    """The text of a label file, without byte order mark; broken bytes become replacement characters.

    UTF-16 is told by its byte order mark; everything else is UTF-8, as for the official scripts.
    """
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return content.decode("utf-16", errors="replace")
    return content.decode("utf-8-sig", errors="replace")


def numbered_lines(text: str) -> list[tuple[int, str]]:
    """The lines that are not blank, each with its number from 1; lines end with LF, CRLF or CR."""
    return [(number, line) for number, line in enumerate(_LINE_END.split(text), 1) if line.strip()]


def one_line(text: str) -> str:
    """The text with its line ends turned into blanks."""
    return _LINE_END.sub(" ", text)


def decode_transcription(field: str) -> str:
    """The text of a line's last field: wrapping double quotes taken off and what they escaped restored."""
    wrapped = _QUOTED.fullmatch(field)
    return re.sub(r'\\(["\\])', r"\1", wrapped.group(1)) if wrapped else field


def quoted(text: str) -> str:
    """The text in double quotes, so that decode_transcription gives it back."""
    return '"' + re.sub(r'(["\\])', r"\\\1", text) + '"'


def encode_transcription(text: str) -> str:
    """The text as a line's last field: in one line, and in quotes only when it would lose its own."""
    text = one_line(text)
    return quoted(text) if _QUOTED.fullmatch(text) else text


def leading_numbers(fields: Sequence[str]) -> int:
    """How many of the first fields are numbers."""
    count = 0
    while count < len(fields) and _NUMBER.fullmatch(fields[count]):
        count += 1
    return count


def numbers(fields: Sequence[str], count: int, expected: str) -> list[float]:
    """The first count fields as numbers.

    Args:
        fields: of one line.
        count: how many must be numbers.
        expected: what the line should hold, for the message.

    Raises:
        Malformed: one of them is missing, no number, or larger than MAX_COORDINATE.
    """
    found = leading_numbers(fields[:count])
    if found < count:
        line = ",".join(fields)
        noun = "number" if found == 1 else "numbers"
        raise Malformed(f"{found} {noun}, expected {expected}; found {line[:80]!r}")
    values = [float(field.strip()) for field in fields[:count]]  # float leaves \x1c to \x1f, which \s matches
    if any(abs(value) > MAX_COORDINATE for value in values):  # before anybody calculates with infinity
        raise Malformed(_TOO_LARGE)
    return values


def polygon_of(values: Sequence[float] | Sequence[Sequence[float]]) -> Points:
    """(N, 2) from x1, y1, x2, y2 ... or from pairs.

    Raises:
        Malformed: fewer than three points, or a coordinate that is not finite or larger than MAX_COORDINATE.
    """
    polygon = np.array(values, dtype=np.float64).reshape(-1, 2)
    if len(polygon) < 3:
        raise Malformed(f"{len(polygon)} points, a polygon needs at least 3")
    if not (np.abs(polygon) <= MAX_COORDINATE).all():  # NaN compares false
        raise Malformed(_TOO_LARGE)
    return polygon
