"""PPOCRLabel: one `Label.txt` a folder of images, a line an image: its path, a tab, a JSON list of texts.

`Label.txt` holds what a person has confirmed, `Cache.cach` (same layout) what the model had found,
`fileState.txt` which images are confirmed. `Label.txt` is read; the cache only where there is no `Label.txt`,
or when it is named itself. The path is the folder's name and the file's; the folder may have been renamed
since. PaddleOCR ignores the transcriptions ### and *, whatever "difficult" says; here either means ignored.

The lines are JSON. PPOCRLabel itself replaces the words true, false and null in a whole line before it
evaluates it, texts included ("true nullify" becomes "True Noneify"): in transcriptions that are written the
first letter of such a word is escaped, which is the same JSON, and safe from that. Points are whole pixels of
the turned image, as OpenCV and PaddleOCR load it.
"""

import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import Any, Final

from tcm_core.data.formats.icdar import IGNORE_TEXT
from tcm_core.data.formats.json_labels import (
    entries,
    flag_value,
    image_value,
    list_value,
    parsed,
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
from tcm_core.data.formats.lines import CORRECT_LINE, Malformed, decode_labels, numbered_lines
from tcm_core.data.formats.output import (
    IGNORE_TEXTS,
    file_names,
    missing_facts,
    text_content,
    whole_pixel_polygon,
    write_files,
)
from tcm_core.data.formats.source import MAX_DATASET_FILE_BYTES, LabelFile, is_file, label_files
from tcm_core.data.sample import TextInstance

LABELS: Final = "Label.txt"
CACHE: Final = "Cache.cach"
STATES: Final = "fileState.txt"
MAX_LINE: Final = 16_000_000
"""Characters of one line; nobody labels so much on one image."""

_IGNORED: Final = (IGNORE_TEXT, "*")
_ESCAPE: Final = re.compile(r"\\(u[0-9a-f]{4}|.)")
_LONG_ESCAPES: Final = {"t": "u0009", "n": "u000A", "f": "u000C"}
_WORD: Final = re.compile("true|false|null")


def read_ppocrlabel(source: Path, on_problem: OnProblem = refuse) -> Iterator[LabelledImage]:
    """The images of a folder or zip with `Label.txt`, or of such a file itself."""
    for file in _files(source, on_problem):
        lines: dict[str, int] = {}
        for number, line in numbered_lines(decode_labels(file.content)):
            try:
                image, values = _parse_line(file, line)
                if image in lines:
                    raise Malformed(f"labels of {image}, which line {lines[image]} has already", CORRECT_LINE)
            except Malformed as error:
                on_problem(LabelProblem(file.where, number, error.what, error.remedy))
                continue
            lines[image] = number
            instances = tuple(entries(values, "text", file.where, on_problem, _instance, number))
            yield LabelledImage(image, instances, file=file.where, lines=(number,) * len(instances))


def write_ppocrlabel(images: Sequence[LabelledImage], out: Path) -> LabelReport:
    """Write `Label.txt` and `fileState.txt` into the folder of the images, or a zip when out ends so.

    Points are rounded to whole pixels; what has no area then is left out. Ignored texts become ###.

    Raises:
        TcmError: a file cannot be written, or the name of an image is there twice or cannot stand in a line.
    """
    folder = out.absolute().stem if out.suffix.lower() == ".zip" else out.absolute().name
    keys = [_key(image.image, folder) for image in images]
    file_names(images, lambda image: re.sub(r"[\t\r\n]", "\0", image))  # \0 is refused
    changes: list[LabelChange] = []
    lines = []
    written = 0
    for image, key in zip(images, keys, strict=True):
        changes += missing_facts(image, size=False)
        texts = []
        for index, instance in enumerate(image.instances):
            polygon, reason = whole_pixel_polygon(instance.polygon)
            if polygon is None:
                changes.append(LabelChange(image.image, index, f"dropped: {reason}"))
                continue
            changes += _losses(image.image, index, instance)
            texts.append(_text_json(instance, polygon.astype(int).tolist()))
        lines.append(f"{key}\t[{', '.join(texts)}]")
        written += len(texts)
    contents = [text_content(lines), text_content([f"{key}\t1" for key in keys])]
    write_files((LABELS, STATES), contents, out)
    return LabelReport(len(images), written, tuple(changes))


def recognise_ppocrlabel(source: Path) -> bool:
    """Whether the first line of the labels is a path, a tab and a JSON list of transcriptions."""
    for file in _files(source, _overlook):
        for _, line in numbered_lines(decode_labels(file.content[:MAX_LINE]))[:1]:
            try:
                texts = list_value(parsed(line.partition("\t")[2]), "")
            except Malformed:
                return False
            return all(isinstance(text, dict) and "transcription" in text for text in texts)
    return False


def _overlook(problem: LabelProblem) -> None:
    """When a format is only guessed, nothing is a problem."""


def _files(source: Path, on_problem: OnProblem) -> Iterator[LabelFile]:
    confirmed = label_files(source, (LABELS.lower(),), _overlook, MAX_DATASET_FILE_BYTES)
    has_labels = is_file(source) or next(confirmed, None) is not None
    names = (LABELS.lower(),) if has_labels else (LABELS.lower(), CACHE.lower())
    return label_files(source, names, on_problem, MAX_DATASET_FILE_BYTES)


def _parse_line(file: LabelFile, line: str) -> tuple[str, list[object]]:
    if len(line) > MAX_LINE:
        raise Malformed(f"{len(line)} characters, at most {MAX_LINE} are read", CORRECT_LINE)
    path, tab, labels = line.partition("\t")
    if not tab:
        raise Malformed(f"no tab between the image and its labels; found {line[:80]!r}", CORRECT_LINE)
    values = list_value(parsed(labels), "the labels") if labels.strip() else []
    return _image_of(image_value(path, "the path"), file), values


def _image_of(path: str, file: LabelFile) -> str:
    """The image relative to the source: the folder's name goes when it is that of the labels' folder."""
    beside = Path(file.where).absolute().parent
    rest = PurePosixPath(path).parts[1:]
    folder = beside.stem if beside.suffix.lower() == ".zip" else beside.name
    same_folder = path.split("/", 1)[0] == folder
    renamed = not is_file(beside / path) and is_file(beside / PurePosixPath(path).name)
    if rest and (same_folder or renamed):
        path = "/".join(rest) if same_folder else rest[-1]
    return str(PurePosixPath(file.name).parent / path)


def _instance(entry: dict[str, Any]) -> TextInstance:
    text = text_value(entry.get("transcription"), "transcription")
    difficult = flag_value(entry.get("difficult"), "difficult")
    return TextInstance(points_value(entry.get("points")), text, ignore=difficult or text in _IGNORED)


def _key(image: str, folder: str) -> str:
    parts = PurePosixPath(image).parts
    return image if len(parts) > 1 and parts[0] != folder else f"{folder}/{image}"


def _text_json(instance: TextInstance, points: list[list[int]]) -> str:
    text = _evaluation_safe(IGNORE_TEXT if instance.ignore else instance.text)
    difficult = "true" if instance.ignore else "false"
    return f'{{"transcription": {text}, "points": {json.dumps(points)}, "difficult": {difficult}}}'


def _evaluation_safe(text: str) -> str:
    """The text as a JSON string without the words true, false and null, escapes included."""
    escaped = json.dumps(text, ensure_ascii=False)
    escaped = _ESCAPE.sub(lambda found: "\\" + _LONG_ESCAPES.get(found[1], _upper_hex(found[1])), escaped)
    return _WORD.sub(lambda found: f"\\u{ord(found[0][0]):04X}{found[0][1:]}", escaped)


def _upper_hex(escape: str) -> str:
    return "u" + escape[1:].upper() if len(escape) == 5 else escape


def _losses(image: str, index: int, instance: TextInstance) -> list[LabelChange]:
    what = []
    if instance.ignore and instance.text not in (*IGNORE_TEXTS, *_IGNORED):
        what.append("transcription lost")
    if not instance.ignore and instance.text in _IGNORED:
        what.append(f"the text {instance.text} will be read as ignored")
    if instance.language:
        what.append("language lost")
    return [LabelChange(image, index, reason) for reason in what]
