"""FORMATS: every label format that can be read, and which of them can be written."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final, NamedTuple, Protocol

from tcm_core.data.formats.art import read_art, recognise_art, write_art
from tcm_core.data.formats.coco import read_coco, recognise_coco, write_coco
from tcm_core.data.formats.cocotext import read_cocotext, recognise_cocotext, write_cocotext
from tcm_core.data.formats.ctw1500 import (
    read_ctw1500,
    read_ctw1500_legacy,
    recognise_ctw1500_xml,
    write_ctw1500,
    write_ctw1500_legacy,
)
from tcm_core.data.formats.cvat import read_cvat, recognise_cvat, write_cvat
from tcm_core.data.formats.icdar import read_icdar2015, write_icdar2015
from tcm_core.data.formats.icdar2013 import read_icdar2013, write_icdar2013
from tcm_core.data.formats.labelled import LabelledImage, LabelReport, OnProblem, refuse
from tcm_core.data.formats.labelme import read_labelme, recognise_labelme, write_labelme
from tcm_core.data.formats.line_formats import has_lines_of
from tcm_core.data.formats.mlt import read_mlt2017, read_mlt2019, write_mlt2017, write_mlt2019
from tcm_core.data.formats.polygon_list import read_polygon_list, write_polygon_list
from tcm_core.data.formats.ppocrlabel import read_ppocrlabel, recognise_ppocrlabel, write_ppocrlabel
from tcm_core.data.formats.synthtext import read_synthtext, recognise_synthtext
from tcm_core.data.formats.td500 import read_td500, write_td500
from tcm_core.data.formats.totaltext import read_totaltext, recognise_totaltext_mat, write_totaltext
from tcm_core.data.formats.xanylabeling import read_xanylabeling, recognise_xanylabeling, write_xanylabeling
from tcm_core.data.formats.yolo_obb import read_yolo_obb, recognise_yolo_obb, write_yolo_obb
from tcm_core.errors import BadLabels
from tcm_core.geometry.orientation import ReadFrame


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


def _any_of(*ways: Callable[[Path], bool]) -> Callable[[Path], bool]:
    return lambda source: any(way(source) for way in ways)


FORMATS: Final[dict[str, LabelFormat]] = {
    "icdar2013": LabelFormat(
        "ICDAR 2013 Focused", read_icdar2013, write_icdar2013, has_lines_of("icdar2013"), "stored"
    ),
    "icdar2015": LabelFormat(
        "ICDAR 2015 Incidental", read_icdar2015, write_icdar2015, has_lines_of("icdar2015"), "stored"
    ),
    "mlt2017": LabelFormat("ICDAR 2017 MLT", read_mlt2017, write_mlt2017, has_lines_of("mlt2017"), "stored"),
    "mlt2019": LabelFormat("ICDAR 2019 MLT", read_mlt2019, write_mlt2019, has_lines_of("mlt2019"), "stored"),
    "art": LabelFormat("ArT, LSVT", read_art, write_art, recognise_art, "stored"),
    "totaltext": LabelFormat(
        "Total-Text",
        read_totaltext,
        write_totaltext,
        _any_of(has_lines_of("totaltext"), recognise_totaltext_mat),
        "stored",
    ),
    "ctw1500": LabelFormat(
        "SCUT-CTW1500",
        read_ctw1500,
        write_ctw1500,
        _any_of(has_lines_of("ctw1500"), recognise_ctw1500_xml),
        "stored",
    ),
    "ctw1500-legacy": LabelFormat(
        "SCUT-CTW1500, first release",
        read_ctw1500_legacy,
        write_ctw1500_legacy,
        has_lines_of("ctw1500-legacy"),
        "stored",
    ),
    "td500": LabelFormat("MSRA-TD500, HUST-TR400", read_td500, write_td500, has_lines_of("td500"), "stored"),
    "polygon-list": LabelFormat(
        "lists of polygons (DB)",
        read_polygon_list,
        write_polygon_list,
        has_lines_of("polygon-list"),
        "stored",
    ),
    "synthtext": LabelFormat("SynthText", read_synthtext, None, recognise_synthtext, "stored"),
    "cocotext": LabelFormat("COCO-Text", read_cocotext, write_cocotext, recognise_cocotext, "stored"),
    "coco": LabelFormat("COCO polygons", read_coco, write_coco, recognise_coco, "stored"),
    "labelme": LabelFormat("labelme", read_labelme, write_labelme, recognise_labelme, "view"),
    "ppocrlabel": LabelFormat("PPOCRLabel", read_ppocrlabel, write_ppocrlabel, recognise_ppocrlabel, "view"),
    "xanylabeling": LabelFormat(
        "X-AnyLabeling", read_xanylabeling, write_xanylabeling, recognise_xanylabeling, "stored"
    ),
    "cvat": LabelFormat("CVAT: ICDAR, XML for images", read_cvat, write_cvat, recognise_cvat, "view"),
    "yolo-obb": LabelFormat("YOLO-OBB", read_yolo_obb, write_yolo_obb, recognise_yolo_obb, "view"),
}
"""Name on the command line -> format."""


def format_named(name: str) -> LabelFormat:
    """The row of FORMATS.

    Raises:
        BadLabels: there is none; the message names all.
    """
    found = FORMATS.get(name)
    if found is None:
        raise BadLabels(f"unknown label format {name!r}. Choose one of: {', '.join(FORMATS)}.")
    return found


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
