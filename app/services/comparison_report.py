"""A comparison as a report that needs nothing beside it: one HTML file, or a PDF."""

import base64
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from html import escape
from importlib.metadata import version
from pathlib import Path
from typing import Final

from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QMarginsF, QObject, QThreadPool, QUrl, Signal
from PySide6.QtGui import QImage, QPageLayout, QPageSize, QPdfWriter, QTextDocument

from app.domain.compare_figures import FolderFigures
from app.i18n.translation import tr
from app.services.comparison_pictures import (
    VERDICT_COLOURS,
    PictureKind,
    curves_picture,
    encoded,
    page_picture,
)
from app.services.comparison_run import RunResult
from app.services.comparison_tables import (
    EVERYTHING,
    VERDICT_WORDS,
    Table,
    figures_table,
    images_table,
    shown,
)
from app.workers.messages import without_scale
from tcm_core.config.decode import DecodeSettings
from tcm_core.data.atomic_file import write_atomic
from tcm_core.errors import TcmError
from tcm_core.evaluate.protocols import PROTOCOLS

WORST: Final = 8
"""So many images are shown."""
SUFFIXES: Final = (".html", ".pdf")
_PDF_DPI: Final = 150
_DARK: Final = "background-color:#23272e;"
_STYLE: Final = """
body { font-family: "DejaVu Sans", Arial, sans-serif; font-size: 10pt; color: #1c1f24; }
h1 { font-size: 18pt; } h2 { font-size: 13pt; } h3 { font-size: 10pt; }
td, th { padding: 3px 8px; } th { background-color: #e9ebef; text-align: left; }
p.small { color: #5b616a; font-size: 8pt; }
"""


@dataclass(frozen=True, eq=False)
class ReportMaterial:
    """What a report tells.

    Attributes:
        folder: of the images.
        result: of the run.
        figures: of the panes, at the thresholds chosen.
        sides: the short sides that checkpoints see, None where they are not known.
        votes: pages won by name; "" where none was better.
        made_at: when.
    """

    folder: Path
    result: RunResult
    figures: Sequence[FolderFigures]
    sides: Sequence[int | None]
    votes: Sequence[tuple[str, int]]
    made_at: datetime


AddPicture = Callable[[QImage, PictureKind], str]
"""(picture, kind of its file) -> what names it in the text."""


class ReportWriter(QObject):
    """Writes reports in a thread.

    Attributes:
        written: the file.
        failed: the reason in words.
    """

    written = Signal(str)
    failed = Signal(str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._pool = QThreadPool(self)
        self._pool.setMaxThreadCount(1)

    def write(self, path: Path, material: ReportMaterial) -> None:
        """Write a report; `written` or `failed` follows."""
        self._pool.start(lambda: self._write(path, material))

    def wait(self) -> None:
        """Wait for the one that is being written."""
        self._pool.waitForDone()

    def _write(self, path: Path, material: ReportMaterial) -> None:
        try:
            write_report(path, material)
        except TcmError as error:
            self.failed.emit(str(error))
        except Exception as error:  # noqa: BLE001 the edge of a thread: told in the window
            self.failed.emit(f"{type(error).__name__}: {error}")
        else:
            self.written.emit(str(path))


def write_report(path: Path, material: ReportMaterial) -> None:
    """Write a report: a PDF where the file's name ends so, else one HTML file.

    Raises:
        TcmError: the file cannot be written.
    """
    if path.suffix.lower() == ".pdf":
        content = _pdf(material)
    else:
        content = html_report(material, _inline).encode("utf-8")
    write_atomic(path, content)


def html_report(material: ReportMaterial, add_picture: AddPicture) -> str:
    """The report as HTML; all text that is not its own is escaped, and no script is in it."""
    parts = [
        *_head(material),
        *_panes(material),
        f"<h2>{_t('Figures')}</h2>",
        _table(figures_table(material.result.plan.names, material.figures, EVERYTHING), (1, 2)),
        f'<p><img src="{add_picture(_curves(material), "PNG")}" width="520"></p>',
        *_groups(material),
        *_votes(material),
        *_worst(material, add_picture),
        *_left_out(material),
    ]
    body = "\n".join(parts)
    title = _t("Comparison of detectors")
    return (
        f'<!DOCTYPE html>\n<html><head><meta charset="utf-8"><title>{title}</title>'
        f"<style>{_STYLE}</style></head><body>\n{body}\n</body></html>\n"
    )


# --- the parts ---


def _t(text: str) -> str:
    return escape(tr(text))


def _head(material: ReportMaterial) -> list[str]:
    result, plan = material.result, material.result.plan
    against = {"labels": "the labels", "truth": "the ground truth", "": ""}[plan.against]
    facts = [
        (tr("Folder"), material.folder.name),
        (tr("Made at"), f"{material.made_at:%Y-%m-%d %H:%M}"),
        (tr("Program"), f"TCM Studio {version('tcm-studio')}"),
        (tr("Protocol"), PROTOCOLS[plan.protocol].title),
        (tr("Judged against"), tr(against)),
        (tr("Images judged"), str(result.pages)),
    ]
    if result.stopped:
        facts.append((tr("Remark"), tr("Stopped before all images were looked at")))
    rows = "".join(f"<tr><th>{escape(name)}</th><td>{escape(what)}</td></tr>" for name, what in facts)
    return [f"<h1>{_t('Comparison of detectors')}</h1>", f"<table>{rows}</table>"]


def _panes(material: ReportMaterial) -> list[str]:
    result, parts = material.result, [f"<h2>{_t('What is compared')}</h2>"]
    for at, source in enumerate(result.plan.sources):
        settings, side = result.settings[at], material.sides[at]
        lines = [f"<b>{escape(result.plan.names[at])}</b>"]
        if source.file:
            lines.append(f"{_t('File')}: {escape(Path(source.file).name)}")
        if result.hashes[at]:
            lines.append(f"SHA-256: {escape(without_scale(result.hashes[at])[0])}")
        if side is not None:
            lines.append(f"{_t('Input side')}: {side} px")
        if settings is not None:
            lines.append(f"{_t('Settings')}: {escape(_said(settings, material.figures[at].threshold))}")
        parts.append(f"<p>{'<br>'.join(lines)}</p>")
    return parts


def _said(settings: DecodeSettings, threshold: float) -> str:
    values: Mapping[str, object] = {**settings.model_dump(), "score_threshold": round(threshold, 4)}
    return ", ".join(f"{name} {value}" for name, value in values.items())


def _curves(material: ReportMaterial) -> QImage:
    return curves_picture(
        [
            (
                material.result.plan.numbers[at],
                one.curve,
                None if material.result.plan.sources[at].kind != "checkpoint" else one.threshold,
            )
            for at, one in enumerate(material.figures)
        ]
    )


def _groups(material: ReportMaterial) -> list[str]:
    parts = []
    for measure, title in (("size", "By height"), ("angle", "By angle"), ("curvature", "By curvature")):
        parts.append(f"<h3>{_t(title)}</h3>")
        parts.append(_table(figures_table(material.result.plan.names, material.figures, measure), (1, 8)))
    return parts


def _votes(material: ReportMaterial) -> list[str]:
    if not material.votes:
        return []
    rows = tuple((name or tr("None is better"), count) for name, count in material.votes)
    return [f"<h2>{_t('Votes')}</h2>", _table(Table((tr("Best"), tr("Images")), rows))]


def _worst(material: ReportMaterial, add_picture: AddPicture) -> list[str]:
    table = images_table(material.figures, material.result)
    pages = material.result.folders[0].pages if material.result.folders else {}
    legend = "  ".join(
        f'<span style="{_DARK}color:{VERDICT_COLOURS[verdict]}">&nbsp;{_t(word)}&nbsp;</span>'
        for verdict, word in VERDICT_WORDS.items()
    )
    parts = [f"<h2>{_t('The worst images')}</h2>", f"<p>{legend}</p>"]
    for key in [key for key in table.keys if key in pages][:WORST]:
        parts.append(f"<h3>{escape(key)}</h3>")
        cells = [_one_picture(material, at, key, add_picture) for at in range(len(material.figures))]
        rows = [cells[at : at + 2] for at in range(0, len(cells), 2)]
        parts.append(
            "<table>" + "".join("<tr>" + "".join(f"<td>{one}</td>" for one in row) + "</tr>" for row in rows)
        )
        parts.append("</table>")
    return parts


def _one_picture(material: ReportMaterial, at: int, key: str, add_picture: AddPicture) -> str:
    page, threshold = material.result.folders[at].pages[key], material.figures[at].threshold
    result = page.at(threshold)
    words = (
        f"{escape(material.result.plan.names[at])}<br>P {result.precision:.2f}  R {result.recall:.2f}  "
        f"F {result.hmean:.2f}"
    )
    try:
        picture = page_picture(material.folder / key, page, threshold)
    except TcmError as error:
        return f"{words}<br>{escape(str(error).replace(str(material.folder / key), key))}"
    return f'{words}<br><img src="{add_picture(picture, "JPEG")}" width="290">'


def _left_out(material: ReportMaterial) -> list[str]:
    result = material.result
    lines = [
        tr(f"{count} images were not looked at by {result.plan.names[at]}")
        for at, count in enumerate(result.without)
        if count
    ]
    if result.mapless:
        lines.append(tr(f"Of {result.mapless} results no maps are kept: what was found then counts"))
    lines += [f"{key}: {tr('Labels outside of the image: of another one?')}" for key in result.foreign]
    lines += [f"{key}: {why}" for key, why in result.failed.items()]
    if not lines:
        return []
    items = "".join(f"<li>{escape(line)}</li>" for line in lines)
    return [f"<h2>{_t('Remarks')}</h2>", f"<ul>{items}</ul>"]


def _table(table: Table, without: Sequence[int] = ()) -> str:
    kept = [at for at in range(len(table.columns)) if at not in without]
    head = "".join(f"<th>{escape(table.columns[at])}</th>" for at in kept)
    rows = "".join(
        "<tr>" + "".join(f"<td>{escape(shown(row[at]))}</td>" for at in kept) + "</tr>" for row in table.rows
    )
    return (
        f'<table border="1" cellspacing="0" style="border-collapse: collapse"><tr>{head}</tr>{rows}</table>'
    )


# --- the two kinds of files ---


def _inline(picture: QImage, kind: PictureKind) -> str:
    content = base64.b64encode(encoded(picture, kind)).decode("ascii")
    return f"data:image/{kind.lower()};base64,{content}"


def _pdf(material: ReportMaterial) -> bytes:
    document = QTextDocument()
    pictures: list[QImage] = []

    def add_picture(picture: QImage, _: str) -> str:
        pictures.append(picture)
        return f"picture{len(pictures)}"

    text = html_report(material, add_picture)
    for number, picture in enumerate(pictures, start=1):
        document.addResource(
            QTextDocument.ResourceType.ImageResource.value, QUrl(f"picture{number}"), picture
        )
    document.setHtml(text)
    content = QByteArray()
    buffer = QBuffer(content)
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    writer = QPdfWriter(buffer)
    writer.setResolution(_PDF_DPI)
    writer.setTitle(tr("Comparison of detectors"))
    layout = QPageLayout(
        QPageSize(QPageSize.PageSizeId.A4),
        QPageLayout.Orientation.Portrait,
        QMarginsF(12, 12, 12, 14),
        QPageLayout.Unit.Millimeter,
    )
    writer.setPageLayout(layout)
    document.print_(writer)
    buffer.close()
    return bytes(content.data())
