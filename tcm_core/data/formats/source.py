"""Where label files come from: a folder, a zip or one file, with bounds on everything that is read.

Nothing is unpacked to disk, links to folders are not followed, and a zip inside a zip is not opened.
"""

import lzma
import os
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath
from typing import Final, NamedTuple

from tcm_core.data.formats.labelled import LabelProblem, OnProblem
from tcm_core.data.image_files import IMAGE_SUFFIXES, natural_key

MAX_FILE_BYTES: Final = 16_000_000
"""Of one label file that belongs to one image; larger ones are refused before they are read."""
MAX_DATASET_FILE_BYTES: Final = 512 * 2**20
"""Of one file that holds the labels of a whole data set; the largest public one, COCO's, has 448 MiB."""
MAX_ZIP_ENTRIES: Final = 1_000_000
MAX_ZIP_BYTES: Final = 2**31
"""Of all files of a zip together, unpacked."""
MAX_ZIP_RATIO: Final = 200
"""A file larger than MAX_FILE_BYTES that unpacks to more than this is taken for a bomb, not for labels."""

_ZIP_STARTS: Final = (b"PK\x03\x04", b"PK\x05\x06")
_UNZIPPING_ERRORS: Final = (
    OSError, EOFError, ValueError, LookupError, RuntimeError, MemoryError,
    zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error,
)  # fmt: skip


class LabelFile(NamedTuple):
    """One label file, read.

    Attributes:
        name: POSIX path inside the source; of a single file its name.
        where: the file for messages.
        content: bounded by the limit of label_files.
    """

    name: str
    where: str
    content: bytes


def label_files(
    source: Path, suffixes: tuple[str, ...], on_problem: OnProblem, limit: int = MAX_FILE_BYTES
) -> Iterator[LabelFile]:
    """The label files of a folder or zip, sub-folders included, or the one file; hidden ones are left out.

    In a zip, a single folder around everything does not count as part of the names.

    Args:
        source: the folder, zip or file.
        suffixes: endings of the files that are meant (".txt",), in lower case; others may lie beside them.
        on_problem: told of what is missing, too large, unreadable, or climbs out of a zip.
        limit: bytes of one file; larger ones are refused unread.
    """
    silent = True

    def tell(problem: LabelProblem) -> None:
        nonlocal silent
        silent = False
        on_problem(problem)

    for file in _files(source, suffixes, tell, limit):
        silent = False
        yield file
    if silent:
        what = f"no label file ({', '.join(suffixes)}) in it"
        on_problem(LabelProblem(str(source), None, what, "Check the path and the name of the format."))


def read_bounded(path: Path, on_problem: OnProblem, limit: int = MAX_FILE_BYTES) -> bytes | None:
    """The content of a file; None, and a problem, when it cannot be read or is larger than the limit."""
    try:
        found = path.stat()
        if not stat.S_ISREG(found.st_mode):  # opening a pipe would wait for ever
            what, remedy = "not a file", "Take it out of the labels"
        elif found.st_size > limit:
            what, remedy = f"larger than {limit:,} bytes, this is no label file", "Take it out of the labels"
        else:
            with path.open("rb") as file:
                return file.read(limit)
    except FileNotFoundError:
        what, remedy = "no such file or folder", "Check the path"
    except (OSError, ValueError, MemoryError) as error:
        what = f"cannot be read ({getattr(error, 'strerror', None) or error})"
        remedy = "Check its permissions"
    on_problem(LabelProblem(str(path), None, what, f"{remedy}."))
    return None


def is_folder(path: Path) -> bool:
    """Whether this is a folder; False when that cannot be found out."""
    try:
        return path.is_dir()
    except OSError:
        return False


def is_file(path: Path) -> bool:
    """Whether this is a file; False when that cannot be found out."""
    try:
        return path.is_file()
    except OSError:
        return False


def is_zip(path: Path) -> bool:
    """Whether this is a file that begins like a zip; False when it cannot be read."""
    try:
        with path.open("rb") as file:
            return file.read(4) in _ZIP_STARTS
    except (OSError, ValueError):
        return False


def is_contained(name: str) -> bool:
    """Whether a relative POSIX path stays inside the folder it is relative to, on every system."""
    parts = [part for part in name.split("/") if part not in ("", ".")]
    outside = name.startswith("/") or ".." in parts or any(sign in name for sign in "\\:\0")
    return bool(parts) and not outside


def with_last(name: str, last: str) -> str:
    """The POSIX path with another last part."""
    folder, slash, _ = name.rpartition("/")
    return f"{folder}{slash}{last}"


def image_stem(image: str) -> str:
    """The path without the ending of an image file; "img_1", which has none, stays as it is."""
    suffix = PurePosixPath(image).suffix
    return image.removesuffix(suffix) if suffix.lower() in IMAGE_SUFFIXES else image


def _files(source: Path, suffixes: tuple[str, ...], on_problem: OnProblem, limit: int) -> Iterator[LabelFile]:
    if is_folder(source):
        yield from _folder_files(source, suffixes, on_problem, limit)
    elif is_zip(source):
        yield from _zip_files(source, suffixes, on_problem, limit)
    else:
        content = read_bounded(source, on_problem, limit)
        if content is not None:
            yield LabelFile(source.name, str(source), content)


def _folder_files(
    folder: Path, suffixes: tuple[str, ...], on_problem: OnProblem, limit: int
) -> Iterator[LabelFile]:
    names = [
        Path(parent, name).relative_to(folder).as_posix()
        for parent, subfolders, names in _walk(folder)
        for name in names
    ]
    for name in _meant(names, suffixes):
        path = folder / name
        content = read_bounded(path, on_problem, limit)
        if content is not None:
            yield LabelFile(name, str(path), content)


def _walk(folder: Path) -> Iterator[tuple[str, list[str], list[str]]]:
    for parent, subfolders, names in os.walk(folder):
        subfolders[:] = [name for name in subfolders if not name.startswith(".")]
        yield parent, subfolders, names


def _meant(names: Iterable[str], suffixes: tuple[str, ...]) -> list[str]:
    """The names that end so and are not hidden, in natural order."""
    return sorted(
        (
            name
            for name in names
            if name.lower().endswith(suffixes) and not PurePosixPath(name).name.startswith(".")
        ),
        key=natural_key,
    )


def _zip_files(
    source: Path, suffixes: tuple[str, ...], on_problem: OnProblem, limit: int
) -> Iterator[LabelFile]:
    try:
        with zipfile.ZipFile(source) as archive:
            entries = _zip_entries(source, archive, on_problem)
            shown = _without_outer_folder(list(entries))
            for name in _meant(shown, suffixes):
                entry = entries[shown[name]]
                content = _zip_content(source, archive, entry, on_problem, limit)
                if content is not None:
                    yield LabelFile(name, f"{source}/{entry.filename}", content)
    except _UNZIPPING_ERRORS as error:
        on_problem(
            LabelProblem(
                str(source), None, f"not a zip file that can be read ({error})",
                "Give a folder, or a zip that is whole.",
            )
        )  # fmt: skip


def _zip_content(
    source: Path, archive: zipfile.ZipFile, entry: zipfile.ZipInfo, on_problem: OnProblem, limit: int
) -> bytes | None:
    where = f"{source}/{entry.filename}"
    packed = max(entry.compress_size, 1)
    if entry.file_size > limit:
        what, remedy = f"larger than {limit:,} bytes, this is no label file", "Take it out of the zip."
    elif entry.file_size > MAX_FILE_BYTES and entry.file_size > MAX_ZIP_RATIO * packed:
        what, remedy = f"unpacks to {entry.file_size // packed} times its size", "Unpack it yourself."
    else:
        try:
            with archive.open(entry) as file:
                return file.read()  # never more than the size in the header
        except _UNZIPPING_ERRORS as error:
            what, remedy = f"cannot be unpacked ({error})", "Pack it again, without a password."
    on_problem(LabelProblem(where, None, what, remedy))
    return None


def _zip_entries(source: Path, archive: zipfile.ZipFile, on_problem: OnProblem) -> dict[str, zipfile.ZipInfo]:
    """The files of the zip by name, those left out that climb out of it, are there twice or are zips."""
    listed = [entry for entry in archive.infolist() if not entry.is_dir()]
    if len(listed) > MAX_ZIP_ENTRIES or sum(entry.file_size for entry in listed) > MAX_ZIP_BYTES:
        on_problem(
            LabelProblem(
                str(source), None,
                f"more than {MAX_ZIP_ENTRIES:,} files or {MAX_ZIP_BYTES:,} bytes in the zip",
                "Pack the label files alone.",
            )
        )  # fmt: skip
        return {}
    entries: dict[str, zipfile.ZipInfo] = {}
    for entry in listed:
        if entry.filename.startswith("__MACOSX/"):
            continue
        name = PurePosixPath(entry.filename).as_posix()
        if not is_contained(name):
            what, remedy = "the name points outside the zip", "Pack it again."
        elif name in entries:
            what, remedy = "is in the zip twice", "Pack it again."
        elif name.lower().endswith(".zip"):
            what, remedy = "a zip inside the zip is not opened", "Unpack it first."
        else:
            entries[name] = entry
            continue
        on_problem(LabelProblem(f"{source}/{name}", None, what, remedy))
    return entries


def _without_outer_folder(names: list[str]) -> dict[str, str]:
    """Name without a folder that holds everything -> name in the zip."""
    paths = [PurePosixPath(name) for name in names]
    if all(len(path.parts) > 1 for path in paths) and len({path.parts[0] for path in paths}) == 1:
        return {
            PurePosixPath(*path.parts[1:]).as_posix(): str(name)
            for path, name in zip(paths, names, strict=True)
        }
    return {path.as_posix(): name for path, name in zip(paths, names, strict=True)}
