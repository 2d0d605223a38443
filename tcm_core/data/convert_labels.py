"""Labels of one format written in another."""

from pathlib import Path
from typing import Final, NamedTuple

from tcm_core.data.formats.labelled import LabelReport, OnProblem
from tcm_core.data.formats.table import FORMATS, format_named, recognise_format
from tcm_core.data.label_images import with_images
from tcm_core.errors import BadLabels

AUTO: Final = "auto"


class Conversion(NamedTuple):
    """What a conversion did.

    Attributes:
        source_format: the name of the format that was read.
        report: of the writer.
        frame_kept: the two formats are in different frames, and without images nothing could be turned.
    """

    source_format: str
    report: LabelReport
    frame_kept: bool


def convert_labels(
    source: Path, names: tuple[str, str], out: Path, images: Path | None, on_problem: OnProblem
) -> Conversion:
    """Read labels in one format and write them in another; all of them are held in memory on the way.

    Args:
        source: folder, file or zip.
        names: of the format to read, or AUTO, and of the one to write: rows of FORMATS.
        out: what the writer takes: folder, file or zip.
        images: folder of the images: gives their endings and sizes, and turns polygons between the frames.
        on_problem: told of what cannot be read or has no image.

    Raises:
        BadLabels: unknown names, a format that is not written, nothing that could be read, or what the
            writer refuses.
        TcmError: a file cannot be written.
    """
    source_name = recognise_format(source) if names[0] == AUTO else names[0]
    reading, writing = format_named(source_name), format_named(names[1])
    if writing.write is None:
        known = ", ".join(name for name, row in FORMATS.items() if row.write is not None)
        raise BadLabels(f"{writing.title} labels cannot be written. Choose one of: {known}.")
    labelled = reading.read(source, on_problem)
    if images is not None:
        labelled = with_images(labelled, images, (reading.frame, writing.frame), on_problem)
    found = list(labelled)
    if not found:
        raise BadLabels(
            f"{source}: no labels of the format {source_name} could be read. Check path and format."
        )
    frame_kept = images is None and reading.frame != writing.frame
    return Conversion(source_name, writing.write(found, out), frame_kept)
