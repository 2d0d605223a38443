"""The images that labels speak of: where they lie, what they are really called, how large, how turned."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from tcm_core.data.formats.labelled import LabelledImage, LabelProblem, OnProblem
from tcm_core.data.image_io import list_images, read_header
from tcm_core.data.pairing import ImageNames
from tcm_core.data.sample import TextInstance
from tcm_core.errors import BadImage, BadLabels
from tcm_core.geometry.orientation import ReadFrame, turn_polygon


def find_image_folder(source: Path) -> Path | None:
    """The folder of images that belongs to labels when nobody names one; None when there is none.

    The first with an image of: "images" in the source, the source itself, "images" beside it, its parent.
    """
    folder = source if source.is_dir() else source.parent
    for candidate in (folder / "images", folder, folder.parent / "images"):
        try:
            if list_images(candidate):
                return candidate
        except BadImage:
            continue
    return None


def image_of_labels(names: ImageNames, image: LabelledImage, on_problem: OnProblem) -> Path | None:
    """The image file of labels; None, and a problem, when there is none or it is not clear which one."""
    try:
        path = names.find(image.image)
    except BadLabels as error:
        on_problem(LabelProblem(image.file or image.image, None, str(error).rstrip("."), "Keep one of them."))
        return None
    if path is None:
        what, remedy = f"no image {image.image}", "Add the image, or take its labels away."
        on_problem(LabelProblem(image.file or image.image, None, what, remedy))
    return path


def with_images(
    labelled: Iterable[LabelledImage],
    folder: Path,
    frames: tuple[ReadFrame, ReadFrame],
    on_problem: OnProblem,
) -> Iterator[LabelledImage]:
    """The labels with the real path of each image in the folder, its size, and its texts in another frame.

    Labels without an image are reported and left as they are.

    Args:
        labelled: as read.
        folder: of the images.
        frames: that the labels are in, and that they shall be in.
        on_problem: told of missing and unreadable images.

    Raises:
        BadLabels: there is no image in the folder.
    """
    try:
        files = list_images(folder)
    except BadImage as error:
        raise BadLabels(str(error)) from error
    names = ImageNames(files, [folder])
    for image in labelled:
        path = image_of_labels(names, image, on_problem)
        try:
            header = None if path is None else read_header(path)
        except BadImage as error:
            on_problem(
                LabelProblem(image.file or image.image, None, str(error).rstrip("."), "See the image.")
            )
            header = None
        if path is None or header is None:
            yield image
            continue
        instances = image.instances
        if frames[0] != frames[1] and header.orientation != 1:
            instances = tuple(
                TextInstance(
                    turn_polygon(text.polygon, header.stored_size, header.orientation, to=frames[1]),
                    text.text, text.ignore, text.language,
                )
                for text in instances
            )  # fmt: skip
        name = path.relative_to(folder).as_posix()
        yield LabelledImage(name, instances, header.size(frames[1]), image.file, image.lines)
