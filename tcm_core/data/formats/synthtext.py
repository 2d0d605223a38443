"""SynthText labels: gt.mat with one column an image, read column by column.

"imnames" holds the paths of the images, "wordBB" the corners of the words (2 x 4 x n, or 2 x 4 for one
word), "txt" their lines, split into words at white space. The character boxes are not read. One image is held
at a time; the 858,750 of the original never are together.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import numpy as np

from tcm_core.data.formats.labelled import LabelledImage, LabelProblem, OnProblem, refuse
from tcm_core.data.formats.lines import Malformed, polygon_of
from tcm_core.data.formats.mat5 import MatFile, Value
from tcm_core.data.formats.source import is_contained, is_folder
from tcm_core.data.sample import TextInstance
from tcm_core.geometry.polygon import Points

FILE_NAME: Final = "gt.mat"

UNUSABLE: Final = frozenset(
    {f"67/fruits_129_{number}.jpg" for number in (18, 40, 74, 95)} | {"194/window_19_96.jpg"}
)
"""Images of the original whose boxes and words do not belong together; left out without a word."""

_TAKE_OUT: Final = "Leave this image out of the labels."


def read_synthtext(source: Path, on_problem: OnProblem = refuse) -> Iterator[LabelledImage]:
    """The images of a gt.mat, or of the one in a folder, in its order."""
    path = _mat_path(source)
    try:
        yield from _images(path, MatFile(path), on_problem)
    except Malformed as error:
        on_problem(LabelProblem(str(path), None, error.what, error.remedy))
    except (OSError, MemoryError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        on_problem(LabelProblem(str(path), None, f"cannot be read ({reason})", "Check the path."))


def recognise_synthtext(source: Path) -> bool:
    """Whether there is a .mat with SynthText's variables."""
    try:
        return MatFile(_mat_path(source)).names >= {"imnames", "wordBB", "txt"}
    except (Malformed, OSError, MemoryError):
        return False


def _mat_path(source: Path) -> Path:
    return source / FILE_NAME if is_folder(source) else source


def _images(path: Path, file: MatFile, on_problem: OnProblem) -> Iterator[LabelledImage]:
    columns = zip(file.entries("imnames"), file.entries("wordBB"), file.entries("txt"), strict=True)
    number = 0
    while True:
        try:
            name, boxes, lines = next(columns)
        except StopIteration:
            return
        except ValueError as error:
            raise Malformed("imnames, wordBB and txt differ in length", "Take another copy.") from error
        number += 1
        try:
            image = _image(name)
            if image in UNUSABLE:
                continue
            instances = _instances(boxes, lines)
        except Malformed as error:
            on_problem(LabelProblem(str(path), None, f"image {number}: {error.what}", error.remedy))
            continue
        yield LabelledImage(image, instances, file=str(path))


def _image(name: Value) -> str:
    if not isinstance(name, tuple) or len(name) != 1 or not isinstance(name[0], str):
        raise Malformed("its name is not one text", _TAKE_OUT)
    if not is_contained(name[0]):
        raise Malformed(f"the path {name[0][:80]!r} leaves the folder", _TAKE_OUT)
    return name[0]


def _instances(boxes: Value, lines: Value) -> tuple[TextInstance, ...]:
    quads = _quads(boxes)
    rows = lines if isinstance(lines, tuple) else ()
    words = " ".join(row for row in rows if isinstance(row, str)).split()
    if len(words) != len(quads):
        raise Malformed(f"{len(quads)} boxes but {len(words)} words", _TAKE_OUT)
    return tuple(
        TextInstance(polygon_of(quad.tolist()), word) for quad, word in zip(quads, words, strict=True)
    )


def _quads(boxes: Value) -> list[Points]:
    if not isinstance(boxes, np.ndarray):
        raise Malformed("its boxes are not numbers", _TAKE_OUT)
    if boxes.size == 0:
        return []
    if boxes.shape[:2] != (2, 4) or boxes.ndim > 3:
        raise Malformed(f"its boxes have the sizes {boxes.shape}, expected 2 x 4 x n", _TAKE_OUT)
    corners = boxes.reshape(2, 4, -1, order="F").astype(np.float64)
    return list(corners.transpose(2, 1, 0))
