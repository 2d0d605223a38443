"""What is wrong with a data set's labels: every problem with its place and how to mend it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np

from tcm_core.data.formats.labelled import LabelledImage, LabelProblem
from tcm_core.data.formats.table import format_named
from tcm_core.data.image_io import list_images, read_size
from tcm_core.data.label_images import image_of_labels
from tcm_core.data.pairing import ImageNames
from tcm_core.data.sample import TextInstance
from tcm_core.errors import BadImage, BadLabels
from tcm_core.geometry.orientation import ReadFrame
from tcm_core.geometry.overlap import iou_matrix
from tcm_core.geometry.polygon import Points, area, is_simple, signed_area

CLOCKWISE_FORMATS: Final = frozenset({"icdar2015", "mlt2017", "mlt2019"})
"""Their official evaluation aborts at a quad that runs counter-clockwise."""

SAME_TEXT_IOU: Final = 0.95
"""Two polygons of one image that overlap more are taken for one text labelled twice."""

OUTSIDE_TOLERANCE: Final = 1.0
"""Pixels that a corner may lie outside of the image, as rounding makes it."""

SHEET_IMAGES: Final = 24


class CheckedImage(NamedTuple):
    """An image whose labels were looked at."""

    path: Path
    instances: tuple[TextInstance, ...]


class CheckReport(NamedTuple):
    """What was found.

    Attributes:
        images: how many images have labels.
        texts: how many texts they have, the ignored ones included.
        ignored: how many of them are ignored.
        problems: in the order of the labels; images without labels come last.
        shown: at most SHEET_IMAGES images to look at, those with problems first; none without image files.
        frame: the frame that the labels are in.
    """

    images: int
    texts: int
    ignored: int
    problems: tuple[LabelProblem, ...]
    shown: tuple[CheckedImage, ...]
    frame: ReadFrame


def check_labels(source: Path, name: str, images: Path | None) -> CheckReport:
    """Read all labels and look for everything that would spoil training or evaluation.

    Args:
        source: folder, file or zip of labels.
        name: of the format, a row of FORMATS.
        images: folder of the images; None: the labels are checked alone.

    Raises:
        BadLabels: unknown format, or the folder of images cannot be listed.
    """
    label_format = format_named(name)
    problems: list[LabelProblem] = []
    files = _Files(images, label_format.frame, problems)
    counts = np.zeros(3, dtype=np.int64)
    bad: list[CheckedImage] = []
    good: list[CheckedImage] = []
    for image in label_format.read(source, problems.append):
        before = len(problems)
        counts += (1, len(image.instances), sum(text.ignore for text in image.instances))
        path, size = files.find(image)
        for index, what, remedy in _findings(image, size, name in CLOCKWISE_FORMATS):
            problems.append(_problem(image, index, what, remedy))
        shown = good if len(problems) == before else bad
        if path is not None and len(shown) < SHEET_IMAGES:
            shown.append(CheckedImage(path, image.instances))
    problems.extend(files.without_labels())
    total, texts, ignored = (int(count) for count in counts)
    chosen = tuple([*bad, *good][:SHEET_IMAGES])
    return CheckReport(total, texts, ignored, tuple(problems), chosen, label_format.frame)


class _Files:
    """The image files of a data set and which of them have labels."""

    def __init__(self, folder: Path | None, frame: ReadFrame, problems: list[LabelProblem]) -> None:
        self._frame = frame
        self._problems = problems
        self._names: ImageNames | None = None
        self._unlabelled: dict[Path, None] = {}
        if folder is not None:
            try:
                paths = list_images(folder)
            except BadImage as error:
                raise BadLabels(str(error)) from error
            self._names = ImageNames(paths, [folder])
            self._unlabelled = dict.fromkeys(paths)

    def find(self, image: LabelledImage) -> tuple[Path | None, tuple[int, int] | None]:
        """The image file and its (height, width); what the labels say of the size when there is none."""
        if self._names is None:
            return None, image.size
        path = image_of_labels(self._names, image, self._problems.append)
        if path is None:
            return None, image.size
        self._unlabelled.pop(path, None)
        try:
            size = read_size(path, self._frame)
        except BadImage as error:
            self._problems.append(LabelProblem(str(path), None, str(error).rstrip("."), "Mend the image."))
            return None, image.size
        if image.size is not None and image.size != size:
            said, has = (f"{width} x {height}" for height, width in (image.size, size))
            what = f"the labels say {said} pixels, the image has {has}"
            self._problems.append(
                _problem(image, None, what, "Check that these labels belong to this image.")
            )
        return path, size

    def without_labels(self) -> Iterator[LabelProblem]:
        for path in self._unlabelled:
            remedy = "Add the labels (an empty file when there is no text), or take the image away."
            yield LabelProblem(str(path), None, "the image has no labels", remedy)


_Finding = tuple[int, str, str]  # index of the text, what, remedy


def _findings(image: LabelledImage, size: tuple[int, int] | None, clockwise: bool) -> Iterator[_Finding]:
    for index, text in enumerate(image.instances):
        for what, remedy in _text_findings(text, size, clockwise):
            yield index, what, remedy
    yield from _repeated(image.instances)


def _text_findings(
    text: TextInstance, size: tuple[int, int] | None, clockwise: bool
) -> Iterator[tuple[str, str]]:
    polygon = text.polygon
    if area(polygon) == 0 and not _crosses(polygon):
        yield "the polygon has no area", "Draw it again, or take it out."
    elif not is_simple(polygon):
        yield "the polygon crosses itself", "Bring its points in order around the text."
    elif clockwise and signed_area(polygon) < 0:
        yield (
            "the points run counter-clockwise, which the official evaluation refuses",
            "Reverse their order.",
        )
    if size is not None:
        limit = np.array([size[1], size[0]]) + OUTSIDE_TOLERANCE
        if (polygon.max(axis=0) < 0).any() or (polygon.min(axis=0) > limit - OUTSIDE_TOLERANCE).any():
            yield f"the polygon lies outside of the image ({size[1]} x {size[0]})", "Check the image's size."
        elif (polygon < -OUTSIDE_TOLERANCE).any() or (polygon > limit).any():
            yield f"a corner lies outside of the image ({size[1]} x {size[0]})", "Move it to the edge."
    elif (polygon < -OUTSIDE_TOLERANCE).any():
        yield "a corner has a negative coordinate", "Move it to the edge of the image."
    if "\N{REPLACEMENT CHARACTER}" in text.text:
        yield "the transcription holds bytes that are not UTF-8", "Save the file in the encoding UTF-8."


def _crosses(polygon: Points) -> bool:
    """Whether a polygon without area is a crossed one and not a flat one."""
    return bool(np.linalg.svd(polygon - polygon.mean(axis=0), compute_uv=False)[-1] > 0.01)


def _repeated(instances: tuple[TextInstance, ...]) -> Iterator[_Finding]:
    """The texts that stand on an earlier one."""
    polygons = [text.polygon for text in instances]
    if len(polygons) < 2:
        return
    same = np.triu(iou_matrix(polygons, polygons) > SAME_TEXT_IOU, k=1)
    for column in np.flatnonzero(same.any(axis=0)):
        first = int(np.argmax(same[:, column]))
        yield int(column), f"the same place as text {first + 1} of this image", "Take one of the two out."


def _problem(image: LabelledImage, index: int | None, what: str, remedy: str) -> LabelProblem:
    line = image.lines[index] if index is not None and index < len(image.lines) else None
    if index is not None:
        words = f" {image.instances[index].text[:30]!r}" if image.instances[index].text else ""
        what = f"{image.image} text {index + 1}{words}: {what}"
    return LabelProblem(image.file or image.image, line, what, remedy)
