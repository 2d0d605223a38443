"""FORMATS: every label format that can be read, and which of them can be written."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final, NamedTuple, Protocol

from tcm_core.data.formats.labelled import LabelledImage, LabelReport, OnProblem, refuse
from tcm_core.data.image_io import ReadFrame
from tcm_core.errors import BadLabels


class LabelReader(Protocol):
    """Reads a folder, file or zip; see labelled.OnProblem for what becomes of bad lines."""

    def __call__(self, source: Path, on_problem: OnProblem = refuse) -> Iterator[LabelledImage]: ...


LabelWriter = Callable[[Sequence[LabelledImage], Path], LabelReport]


class LabelFormat(NamedTuple):
    """One label format.

    Attributes:
        title: its name for people.
        read: (source, on_problem) -> the images, one by one.
        write: (images, out) -> report; None when the format is only read.
        recognise: whether a path looks like this format, by its content; never raises.
        frame: the frame that the coordinates are given in: "stored" or "view".
    """

    title: str
    read: LabelReader
    write: LabelWriter | None
    recognise: Callable[[Path], bool]
    frame: ReadFrame


FORMATS: Final[dict[str, LabelFormat]] = {}
"""Name on the command line -> format."""


def recognise_format(source: Path) -> str:
    """The name of the one format that the content fits.

    Raises:
        BadLabels: none or several fit; the message names them.
    """
    found = [name for name, label_format in FORMATS.items() if label_format.recognise(source)]
    if len(found) == 1:
        return found[0]
    if not found:
        raise BadLabels(f"{source}: no known label format fits. Name one of them: {', '.join(FORMATS)}.")
    raise BadLabels(f"{source}: several label formats fit: {', '.join(found)}. Name the one that is meant.")
