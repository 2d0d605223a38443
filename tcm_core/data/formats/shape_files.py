"""What labelme and X-AnyLabeling share: one JSON an image, with "imagePath" and "shapes" of several types.

Outlines of a text are polygons, rectangles (two opposite corners, or four as newer X-AnyLabeling writes
them), and the turned rectangles "oriented_rectangle" (labelme 6.2), "rotation" and "quadrilateral"
(X-AnyLabeling), which both store with their four corners. The first versions had no "shape_type": everything
was a polygon. Other shapes (circles, lines, points, masks, cuboids) are reported and left out. An embedded
"imageData" is not looked at.
"""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import Any, Final

from tcm_core.data.formats.coco import first_object
from tcm_core.data.formats.icdar import IGNORE_TEXT
from tcm_core.data.formats.json_labels import (
    CORRECT_ENTRY,
    described,
    entries,
    holdable,
    image_value,
    json_content,
    json_object,
    list_value,
    pairs_value,
    rectangle,
    size_value,
)
from tcm_core.data.formats.labelled import LabelChange, LabelledImage, LabelProblem, LabelReport, OnProblem
from tcm_core.data.formats.lines import Malformed, polygon_of, without_repeats
from tcm_core.data.formats.output import file_names, missing_facts, mistaken, write_files
from tcm_core.data.formats.source import LabelFile, image_stem, label_files
from tcm_core.data.sample import TextInstance
from tcm_core.geometry.polygon import Points

MAX_SHAPE_FILE_BYTES: Final = 256 * 2**20
"""Of one JSON file: large pictures may be embedded."""

_CORNERS: Final = {"oriented_rectangle": 4, "rotation": 4, "quadrilateral": 4}


def read_shape_files(
    source: Path, instance_of: Callable[[dict[str, Any]], TextInstance], on_problem: OnProblem
) -> Iterator[LabelledImage]:
    """One image a JSON file.

    Args:
        source: folder, zip or file.
        instance_of: makes a text of one shape; may raise Malformed.
        on_problem: told of files and shapes that are left out.
    """
    files = label_files(source, (".json",), on_problem, MAX_SHAPE_FILE_BYTES)
    images = (_image_of(file, instance_of, on_problem) for file in files)
    return without_repeats((image for image in images if image is not None), on_problem)


def write_shape_files(
    images: Sequence[LabelledImage],
    out: Path,
    top_level: dict[str, Any],
    shape_of: Callable[[TextInstance], dict[str, Any]],
) -> LabelReport:
    """Write one JSON an image, beside where the image is, into a folder, or a zip when out ends so.

    Args:
        images: to be written.
        out: folder, or zip when it ends so.
        top_level: what stands in every file before the shapes.
        shape_of: all of a shape but its points.

    Raises:
        TcmError: a file cannot be written, or a name leaves the folder or is there twice.
    """
    names = file_names(images, lambda image: f"{image_stem(image)}.json")
    changes: list[LabelChange] = []
    contents: list[bytes] = []
    written = 0
    for image in images:
        changes += missing_facts(image, size=True)
        shapes = []
        for index, instance in holdable(image, changes):
            points = instance.polygon.tolist()
            shapes.append({**shape_of(instance), "points": points, "shape_type": "polygon"})
            read_back = mistaken(instance, instance.text, IGNORE_TEXT)
            changes += [LabelChange(image.image, index, what) for what in read_back]
        height, width = image.size or (None, None)
        path = PurePosixPath(image.image).name
        data = {**top_level, "shapes": shapes, "imagePath": path, "imageData": None}
        contents.append(json_content({**data, "imageHeight": height, "imageWidth": width}, indent=2))
        written += len(shapes)
    write_files(names, contents, out)
    return LabelReport(len(images), written, tuple(changes))


def first_shape_file(source: Path) -> dict[str, Any] | None:
    """The first JSON file of a source, when it has shapes and names an image; None otherwise."""
    data = first_object(source)
    return data if data and isinstance(data.get("shapes"), list) and "imagePath" in data else None


def outline(shape: dict[str, Any]) -> Points:
    """(N, 2), the outline of a shape.

    Raises:
        Malformed: another type of shape, or points that do not fit it.
    """
    kind = shape.get("shape_type") or "polygon"
    points = pairs_value(shape.get("points"))
    if kind == "rectangle" and len(points) == 2:
        return rectangle(*points[0], *points[1])
    wanted = 4 if kind == "rectangle" else _CORNERS.get(kind) if isinstance(kind, str) else None
    if wanted is not None and len(points) != wanted:
        corners = "2 or 4" if kind == "rectangle" else str(wanted)
        raise Malformed(f"a {kind} of {len(points)} points, expected {corners}", CORRECT_ENTRY)
    if wanted is None and kind != "polygon":
        what = f"shape_type is {described(kind)}, which is no outline of a text"
        raise Malformed(what, "Draw it as a polygon, or take it out.")
    return polygon_of(points)


def _image_of(
    file: LabelFile, instance_of: Callable[[dict[str, Any]], TextInstance], on_problem: OnProblem
) -> LabelledImage | None:
    data = json_object(file, on_problem)
    if data is None:
        return None
    folder = PurePosixPath(file.name).parent
    try:
        name = image_value(data.get("imagePath"), "imagePath", "" if folder.name == "" else str(folder))
        shapes = list_value(data.get("shapes"), "shapes")
    except Malformed as error:
        on_problem(LabelProblem(file.where, None, error.what, error.remedy))
        return None
    instances = tuple(entries(shapes, "shape", file.where, on_problem, instance_of))
    size = size_value(data.get("imageHeight"), data.get("imageWidth"))
    return LabelledImage(name, instances, size, file=file.where)
