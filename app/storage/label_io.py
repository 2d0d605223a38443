"""Labels to and from files of other programs. What an export changes is known before anything is written."""

import io
import zipfile
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Final

from app.domain.page import Page
from app.domain.region import Region, new_region
from app.storage.errors import StorageError
from app.storage.project_db import check_key
from tcm_core.data.atomic_file import write_atomic
from tcm_core.data.formats.icdar import IGNORE_TEXT, WriteReport, plan_icdar
from tcm_core.data.sample import TextInstance
from tcm_core.errors import TcmError
from tcm_core.geometry.orientation import turn_polygon

if TYPE_CHECKING:
    from tcm_core.data.image_io import ImageHeader

_ZIP_TIME: Final = (1980, 1, 1, 0, 0, 0)  # the same labels give the same file


@dataclass(frozen=True)
class ExportItem:
    """What will be written for one page."""

    key: str
    file_name: str  # in a folder: the folders of the images are kept
    report: WriteReport  # indices into the page's regions
    lines: tuple[str, ...]
    zip_name: str  # in a zip file, where all names lie side by side


def plan_export(
    pages: Sequence[tuple[str, Page]], headers: "Mapping[str, ImageHeader] | None" = None
) -> list[ExportItem]:
    """What an export of these pages in ICDAR 2015 format would write; nothing is written.

    `photo.jpg` gives `gt_photo.txt`. Images that would give the same file are kept apart: in a folder by the
    ending of the image (`gt_photo_jpg.txt`), in a zip file by the folders of the image too
    (`gt_trip_photo.txt`). `report_lines` says so.

    Args:
        pages: key and page; a page without regions gives an empty file, which says that there is no text.
        headers: of images whose labels are written in the stored frame; others are written as shown.

    Raises:
        StorageError: a key leaves the folder.
    """
    for key, _ in pages:
        check_key(key)
    keys = [PurePosixPath(key) for key, _ in pages]
    in_folder = _apart(keys, (_mirrored, _mirrored_with_ending))
    in_zip = _apart(keys, (_flat, _flat_with_folders, _flat_with_all))
    items = []
    for (key, page), file_name, zip_name in zip(pages, in_folder, in_zip, strict=True):
        lines, report = plan_icdar(instances_of(page, headers.get(key) if headers else None))
        items.append(ExportItem(key, file_name, report, tuple(lines), zip_name))
    return items


def report_lines(items: Sequence[ExportItem], as_zip: bool) -> list[str]:
    """In words, what the export changes: regions fitted to quads, regions left out, files named unusually."""
    words = []
    for item in items:
        name = item.zip_name if as_zip else item.file_name
        usual = _flat(PurePosixPath(item.key)) if as_zip else _mirrored(PurePosixPath(item.key))
        if name != usual:
            words.append(f"{item.key}: written as {name}, because another image would give {usual} too")
        if fitted := item.report.quads_fitted:
            noun = "region does" if len(fitted) == 1 else "regions do"
            words.append(
                f"{item.key}: {len(fitted)} {noun} not have four corners ({_numbers(fitted)}) "
                "and will be written as the smallest rectangle around"
            )
        words.extend(
            f"{item.key}: region {index + 1} will be left out: {reason}"
            for index, reason in item.report.dropped
        )
    return words


def write_export(items: Sequence[ExportItem], out: Path, as_zip: bool) -> list[Path]:
    """Write the planned files; each is whole or not there, and an older one is kept when writing fails.

    Args:
        items: from `plan_export`.
        out: the folder to write into, or the zip file to write; a folder given for a zip gets `labels.zip`.
        as_zip: one flat zip file with nothing but the labels, as a submission wants it.

    Returns:
        The files written.

    Raises:
        StorageError: names the file that could not be written and how many were written before it.
    """
    if as_zip:
        path = out / "labels.zip" if out.is_dir() else out
        _write(path, _zipped(items), 0)
        return [path]
    written: list[Path] = []
    for item in items:
        path = out / item.file_name
        _write(path, _content(item), len(written))
        written.append(path)
    return written


def instances_of(page: Page, header: "ImageHeader | None" = None) -> list[TextInstance]:
    """The regions of a page as label formats take them, in their order.

    Args:
        page: its regions are in the view frame, as they are shown.
        header: of the image, when the stored frame is wanted; None: the view frame.
    """
    return [
        TextInstance(
            region.polygon
            if header is None
            else turn_polygon(region.polygon, header.stored_size, header.orientation, to="stored"),
            region.text,
            region.ignore,
        )
        for region in page.regions
    ]


def regions_of(instances: Sequence[TextInstance], header: "ImageHeader | None" = None) -> list[Region]:
    """The regions of labels, as made by a person; a text of "###" becomes an ignored region without text.

    Args:
        instances: labels of one image.
        header: of the image, when the labels are in the stored frame; None: they are in the view frame.

    Raises:
        ValueError: a polygon has fewer than three points or a number that is not finite.
    """
    return [
        new_region(
            instance.polygon
            if header is None
            else turn_polygon(instance.polygon, header.stored_size, header.orientation, to="view"),
            text="" if instance.ignore and instance.text == IGNORE_TEXT else instance.text,
            ignore=instance.ignore,
        )
        for instance in instances
    ]


def _mirrored(key: PurePosixPath) -> str:
    return str(key.with_name(f"gt_{key.stem}.txt"))


def _mirrored_with_ending(key: PurePosixPath) -> str:
    return str(key.with_name(f"gt_{key.stem}_{key.suffix.removeprefix('.')}.txt"))


def _flat(key: PurePosixPath) -> str:
    return f"gt_{key.stem}.txt"


def _flat_with_folders(key: PurePosixPath) -> str:
    return f"gt_{'_'.join((*key.parent.parts, key.stem))}.txt"


def _flat_with_all(key: PurePosixPath) -> str:
    return f"gt_{'_'.join((*key.parent.parts, key.stem, key.suffix.removeprefix('.')))}.txt"


def _apart(keys: Sequence[PurePosixPath], ways: Sequence[Callable[[PurePosixPath], str]]) -> list[str]:
    """A name for each key, no two the same on any system: by the first way in which names do not meet.

    Args:
        keys: of the images.
        ways: of naming, the usual one first.
    """
    level = [0] * len(keys)
    while True:
        names = [ways[step](key) for step, key in zip(level, keys, strict=True)]
        uses = Counter(name.casefold() for name in names)
        meeting = [
            i for i, name in enumerate(names) if uses[name.casefold()] > 1 and level[i] < len(ways) - 1
        ]
        if not meeting:
            break
        for i in meeting:
            level[i] += 1
    taken: set[str] = set()
    for i, name in enumerate(names):
        number = 1
        while names[i].casefold() in taken:
            number += 1
            names[i] = f"{name.removesuffix('.txt')}_{number}.txt"
        taken.add(names[i].casefold())
    return names


def _numbers(indices: Iterable[int]) -> str:
    return ", ".join(str(index + 1) for index in indices)


def _content(item: ExportItem) -> bytes:
    return "".join(f"{line}\n" for line in item.lines).encode("utf-8", "replace")


def _zipped(items: Sequence[ExportItem]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for item in items:
            archive.writestr(zipfile.ZipInfo(item.zip_name, _ZIP_TIME), _content(item), zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


def _write(path: Path, content: bytes, written: int) -> None:
    try:
        write_atomic(path, content)
    except TcmError as error:
        count = "1 file was" if written == 1 else f"{written} files were"
        raise StorageError(f"{error} {count} written before it.") from error
