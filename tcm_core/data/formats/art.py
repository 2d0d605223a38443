"""ArT labels, and LSVT's, which are written the same way: one JSON for a whole data set.

`{"gt_1": [{"transcription": "...", "points": [[x, y], ...], "language": "Latin", "illegibility": false}]}`.
The keys are the images without their endings. A text is ignored when it is illegible or `###`.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from tcm_core.data.atomic_file import write_atomic
from tcm_core.data.formats.icdar import IGNORE_TEXT
from tcm_core.data.formats.json_labels import (
    entries,
    flag_value,
    image_value,
    json_content,
    json_object,
    list_value,
    points_value,
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
from tcm_core.data.formats.lines import Malformed, without_repeats
from tcm_core.data.formats.output import file_names, whole_pixel_polygon
from tcm_core.data.formats.source import MAX_DATASET_FILE_BYTES, LabelFile, image_stem, label_files
from tcm_core.data.sample import TextInstance

FILE_NAME: Final = "train_labels.json"


def read_art(source: Path, on_problem: OnProblem = refuse) -> Iterator[LabelledImage]:
    """The images of a JSON file, or of all in a folder or zip, in the order of the file."""
    files = label_files(source, (".json",), on_problem, MAX_DATASET_FILE_BYTES)
    return without_repeats((image for file in files for image in _images_of(file, on_problem)), on_problem)


def write_art(images: Sequence[LabelledImage], out: Path) -> LabelReport:
    """Write one JSON: out itself when it ends with .json, else train_labels.json in it; whole pixels.

    Raises:
        TcmError: the file cannot be written (an older one is then untouched), or two images have one stem.
    """
    keys = file_names(images, image_stem)
    changes: list[LabelChange] = []
    labels: dict[str, list[dict[str, Any]]] = {}
    for key, image in zip(keys, images, strict=True):
        labels[key] = []
        for index, instance in enumerate(image.instances):
            polygon, reason = whole_pixel_polygon(instance.polygon)
            if polygon is None:
                changes.append(LabelChange(image.image, index, f"dropped: {reason}"))
                continue
            if instance.text == IGNORE_TEXT and not instance.ignore:
                changes.append(LabelChange(image.image, index, "the text ### will be read as ignored"))
            labels[key].append(
                {
                    "transcription": instance.text,
                    "points": [[int(x), int(y)] for x, y in polygon],
                    "language": instance.language,
                    "illegibility": instance.ignore,
                }
            )
    write_atomic(out if out.suffix.lower() == ".json" else out / FILE_NAME, json_content(labels))
    return LabelReport(len(images), sum(map(len, labels.values())), tuple(changes))


def recognise_art(source: Path) -> bool:
    """Whether the first JSON file maps names to lists of transcriptions with points."""
    for file in label_files(source, (".json",), lambda problem: None, MAX_DATASET_FILE_BYTES):
        labels = json_object(file, lambda problem: None) or {}
        texts = [text for value in labels.values() if isinstance(value, list) for text in value]
        lists = all(isinstance(value, list) for value in labels.values())
        return (
            bool(texts)
            and lists
            and isinstance(texts[0], dict)
            and texts[0].keys() >= {"transcription", "points"}
        )
    return False


def _images_of(file: LabelFile, on_problem: OnProblem) -> Iterator[LabelledImage]:
    labels = json_object(file, on_problem)
    for key, value in (labels or {}).items():
        try:
            image = image_value(key, "the image")
            texts = list_value(value, f"{key} texts")
        except Malformed as error:
            on_problem(LabelProblem(file.where, None, error.what, error.remedy))
            continue
        instances = tuple(entries(texts, f"{key} text", file.where, on_problem, _instance))
        yield LabelledImage(image, instances, file=file.where)


def _instance(entry: dict[str, Any]) -> TextInstance:
    text = text_value(entry.get("transcription"), "the transcription")
    illegible = flag_value(entry.get("illegibility"), "illegibility")
    language = text_value(entry.get("language"), "the language")
    return TextInstance(points_value(entry.get("points")), text, illegible or text == IGNORE_TEXT, language)
