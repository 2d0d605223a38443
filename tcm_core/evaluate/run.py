"""Evaluation of files: labels and results from folders or zips, as strict as the official script."""

import json
import re
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import Final, Literal, TypeVar

import numpy as np

from tcm_core.data.formats.icdar import IGNORE_TEXT, decode_labels, decode_transcription, numbered_lines
from tcm_core.data.sample import TextInstance
from tcm_core.errors import BadLabels
from tcm_core.evaluate.icdar15 import Icdar15Result, evaluate_icdar15
from tcm_core.geometry.polygon import Points

ProtocolName = Literal["icdar2015"]

MAX_FILE_BYTES: Final = 16_000_000
MAX_ZIP_ENTRIES: Final = 1_000_000
MAX_ZIP_BYTES: Final = 1_000_000_000

_INTEGER = r"\s*(-?[0-9]{1,9})\s*"
_EIGHT: Final = ",".join([_INTEGER] * 8)
_DETECTION_LINE: Final = re.compile(_EIGHT)
_GT_LINE: Final = re.compile(_EIGHT + ",(.*)", re.DOTALL)

_File = TypeVar("_File")


def evaluate_files(gt: Path, det: Path) -> Icdar15Result:
    """The ICDAR 2015 figures of result files against label files.

    Args:
        gt: a folder or a zip of gt_<stem>.txt.
        det: a folder or a zip of res_<stem>.txt; a missing file has no detections.

    Raises:
        BadLabels: a file that cannot be read, a name or line that does not fit, a polygon that is not
            clockwise, results for an image without labels, or no label file at all.
    """
    return evaluate_icdar15(read_ground_truth(gt), read_detections(det))


def result_json(result: Icdar15Result) -> str:
    """The figures as one JSON object, with the keys precision, recall, hmean, matched, care_gt, care_det."""
    figures = {
        "precision": result.precision,
        "recall": result.recall,
        "hmean": result.hmean,
        "matched": result.matched,
        "care_gt": result.care_gt,
        "care_det": result.care_det,
    }
    return json.dumps(figures, indent=2) + "\n"


def read_ground_truth(source: Path) -> dict[str, list[TextInstance]]:
    """The labels of a folder or zip by stem (sub-folders with slashes).

    Raises:
        BadLabels: as evaluate_files.
    """
    labels = _read_source(source, "gt_", parse_ground_truth)
    if not labels:
        raise BadLabels(f"{source}: no label file gt_<name>.txt in it. Check the path.")
    return labels


def read_detections(source: Path) -> dict[str, list[Points]]:
    """The detections of a folder or zip by stem (sub-folders with slashes).

    Raises:
        BadLabels: as evaluate_files.
    """
    return _read_source(source, "res_", parse_detections)


def parse_ground_truth(text: str, where: str) -> list[TextInstance]:
    """The labels of one file: eight whole numbers, clockwise, a comma, and the transcription.

    Raises:
        BadLabels: a line that is otherwise, named by file and line.
    """
    instances = []
    for number, line in numbered_lines(text):
        match = _GT_LINE.fullmatch(line)
        if match is None:
            raise BadLabels(
                f"{where} line {number}: expected 8 whole numbers, a comma and a text; found {line[:80]!r}"
            )
        polygon = _clockwise_quad(match.groups()[:8], f"{where} line {number}")
        transcription = decode_transcription(match.group(9))
        instances.append(TextInstance(polygon, transcription, ignore=transcription == IGNORE_TEXT))
    return instances


def parse_detections(text: str, where: str) -> list[Points]:
    """The quads of one result file: eight whole numbers a line, clockwise, and nothing else.

    Raises:
        BadLabels: a line that is otherwise, named by file and line.
    """
    polygons = []
    for number, line in numbered_lines(text):
        match = _DETECTION_LINE.fullmatch(line)
        if match is None:
            raise BadLabels(
                f"{where} line {number}: expected 8 whole numbers and nothing else; found {line[:80]!r}"
            )
        polygons.append(_clockwise_quad(match.groups(), f"{where} line {number}"))
    return polygons


def _clockwise_quad(fields: Sequence[str], where: str) -> Points:
    values = [int(field) for field in fields]
    x, y = values[0::2], values[1::2]
    turned = sum((x[(i + 1) % 4] - x[i]) * (y[(i + 1) % 4] + y[i]) for i in range(4))
    if turned > 0:
        raise BadLabels(
            f"{where}: the points run counter-clockwise, they must run clockwise; found {','.join(fields)}"
        )
    return np.array(values, dtype=np.float64).reshape(4, 2)


def _read_source(source: Path, prefix: str, parse: Callable[[str, str], _File]) -> dict[str, _File]:
    """Each file of a folder or zip, parsed, by what its name has between the prefix and .txt."""
    files = _zip_files(source) if source.is_file() else _folder_files(source)
    parsed: dict[str, _File] = {}
    for name, where, content in files:
        path = PurePosixPath(name)
        stem = path.name.removeprefix(prefix).removesuffix(".txt")
        if not stem or path.name != f"{prefix}{stem}.txt":
            raise BadLabels(
                f"{where}: a file named {prefix}<name>.txt was expected here. Rename or remove it."
            )
        parsed[path.with_name(stem).as_posix()] = parse(decode_labels(content), where)
    return parsed


def _folder_files(folder: Path) -> Iterator[tuple[str, str, bytes]]:
    """(name in the folder, name for messages, content) of every .txt below it; other files may lie there."""
    if not folder.is_dir():
        raise BadLabels(f"{folder}: no such folder or zip file. Check the path.")
    for path in sorted(folder.rglob("*.txt")):
        if path.name.startswith(".") or not path.is_file():
            continue
        try:
            if path.stat().st_size > MAX_FILE_BYTES:
                raise BadLabels(f"{path}: larger than {MAX_FILE_BYTES:,} bytes, this is no label file.")
            content = path.read_bytes()
        except OSError as error:
            raise BadLabels(f"{path}: cannot be read ({error.strerror}). Check its permissions.") from error
        yield path.relative_to(folder).as_posix(), str(path), content


def _zip_files(source: Path) -> Iterator[tuple[str, str, bytes]]:
    """As _folder_files, of a zip; a single folder around everything does not count as part of the names."""
    try:
        with zipfile.ZipFile(source) as archive:
            entries = _checked_entries(source, archive)
            tops = {PurePosixPath(entry.filename).parts[0] for entry in entries}
            nested = all(len(PurePosixPath(entry.filename).parts) > 1 for entry in entries)
            for entry in entries:
                path = PurePosixPath(entry.filename)
                name = PurePosixPath(*path.parts[1:]) if nested and len(tops) == 1 else path
                with archive.open(entry) as file:
                    content = file.read(MAX_FILE_BYTES + 1)  # the size in the header may be wrong
                if len(content) > MAX_FILE_BYTES:
                    raise BadLabels(f"{source}: {entry.filename} is larger than {MAX_FILE_BYTES:,} bytes.")
                yield name.as_posix(), f"{source}: {entry.filename}", content
    except (OSError, EOFError, zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError) as error:
        raise BadLabels(
            f"{source}: not a zip file that can be read ({error}). Give a folder or a zip without a password."
        ) from error


def _checked_entries(source: Path, archive: zipfile.ZipFile) -> list[zipfile.ZipInfo]:
    entries = [
        entry
        for entry in archive.infolist()
        if not entry.is_dir() and not entry.filename.startswith("__MACOSX/")
    ]
    if len(entries) > MAX_ZIP_ENTRIES or sum(entry.file_size for entry in entries) > MAX_ZIP_BYTES:
        raise BadLabels(
            f"{source}: more than {MAX_ZIP_ENTRIES:,} files or {MAX_ZIP_BYTES:,} bytes in the zip."
        )
    seen: set[str] = set()
    for entry in entries:
        path = PurePosixPath(entry.filename)
        if path.is_absolute() or ".." in path.parts or "\\" in entry.filename or ":" in entry.filename:
            raise BadLabels(f"{source}: the entry {entry.filename!r} points outside the zip. Pack it again.")
        if entry.filename in seen:
            raise BadLabels(f"{source}: {entry.filename!r} is in the zip twice. Pack it again.")
        seen.add(entry.filename)
    return entries
