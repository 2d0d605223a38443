"""ICDAR 2015 labels: one quad and its transcription a line, `x1,y1,x2,y2,x3,y3,x4,y4,text`.

The text `###` marks what is neither learnt nor counted. Reading is generous (byte order mark, any line
ends, blank lines, blanks around numbers, floats); writing gives what the official evaluation accepts: whole
numbers, clockwise quads, no degenerate ones. A text wrapped in double quotes is unwrapped, with a backslash
before a quote or a backslash in it, as the official evaluation reads it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final

import numpy as np

from tcm_core.data.formats.labelled import (
    LabelledImage,
    LabelProblem,
    LabelReport,
    OnProblem,
    refuse,
)
from tcm_core.data.formats.lines import Malformed, encode_transcription, numbers, polygon_of, read_line_files
from tcm_core.data.formats.lines import decode_labels as decode_labels
from tcm_core.data.formats.lines import decode_transcription as decode_transcription
from tcm_core.data.formats.lines import numbered_lines as numbered_lines
from tcm_core.data.formats.output import Line, losses, mistaken, write_line_files
from tcm_core.data.formats.source import image_stem, with_last
from tcm_core.data.sample import TextInstance
from tcm_core.detection import Detection
from tcm_core.errors import BadLabels
from tcm_core.geometry.polygon import Points, clockwise, is_simple, signed_area
from tcm_core.geometry.quad import min_area_quad

IGNORE_TEXT: Final = "###"
"""The transcription of a text that is neither to be learnt nor to be counted."""

_EXPECTED: Final = "8 and a text (x1,y1,x2,y2,x3,y3,x4,y4,text)"


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


def parse_icdar(text: str, where: str) -> list[TextInstance]:
    """As read_icdar, from the text of a file.

    Args:
        text: without byte order mark.
        where: the name of the file for messages.

    Raises:
        BadLabels: a line has fewer than eight numbers.
    """
    instances = []
    for number, line in numbered_lines(text):
        try:
            instances.append(parse_line(line))
        except Malformed as error:
            refuse(LabelProblem(where, number, error.what, error.remedy))
    return instances


def parse_line(line: str) -> TextInstance:
    """One text.

    Raises:
        Malformed: fewer than eight numbers, or one that is too large.
    """
    fields = line.split(",", 8)
    polygon = polygon_of(numbers(fields, 8, _EXPECTED))
    text = decode_transcription(fields[8]) if len(fields) == 9 else ""
    return TextInstance(polygon, text, ignore=text == IGNORE_TEXT)


def read_icdar2015(source: Path, on_problem: OnProblem = refuse) -> Iterator[LabelledImage]:
    """The labels of a folder, zip or file of gt_<stem>.txt, one file an image; "gt_" may be missing."""
    return read_line_files(source, image_of, parse_line, on_problem)


def write_icdar2015(images: Sequence[LabelledImage], out: Path) -> LabelReport:
    """Write gt_<stem>.txt for every image into a folder, or a zip when out ends so; see plan_icdar."""
    return write_line_files(images, out, label_name, _line)


def image_of(name: str) -> str:
    """The image that a label file belongs to: gt_img_1.txt -> img_1, gt_img_1.jpg.txt -> img_1.jpg."""
    last = PurePosixPath(name).name
    stem = last[:-4] if last.lower().endswith(".txt") else last
    return with_last(name, stem.removeprefix("gt_") or stem)


def label_name(image: str) -> str:
    """The label file of an image: sub/img_1.jpg -> sub/gt_img_1.txt."""
    stem = image_stem(image)
    return with_last(stem, f"gt_{PurePosixPath(stem).name}.txt")


def quad_line(instance: TextInstance, field: str) -> Line:
    """The line of a quad format: eight whole numbers, a comma, and the field; and what that changes."""
    quad, fitted, reason = whole_pixel_quad(instance.polygon)
    if quad is None:
        return None, [f"dropped: {reason}"]
    return f"{_coordinates(quad)},{field}", [fitted_words(instance.polygon)] if fitted else []


def fitted_words(polygon: Points) -> str:
    """How a report says that a polygon became its minimum-area rectangle."""
    kind = "crossing corners" if len(polygon) == 4 else f"{len(polygon)} points"
    return f"{kind} became the minimum-area rectangle"


def plan_icdar(instances: Sequence[TextInstance]) -> tuple[list[str], WriteReport]:
    """The lines of an image's label file, and what had to be changed; nothing is written.

    Coordinates are rounded to whole pixels, quads turned clockwise. The text of an ignored instance is
    written as `###`; line ends in a text become blanks. A text that is itself `###` reads back as ignored.
    """
    lines: list[str] = []
    fitted: list[int] = []
    dropped: list[tuple[int, str]] = []
    for index, instance in enumerate(instances):
        quad, was_fitted, reason = whole_pixel_quad(instance.polygon)
        if quad is None:
            dropped.append((index, reason))
            continue
        if was_fitted:
            fitted.append(index)
        lines.append(f"{_coordinates(quad)},{_field(instance)}")
    return lines, WriteReport(len(lines), tuple(fitted), tuple(dropped))


def detection_lines(detections: Sequence[Detection], *, with_scores: bool = False) -> list[str]:
    """The lines of a result file, `x1,y1,...,x4,y4`, with the score as a ninth field when asked for.

    Other polygons than quads become their minimum-area quad; detections without area in whole pixels are left
    out.
    """
    lines = []
    for detection in detections:
        quad, _, _ = whole_pixel_quad(detection.polygon)
        if quad is not None:
            lines.append(_coordinates(quad) + (f",{detection.score:.4f}" if with_scores else ""))
    return lines


def _field(instance: TextInstance) -> str:
    return IGNORE_TEXT if instance.ignore else encode_transcription(instance.text)


def _line(instance: TextInstance) -> Line:
    field = _field(instance)
    line, changes = quad_line(instance, field)
    if line is None:
        return line, changes
    changes += losses(instance, text=True, ignore=True, language=False)
    return line, changes + mistaken(instance, field, IGNORE_TEXT)


def whole_pixel_quad(polygon: Points) -> tuple[Points | None, bool, str]:
    """The quad that quad formats write: whole pixels, clockwise, with area.

    Returns:
        (quad, whether it had to be fitted, ""), or (None, False, the reason why there is none).
    """
    if len(polygon) < 3:
        return None, False, f"{len(polygon)} points, at least 3 are needed"
    if not np.isfinite(polygon).all():
        return None, False, "a coordinate is not a finite number"
    fitted = len(polygon) != 4 or (not is_simple(polygon) and not _is_flat(polygon))
    quad = clockwise(np.rint(min_area_quad(polygon) if fitted else polygon))
    if not fitted and signed_area(quad) > 0 and not is_simple(quad):  # rounding made it touch itself
        fitted, quad = True, clockwise(np.rint(min_area_quad(polygon)))
    if not is_simple(quad):
        return None, False, "no area is left in whole pixels"
    return quad, fitted, ""


def _is_flat(polygon: Points) -> bool:
    """Whether all points lie on one line (or on one point), to a hundredth of a pixel."""
    return bool(np.linalg.svd(polygon - polygon.mean(axis=0), compute_uv=False)[-1] < 0.01)


def _coordinates(quad: Points) -> str:
    return ",".join(str(int(value)) for value in quad.ravel())
