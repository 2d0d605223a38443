"""MSRA-TD500 and HUST-TR400 labels: turned boxes of text lines, without text.

A line of <stem>.gt is `index difficult x y w h theta`: the upright box, and the angle in radians by which it
is turned about its centre, clockwise on the screen. DB keeps the same sets as <image>.txt, each line
`x1,y1,...,xn,yn,flag`. Difficult 1, or flag 1, marks an ignored text.
"""

import math
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import Final

import numpy as np

from tcm_core.data.formats.icdar import fitted_words, image_of
from tcm_core.data.formats.labelled import LabelledImage, LabelReport, OnProblem, refuse
from tcm_core.data.formats.lines import Malformed, numbers, parse_file, polygon_of, without_repeats
from tcm_core.data.formats.output import Line, losses, write_line_files
from tcm_core.data.formats.polygon_list import parse_line as parse_list_line
from tcm_core.data.formats.source import LabelFile, image_stem, label_files, with_last
from tcm_core.data.sample import TextInstance
from tcm_core.geometry.polygon import Points
from tcm_core.geometry.quad import min_area_quad

_FLAGS: Final = {"0": False, "1": True}
_EXPECTED: Final = "7 (index difficult x y w h theta)"
_RECTANGLE_TOLERANCE: Final = 1.0  # pixels


def read_td500(source: Path, on_problem: OnProblem = refuse) -> Iterator[LabelledImage]:
    """The labels of a folder, zip or file of <stem>.gt or of <image>.txt, one file an image."""
    files = label_files(source, (".gt", ".txt"), on_problem)
    return without_repeats((_file(file, on_problem) for file in files), on_problem)


def parse_line(line: str) -> TextInstance:
    """One text of a .gt file; the polygon begins with the box's top left corner and runs clockwise.

    Raises:
        Malformed: it is not seven numbers, or the box has no size.
    """
    fields = line.split()
    values = numbers(fields, 7, _EXPECTED)
    if len(fields) > 7:
        raise Malformed(f"{len(fields)} fields, expected {_EXPECTED}; found {line[:80]!r}")
    _, difficult, x, y, width, height, theta = values
    if difficult not in (0.0, 1.0):
        raise Malformed(f"difficult is {fields[1]}, expected 0 or 1")
    if abs(theta) > 2 * math.pi:
        raise Malformed(f"the angle is {fields[6]}, expected radians")
    if width <= 0 or height <= 0:
        raise Malformed(f"the box is {fields[4]} wide and {fields[5]} high")
    return TextInstance(polygon_of(_turned(x, y, width, height, theta).tolist()), ignore=difficult == 1.0)


def parse_flag_line(line: str) -> TextInstance:
    """One text of a list with flags.

    Raises:
        Malformed: it is not pairs of numbers and 0 or 1.
    """
    instance = parse_list_line(line)
    if instance.text not in _FLAGS:
        raise Malformed(f"the line ends with {instance.text[:20]!r}, expected the flag 0 or 1")
    return TextInstance(instance.polygon, ignore=_FLAGS[instance.text])


def write_td500(images: Sequence[LabelledImage], out: Path) -> LabelReport:
    """Write <stem>.gt for every image into a folder, or a zip when out ends so.

    Boxes are whole pixels, angles have six decimals. What is no rectangle becomes the minimum-area one.

    Raises:
        TcmError: a file cannot be written, or a name leaves the folder or is there twice.
    """
    return write_line_files(images, out, lambda image: f"{image_stem(image)}.gt", _line, numbered=True)


def _file(file: LabelFile, on_problem: OnProblem) -> LabelledImage:
    if file.name.lower().endswith(".txt"):
        return parse_file(file, image_of(file.name), parse_flag_line, on_problem)
    return parse_file(file, _image_of(file.name), parse_line, on_problem)


def _line(instance: TextInstance) -> Line:
    if len(instance.polygon) < 3 or not np.isfinite(instance.polygon).all():
        return None, ["dropped: fewer than 3 points, or one that is not finite"]
    box, changes = _box(instance.polygon), []
    if box is None:
        changes.append(fitted_words(instance.polygon))
        box = _edges(min_area_quad(instance.polygon))
    x, y, width, height = (int(value) for value in np.rint(box[:4]))
    if width < 1 or height < 1:
        return None, ["dropped: no area is left in whole pixels"]
    changes += losses(instance, text=False, ignore=True, language=False)
    return f"{int(instance.ignore)} {x} {y} {width} {height} {box[4]:.6f}", changes


def _box(polygon: Points) -> tuple[float, float, float, float, float] | None:
    """(x, y, w, h, theta) of a rectangle given clockwise; None for anything else."""
    if len(polygon) != 4:
        return None
    box = _edges(polygon)
    same = np.abs(_turned(*box) - polygon).max() <= _RECTANGLE_TOLERANCE
    return box if same else None


def _edges(rectangle: Points) -> tuple[float, float, float, float, float]:
    """(x, y, w, h, theta) by its first two edges."""
    along, down = rectangle[1] - rectangle[0], rectangle[3] - rectangle[0]
    width, height = math.hypot(*along), math.hypot(*down)
    x, y = rectangle.mean(axis=0) - (width / 2, height / 2)
    return float(x), float(y), width, height, math.atan2(along[1], along[0])


def _turned(x: float, y: float, width: float, height: float, theta: float) -> Points:
    corners = np.array([[-width, -height], [width, -height], [width, height], [-width, height]]) / 2
    cosine, sine = math.cos(theta), math.sin(theta)
    turn = np.array([[cosine, sine], [-sine, cosine]])
    return corners @ turn + (x + width / 2, y + height / 2)


def _image_of(name: str) -> str:
    last = PurePosixPath(name).name
    return with_last(name, last[:-3] if last.lower().endswith(".gt") and len(last) > 3 else last)
