"""CVAT: its ICDAR exports (a zip, or that unpacked) and "CVAT for images 1.1" (annotations.xml).

ICDAR Localization 1.0: `<subset>/gt_<image>.txt`, one text a line. Polygons are `x1,y1,x2,y2,...,"text"`
with any number of points, boxes `x1 y1 x2 y2 "text"`; the text may be missing, ### means ignored. CVAT itself
reads back four points at most, and no quotes in a text: that is what is written.

ICDAR Segmentation 1.0: `<subset>/<image>_GT.txt`, a line a mask: colour, centre, box, text. The masks are in
a bitmap beside it, which is not read: the boxes are taken. A group of lines with single characters is a word.

ICDAR Recognition 1.0 (`gt.txt`: image and text) has no places and is refused.

The XML (cvat_xml) holds all that we know. Points are those of the turned image: CVAT applies the EXIF
orientation.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import Final

import numpy as np

from tcm_core.data.formats.cvat_xml import read_cvat_xml, starts_as_cvat_xml, write_cvat_xml
from tcm_core.data.formats.icdar import IGNORE_TEXT, fitted_words
from tcm_core.data.formats.json_labels import rectangle, unholdable
from tcm_core.data.formats.labelled import (
    LabelledImage,
    LabelProblem,
    LabelReport,
    OnProblem,
    refuse,
)
from tcm_core.data.formats.lines import (
    Malformed,
    decode_labels,
    leading_numbers,
    numbered_lines,
    numbers,
    one_line,
    parse_file,
    polygon_of,
    without_repeats,
)
from tcm_core.data.formats.output import Line, losses, mistaken, write_line_files
from tcm_core.data.formats.source import LabelFile, image_stem, is_folder, is_zip, label_files
from tcm_core.data.sample import TextInstance
from tcm_core.geometry.polygon import Points
from tcm_core.geometry.quad import min_area_quad

SUBSET: Final = "default"
"""The folder that CVAT puts what belongs to no subset into."""
MASKS_ENDING: Final = "_GT.txt"

_PLACES: Final = 2  # decimals, as CVAT writes


def read_cvat(source: Path, on_problem: OnProblem = refuse) -> Iterator[LabelledImage]:
    """The images of an export of CVAT: XML, ICDAR Localization or ICDAR Segmentation; zip or unpacked."""
    if source.suffix.lower() == ".xml" or starts_as_cvat_xml(source):
        yield from read_cvat_xml(source, on_problem)
        return
    yield from without_repeats(_icdar_images(source, on_problem), on_problem)


def write_cvat(images: Sequence[LabelledImage], out: Path) -> LabelReport:
    """Write "CVAT for images 1.1" when out ends with .xml, else ICDAR Localization 1.0 (.zip, or a folder).

    Raises:
        TcmError: a file cannot be written, or a name leaves the folder or is there twice.
    """
    if out.suffix.lower() == ".xml":
        return write_cvat_xml(images, out)
    return write_line_files(images, out, _label_name, _line)


def recognise_cvat(source: Path) -> bool:
    """Whether it is CVAT's XML, or ICDAR files as CVAT writes them; see has_icdar_layout."""
    return starts_as_cvat_xml(source) or has_icdar_layout(source)


def has_icdar_layout(source: Path) -> bool:
    """Whether the label files lie in a subset, with quoted texts and, unlike ICDAR's own, decimals."""
    if not (is_folder(source) or is_zip(source)):
        return False
    for file in label_files(source, (".txt",), _overlook):
        # in a zip the name is without the folder around everything, which may be the subset
        name = file.name if source.is_dir() else file.where.removeprefix(f"{source}/")
        lines = numbered_lines(decode_labels(file.content[:100_000]))
        if "/" not in name or _image_of(name) is None:
            return False
        if lines:
            return _fits(name, lines[0][1])
    return False


def _icdar_images(source: Path, on_problem: OnProblem) -> Iterator[LabelledImage]:
    for file in label_files(source, (".txt",), on_problem):
        image = _image_of(file.name)
        if image is None:
            what = f"{PurePosixPath(file.name).name} is no gt_<image>.txt and no <image>{MASKS_ENDING}"
            remedy = "Export as ICDAR Localization; Recognition holds no places."
            on_problem(LabelProblem(file.where, None, what, remedy))
        else:
            yield _read_file(file, image, on_problem)


def _overlook(problem: LabelProblem) -> None:
    """When a format is only guessed, nothing is a problem."""


def _fits(name: str, line: str) -> bool:
    try:
        if _holds_masks(name):
            _parse_mask(line)
            return True
        _parse_line(line)
        places, text = _split_quoted(line)
        return text is not None and all("." in place for place in places.replace(",", " ").split())
    except Malformed:
        return False


def _holds_masks(name: str) -> bool:
    file = PurePosixPath(name).name
    return file.endswith(MASKS_ENDING) and not file.startswith("gt_")


def _image_of(name: str) -> str | None:
    path = PurePosixPath(name.removeprefix(f"{SUBSET}/"))
    if _holds_masks(name):
        stem = path.name.removesuffix(MASKS_ENDING)
    else:
        stem = path.stem.removeprefix("gt_") if path.name.startswith("gt_") else ""
    return str(path.with_name(stem)) if stem else None


def _label_name(image: str) -> str:
    path = PurePosixPath(SUBSET, image_stem(image))
    return str(path.with_name(f"gt_{path.name}.txt"))


def _read_file(file: LabelFile, image: str, on_problem: OnProblem) -> LabelledImage:
    if not _holds_masks(file.name):
        return parse_file(file, image, _parse_line, on_problem)
    masks: list[tuple[int, Points, str]] = []
    for number, line in numbered_lines(decode_labels(file.content)):
        if line.startswith("#"):  # a blank between characters
            continue
        try:
            box, text = _parse_mask(line)
        except Malformed as error:
            on_problem(LabelProblem(file.where, number, error.what, error.remedy))
            continue
        masks.append((number, box, text))
    words = [_word(group) for group in _groups(masks)]
    instances = tuple(instance for word in words for _, instance in word)
    lines = tuple(number for word in words for number, _ in word)
    return LabelledImage(image, instances, file=file.where, lines=lines)


def _split_quoted(line: str) -> tuple[str, str | None]:
    """What stands before the quoted text, and the text, None when there is none; CVAT escapes no quotes."""
    before, opened, rest = line.strip().partition('"')
    if not opened:
        return before, None
    text, closed, after = rest.rpartition('"')
    if not closed or after:
        raise Malformed(f"a text that is not closed by a quote; found {line[:80]!r}")
    return before, text


def _parse_line(line: str) -> TextInstance:
    before, text = _split_quoted(line)
    before = before.strip().rstrip(",")
    fields = before.split(",") if "," in before else before.split()
    count = leading_numbers(fields)
    if text is None and len(fields) > 8 and (count < len(fields) or len(fields) == 9):
        fields, text = fields[:8], ",".join(fields[8:])  # as ICDAR 2015 has it
        count = min(count, 8)
    if count < len(fields) or (count != 4 and (count < 6 or count % 2)):
        expected = "4, 8 or another even number of them, and a text in quotes"
        raise Malformed(f"{count} numbers, expected {expected}; found {line[:80]!r}")
    values = numbers(fields, count, "numbers")
    polygon = rectangle(*values) if count == 4 else polygon_of(values)
    return TextInstance(polygon, text or "", ignore=text == IGNORE_TEXT)


def _parse_mask(line: str) -> tuple[Points, str]:
    before, text = _split_quoted(line)
    fields = before.split()
    expected = 'a colour, a centre, a box and a text (R G B x y x1 y1 x2 y2 "text")'
    if len(fields) != 9 or text is None:
        raise Malformed(f"{len(fields)} fields, expected {expected}; found {line[:80]!r}")
    return rectangle(*numbers(fields[5:], 4, expected)), text


def _groups(masks: list[tuple[int, Points, str]]) -> list[list[tuple[int, Points, str]]]:
    """The masks between two blank lines each."""
    groups: list[list[tuple[int, Points, str]]] = []
    for mask in masks:
        if not groups or mask[0] != groups[-1][-1][0] + 1:
            groups.append([])
        groups[-1].append(mask)
    return groups


def _word(group: list[tuple[int, Points, str]]) -> list[tuple[int, TextInstance]]:
    """The texts of a group: one when it is a word of single characters, else one a mask."""
    texts = [text for _, _, text in group]
    if len(group) > 1 and "".join(texts) and all(len(text) <= 1 for text in texts):
        corners = np.concatenate([box for _, box, _ in group])
        box = rectangle(*corners.min(axis=0).tolist(), *corners.max(axis=0).tolist())
        return [(group[0][0], TextInstance(box, "".join(texts).strip()))]
    return [(number, TextInstance(box, text, ignore=text == IGNORE_TEXT)) for number, box, text in group]


def _line(instance: TextInstance) -> Line:
    """Four corners to CVAT's two decimals, and the text."""
    text, changed = _quotable(instance)
    reason = unholdable(instance.polygon)
    if reason:
        return None, [f"dropped: {reason}"]
    polygon = instance.polygon
    if len(polygon) != 4:
        changed.insert(0, fitted_words(polygon))
        polygon = min_area_quad(polygon)
    corners = (np.round(polygon, _PLACES) + 0.0).ravel().tolist()
    return f'{",".join(map(repr, corners))},"{text}"', changed


def _quotable(instance: TextInstance) -> tuple[str, list[str]]:
    """The text as it can stand in quotes, and what was changed."""
    changed = losses(instance, text=True, ignore=True, language=False)
    if instance.ignore:
        return IGNORE_TEXT, changed
    if '"' in instance.text:
        changed.append("double quotes in the transcription became single ones")
    text = one_line(instance.text).replace('"', "'")
    return text, changed + mistaken(instance, text, IGNORE_TEXT)
