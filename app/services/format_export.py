"""Export in any label format: a trial that says what the format cannot hold, then the same for good."""

import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from app.domain.counted import counted
from app.domain.page import Page
from app.services.export_words import page_lines, single_lines
from app.storage.label_io import instances_of
from tcm_core.errors import BadImage, BadLabels
from tcm_core.geometry.orientation import ReadFrame

if TYPE_CHECKING:
    from tcm_core.data.formats.labelled import LabelledImage, LabelReport

WITHOUT_ZIP: Final = frozenset(("art", "cocotext", "coco", "yolo-obb"))
"""Formats that are one file, or a folder with images beside it."""
ONE_FILE: Final = frozenset(("art", "cocotext", "coco", "ppocrlabel", "yolo-obb"))
"""Formats in which one page cannot be written without the others."""


def writable_formats() -> list[tuple[str, str]]:
    """(title, name) of every format that can be written, ICDAR 2015 first."""
    from tcm_core.data.formats.table import FORMATS

    found = [(row.title, name) for name, row in FORMATS.items() if row.write is not None]
    return sorted(found, key=lambda item: item[1] != "icdar2015")


def usual_frame(name: str) -> ReadFrame:
    """The frame that programs which read a format expect."""
    from tcm_core.data.formats.table import format_named

    return format_named(name).frame


@dataclass(frozen=True)
class FormatPlan:
    """What would be written in one format, as a trial has shown.

    Attributes:
        format: a row of FORMATS.
        images: what will be written, in the frame.
        trial: what the writer said.
        frame: of the coordinates.
        untouched: pages left out: without regions, and not worked on or rejected.
        turned: pages whose image is shown in another orientation than it is stored in.
        unread: pages whose image cannot be read: without size, and written as shown.
    """

    format: str
    images: "tuple[LabelledImage, ...]"
    trial: "LabelReport"
    frame: ReadFrame
    untouched: int = 0
    turned: int = 0
    unread: tuple[str, ...] = ()

    @property
    def image_count(self) -> int:
        """Images that will be written."""
        return self.trial.images

    @property
    def region_count(self) -> int:
        """Regions that will be written."""
        return self.trial.written

    def report(self, as_zip: bool = False) -> str:
        """What the format changes or leaves out, in words, to be read before writing."""
        from tcm_core.data.formats.table import FORMATS

        images = counted(self.image_count, "image")
        lines = [
            f"{counted(self.region_count, 'region')} of {images} will be written as "
            f"{FORMATS[self.format].title}{', in one archive' if as_zip else ''}."
        ]
        lines += page_lines(self.untouched, self.turned, self.frame)
        single = [
            f"{key}: the image cannot be read, so its size and orientation are not known"
            for key in self.unread
        ]
        kinds = Counter(_kind(change.what) for change in self.trial.changed)
        if kinds:
            lines += ["", "What this format cannot hold:"]
            lines += [f"  {kind}: {counted(number, 'time')}" for kind, number in kinds.most_common()]
        for change in self.trial.changed:
            place = "" if change.index is None else f" region {change.index + 1}:"
            single.append(f"{change.image}:{place} {change.what}")
        return "\n".join([*lines, *single_lines(single)])


def plan_format(
    pages: Sequence[tuple[str, Page]], folder: Path, name: str, frame: ReadFrame, untouched: int = 0
) -> FormatPlan:
    """Try the export in a temporary folder; for threads.

    Args:
        pages: key and page, view frame.
        folder: of the images.
        name: a row of FORMATS.
        frame: of the coordinates to be written.
        untouched: pages left out, for the report.

    Raises:
        BadLabels: the format is only read, or cannot hold these pages (two images would share a file).
        TcmError: the trial could not be written.
    """
    images, turned, unread = labelled_images(pages, folder, frame)
    with tempfile.TemporaryDirectory(prefix="tcm-studio-") as trial:
        out = Path(trial) / ("labels" if name in WITHOUT_ZIP else "labels.zip")
        report = _write(name, images, out)
    return FormatPlan(name, tuple(images), report, frame, untouched, turned, tuple(unread))


def write_format(plan: FormatPlan, out: Path) -> list[Path]:
    """Write what was planned; each file is whole or not there.

    Args:
        plan: from plan_format.
        out: a folder, or a file that ends with .zip.

    Returns:
        `out`.

    Raises:
        TcmError: names the file that could not be written.
    """
    _write(plan.format, plan.images, out)
    return [out]


def labelled_images(
    pages: Sequence[tuple[str, Page]], folder: Path, frame: ReadFrame
) -> "tuple[list[LabelledImage], int, list[str]]":
    """The pages as label formats take them, how many are turned, and those whose image cannot be read."""
    from tcm_core.data.formats.labelled import LabelledImage
    from tcm_core.data.image_io import ImageHeader, read_header

    images: list[LabelledImage] = []
    unread: list[str] = []
    turned = 0
    for key, page in pages:
        header: ImageHeader | None = None
        try:
            header = read_header(folder / key)
        except BadImage:
            unread.append(key)
        if header is not None and header.orientation != 1:
            turned += 1
        instances = instances_of(page, header if frame == "stored" else None)
        images.append(LabelledImage(key, tuple(instances), None if header is None else header.size(frame)))
    return images, turned, unread


def _write(name: str, images: "Sequence[LabelledImage]", out: Path) -> "LabelReport":
    from tcm_core.data.formats.table import format_named

    label_format = format_named(name)
    if label_format.write is None:
        raise BadLabels(f"{label_format.title} labels cannot be written. Choose another format.")
    return label_format.write(images, out)


def _kind(what: str) -> str:
    """The kind of a change: its words without numbers."""
    return " ".join(word for word in what.split() if not any(sign.isdigit() for sign in word))
