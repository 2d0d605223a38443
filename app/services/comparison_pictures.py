"""Pictures of a report: the curves, and images with the verdicts on their polygons. Any thread."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final, Literal

import numpy as np
from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QImage, QImageWriter, QPainter, QPen, QPolygonF

from app.domain.compare_figures import CurvePoint, JudgedPage, at_threshold, drawn_part
from tcm_core.data.image_io import read_image
from tcm_core.evaluate.result import Verdict
from tcm_core.geometry.polygon import Points

VERDICT_COLOURS: Final[dict[Verdict, str]] = {  # hues of Okabe and Ito 2008
    Verdict.TRUE_POSITIVE: "#00be82",
    Verdict.FALSE_POSITIVE: "#f06e14",
    Verdict.FALSE_NEGATIVE: "#f0e442",
    Verdict.IGNORED: "#9aa0a6",
}
_DASHES: Final[dict[Verdict, list[float]]] = {
    Verdict.TRUE_POSITIVE: [],
    Verdict.FALSE_POSITIVE: [7, 3],
    Verdict.FALSE_NEGATIVE: [2, 2.5],
    Verdict.IGNORED: [1, 3],
}
CURVE_COLOURS: Final = ("#e07a3c", "#4f9dde", "#5fb878", "#c678c6")
"""Of the panes, from the first on."""
PictureKind = Literal["PNG", "JPEG"]
CURVES_SIZE: Final = (720, 480)
WIDTH: Final = 640
_MARGIN: Final = 56


def page_picture(path: Path, page: JudgedPage, threshold: float) -> QImage:
    """An image with what a source found on it, and what it missed, in the colours of the verdicts.

    Args:
        path: of the image.
        page: what was found.
        threshold: of the score.

    Raises:
        BadImage: it cannot be read.
    """
    pixels = np.ascontiguousarray(read_image(path))
    height, width = pixels.shape[:2]
    photo = QImage(pixels.data, width, height, width * 3, QImage.Format.Format_RGB888)
    picture = photo.scaledToWidth(WIDTH, Qt.TransformationMode.SmoothTransformation).convertToFormat(
        QImage.Format.Format_RGB32
    )
    result, scale = page.at(threshold), WIDTH / width
    painter = QPainter(picture)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    for shape, verdict in zip(page.pair.truth, result.gt_verdicts, strict=True):
        if verdict in (Verdict.FALSE_NEGATIVE, Verdict.IGNORED):
            _outline(painter, shape.polygon * scale, verdict)
    for polygon, verdict in zip(page.polygons_at(threshold), result.det_verdicts, strict=True):
        _outline(painter, polygon * scale, verdict)
    painter.end()
    return picture


def curves_picture(curves: Sequence[tuple[int, Sequence[CurvePoint], float | None]]) -> QImage:
    """Precision over recall.

    Args:
        curves: of each pane its number, the curve and its threshold; None: it has no scores.
    """
    width, height = CURVES_SIZE
    picture = QImage(width, height, QImage.Format.Format_RGB32)
    picture.fill(QColor("white"))
    painter = QPainter(picture)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    _axes(painter)
    for number, points, threshold in curves:
        colour = QColor(CURVE_COLOURS[(number - 1) % len(CURVE_COLOURS)])
        painter.setPen(QPen(colour, 2.5))
        if threshold is not None:
            painter.drawPolyline(
                QPolygonF([_place(point.recall, point.precision) for point in drawn_part(points)])
            )
        now = points[0] if threshold is None else at_threshold(points, threshold)
        place = _place(now.recall, now.precision)
        painter.setBrush(colour)
        painter.drawEllipse(place, 6, 6)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QColor("black"))
        painter.drawText(place + QPointF(9, -7), str(number))
    painter.end()
    return picture


def encoded(picture: QImage, kind: PictureKind) -> bytes:
    """The picture as a file.

    Args:
        picture: what is written.
        kind: of the file.
    """
    content = QByteArray()
    buffer = QBuffer(content)
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    writer = QImageWriter(buffer, QByteArray(kind.encode("ascii")))
    writer.setQuality(82 if kind == "JPEG" else -1)
    writer.write(picture)
    return bytes(content.data())


def _outline(painter: QPainter, polygon: Points, verdict: Verdict) -> None:
    outline = QPolygonF([QPointF(x, y) for x, y in polygon.tolist()])
    painter.setPen(QPen(QColor(12, 14, 18, 170), 4.0))
    painter.drawPolygon(outline)
    pen = QPen(QColor(VERDICT_COLOURS[verdict]), 2.0)
    if _DASHES[verdict]:
        pen.setDashPattern(_DASHES[verdict])
    painter.setPen(pen)
    painter.drawPolygon(outline)


def _place(recall: float, precision: float) -> QPointF:
    width, height = CURVES_SIZE
    x = _MARGIN + recall * (width - 2 * _MARGIN)
    return QPointF(x, height - _MARGIN - precision * (height - 2 * _MARGIN))


def _axes(painter: QPainter) -> None:
    font = QFont()
    font.setPixelSize(14)
    painter.setFont(font)
    for step in range(6):
        value = step / 5
        painter.setPen(QColor("#d8dade"))
        painter.drawLine(_place(value, 0), _place(value, 1))
        painter.drawLine(_place(0, value), _place(1, value))
        painter.setPen(QColor("#30343a"))
        below, beside = _place(value, 0), _place(0, value)
        centre = Qt.AlignmentFlag.AlignCenter
        painter.drawText(QRectF(below.x() - 30, below.y() + 4, 60, 20), centre, f"{value:.1f}")
        painter.drawText(QRectF(beside.x() - 44, beside.y() - 10, 38, 20), centre, f"{value:.1f}")
    painter.drawText(
        QRectF(0, CURVES_SIZE[1] - 28, CURVES_SIZE[0], 24), Qt.AlignmentFlag.AlignCenter, "Recall"
    )
    painter.save()
    painter.translate(16, CURVES_SIZE[1] / 2)
    painter.rotate(-90)
    painter.drawText(QRectF(-100, -12, 200, 24), Qt.AlignmentFlag.AlignCenter, "Precision")
    painter.restore()
