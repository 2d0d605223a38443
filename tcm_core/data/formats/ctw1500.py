"""SCUT-CTW1500 labels: polygons of fourteen points, seven along the top and seven back along the bottom.

Three kinds of files exist. The first release ("legacy") has 32 numbers a line: the box x1,y1,x2,y2 and 28
offsets from (x1, y1), without text. The later one has XML for training (<image file><box><label>, <segs>)
and, for testing, 000<stem>.txt with 28 coordinates, `####` and the text, of which `###` marks an ignored one.
"""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import Final
from xml.etree import ElementTree

import numpy as np

from tcm_core.data.formats.fourteen import POINTS, fourteen_points
from tcm_core.data.formats.icdar import IGNORE_TEXT
from tcm_core.data.formats.json_labels import image_value
from tcm_core.data.formats.labelled import LabelledImage, LabelProblem, LabelReport, OnProblem, refuse
from tcm_core.data.formats.lines import (
    Malformed,
    decode_labels,
    numbers,
    one_line,
    parse_file,
    polygon_of,
    read_line_files,
    without_repeats,
)
from tcm_core.data.formats.output import Line, losses, mistaken, whole_pixel_polygon, write_line_files
from tcm_core.data.formats.source import LabelFile, image_stem, label_files, with_last
from tcm_core.data.sample import TextInstance
from tcm_core.geometry.polygon import Points

SEPARATOR: Final = "####"

_NUMBERED: Final = re.compile(r"000([0-9]{4,})")
_EXPECTED: Final = f"{2 * POINTS} and {SEPARATOR} with the text (x1,y1,...,x14,y14,####text)"
_EXPECTED_LEGACY: Final = "32 (a box and 14 offsets from its first corner)"
_ENTITIES: Final = re.compile(r"<!\s*(?:DOCTYPE|ENTITY)", re.IGNORECASE)


def read_ctw1500(source: Path, on_problem: OnProblem = refuse) -> Iterator[LabelledImage]:
    """The labels of the later release in a folder, zip or file: .xml and .txt."""
    files = label_files(source, (".xml", ".txt"), on_problem)
    return without_repeats((image for file in files for image in _images_of(file, on_problem)), on_problem)


def read_ctw1500_legacy(source: Path, on_problem: OnProblem = refuse) -> Iterator[LabelledImage]:
    """The labels of the first release in a folder, zip or file of <stem>.txt."""
    return read_line_files(source, _stem_of, parse_legacy_line, on_problem)


def parse_line(line: str) -> TextInstance:
    """One text of the later release's test files.

    Raises:
        Malformed: it is not 28 numbers, `####` and a text.
    """
    fields = line.split(",", 2 * POINTS)
    polygon = polygon_of(numbers(fields, 2 * POINTS, _EXPECTED))
    if len(fields) <= 2 * POINTS or not fields[-1].startswith(SEPARATOR):
        raise Malformed(f"no {SEPARATOR} behind the numbers, expected {_EXPECTED}; found {line[-80:]!r}")
    text = fields[-1].removeprefix(SEPARATOR)
    return TextInstance(polygon, text, ignore=text == IGNORE_TEXT)


def parse_legacy_line(line: str) -> TextInstance:
    """One text of the first release.

    Raises:
        Malformed: it is not 32 numbers.
    """
    fields = line.rstrip(", \t").split(",")
    values = numbers(fields, 32, _EXPECTED_LEGACY)
    if len(fields) > 32:
        raise Malformed(f"{len(fields)} fields, expected {_EXPECTED_LEGACY}; found {line[:80]!r}")
    return TextInstance(polygon_of((np.array(values[4:]).reshape(-1, 2) + values[:2]).tolist()))


def write_ctw1500(images: Sequence[LabelledImage], out: Path) -> LabelReport:
    """Write the later release's test files into a folder, or a zip when out ends so; whole pixels.

    Polygons get fourteen points: fewer are filled up along their edges, of more those that matter least to
    the shape are left out.

    Raises:
        TcmError: a file cannot be written, or a name leaves the folder or is there twice.
    """
    return write_line_files(images, out, _label_name, _line)


def write_ctw1500_legacy(images: Sequence[LabelledImage], out: Path) -> LabelReport:
    """As write_ctw1500, in the first release's form: no texts, and nothing can be marked as ignored."""
    return write_line_files(images, out, lambda image: f"{image_stem(image)}.txt", _legacy_line)


def recognise_ctw1500_xml(source: Path) -> bool:
    """Whether the first XML file has boxes with segments."""
    for file in label_files(source, (".xml",), lambda problem: None):
        return "<segs>" in decode_labels(file.content)
    return False


def _images_of(file: LabelFile, on_problem: OnProblem) -> Iterator[LabelledImage]:
    if file.name.lower().endswith(".xml"):
        try:
            yield from _xml_images(file, on_problem)
        except Malformed as error:
            on_problem(LabelProblem(file.where, None, error.what, error.remedy))
        return
    stem = _stem_of(file.name)
    number = _NUMBERED.fullmatch(PurePosixPath(stem).name)
    yield parse_file(file, with_last(stem, number.group(1)) if number else stem, parse_line, on_problem)


def _xml_images(file: LabelFile, on_problem: OnProblem) -> Iterator[LabelledImage]:
    text = decode_labels(file.content)
    if _ENTITIES.search(text):
        raise Malformed("declares entities, which no labels need", "Take the <!DOCTYPE> out.")
    try:
        root = ElementTree.fromstring(text)  # noqa: S314 - entities were refused above
    except (ElementTree.ParseError, ValueError, MemoryError) as error:
        raise Malformed(f"not XML that can be read ({error})", "Mend it, or take it away.") from error
    folder = "" if "/" not in file.name else file.name.rpartition("/")[0]
    for element in root.iter("image"):
        image = image_value(element.get("file", PurePosixPath(file.name).stem), "the image", folder)
        instances = []
        for number, box in enumerate(element.iter("box"), 1):
            try:
                instances.append(_box(box))
            except Malformed as error:
                on_problem(LabelProblem(file.where, None, f"box {number}: {error.what}", error.remedy))
        yield LabelledImage(image, tuple(instances), file=file.where)


def _box(box: ElementTree.Element) -> TextInstance:
    fields = (box.findtext("segs") or "").strip().strip(",").split(",")
    values = numbers(fields, 2 * POINTS, f"{2 * POINTS} in <segs>")
    if len(fields) > 2 * POINTS:
        raise Malformed(f"{len(fields)} numbers in <segs>, expected {2 * POINTS}", "Correct the box.")
    text = box.findtext("label") or ""
    return TextInstance(polygon_of(values), text, ignore=text == IGNORE_TEXT)


def _line(instance: TextInstance) -> Line:
    polygon, changes = _whole(instance.polygon)
    if polygon is None:
        return None, changes
    changes += losses(instance, text=True, ignore=True, language=False)
    text = IGNORE_TEXT if instance.ignore else one_line(instance.text)
    changes += mistaken(instance, text, IGNORE_TEXT)
    return ",".join([*(str(int(value)) for value in polygon.ravel()), SEPARATOR + text]), changes


def _legacy_line(instance: TextInstance) -> Line:
    polygon, changes = _whole(instance.polygon)
    if polygon is None:
        return None, changes
    changes += losses(instance, text=False, ignore=False, language=False)
    first, last = polygon.min(axis=0), polygon.max(axis=0)
    values = np.concatenate([first, last, (polygon - first).ravel()])
    return ",".join(str(int(value)) for value in values), changes


def _whole(polygon: Points) -> tuple[Points | None, list[str]]:
    _, reason = whole_pixel_polygon(polygon)
    if reason:
        return None, [f"dropped: {reason}"]
    fourteen = fourteen_points(polygon)
    rounded, reason = whole_pixel_polygon(fourteen)
    if rounded is None:
        return None, [f"dropped: {reason}"]
    return rounded, [] if len(polygon) == POINTS else [f"{len(polygon)} points became {POINTS}"]


def _stem_of(name: str) -> str:
    last = PurePosixPath(name).name
    return with_last(name, last[:-4] if last.lower().endswith(".txt") and len(last) > 4 else last)


def _label_name(image: str) -> str:
    stem = image_stem(image)
    last = PurePosixPath(stem).name
    numbered = len(last) >= 4 and last.isascii() and last.isdigit()
    return with_last(stem, f"{'000' if numbered else ''}{last}.txt")
