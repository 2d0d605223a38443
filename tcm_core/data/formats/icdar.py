"""ICDAR 2015 labels: one quad and its transcription a line, `x1,y1,x2,y2,x3,y3,x4,y4,text`.

The text `###` marks what is neither learnt nor counted. Reading is generous (byte order mark, any line
ends, blank lines, blanks around numbers, floats); writing gives what the official evaluation accepts: whole
numbers, clockwise quads, no degenerate ones. A text wrapped in double quotes is unwrapped, with a backslash
before a quote or a backslash in it, as the official evaluation reads it.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from tcm_core.data.atomic_file import write_text_atomic
from tcm_core.data.sample import TextInstance
from tcm_core.detection import Detection
from tcm_core.errors import BadLabels
from tcm_core.geometry.polygon import Points, clockwise, is_simple, signed_area
from tcm_core.geometry.quad import min_area_quad

IGNORE_TEXT: Final = "###"
"""The transcription of a text that is neither to be learnt nor to be counted."""

_NUMBER: Final = re.compile(r"\s*[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?\s*")
_LINE_END: Final = re.compile(r"\r\n|\r|\n")
_QUOTED: Final = re.compile(r'\s*"(.*)"\s*', re.DOTALL)


@dataclass(frozen=True)
class WriteReport:
    """What writing did to the instances; the indices are into the input.

    Attributes:
        written: how many lines.
        quads_fitted: instances that were no quad, or a crossed one, and became the minimum-area quad.
        dropped: instances that are not in the file, each with the reason.
    """

    written: int
    quads_fitted: tuple[int, ...]
    dropped: tuple[tuple[int, str], ...]


def read_icdar(path: Path) -> list[TextInstance]:
    """The labels of one file, in file order; an empty file has none.

    Bytes that are not UTF-8 are read as the replacement character. Polygons are (4, 2) as written, whatever
    their direction and area.

    Raises:
        BadLabels: the file cannot be read, or a line has fewer than eight numbers.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise BadLabels(
            f"{path}: cannot be read ({error.strerror}). Check that the file is there and its permissions."
        ) from error
    return parse_icdar(decode_labels(content), str(path))


def decode_labels(content: bytes) -> str:
    """The text of a label file: UTF-8 without byte order mark; broken bytes become replacement characters."""
    return content.decode("utf-8-sig", errors="replace")


def numbered_lines(text: str) -> list[tuple[int, str]]:
    """The lines that are not blank, each with its number from 1."""
    return [(number, line) for number, line in enumerate(_LINE_END.split(text), 1) if line.strip()]


def parse_icdar(text: str, where: str) -> list[TextInstance]:
    """As read_icdar, from the text of a file.

    Args:
        text: without byte order mark.
        where: the name of the file for messages.

    Raises:
        BadLabels: a line has fewer than eight numbers.
    """
    return [_parse_line(line, f"{where} line {number}") for number, line in numbered_lines(text)]


def decode_transcription(field: str) -> str:
    """The text of a line's last field: wrapping double quotes taken off and what they escaped restored."""
    quoted = _QUOTED.fullmatch(field)
    return re.sub(r'\\(["\\])', r"\1", quoted.group(1)) if quoted else field


def plan_icdar(instances: Sequence[TextInstance]) -> tuple[list[str], WriteReport]:
    """The lines that write_icdar would write, and what had to be changed; nothing is written.

    Coordinates are rounded to whole pixels, quads turned clockwise. The text of an ignored instance is
    written as `###`; line ends in a text become blanks. A text that is itself `###` reads back as ignored.
    """
    lines: list[str] = []
    fitted: list[int] = []
    dropped: list[tuple[int, str]] = []
    for index, instance in enumerate(instances):
        quad, was_fitted, reason = _whole_pixel_quad(instance.polygon)
        if quad is None:
            dropped.append((index, reason))
            continue
        if was_fitted:
            fitted.append(index)
        lines.append(
            f"{_coordinates(quad)},{IGNORE_TEXT if instance.ignore else _encode_text(instance.text)}"
        )
    return lines, WriteReport(len(lines), tuple(fitted), tuple(dropped))


def write_icdar(path: Path, instances: Sequence[TextInstance]) -> WriteReport:
    """Write plan_icdar's lines in one step: UTF-8, no byte order mark, LF.

    Raises:
        TcmError: the file cannot be written; an older one is then untouched.
    """
    lines, report = plan_icdar(instances)
    write_text_atomic(path, "".join(f"{line}\n" for line in lines))
    return report


def detection_lines(detections: Sequence[Detection], *, with_scores: bool = False) -> list[str]:
    """The lines of a result file, `x1,y1,...,x4,y4`, with the score as a ninth field when asked for.

    Other polygons than quads become their minimum-area quad; detections without area in whole pixels are left
    out.
    """
    lines = []
    for detection in detections:
        quad, _, _ = _whole_pixel_quad(detection.polygon)
        if quad is not None:
            lines.append(_coordinates(quad) + (f",{detection.score:.4f}" if with_scores else ""))
    return lines


def _parse_line(line: str, where: str) -> TextInstance:
    fields = line.split(",", 8)
    numbers = 0
    while numbers < min(8, len(fields)) and _NUMBER.fullmatch(fields[numbers]):
        numbers += 1
    if numbers < 8:
        raise BadLabels(
            f"{where}: {numbers} numbers, expected 8 and a text (x1,y1,x2,y2,x3,y3,x4,y4,text); "
            f"found {line[:80]!r}"
        )
    polygon = np.array([float(field) for field in fields[:8]], dtype=np.float64).reshape(4, 2)
    if not np.isfinite(polygon).all():
        raise BadLabels(f"{where}: a coordinate is too large; found {line[:80]!r}")
    text = decode_transcription(fields[8]) if len(fields) == 9 else ""
    return TextInstance(polygon, text, ignore=text == IGNORE_TEXT)


def _encode_text(text: str) -> str:
    text = _LINE_END.sub(" ", text)
    if not _QUOTED.fullmatch(text):
        return text
    return '"' + re.sub(r'(["\\])', r"\\\1", text) + '"'


def _whole_pixel_quad(polygon: Points) -> tuple[Points | None, bool, str]:
    """(the quad in whole pixels, whether it had to be fitted, ""), or (None, False, the reason)."""
    if len(polygon) < 3:
        return None, False, f"{len(polygon)} points, at least 3 are needed"
    if not np.isfinite(polygon).all():
        return None, False, "a coordinate is not a finite number"
    fitted = len(polygon) != 4 or (not is_simple(polygon) and not _is_flat(polygon))
    quad = clockwise(np.rint(min_area_quad(polygon) if fitted else polygon))
    if signed_area(quad) <= 0:
        return None, False, "no area is left in whole pixels"
    return quad, fitted, ""


def _is_flat(polygon: Points) -> bool:
    """Whether all points lie on one line (or on one point), to a hundredth of a pixel."""
    return bool(np.linalg.svd(polygon - polygon.mean(axis=0), compute_uv=False)[-1] < 0.01)


def _coordinates(quad: Points) -> str:
    return ",".join(str(int(value)) for value in quad.ravel())
