"""What every label format gives and takes: labelled images, problems when reading, changes when writing."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

from tcm_core.data.sample import TextInstance
from tcm_core.errors import BadLabels


@dataclass(frozen=True)
class LabelledImage:
    """The labels of one image.

    Attributes:
        image: POSIX path of the image as the labels name it, relative; only the stem ("img_1") where the
            format names no suffix.
        instances: the texts, in the order of the file.
        size: (height, width) when the labels say it, or filled in for writers that need it.
        file: the label file, as a LabelProblem names it; empty when it was not read from one.
        lines: the line of each instance in that file, from 1; empty when the format has no lines.
    """

    image: str
    instances: tuple[TextInstance, ...]
    size: tuple[int, int] | None = None
    file: str = field(default="", compare=False)
    lines: tuple[int, ...] = field(default=(), compare=False)


class LabelProblem(NamedTuple):
    """Something in the labels that cannot be read, or should not be so.

    Attributes:
        file: the file, inside a zip "labels.zip/gt_1.txt".
        line: from 1; None when it is about the whole file.
        what: what is wrong, without a full stop.
        remedy: what to do about it, one sentence.
    """

    file: str
    line: int | None
    what: str
    remedy: str

    def __str__(self) -> str:
        place = self.file if self.line is None else f"{self.file} line {self.line}"
        return f"{place}: {self.what}. {self.remedy}"


OnProblem = Callable[[LabelProblem], None]
"""Told of every bad line or file; when it returns, reading goes on without it."""


def refuse(problem: LabelProblem) -> None:
    """The strict answer to a problem, and the default of every reader.

    Raises:
        BadLabels: always.
    """
    raise BadLabels(str(problem))


@dataclass(frozen=True)
class LabelChange:
    """One thing that a writer could not write as it was.

    Attributes:
        image: LabelledImage.image.
        index: of the instance in the image; None when it is about the whole image.
        what: "12 points became the minimum-area quad", "dropped: no area", "transcription lost" ...
    """

    image: str
    index: int | None
    what: str


class LabelReport(NamedTuple):
    """What a writer did.

    Attributes:
        images: how many images were written.
        written: how many instances were written.
        changed: what is not in the files as it was in memory, in the order of the images.
    """

    images: int
    written: int
    changed: tuple[LabelChange, ...]
