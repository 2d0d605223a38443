"""ICDAR 2017 and 2019 MLT labels: a quad, its script and its transcription a line.

`x1,y1,x2,y2,x3,y3,x4,y4,script,text`. The label files of 2017 are called gt_<stem>.txt, those of 2019
<stem>.txt; nothing else differs. The script "None", given to ignored texts, is read as no language.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import Final

from tcm_core.data.formats.icdar import IGNORE_TEXT, image_of, label_name, quad_line
from tcm_core.data.formats.labelled import LabelledImage, LabelReport, OnProblem, refuse
from tcm_core.data.formats.lines import (
    Malformed,
    decode_transcription,
    encode_transcription,
    numbers,
    one_line,
    polygon_of,
    read_line_files,
)
from tcm_core.data.formats.output import Line, losses, mistaken, write_line_files
from tcm_core.data.formats.source import image_stem, with_last
from tcm_core.data.sample import TextInstance

SCRIPTS: Final = frozenset(
    {"Arabic", "Latin", "Chinese", "Japanese", "Korean", "Bangla", "Hindi", "Symbols", "Mixed", "None"}
)
"""The scripts that the two sets name; others are read and written all the same."""

NO_SCRIPT: Final = "None"

_EXPECTED: Final = "8, a script and a text (x1,y1,x2,y2,x3,y3,x4,y4,script,text)"


def read_mlt2017(source: Path, on_problem: OnProblem = refuse) -> Iterator[LabelledImage]:
    """The labels of a folder, zip or file of gt_<stem>.txt, one file an image."""
    return read_line_files(source, image_of, parse_line, on_problem)


def read_mlt2019(source: Path, on_problem: OnProblem = refuse) -> Iterator[LabelledImage]:
    """The labels of a folder, zip or file of <stem>.txt, one file an image."""
    return read_line_files(source, _image_of_2019, parse_line, on_problem)


def parse_line(line: str) -> TextInstance:
    """One text.

    Raises:
        Malformed: fewer than eight numbers, or no script or text after them.
    """
    fields = line.split(",", 9)
    polygon = polygon_of(numbers(fields, 8, _EXPECTED))
    if len(fields) < 10:
        raise Malformed(f"{len(fields) - 8} fields after the 8 numbers, expected a script and a text")
    script = fields[8].strip()
    text = decode_transcription(fields[9])
    return TextInstance(polygon, text, text == IGNORE_TEXT, "" if script == NO_SCRIPT else script)


def write_mlt2017(images: Sequence[LabelledImage], out: Path) -> LabelReport:
    """Write gt_<stem>.txt for every image into a folder, or a zip when out ends so."""
    return write_line_files(images, out, label_name, _line)


def write_mlt2019(images: Sequence[LabelledImage], out: Path) -> LabelReport:
    """Write <stem>.txt for every image into a folder, or a zip when out ends so."""
    return write_line_files(images, out, lambda image: f"{image_stem(image)}.txt", _line)


def _line(instance: TextInstance) -> Line:
    script = _script(instance)
    text = IGNORE_TEXT if instance.ignore else encode_transcription(instance.text)
    line, changes = quad_line(instance, f"{script},{text}")
    if line is None:
        return line, changes
    changes += losses(instance, text=True, ignore=True, language=True)
    if script != (instance.language or NO_SCRIPT):
        changes.append(f"the language {instance.language!r} is written as {script}")
    return line, changes + mistaken(instance, text, IGNORE_TEXT)


def _script(instance: TextInstance) -> str:
    """The language in one field: no commas, line ends or outer blanks."""
    return one_line(instance.language).replace(",", " ").strip() or NO_SCRIPT


def _image_of_2019(name: str) -> str:
    last = PurePosixPath(name).name
    return with_last(name, last[:-4] if last.lower().endswith(".txt") and len(last) > 4 else last)
