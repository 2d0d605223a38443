"""Where a data set keeps its images and labels: one literal table and one reader for all of it."""

from collections.abc import Callable
from pathlib import Path
from typing import Final, NamedTuple

from tcm_core.data.formats.icdar import read_icdar
from tcm_core.data.image_io import ReadFrame, list_images
from tcm_core.data.sample import Sample, TextInstance
from tcm_core.errors import BadImage, BadLabels


class LabelFiles(NamedTuple):
    """One label file an image, in a folder beside the images."""

    folder: str  # inside the root
    name: str  # of an image's label file; {stem} stands for the image's name without suffix
    read: Callable[[Path], list[TextInstance]]  # raises BadLabels


class DatasetLayout(NamedTuple):
    """How one data set lies on disk."""

    images: str  # folder of images inside the root, "." for the root itself
    labels: LabelFiles | None  # None: images without labels
    frame: ReadFrame  # the frame that the labels are in


DATASETS: Final[dict[str, DatasetLayout]] = {
    "icdar2015": DatasetLayout("images", LabelFiles("gt", "gt_{stem}.txt", read_icdar), frame="stored"),
    "images": DatasetLayout(".", None, frame="view"),
}
"""The data sets by the names that configurations use; "images" is any folder of pictures."""


def load_samples(name: str, root: Path) -> list[Sample]:
    """Every image of a data set with its labels, in natural order of the names; sub-folders are mirrored.

    Args:
        name: a row of DATASETS.
        root: the folder that holds the layout's folders.

    Raises:
        BadLabels: unknown name, a folder is missing or without images, an image has no label file, two images
            would share one, or a label file cannot be read.
    """
    layout = DATASETS.get(name)
    if layout is None:
        raise BadLabels(f"unknown data set {name!r}; known: {', '.join(DATASETS)}")
    folder = root / layout.images
    try:
        images = list_images(folder)
    except BadImage as error:
        raise BadLabels(f"data set {name}: {error}") from error
    if not images:
        raise BadLabels(
            f"{folder}: no image in it, where data set {name} keeps its images. Check the root folder."
        )
    if layout.labels is None:
        return [Sample(image, ()) for image in images]
    paths = _label_paths(images, folder, root / layout.labels.folder, layout.labels.name)
    return [Sample(image, tuple(layout.labels.read(path))) for image, path in zip(images, paths, strict=True)]


def _label_paths(images: list[Path], image_root: Path, label_root: Path, pattern: str) -> list[Path]:
    """The label file of each image; all of them exist and no two are the same."""
    paths: list[Path] = []
    owner: dict[Path, Path] = {}
    for image in images:
        relative = image.relative_to(image_root).parent
        path = label_root / relative / pattern.format(stem=image.stem)
        if path in owner:
            raise BadLabels(
                f"{image} and {owner[path].name} would share the labels {path}. Rename one of them."
            )
        owner[path] = image
        paths.append(path)
    missing = [path for path in paths if not path.is_file()]
    if missing:
        raise BadLabels(
            f"{missing[0]}: no such label file, for {owner[missing[0]].name} "
            f"({len(missing)} of {len(paths)} images have none). Add the labels, or take those images away."
        )
    return paths
