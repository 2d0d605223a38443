"""labelme: one JSON an image, the text of a shape in its description, or in its label.

A shape's "description" (labelme 5 and later) is its transcription. Where it is empty the "label" is, as
people did before, unless it is a mere class name ("text", "word" ...). A flag named ignore, ignored,
difficult, illegible or dontcare, such a label, or the text ### means ignored. labelme keeps keys that it does
not know, so that the language is written as "language". The points are those of the turned image: labelme
applies the EXIF orientation.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from tcm_core.data.formats.icdar import IGNORE_TEXT
from tcm_core.data.formats.json_labels import CORRECT_ENTRY, described, flag_value, text_value
from tcm_core.data.formats.labelled import LabelledImage, LabelReport, OnProblem, refuse
from tcm_core.data.formats.lines import Malformed
from tcm_core.data.formats.shape_files import (
    first_shape_file,
    outline,
    read_shape_files,
    write_shape_files,
)
from tcm_core.data.formats.xanylabeling import recognise_xanylabeling
from tcm_core.data.sample import TextInstance

CLASS_NAMES: Final = frozenset({"text", "word", "line", "textline", "text_line", "ocr", "icdar", ""})
"""Labels, in lower case, that are no transcription."""

IGNORE_NAMES: Final = frozenset({"ignore", "ignored", "difficult", "illegible", "dontcare"})
"""Flags and labels, in lower case, that mean a text is ignored."""


def read_labelme(source: Path, on_problem: OnProblem = refuse) -> Iterator[LabelledImage]:
    """One image a JSON file of a folder or zip; or the one file."""
    return read_shape_files(source, _instance, on_problem)


def write_labelme(images: Sequence[LabelledImage], out: Path) -> LabelReport:
    """Write one JSON an image as labelme 5 does, every text a polygon; see shape_files.write_shape_files."""
    return write_shape_files(images, out, {"version": "5.5.0", "flags": {}}, _shape)


def recognise_labelme(source: Path) -> bool:
    """Whether the first JSON file has shapes, and nothing in them that only X-AnyLabeling writes."""
    return first_shape_file(source) is not None and not recognise_xanylabeling(source)


def _instance(shape: dict[str, Any]) -> TextInstance:
    label = text_value(shape.get("label"), "label")
    text = text_value(shape.get("description"), "description")
    marked = label.lower() in IGNORE_NAMES
    if not text and not marked and label.lower() not in CLASS_NAMES:
        text = label
    return TextInstance(
        outline(shape),
        text,
        ignore=marked or text == IGNORE_TEXT or _is_flagged(shape.get("flags")),
        language=text_value(shape.get("language"), "language"),
    )


def _is_flagged(flags: object) -> bool:
    if flags is None:
        return False
    if not isinstance(flags, dict):
        raise Malformed(f"flags is {described(flags)}, expected an object", CORRECT_ENTRY)
    return any(flag_value(value, name) for name, value in flags.items() if name.lower() in IGNORE_NAMES)


def _shape(instance: TextInstance) -> dict[str, Any]:
    language = {"language": instance.language} if instance.language else {}
    return {
        "label": "text",
        "description": instance.text,
        "group_id": None,
        "flags": {"ignore": True} if instance.ignore else {},
        "mask": None,
        **language,
    }
