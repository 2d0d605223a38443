"""Ground truth as the protocols read it: by image, under the name that result files call it by."""

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, TypeAlias

import numpy as np

from tcm_core.data.formats.icdar import IGNORE_TEXT, image_of
from tcm_core.data.formats.labelled import refuse
from tcm_core.data.formats.lines import Malformed, decode_labels, decode_transcription, numbered_lines
from tcm_core.data.formats.source import image_stem, label_files
from tcm_core.data.formats.table import FORMATS
from tcm_core.data.sample import TextInstance
from tcm_core.errors import BadLabels
from tcm_core.geometry.polygon import Points

Labels: TypeAlias = dict[str, list[TextInstance]]

INTEGER: Final = r"\s*(-?[0-9]{1,9})\s*"
EIGHT_INTEGERS: Final = ",".join([INTEGER] * 8)
_GT_LINE: Final = re.compile(EIGHT_INTEGERS + ",(.*)", re.DOTALL)


def read_icdar15_labels(source: Path) -> Labels:
    """The labels of a folder or zip of gt_<name>.txt as strictly as the official evaluation takes them.

    Raises:
        BadLabels: a file cannot be read or has another name, a line is not eight whole numbers, a comma and a
            text, a quad is not clockwise, or there is no file at all.
    """
    labels: Labels = {}
    for file in label_files(source, (".txt",), refuse):
        name = file.name.rpartition("/")[2]
        if not re.fullmatch(r"gt_.+\.txt", name):
            raise BadLabels(
                f"{file.where}: a file named gt_<name>.txt was expected here. Rename or remove it."
            )
        labels[image_of(file.name)] = [
            _parse_line(line, f"{file.where} line {number}")
            for number, line in numbered_lines(decode_labels(file.content))
        ]
    return labels


def labels_reader(*formats: str) -> Callable[[Path], Labels]:
    """A reader of one of the formats; of several, the first that recognises the content, or else the first.

    Args:
        formats: names in FORMATS. A "gt_" before the name of an image does not belong to the name.
    """

    def read(source: Path) -> Labels:
        fitting = [name for name in formats if len(formats) > 1 and FORMATS[name].recognise(source)]
        labels: Labels = {}
        for image in FORMATS[fitting[0] if fitting else formats[0]].read(source):
            name = image_name(image.image, "gt_")
            if name in labels:
                raise BadLabels(f"{source}: two images are called {name}. Keep one of them.")
            labels[name] = list(image.instances)
        if not labels:
            raise BadLabels(f"{source}: no labels in it. Check the path and the protocol.")
        return labels

    return read


def image_name(path: str, prefix: str) -> str:
    """The path without the ending of an image file and without the prefix of its last part."""
    folder, slash, last = image_stem(path).rpartition("/")
    return f"{folder}{slash}{last.removeprefix(prefix) or last}"


def clockwise_quad(fields: Sequence[str]) -> Points:
    """(4, 2) from eight whole numbers.

    Raises:
        Malformed: the points run counter-clockwise on the screen.
    """
    values = [int(field) for field in fields]
    x, y = values[0::2], values[1::2]
    turned = sum((x[(i + 1) % 4] - x[i]) * (y[(i + 1) % 4] + y[i]) for i in range(4))
    if turned > 0:
        raise Malformed(
            f"the points run counter-clockwise, they must run clockwise; found {','.join(fields)}"
        )
    return np.array(values, dtype=np.float64).reshape(4, 2)


def _parse_line(line: str, where: str) -> TextInstance:
    match = _GT_LINE.fullmatch(line)
    if match is None:
        raise BadLabels(f"{where}: expected 8 whole numbers, a comma and a text; found {line[:80]!r}")
    try:
        polygon = clockwise_quad(match.groups()[:8])
    except Malformed as error:
        raise BadLabels(f"{where}: {error.what}") from error
    transcription = decode_transcription(match.group(9))
    return TextInstance(polygon, transcription, ignore=transcription == IGNORE_TEXT)
