"""Reading a data set: where it lies is in DATASETS, how its labels are written in FORMATS."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from tcm_core.config.data import PartName
from tcm_core.data.datasets import AUTO, Dataset, Place
from tcm_core.data.datasets import DATASETS as DATASETS
from tcm_core.data.formats.labelled import LabelledImage, LabelProblem, OnProblem, refuse
from tcm_core.data.formats.table import FORMATS, recognise_format
from tcm_core.data.image_io import list_images
from tcm_core.data.packed import PackedSamples, SamplePacker
from tcm_core.data.pairing import ImageNames
from tcm_core.errors import BadImage, BadLabels
from tcm_core.geometry.orientation import ReadFrame

OnSkipped = Callable[[LabelProblem], None]
"""Told of every image that is left out because nothing is known of its texts."""


class Found(NamedTuple):
    """A data set's part on this disk."""

    images: tuple[Path, ...]  # folders
    labels: Path | None
    format: str  # a row of FORMATS; empty without labels
    frame: ReadFrame


def load_samples(
    name: str,
    root: Path,
    *,
    part: PartName = "train",
    label_format: str = AUTO,
    on_problem: OnProblem = refuse,
    on_skipped: OnSkipped | None = None,
) -> PackedSamples:
    """Every labelled image of a data set, in natural order of the names.

    Args:
        name: a row of DATASETS.
        root: the folder that holds the row's folders.
        part: of the data set.
        label_format: a row of FORMATS, where the data set leaves it open.
        on_problem: what becomes of label files or lines that cannot be read.
        on_skipped: told of images that no label file names, which are left out; None: they are refused.

    Raises:
        BadLabels: unknown name or part, a folder is missing or without images, an image has no labels (see
            on_skipped), two images would share theirs, or what on_problem refuses.
    """
    found = find_dataset(name, root, part, label_format)
    images = _images(found, name)
    if found.labels is None:
        packer = SamplePacker(root, found.frame)
        for image in images:
            packer.add(image.relative_to(root).as_posix(), ())
        return packer.finish()
    labelled = FORMATS[found.format].read(found.labels, on_problem)
    return _paired(images, found, root, labelled, on_skipped)


def find_dataset(name: str, root: Path, part: PartName = "train", label_format: str = AUTO) -> Found:
    """Where the images and labels of a data set lie.

    Raises:
        BadLabels: unknown name, part or format, or something is missing; the message says what and where.
    """
    dataset = DATASETS.get(name)
    if dataset is None:
        raise BadLabels(f"unknown data set {name!r}; known: {', '.join(DATASETS)}")
    if part not in dataset.parts:
        raise BadLabels(
            f"data set {name} has no part {part!r} with labels; it has {', '.join(dataset.parts)}"
        )
    if label_format not in (AUTO, *FORMATS):
        raise BadLabels(f"unknown label format {label_format!r}; known: {', '.join(FORMATS)}")
    if not root.is_dir():
        raise BadLabels(f"{root}: no such folder. It should hold the data set {name} ({dataset.title}).")
    for place in dataset.parts[part]:
        folders = _folders(root, place)
        labels = root / place.labels
        if not folders or not labels.exists():
            continue
        if not place.labels:
            return Found(folders, None, "", dataset.frame or "view")
        chosen = place.format if place.format != AUTO else label_format
        chosen = recognise_format(labels) if chosen == AUTO else chosen
        return Found(folders, labels, chosen, dataset.frame or FORMATS[chosen].frame)
    raise BadLabels(_what_is_missing(name, dataset, root, part))


def _folders(root: Path, place: Place) -> tuple[Path, ...]:
    if "*" not in place.images:
        return (root / place.images,) if (root / place.images).is_dir() else ()
    return tuple(sorted(path for path in root.glob(place.images) if path.is_dir()))


def _what_is_missing(name: str, dataset: Dataset, root: Path, part: PartName) -> str:
    """One half of a place that is there says which one is meant; otherwise all are named."""
    places = dataset.parts[part]
    for place in places:
        there, labels_there = bool(_folders(root, place)), (root / place.labels).exists()
        if there != labels_there:
            missing, present = (place.labels, place.images) if there else (place.images, place.labels)
            what = "labels" if there else "images"
            return (
                f"{root / missing}: no such folder or file, where data set {name} ({part}) keeps its {what}; "
                f"{present} is there. Put the {what} beside it."
            )
    known = "; or ".join(f"{place.images} and {place.labels}" for place in places)
    home = f" It can be had from {dataset.home}." if dataset.home else ""
    return (
        f"{root}: the data set {name} ({dataset.title}, part {part}) is not in this folder. "
        f"Expected in it the images and the labels as {known}.{home}"
    )


def _images(found: Found, name: str) -> list[Path]:
    images: list[Path] = []
    try:
        for folder in found.images:
            images.extend(list_images(folder))
    except BadImage as error:
        raise BadLabels(f"data set {name}: {error}") from error
    if not images:
        raise BadLabels(
            f"{found.images[0]}: no image in it, where data set {name} keeps its images. Check the folder."
        )
    return images


def _paired(
    images: list[Path],
    found: Found,
    root: Path,
    labelled: Iterator[LabelledImage],
    on_skipped: OnSkipped | None,
) -> PackedSamples:
    """The labelled images in the order of the images; labels of images that are not there are passed over."""
    names = ImageNames(images, found.images)
    packer = SamplePacker(root, found.frame)
    row_of: dict[Path, int] = {}
    for labels in labelled:
        image = names.find(labels.image)
        if image is None:
            continue
        if image in row_of:
            raise BadLabels(f"{found.labels}: {image.name} is labelled twice. Take one of the two out.")
        row_of[image] = len(row_of)
        packer.add(image.relative_to(root).as_posix(), labels.instances)
    _report_unlabelled([image for image in images if image not in row_of], len(images), found, on_skipped)
    return packer.finish().take(row_of[image] for image in images if image in row_of)


def _report_unlabelled(missing: list[Path], count: int, found: Found, on_skipped: OnSkipped | None) -> None:
    remedy = "Add the labels, or take those images away."
    if missing and (on_skipped is None or len(missing) == count):
        raise BadLabels(
            f"{missing[0]}: no labels for it in {found.labels} "
            f"({len(missing)} of {count} images have none). {remedy}"
        )
    if on_skipped is not None:
        for image in missing:
            on_skipped(LabelProblem(str(image), None, f"no labels for it in {found.labels}", remedy))
