"""Lists of polygons of any length: `x1,y1,...,xn,yn,text` a line, as the DB code base keeps its data sets.

A word may itself be a number, so the last field is split off first; a text with a comma in it cannot be told
from coordinates and is refused, never guessed. Files are called <image>.txt with the image's ending
(img_1.jpg.txt) or gt_<stem>.txt.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import Final

import numpy as np

from tcm_core.data.formats.icdar import IGNORE_TEXT, image_of
from tcm_core.data.formats.labelled import LabelledImage, LabelReport, OnProblem, refuse
from tcm_core.data.formats.lines import (
    Malformed,
    leading_numbers,
    numbers,
    one_line,
    polygon_of,
    read_line_files,
)
from tcm_core.data.formats.output import Line, losses, mistaken, whole_pixel_polygon, write_line_files
from tcm_core.data.formats.source import with_last
from tcm_core.data.sample import TextInstance

_EXPECTED: Final = "pairs of numbers and one text without commas (x1,y1,...,xn,yn,text)"


def read_polygon_list(source: Path, on_problem: OnProblem = refuse) -> Iterator[LabelledImage]:
    """The labels of a folder, zip or file of <image>.txt, one file an image."""
    return read_line_files(source, image_of, parse_line, on_problem)


def parse_line(line: str) -> TextInstance:
    """One text.

    Raises:
        Malformed: what stands before the last field is not at least three pairs of numbers.
    """
    *coordinates, text = line.split(",")
    if leading_numbers(coordinates) < len(coordinates) or len(coordinates) % 2:
        raise Malformed(f"not {_EXPECTED}; found {line[:80]!r}")
    text = text.strip()
    values = numbers(coordinates, len(coordinates), _EXPECTED)
    return TextInstance(polygon_of(values), text, text == IGNORE_TEXT)


def write_polygon_list(images: Sequence[LabelledImage], out: Path) -> LabelReport:
    """Write <image>.txt for every image into a folder, or a zip when out ends so; whole pixels.

    Raises:
        TcmError: a file cannot be written, or a name leaves the folder or is there twice.
    """
    return write_line_files(images, out, _label_name, _line)


def _line(instance: TextInstance) -> Line:
    polygon, reason = whole_pixel_polygon(instance.polygon)
    if polygon is None:
        return None, [f"dropped: {reason}"]
    changes = losses(instance, text=True, ignore=True, language=False)
    text = IGNORE_TEXT if instance.ignore else one_line(instance.text)
    kept = text.replace(",", " ").strip()
    if kept != text:
        changes.append("commas or outer blanks of the transcription lost")
    changes += mistaken(instance, kept, IGNORE_TEXT)
    return ",".join([*(str(int(value)) for value in np.ravel(polygon)), kept]), changes


def _label_name(image: str) -> str:
    last = PurePosixPath(image).name
    return with_last(image, f"{'gt_' if last.startswith('gt_') else ''}{last}.txt")  # reading takes one off
