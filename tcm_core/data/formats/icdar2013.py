"""ICDAR 2013 Focused labels: one upright box and its quoted transcription a line.

The training part is written `left top right bottom "text"`, the test part `left, top, right, bottom, "text"`;
both are read, the second is written. Inside the quotes a backslash stands before a quote or a backslash, as
the official evaluation reads it; a transcription that is not quoted is taken as it is.
"""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import numpy as np

from tcm_core.data.formats.icdar import IGNORE_TEXT, image_of, label_name
from tcm_core.data.formats.labelled import LabelledImage, LabelReport, OnProblem, refuse
from tcm_core.data.formats.lines import (
    decode_transcription,
    numbers,
    one_line,
    polygon_of,
    quoted,
    read_line_files,
)
from tcm_core.data.formats.output import Line, losses, mistaken, write_line_files
from tcm_core.data.sample import TextInstance
from tcm_core.geometry.polygon import Points, bounds

_EXPECTED: Final = '4 and a quoted text (left, top, right, bottom, "text")'
_BLANKS: Final = re.compile(r"[ \t]+")


def read_icdar2013(source: Path, on_problem: OnProblem = refuse) -> Iterator[LabelledImage]:
    """The labels of a folder, zip or file of gt_<stem>.txt, one file an image; "gt_" may be missing."""
    return read_line_files(source, image_of, parse_line, on_problem)


def parse_line(line: str) -> TextInstance:
    """One text; the polygon runs from the top left corner clockwise.

    Raises:
        Malformed: fewer than four numbers.
    """
    fields = line.split(",", 4)
    if len(fields) < 4 or '"' in "".join(fields[:4]):  # the commas belong to the text: blanks separate
        fields = _BLANKS.split(line.strip(), maxsplit=4)
    left, top, right, bottom = numbers(fields, 4, _EXPECTED)
    polygon = polygon_of([left, top, right, top, right, bottom, left, bottom])
    text = decode_transcription(fields[4].strip()) if len(fields) == 5 else ""
    return TextInstance(polygon, text, ignore=text == IGNORE_TEXT)


def write_icdar2013(images: Sequence[LabelledImage], out: Path) -> LabelReport:
    """Write gt_<stem>.txt for every image into a folder, or a zip when out ends so.

    Polygons become their bounding boxes in whole pixels. The text of an ignored instance is `###`.

    Raises:
        TcmError: a file cannot be written, or a name leaves the folder or is there twice.
    """
    return write_line_files(images, out, label_name, _line)


def _line(instance: TextInstance) -> Line:
    box, reason = _whole_pixel_box(instance.polygon)
    if box is None:
        return None, [f"dropped: {reason}"]
    changes = [] if _is_box(instance.polygon) else ["the polygon became its bounding box"]
    changes += losses(instance, text=True, ignore=True, language=False)
    text = IGNORE_TEXT if instance.ignore else one_line(instance.text)
    changes += mistaken(instance, text, IGNORE_TEXT)
    return ", ".join([*(str(value) for value in box), quoted(text)]), changes


def _whole_pixel_box(polygon: Points) -> tuple[list[int] | None, str]:
    if len(polygon) < 2:
        return None, f"{len(polygon)} points"
    if not np.isfinite(polygon).all():
        return None, "a coordinate is not a finite number"
    box = [int(value) for value in np.rint(bounds(polygon))]
    if box[2] <= box[0] or box[3] <= box[1]:
        return None, "no area is left in whole pixels"
    return box, ""


def _is_box(polygon: Points) -> bool:
    """Whether these are the four corners of an upright box, each once."""
    if len(polygon) != 4:
        return False
    x0, y0, x1, y1 = bounds(polygon)
    corners = {(float(x), float(y)) for x, y in polygon}
    return corners == {(x0, y0), (x1, y0), (x1, y1), (x0, y1)}
