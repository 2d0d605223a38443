"""CVAT for images 1.1: annotations.xml with an <image> each, and polygons and boxes in it.

A box may be turned ("rotation", degrees clockwise about its centre). The attributes "text" (or
"transcription"), "ignore" and "language" of a shape are ours; a label or an attribute that
labelme.IGNORE_NAMES lists means ignored, and so does the text ###. Masks, ellipses, lines, points, cuboids,
skeletons and the tracks of videos are reported and left out. A document type declaration is refused, and
entities with it.

To open what is written in CVAT, the task needs a label "text" with the text attributes "text" and "language"
and the checkbox "ignore".
"""

import math
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final
from xml.parsers import expat
from xml.sax.saxutils import escape, quoteattr

import numpy as np

from tcm_core.data.atomic_file import write_atomic
from tcm_core.data.formats.icdar import IGNORE_TEXT
from tcm_core.data.formats.json_labels import CORRECT_ENTRY, flag_value, holdable, image_value, rectangle
from tcm_core.data.formats.labelled import (
    LabelChange,
    LabelledImage,
    LabelProblem,
    LabelReport,
    OnProblem,
)
from tcm_core.data.formats.labelme import IGNORE_NAMES
from tcm_core.data.formats.lines import Malformed, decode_labels, numbers, polygon_of
from tcm_core.data.formats.output import missing_facts, mistaken, text_content
from tcm_core.data.formats.source import MAX_DATASET_FILE_BYTES, LabelFile, label_files
from tcm_core.data.sample import TextInstance
from tcm_core.geometry.polygon import Points

_OUTLINES: Final = frozenset({"polygon", "box"})
_NOT_NESTED: Final = frozenset({"image", *_OUTLINES})
_OTHERS: Final = frozenset({"polyline", "points", "ellipse", "cuboid", "mask", "skeleton", "track"})
_TEXT_NAMES: Final = ("text", "transcription")
_NOT_XML: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_LABEL: Final = """
  <meta><task><mode>annotation</mode><labels><label><name>text</name><attributes>
    <attribute><name>text</name><mutable>False</mutable><input_type>text</input_type></attribute>
    <attribute><name>ignore</name><mutable>False</mutable><input_type>checkbox</input_type></attribute>
    <attribute><name>language</name><mutable>False</mutable><input_type>text</input_type></attribute>
  </attributes></label></labels></task></meta>"""


def starts_as_cvat_xml(source: Path) -> bool:
    """Whether the first .xml file of a source (or the file itself) begins as CVAT's XML."""
    for file in label_files(source, (".xml",), _overlook, MAX_DATASET_FILE_BYTES):
        return "<annotations" in decode_labels(file.content[:4096])
    return False


def read_cvat_xml(source: Path, on_problem: OnProblem) -> Iterator[LabelledImage]:
    """The images of an XML file, or of all in a folder or zip."""
    for file in label_files(source, (".xml",), on_problem, MAX_DATASET_FILE_BYTES):
        yield from _Reading(file, on_problem).images()


def write_cvat_xml(images: Sequence[LabelledImage], out: Path) -> LabelReport:
    """Write one XML file.

    Raises:
        TcmError: the file cannot be written; an older one is then untouched.
    """
    changes: list[LabelChange] = []
    lines = ['<?xml version="1.0" encoding="utf-8"?>', "<annotations>", f"  <version>1.1</version>{_LABEL}"]
    written = 0
    for number, image in enumerate(images):
        name, size = quoteattr(_NOT_XML.sub("\ufffd", image.image)), ""
        changes += missing_facts(image, size=True)
        if image.size is not None:
            size = f' width="{image.size[1]}" height="{image.size[0]}"'
        lines.append(f'  <image id="{number}" name={name}{size}>')
        for index, instance in holdable(image, changes):
            if _NOT_XML.search(instance.text + instance.language):
                what = "characters that XML cannot hold were replaced"
                changes.append(LabelChange(image.image, index, what))
            read_back = mistaken(instance, instance.text, IGNORE_TEXT)
            changes += [LabelChange(image.image, index, what) for what in read_back]
            lines += _polygon_lines(instance)
            written += 1
        lines.append("  </image>")
    lines.append("</annotations>")
    write_atomic(out, text_content(lines))
    return LabelReport(len(images), written, tuple(changes))


class _Reading:
    """One pass over one XML file; expat calls back for each element."""

    def __init__(self, file: LabelFile, on_problem: OnProblem) -> None:
        self.file = file
        self.on_problem = on_problem
        self.parser = expat.ParserCreate()
        self.parser.StartDoctypeDeclHandler = self._refuse_doctype
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._characters
        self.found: list[LabelledImage] = []
        self.root = ""
        self.image: LabelledImage | None = None
        self.instances: list[TextInstance] = []
        self.lines: list[int] = []
        self.shape: dict[str, str] | None = None
        self.attributes: dict[str, str] = {}
        self.attribute: str | None = None

    def images(self) -> list[LabelledImage]:
        """All images; none after a report when the file is no XML of CVAT."""
        try:
            self.parser.Parse(decode_labels(self.file.content), True)
        except Malformed as error:
            self._report(error)
            return []
        except (expat.ExpatError, ValueError) as error:
            self._report(Malformed(f"not XML ({error})", "Export it again."))
            return []
        return self.found

    def _report(self, error: Malformed) -> None:
        line = self.parser.CurrentLineNumber
        self.on_problem(LabelProblem(self.file.where, line, error.what, error.remedy))

    def _refuse_doctype(self, *_declaration: object) -> None:
        raise Malformed("a document type declaration, which CVAT does not write", "Export it again.")

    def _start(self, name: str, values: dict[str, str]) -> None:
        if not self.root:
            self.root = name
            if name != "annotations":
                raise Malformed(f"<{name:.40}>, expected <annotations>", "Export as CVAT for images 1.1.")
        elif name in _NOT_NESTED and (self.shape is not None or (name == "image" and self.image is not None)):
            raise Malformed(f"<{name}> inside another image or shape", "Export it again.")
        elif name == "track":
            self._report(Malformed("a track of a video", "Export as CVAT for images 1.1."))
        elif name == "image":
            self._start_image(values)
        elif self.image is not None and self.shape is None and name in _OTHERS:
            what = f"a {name}, which is no outline of a text"
            self._report(Malformed(what, "Draw it as a polygon, or take it out."))
        elif self.image is not None and name in _OUTLINES:
            self.shape, self.attributes = values, {}
            self.lines.append(self.parser.CurrentLineNumber)
        elif self.shape is not None and name == "attribute":
            self.attribute = values.get("name", "").lower()
            self.attributes[self.attribute] = ""

    def _start_image(self, values: dict[str, str]) -> None:
        self.image, self.instances, self.lines = None, [], []
        try:
            name = image_value(values.get("name"), "the name of the image")
        except Malformed as error:
            self._report(error)
            return
        sides = [int(side) if re.fullmatch("[0-9]{1,7}", side) else 0 for side in _sides(values)]
        size = (sides[0], sides[1]) if min(sides) > 0 else None
        self.image = LabelledImage(name, (), size, file=self.file.where)

    def _characters(self, text: str) -> None:
        if self.attribute is not None:
            self.attributes[self.attribute] += text

    def _end(self, name: str) -> None:
        if name == "attribute":
            self.attribute = None
        elif name in _OUTLINES and self.shape is not None:
            try:
                self.instances.append(_instance(name, self.shape, self.attributes))
            except Malformed as error:
                self.lines.pop()
                self._report(error)
            self.shape = None
        elif name == "image" and self.image is not None:
            image, self.image = self.image, None
            instances, lines = tuple(self.instances), tuple(self.lines)
            self.found.append(
                LabelledImage(image.image, instances, image.size, file=self.file.where, lines=lines)
            )


def _overlook(problem: LabelProblem) -> None:
    """When a format is only guessed, nothing is a problem."""


def _sides(values: dict[str, str]) -> tuple[str, str]:
    return values.get("height", ""), values.get("width", "")


def _instance(kind: str, shape: dict[str, str], attributes: dict[str, str]) -> TextInstance:
    text = next((attributes[name] for name in _TEXT_NAMES if name in attributes), "")
    marked = any(flag_value(attributes[name], name) for name in IGNORE_NAMES if name in attributes)
    return TextInstance(
        _box(shape) if kind == "box" else _polygon(shape.get("points", "")),
        text,
        ignore=marked or text == IGNORE_TEXT or shape.get("label", "").lower() in IGNORE_NAMES,
        language=attributes.get("language", ""),
    )


def _polygon(points: str) -> Points:
    pairs = [pair.split(",") for pair in points.split(";")]
    if any(len(pair) != 2 for pair in pairs):
        raise Malformed(f"points {points[:60]!r}, expected x,y;x,y;...", CORRECT_ENTRY)
    return polygon_of([numbers(pair, 2, "x,y;x,y;...") for pair in pairs])


def _box(shape: dict[str, str]) -> Points:
    names = ("xtl", "ytl", "xbr", "ybr")
    corners = numbers([shape.get(name, "") for name in names], 4, "xtl, ytl, xbr and ybr")
    box = rectangle(*corners)
    angle = math.radians(numbers([shape.get("rotation", "0")], 1, "an angle")[0] % 360)
    if angle == 0:
        return box
    turn = np.array([[math.cos(angle), math.sin(angle)], [-math.sin(angle), math.cos(angle)]])
    centre = box.mean(axis=0)
    return (box - centre) @ turn + centre


def _polygon_lines(instance: TextInstance) -> list[str]:
    points = ";".join(f"{x!r},{y!r}" for x, y in instance.polygon.tolist())
    attributes = [("text", instance.text), ("ignore", "true" if instance.ignore else "false")]
    if instance.language:
        attributes.append(("language", instance.language))
    return [
        f'    <polygon label="text" source="manual" occluded="0" points="{points}" z_order="0">',
        *(f'      <attribute name="{name}">{_escaped(value)}</attribute>' for name, value in attributes),
        "    </polygon>",
    ]


def _escaped(text: str) -> str:
    return escape(_NOT_XML.sub("\ufffd", text), {"\r": "&#13;"})
