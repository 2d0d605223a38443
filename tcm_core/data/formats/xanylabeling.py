"""X-AnyLabeling: labelme's JSON with more in it; the text of a shape is its description.

"difficult" means ignored, and so does the description ###. The first versions (AnyLabeling) kept the text
in "text". The label is a class and no transcription. The language is written to, and read from,
"attributes". The points are those of the stored image: EXIF orientation is not applied.
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
from tcm_core.data.sample import TextInstance

_OWN_KEYS: Final = frozenset({"difficult", "kie_linking", "attributes", "score", "direction", "text"})


def read_xanylabeling(source: Path, on_problem: OnProblem = refuse) -> Iterator[LabelledImage]:
    """One image a JSON file of a folder or zip; or the one file."""
    return read_shape_files(source, _instance, on_problem)


def write_xanylabeling(images: Sequence[LabelledImage], out: Path) -> LabelReport:
    """Write one JSON an image, every text a polygon; see shape_files.write_shape_files."""
    return write_shape_files(images, out, {"version": "4.0.0", "flags": {}, "checked": False}, _shape)


def recognise_xanylabeling(source: Path) -> bool:
    """Whether the first JSON file has shapes, and something in them that labelme does not write."""
    data = first_shape_file(source)
    if data is None:
        return False
    shapes = [shape for shape in data["shapes"] if isinstance(shape, dict)]
    return "checked" in data or any(_OWN_KEYS & shape.keys() for shape in shapes)


def _instance(shape: dict[str, Any]) -> TextInstance:
    attributes = shape.get("attributes") or {}
    if not isinstance(attributes, dict):
        raise Malformed(f"attributes is {described(attributes)}, expected an object", CORRECT_ENTRY)
    text = text_value(shape.get("description") or shape.get("text"), "description")
    return TextInstance(
        outline(shape),
        text,
        ignore=flag_value(shape.get("difficult"), "difficult") or text == IGNORE_TEXT,
        language=text_value(attributes.get("language"), "language"),
    )


def _shape(instance: TextInstance) -> dict[str, Any]:
    return {
        "label": "text",
        "score": None,
        "description": instance.text,
        "group_id": None,
        "difficult": instance.ignore,
        "flags": {},
        "attributes": {"language": instance.language} if instance.language else {},
        "kie_linking": [],
    }
