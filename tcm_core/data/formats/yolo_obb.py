"""YOLO-OBB (Ultralytics): `labels/.../<image>.txt`, a line a text: class and four corners, 0 to 1.

`class x1 y1 x2 y2 x3 y3 x4 y4`, the coordinates in shares of the width and height of the image, so that the
images are needed: in the folder that is called `images` where the labels' is called `labels`, or beside the
label files. `data.yaml` or `classes.txt` names the classes; a text of a class named ignore, ignored,
difficult, illegible, dontcare or ### is ignored, every other class is a text that counts. There are no
transcriptions. The sizes are those of the turned image: Ultralytics applies the EXIF orientation.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import Final

import numpy as np
import yaml  # type: ignore[import-untyped]
from numpy.typing import NDArray

from tcm_core.data.atomic_file import write_atomic
from tcm_core.data.formats.icdar import IGNORE_TEXT, fitted_words
from tcm_core.data.formats.json_labels import unholdable
from tcm_core.data.formats.labelled import (
    LabelChange,
    LabelledImage,
    LabelProblem,
    LabelReport,
    OnProblem,
    refuse,
)
from tcm_core.data.formats.labelme import IGNORE_NAMES
from tcm_core.data.formats.lines import (
    SAMPLE_FILES,
    Malformed,
    decode_labels,
    first_lines,
    fit,
    numbers,
    parse_file,
    polygon_of,
)
from tcm_core.data.formats.output import Line, file_names, losses, text_content
from tcm_core.data.formats.source import (
    LabelFile,
    image_stem,
    is_file,
    is_folder,
    is_zip,
    label_files,
    read_bounded,
)
from tcm_core.data.image_files import IMAGE_SUFFIXES
from tcm_core.data.image_io import read_size
from tcm_core.data.sample import TextInstance
from tcm_core.errors import BadImage
from tcm_core.geometry.polygon import area
from tcm_core.geometry.quad import min_area_quad

DATA: Final = "data.yaml"
CLASSES: Final = "classes.txt"
MAX_YAML_BYTES: Final = 100_000

_LABELS: Final = "labels"
_TEXT_CLASS: Final = 0
_IGNORE_CLASS: Final = 1
_PLACES: Final = 9  # decimals: a hundred-thousandth of a pixel in an image of 10,000
_NO_AREA: Final = 1e-12  # of the image; what rounding leaves of a polygon that was pressed flat
_FURTHEST: Final = 1.0  # a corner may lie outside by the whole image; more was never divided by the size


def read_yolo_obb(source: Path, on_problem: OnProblem = refuse) -> Iterator[LabelledImage]:
    """The images of a folder with `labels` and `images`, of the labels' folder, or of one label file.

    Of a folder that has no `labels` in it all .txt files but classes.txt are read. Names of images are
    relative to `images`, or to the source when there is no such folder.
    """
    if is_zip(source):
        what = "YOLO labels in a zip, whose images cannot be measured"
        on_problem(LabelProblem(str(source), None, what, "Unpack it and give the folder."))
        return
    ignored = _ignored_classes(source, on_problem)
    for file in _text_files(source, on_problem):
        try:
            path = _image_path(Path(file.where))
            height, width = read_size(path, "view")
        except (Malformed, BadImage) as error:
            remedy = error.remedy if isinstance(error, Malformed) else "Repair the image."
            on_problem(LabelProblem(file.where, None, str(error), remedy))
            continue
        inside = PurePosixPath(_below_labels(file.name))
        image = str(inside.with_name(path.name))
        parse = partial(_parse_line, scale=np.array([width, height], dtype=np.float64), ignored=ignored)
        yield replace(parse_file(file, image, parse, on_problem), size=(height, width))


def write_yolo_obb(images: Sequence[LabelledImage], out: Path) -> LabelReport:
    """Write `labels/<image>.txt` and `data.yaml`, for images that lie (or will lie) in `images` beside them.

    Images of unknown size are left out. Corners outside the image are moved to its edge: Ultralytics drops
    whole images for one corner outside.

    Raises:
        TcmError: a file cannot be written, or a name leaves the folder or is there twice.
    """
    known = [image for image in images if image.size is not None]
    changes = [
        LabelChange(image.image, None, "left out: the size of the image is not known")
        for image in images
        if image.size is None
    ]
    names = file_names(known, lambda image: f"labels/{image_stem(image)}.txt")
    written = 0
    any_ignored = False
    for name, image in zip(names, known, strict=True):
        lines = []
        for index, instance in enumerate(image.instances):
            line, changed = _line(instance, image.size or (1, 1))
            changes += [LabelChange(image.image, index, what) for what in changed]
            if line is not None:
                lines.append(line)
                any_ignored |= instance.ignore
        write_atomic(out / name, text_content(lines))
        written += len(lines)
    classes = ["  0: text", "  1: ignore"][: 2 if any_ignored else 1]
    write_atomic(out / DATA, text_content(["path: .", "train: images", "val: images", "names:", *classes]))
    return LabelReport(len(known), written, tuple(changes))


def recognise_yolo_obb(source: Path) -> bool:
    """Whether the lines of the first label file are a class and eight shares of a side."""
    if is_file(source) and source.suffix.lower() != ".txt":
        return False
    for file in islice(_text_files(source, _overlook), SAMPLE_FILES):
        lines = first_lines([file])
        if lines:
            return fit(lines, partial(_parse_line, scale=np.ones(2), ignored=frozenset()))
    return False


def _overlook(problem: LabelProblem) -> None:
    """When a format is only guessed, nothing is a problem."""


def _text_files(source: Path, on_problem: OnProblem) -> Iterator[LabelFile]:
    """The files of one label a line; when some folder is called labels, only those below such a one."""
    nested = is_folder(source) and any(path.is_dir() for path in source.rglob(_LABELS))
    for file in label_files(source, (".txt",), on_problem):
        path = PurePosixPath(file.name)
        if _LABELS in path.parts[:-1] if nested else path.name.lower() != CLASSES:
            yield file


def _below_labels(name: str) -> str:
    parts = PurePosixPath(name).parts
    if _LABELS not in parts[:-1]:
        return name
    return str(PurePosixPath(*parts[len(parts) - parts[::-1].index(_LABELS) :]))


def _image_path(labels: Path) -> Path:
    parts = labels.absolute().parts[:-1]
    folders = [labels.parent]
    if _LABELS in parts:
        place = len(parts) - 1 - parts[::-1].index(_LABELS)
        folders.insert(0, Path(*parts[:place], "images", *parts[place + 1 :]))
    for folder in folders:
        for suffix in sorted(IMAGE_SUFFIXES):
            for ending in (suffix, suffix.upper()):
                path = folder / f"{labels.stem}{ending}"
                if is_file(path):
                    return path
    remedy = "Put the images into a folder images beside labels."
    raise Malformed("its image is not found, whose size is needed", remedy)


def _ignored_classes(source: Path, on_problem: OnProblem) -> frozenset[str]:
    """The numbers of the classes that mean ignored."""
    start = source.absolute() if is_folder(source) else source.absolute().parent
    for folder in (start, start.parent, start.parent.parent):
        for name in (DATA, CLASSES):
            path = folder / name
            if is_file(path):
                content = read_bounded(path, on_problem, MAX_YAML_BYTES)
                if content is None:
                    return frozenset()
                text = decode_labels(content)
                lines = {str(number): line for number, line in enumerate(text.splitlines())}
                names = _yaml_names(path, text, on_problem) if name == DATA else lines
                return frozenset(key for key, value in names.items() if _means_ignored(value))
    return frozenset()


def _yaml_names(path: Path, text: str, on_problem: OnProblem) -> dict[str, str]:
    try:
        data = yaml.load(text, yaml.BaseLoader)  # noqa: S506 - it makes texts, lists and mappings only
    except (yaml.YAMLError, ValueError, OverflowError, RecursionError, MemoryError) as error:
        what = f"not YAML ({str(error)[:100]})"
        on_problem(LabelProblem(str(path), None, what, "Correct it, or take it away."))
        return {}
    names = data.get("names") if isinstance(data, dict) else None
    if isinstance(names, list):
        names = dict(zip(map(str, range(len(names))), names, strict=True))
    if isinstance(names, dict):
        # only texts: aliases make structures that grow without end when they are written out
        return {key: value for key, value in names.items() if isinstance(value, str)}
    on_problem(LabelProblem(str(path), None, "no names of classes in it", "Add names, as Ultralytics does."))
    return {}


def _means_ignored(name: str) -> bool:
    return name.strip().lower() in IGNORE_NAMES or name.strip() == IGNORE_TEXT


def _parse_line(line: str, scale: NDArray[np.float64], ignored: frozenset[str]) -> TextInstance:
    fields = line.split()
    expected = "a class and 8 shares of the image's sides"
    if len(fields) != 9:
        raise Malformed(f"{len(fields)} fields, expected {expected}; found {line[:80]!r}")
    values = np.array(numbers(fields, 9, expected)[1:]).reshape(4, 2)
    if re.fullmatch("[0-9]{1,9}", fields[0]) is None:
        raise Malformed(f"class {fields[0]:.40}, expected a whole number from 0")
    if not ((values >= -_FURTHEST) & (values <= 1 + _FURTHEST)).all():
        raise Malformed(f"corners far outside the image; expected {expected}, found {line[:80]!r}")
    return TextInstance(polygon_of((values * scale).tolist()), ignore=str(int(fields[0])) in ignored)


def _line(instance: TextInstance, size: tuple[int, int]) -> Line:
    reason = unholdable(instance.polygon)
    if reason:
        return None, [f"dropped: {reason}"]
    changed = losses(instance, text=False, ignore=True, language=False)
    polygon = instance.polygon
    if len(polygon) != 4:
        changed.insert(0, fitted_words(polygon))
        polygon = min_area_quad(polygon)
    shares = polygon / np.array([size[1], size[0]])
    if ((shares < 0) | (shares > 1)).any():
        changed.append("corners outside the image were moved to its edge")
        shares = shares.clip(0, 1)
        if area(shares) < _NO_AREA:
            return None, ["dropped: outside the image"]
    number = _IGNORE_CLASS if instance.ignore else _TEXT_CLASS
    return " ".join([str(number), *(f"{share:.{_PLACES}f}" for share in shares.ravel())]), changed
