"""COCO polygons: one JSON for a whole data set, with "images", "annotations" and "categories".

Every annotation is taken for a text, whatever its category. Its polygon is "segmentation" as one list of
numbers; where that is missing, the corners of "bbox". Masks (run-length codes) and texts in several parts
are reported and left out. "iscrowd": 1 means ignored. COCO itself knows no transcriptions: they are read
from, and written to, "attributes" ("text", "language"), where CVAT and Datumaro keep theirs, and read from
"text", "transcription" or "utf8_string" of the annotation as well.
"""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from tcm_core.data.atomic_file import write_atomic
from tcm_core.data.formats.json_labels import (
    CORRECT_ENTRY,
    box_value,
    described,
    entries,
    flag_value,
    holdable,
    image_value,
    json_content,
    json_object,
    list_value,
    points_value,
    size_value,
    text_value,
)
from tcm_core.data.formats.labelled import (
    LabelChange,
    LabelledImage,
    LabelProblem,
    LabelReport,
    OnProblem,
    refuse,
)
from tcm_core.data.formats.lines import Malformed
from tcm_core.data.formats.output import missing_facts
from tcm_core.data.formats.source import MAX_DATASET_FILE_BYTES, LabelFile, label_files
from tcm_core.data.sample import TextInstance
from tcm_core.geometry.polygon import Points, area, bounds

CATEGORY: Final = {"id": 1, "name": "text", "supercategory": "text"}

_TEXT_KEYS: Final = ("text", "transcription", "utf8_string")


def read_coco(source: Path, on_problem: OnProblem = refuse) -> Iterator[LabelledImage]:
    """The images of a JSON file, or of all in a folder or zip, in the order of "images"."""
    for file in label_files(source, (".json",), on_problem, MAX_DATASET_FILE_BYTES):
        data = json_object(file, on_problem)
        if data is not None:
            images, annotations = data.get("images"), data.get("annotations")
            yield from join_images(file, images, annotations, _instance, on_problem)


def write_coco(images: Sequence[LabelledImage], out: Path) -> LabelReport:
    """Write one JSON: out itself when it ends with .json, else annotations.json in it.

    Sizes that are not known are left out, though COCO asks for them; each is in the report.

    Raises:
        TcmError: the file cannot be written; an older one is then untouched.
    """
    changes: list[LabelChange] = []
    listed: list[dict[str, Any]] = []
    annotations: list[dict[str, Any]] = []
    for number, image in enumerate(images, 1):
        entry: dict[str, Any] = {"id": number, "file_name": image.image}
        changes += missing_facts(image, size=True)
        if image.size is not None:
            entry |= {"height": image.size[0], "width": image.size[1]}
        listed.append(entry)
        for _, instance in holdable(image, changes):
            annotations.append(_annotation(len(annotations) + 1, number, instance))
    data = {"images": listed, "annotations": annotations, "categories": [CATEGORY]}
    write_atomic(dataset_file(out), json_content(data))
    return LabelReport(len(images), len(annotations), tuple(changes))


def recognise_coco(source: Path) -> bool:
    """Whether the first JSON file has lists of images and of annotations."""
    data = first_object(source)
    return data is not None and all(isinstance(data.get(key), list) for key in ("images", "annotations"))


def dataset_file(out: Path) -> Path:
    """The file that a format of one JSON file is written to."""
    return out if out.suffix.lower() == ".json" else out / "annotations.json"


def first_object(source: Path) -> dict[str, Any] | None:
    """The JSON object of the first JSON file of a source; None when there is none, whatever the reason."""
    for file in label_files(source, (".json",), _overlook, MAX_DATASET_FILE_BYTES):
        return json_object(file, _overlook)
    return None


def join_images(
    file: LabelFile,
    listed: object,
    annotations: object,
    instance_of: Callable[[dict[str, Any]], TextInstance],
    on_problem: OnProblem,
) -> Iterator[LabelledImage]:
    """The images of a data set in one file, each with the annotations that name its id.

    Args:
        file: that they stand in.
        listed: what should be a list of objects with "id", "file_name", "height" and "width".
        annotations: what should be a list of objects with "image_id".
        instance_of: makes a text of one annotation; may raise Malformed.
        on_problem: told of the entries that are left out.
    """
    try:
        listed, annotations = list_value(listed, "images"), list_value(annotations, "annotations")
    except Malformed as error:
        on_problem(LabelProblem(file.where, None, error.what, error.remedy))
        return
    images: dict[int | str, LabelledImage] = {}
    for key, image in entries(listed, "image", file.where, on_problem, _image):
        if key in images:
            what = f"two images have the id {described(key)}"
            on_problem(LabelProblem(file.where, None, what, CORRECT_ENTRY))
        else:
            images[key] = image
    texts: dict[int | str, list[TextInstance]] = {key: [] for key in images}

    def read(entry: dict[str, Any]) -> tuple[int | str, TextInstance]:
        key = _id_value(entry.get("image_id"), "image_id")
        if key not in texts:
            raise Malformed(f"there is no image {described(key)}", CORRECT_ENTRY)
        return key, instance_of(entry)

    for key, instance in entries(annotations, "annotation", file.where, on_problem, read):
        texts[key].append(instance)
    for key, image in images.items():
        yield LabelledImage(image.image, tuple(texts[key]), image.size, file=file.where)


def _overlook(problem: LabelProblem) -> None:
    """When a format is only guessed, nothing is a problem."""


def _image(entry: dict[str, Any]) -> tuple[int | str, LabelledImage]:
    name = image_value(entry.get("file_name"), "file_name")
    size = size_value(entry.get("height"), entry.get("width"))
    return _id_value(entry.get("id"), "id"), LabelledImage(name, (), size)


def _id_value(value: object, name: str) -> int | str:
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise Malformed(f"{name} is {described(value)}, expected a number", CORRECT_ENTRY)
    return value


def _instance(entry: dict[str, Any]) -> TextInstance:
    attributes = entry.get("attributes")
    found = {**entry, **attributes} if isinstance(attributes, dict) else entry
    text = next((found[key] for key in _TEXT_KEYS if found.get(key) is not None), None)
    return TextInstance(
        _polygon(entry),
        text_value(text, "the text"),
        ignore=flag_value(entry.get("iscrowd"), "iscrowd"),
        language=text_value(found.get("language"), "the language"),
    )


def _polygon(entry: dict[str, Any]) -> Points:
    segmentation = entry.get("segmentation")
    if isinstance(segmentation, dict):
        raise Malformed("a mask (run-length code), not a polygon", "Export the texts as polygons.")
    if segmentation in (None, []):
        return box_value(entry.get("bbox"))
    if not isinstance(segmentation, list):
        raise Malformed(f"segmentation is {described(segmentation)}, expected a list", CORRECT_ENTRY)
    if not isinstance(segmentation[0], list):
        return points_value(segmentation)
    if len(segmentation) > 1:
        raise Malformed(f"{len(segmentation)} parts, expected one polygon", "Join the parts of the text.")
    return points_value(segmentation[0])


def _annotation(number: int, image: int, instance: TextInstance) -> dict[str, Any]:
    x0, y0, x1, y1 = bounds(instance.polygon)
    attributes = {"text": instance.text, "language": instance.language}
    return {
        "id": number,
        "image_id": image,
        "category_id": CATEGORY["id"],
        "iscrowd": int(instance.ignore),
        "segmentation": [instance.polygon.ravel().tolist()],
        "bbox": [x0, y0, x1 - x0, y1 - y0],
        "area": area(instance.polygon),
        "attributes": {key: value for key, value in attributes.items() if value},
    }
