"""Label files going out: their names, one atomic write each (or one zip), and what a format cannot hold."""

import io
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path, PurePosixPath
from typing import Final

import numpy as np

from tcm_core.data.atomic_file import write_atomic
from tcm_core.data.formats.labelled import LabelChange, LabelledImage, LabelReport
from tcm_core.data.formats.lines import one_line
from tcm_core.data.formats.source import is_contained
from tcm_core.data.image_files import IMAGE_SUFFIXES
from tcm_core.data.sample import TextInstance
from tcm_core.errors import BadLabels
from tcm_core.geometry.polygon import Points, area

IGNORE_TEXTS: Final = ("", "###", "#")
"""Transcriptions of an ignored text that say nothing, so that losing them loses nothing."""

Line = tuple[str | None, list[str]]
"""The line of an instance, None when it is dropped, and what was changed, in words."""

_ZIP_TIME: Final = (1980, 1, 1, 0, 0, 0)  # the same labels give the same file


def file_names(images: Sequence[LabelledImage], name_of: Callable[[str], str]) -> list[str]:
    """The name of each image's label file, inside the folder or zip to be written.

    Args:
        images: to be written, one file each.
        name_of: from LabelledImage.image to a relative POSIX path.

    Raises:
        BadLabels: an image's path leaves the folder, or two images would share a file (also when the names
            differ in case only, which other systems cannot keep apart).
    """
    owners: dict[str, str] = {}
    names: list[str] = []
    for image in images:
        name = name_of(image.image)
        if not is_contained(image.image) or not is_contained(name):
            raise BadLabels(
                f"{image.image!r}: cannot be written, the path leaves the folder. Give the path of the image "
                "relative to its folder."
            )
        owner = owners.setdefault(name.casefold(), image.image)
        if len(owners) == len(names):
            raise BadLabels(
                f"{owner} and {image.image} would share the labels {name}. Rename one of the images."
            )
        names.append(name)
    return names


def write_files(names: Sequence[str], contents: Sequence[bytes], out: Path) -> None:
    """Write label files into a folder, each in one step, or all into one zip when out ends with .zip.

    Raises:
        TcmError: a file cannot be written; an older one is then untouched.
    """
    if out.suffix.lower() != ".zip":
        for name, content in zip(names, contents, strict=True):
            write_atomic(out / name, content)
        return
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in zip(names, contents, strict=True):
            archive.writestr(zipfile.ZipInfo(name, _ZIP_TIME), content, zipfile.ZIP_DEFLATED)
    write_atomic(out, buffer.getvalue())


def text_content(lines: Sequence[str]) -> bytes:
    """The lines as a file: UTF-8 without byte order mark, LF; what UTF-8 cannot hold is a question mark."""
    return "".join(f"{line}\n" for line in lines).encode("utf-8", errors="replace")


def write_line_files(
    images: Sequence[LabelledImage],
    out: Path,
    name_of: Callable[[str], str],
    line_of: Callable[[TextInstance], Line],
    *,
    numbered: bool = False,
) -> LabelReport:
    """Write one file an image, one line a text, into a folder, or into one zip when out ends with .zip.

    Args:
        images: to be written.
        out: folder or zip.
        name_of: from LabelledImage.image to the name of its label file.
        line_of: the line of an instance and what it changes.
        numbered: each line begins with its index in the file, from 0, and a blank.

    Raises:
        TcmError: a file cannot be written, or a name leaves the folder or is there twice.
    """
    names = file_names(images, name_of)
    contents: list[bytes] = []
    changes: list[LabelChange] = []
    written = 0
    for image in images:
        lines: list[str] = []
        for index, instance in enumerate(image.instances):
            line, changed = line_of(instance)
            changes += [LabelChange(image.image, index, what) for what in changed]
            if line is not None:
                lines.append(f"{len(lines)} {line}" if numbered else line)
        contents.append(text_content(lines))
        written += len(lines)
    write_files(names, contents, out)
    return LabelReport(len(images), written, tuple(changes))


def losses(instance: TextInstance, *, text: bool, ignore: bool, language: bool) -> list[str]:
    """What of an instance is not in the file, apart from its polygon, in words.

    Args:
        instance: that is written.
        text: whether the format holds the transcription of a text that is not ignored.
        ignore: whether the format marks a text as ignored by "###" or "#" in the place of its transcription,
            or, when it has no transcriptions, in any way.
        language: whether the format holds the language.
    """
    what = []
    marked = ignore and instance.ignore
    if instance.text not in IGNORE_TEXTS and (marked or not text):
        what.append("transcription lost")
    elif text and not marked and one_line(instance.text) != instance.text:
        what.append("line ends in the transcription became blanks")
    if instance.ignore and not ignore:
        what.append("written as a text that counts: the format cannot mark ignored texts")
    if instance.language and not language:
        what.append("language lost")
    return what


def mistaken(instance: TextInstance, written: str, mark: str) -> list[str]:
    """Says so when a text that is not ignored is written as the mark of ignored ones."""
    return [f"the text {mark} will be read as ignored"] if written == mark and not instance.ignore else []


def missing_facts(image: LabelledImage, *, size: bool) -> list[LabelChange]:
    """What a program that opens the labels will miss: the ending of the image file, the size of the image.

    Args:
        image: that is written.
        size: whether the format has a place for the size.
    """
    changes = []
    if PurePosixPath(image.image).suffix.lower() not in IMAGE_SUFFIXES:
        changes.append(LabelChange(image.image, None, "written without the ending of the image file"))
    if size and image.size is None:
        changes.append(LabelChange(image.image, None, "written without the size of the image"))
    return changes


def whole_pixel_polygon(polygon: Points) -> tuple[Points | None, str]:
    """The polygon in whole pixels, all its points in its own direction.

    Returns:
        (polygon, ""), or (None, the reason): fewer than three points, no area left, a coordinate not finite.
    """
    if len(polygon) < 3:
        return None, f"{len(polygon)} points, at least 3 are needed"
    if not np.isfinite(polygon).all():
        return None, "a coordinate is not a finite number"
    rounded = np.rint(polygon)
    if area(rounded) == 0:
        return None, "no area is left in whole pixels"
    return rounded, ""
