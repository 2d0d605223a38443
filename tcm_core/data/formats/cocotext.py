"""COCO-Text, version 2 and the older 1.4: one JSON with "imgs", "anns" and "imgToAnns", keyed by id.

The polygon of a text is "mask" (version 2) or "polygon" (1.4), a flat list of numbers; where both are
missing, the corners of "bbox". Illegible texts are ignored. "utf8_string" is the transcription; "language"
is "english", "not english" or "na", which means unknown. Source: Veit et al. 2016, "COCO-Text".
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from tcm_core.data.atomic_file import write_atomic
from tcm_core.data.formats.coco import dataset_file, first_object, join_images
from tcm_core.data.formats.json_labels import (
    CORRECT_ENTRY,
    box_value,
    described,
    holdable,
    json_content,
    json_object,
    points_value,
    text_value,
)
from tcm_core.data.formats.labelled import (
    LabelChange,
    LabelledImage,
    LabelReport,
    OnProblem,
    refuse,
)
from tcm_core.data.formats.lines import Malformed
from tcm_core.data.formats.output import missing_facts
from tcm_core.data.formats.source import MAX_DATASET_FILE_BYTES, label_files
from tcm_core.data.sample import TextInstance
from tcm_core.geometry.polygon import Points, area, bounds

UNKNOWN_LANGUAGE: Final = "na"

_LEGIBILITY: Final = {"legible": False, "illegible": True}


def read_cocotext(source: Path, on_problem: OnProblem = refuse) -> Iterator[LabelledImage]:
    """The images of a JSON file, or of all in a folder or zip, in the order of "imgs"."""
    for file in label_files(source, (".json",), on_problem, MAX_DATASET_FILE_BYTES):
        data = json_object(file, on_problem)
        if data is not None:
            images, annotations = _values(data.get("imgs")), _values(data.get("anns"))
            yield from join_images(file, images, annotations, _instance, on_problem)


def write_cocotext(images: Sequence[LabelledImage], out: Path) -> LabelReport:
    """Write one JSON of version 2: out itself when it ends with .json, else annotations.json in it.

    All images are written into the set "train". Sizes that are not known are left out; each is in the report.

    Raises:
        TcmError: the file cannot be written; an older one is then untouched.
    """
    changes: list[LabelChange] = []
    listed: dict[str, dict[str, Any]] = {}
    annotations: dict[str, dict[str, Any]] = {}
    of_image: dict[str, list[int]] = {}
    for number, image in enumerate(images, 1):
        entry: dict[str, Any] = {"id": number, "set": "train", "file_name": image.image}
        changes += missing_facts(image, size=True)
        if image.size is not None:
            entry |= {"height": image.size[0], "width": image.size[1]}
        listed[str(number)] = entry
        of_image[str(number)] = []
        for _, instance in holdable(image, changes):
            key = len(annotations) + 1
            of_image[str(number)].append(key)
            annotations[str(key)] = _annotation(key, number, instance)
    data = {"cats": {}, "imgs": listed, "anns": annotations, "imgToAnns": of_image, "info": {"version": "2"}}
    write_atomic(dataset_file(out), json_content(data))
    return LabelReport(len(images), len(annotations), tuple(changes))


def recognise_cocotext(source: Path) -> bool:
    """Whether the first JSON file has the keyed images and annotations of COCO-Text."""
    data = first_object(source)
    return data is not None and all(isinstance(data.get(key), dict) for key in ("imgs", "anns"))


def _values(keyed: object) -> object:
    """The entries of {id: entry, ...} as a list; they hold their id as well."""
    return list(keyed.values()) if isinstance(keyed, dict) else keyed


def _instance(entry: dict[str, Any]) -> TextInstance:
    legibility = entry.get("legibility", "legible")
    if not isinstance(legibility, str) or legibility not in _LEGIBILITY:
        raise Malformed(
            f"legibility is {described(legibility)}, expected legible or illegible", CORRECT_ENTRY
        )
    language = text_value(entry.get("language"), "the language")
    return TextInstance(
        _polygon(entry),
        text_value(entry.get("utf8_string"), "utf8_string"),
        ignore=_LEGIBILITY[legibility],
        language="" if language == UNKNOWN_LANGUAGE else language,
    )


def _polygon(entry: dict[str, Any]) -> Points:
    outline = next((entry[key] for key in ("mask", "polygon") if entry.get(key)), None)
    return box_value(entry.get("bbox")) if outline is None else points_value(outline)


def _annotation(key: int, image: int, instance: TextInstance) -> dict[str, Any]:
    x0, y0, x1, y1 = bounds(instance.polygon)
    return {
        "id": key,
        "image_id": image,
        "mask": instance.polygon.ravel().tolist(),
        "bbox": [x0, y0, x1 - x0, y1 - y0],
        "area": area(instance.polygon),
        "class": "machine printed",
        "legibility": "illegible" if instance.ignore else "legible",
        "language": instance.language or UNKNOWN_LANGUAGE,
        "utf8_string": instance.text,
    }
