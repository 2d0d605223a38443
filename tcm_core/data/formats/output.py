"""Label files going out: their names, one atomic write each (or one zip), and what a format cannot hold."""

import io
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from tcm_core.data.atomic_file import write_atomic
from tcm_core.data.formats.labelled import LabelChange, LabelledImage
from tcm_core.data.formats.lines import one_line
from tcm_core.data.formats.source import is_contained
from tcm_core.data.sample import TextInstance
from tcm_core.errors import BadLabels

IGNORE_TEXTS: Final = ("", "###", "#")
"""Transcriptions of an ignored text that say nothing, so that losing them loses nothing."""

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
    names = []
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


def losses(
    image: str, index: int, instance: TextInstance, *, text: bool, ignore: bool, language: bool
) -> list[LabelChange]:
    """What of an instance is not in the file, apart from its polygon.

    Args:
        image: LabelledImage.image.
        index: of the instance.
        instance: that is written.
        text: whether the format holds the transcription of a text that is not ignored.
        ignore: whether the format can mark a text as ignored (by "###" in the place of its transcription).
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
    return [LabelChange(image, index, reason) for reason in what]
