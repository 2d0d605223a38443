"""The photograph under everything else."""

from typing import Final

import cv2
import numpy as np
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QImage, QPainter, QPixmap
from PySide6.QtWidgets import QGraphicsPixmapItem, QStyleOptionGraphicsItem, QWidget

SMOOTH_BELOW: Final = 2.0  # device pixels for one image pixel; from here on pixels are shown as squares
PYRAMID_SIDE: Final = 4000  # images with a longer side get smaller copies
PYRAMID_LEVELS: Final = 2  # a half and a quarter


class PhotoItem(QGraphicsPixmapItem):
    """Draws one image: smooth when small, as squares when large, big ones from a smaller copy.

    The item lies at (0, 0) with one unit an image pixel.
    """

    def __init__(self) -> None:
        super().__init__()
        self.setShapeMode(QGraphicsPixmapItem.ShapeMode.BoundingRectShape)
        self.setAcceptedMouseButtons(Qt.MouseButton.NoButton)
        self._levels: list[QPixmap] = []
        self._rect = QRectF()

    def set_image(self, image: QImage | None) -> None:
        """Show another image; None shows nothing."""
        self.prepareGeometryChange()
        if image is None or image.isNull():
            self._levels, self._rect = [], QRectF()
        else:
            self._levels = [QPixmap.fromImage(level) for level in pyramid(image)]
            self._rect = QRectF(image.rect())
        self.update()

    def boundingRect(self) -> QRectF:
        return self._rect

    def paint(
        self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None
    ) -> None:
        if not self._levels:
            return
        scale = abs(painter.deviceTransform().m11())
        level = 0
        while level + 1 < len(self._levels) and scale <= 0.5 ** (level + 1):
            level += 1
        pixmap = self._levels[level]
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, scale < SMOOTH_BELOW)
        painter.drawPixmap(self._rect, pixmap, QRectF(pixmap.rect()))


def pyramid(image: QImage) -> list[QImage]:
    """The image and, when it is large, copies of a half and a quarter of its sides.

    Small copies are averages of whole blocks, so that thin strokes do not break up when a large photograph
    is seen as a whole.
    """
    if max(image.width(), image.height()) <= PYRAMID_SIDE:
        return [image]
    source = image.convertToFormat(QImage.Format.Format_RGB32)
    levels = [source]
    pixels = np.frombuffer(source.constBits(), dtype=np.uint8)
    pixels = pixels.reshape(source.height(), source.bytesPerLine() // 4, 4)[:, : source.width()]
    for level in range(1, PYRAMID_LEVELS + 1):
        size = (max(source.width() >> level, 1), max(source.height() >> level, 1))
        pixels = np.ascontiguousarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA))
        small = QImage(pixels.data, *size, size[0] * 4, QImage.Format.Format_RGB32).copy()
        levels.append(small)
    return levels
