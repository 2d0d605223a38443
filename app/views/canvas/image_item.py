"""The photograph under everything else."""

from typing import Final

import numpy as np
from PySide6.QtCore import QRect, QRectF
from PySide6.QtGui import QImage, QPainter, QPixmap, QTransform

from app.views.canvas.cached_layer import CachedLayer

SMOOTH_BELOW: Final = 2.0  # device pixels for one image pixel; from here on pixels are shown as squares
PYRAMID_SIDE: Final = 4000  # images with a longer side get smaller copies
PYRAMID_LEVELS: Final = 2  # a half and a quarter


class PhotoLayer(CachedLayer):
    """Draws one image at (0, 0): smooth when small, as squares when large, big ones from a smaller copy."""

    def __init__(self) -> None:
        super().__init__()
        self._levels: list[QPixmap] = []
        self._rect = QRectF()

    def set_image(self, image: QImage | None) -> None:
        """Show another image; None shows nothing."""
        if image is None or image.isNull():
            self._levels, self._rect = [], QRectF()
        else:
            self._levels = [QPixmap.fromImage(level) for level in pyramid(image)]
            self._rect = QRectF(image.rect())
        self.invalidate_all()

    @property
    def pixmap(self) -> QPixmap | None:
        """The image in its full size."""
        return self._levels[0] if self._levels else None

    def is_empty(self) -> bool:
        return not self._levels

    def is_much_work(self, visible: QRectF, scale: float) -> bool:
        return False

    def draw(self, painter: QPainter, placement: QTransform, part: QRect, ratio: float, rough: bool) -> None:
        scale = placement.m11()
        level = 0
        while level + 1 < len(self._levels) and scale <= 0.5 ** (level + 1):
            level += 1
        pixmap = self._levels[level]
        painter.setTransform(placement)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, scale < SMOOTH_BELOW)
        painter.drawPixmap(self._rect, pixmap, QRectF(pixmap.rect()))


def pyramid(image: QImage) -> list[QImage]:
    """The image and, when it is large, copies of a half and a quarter of its sides.

    Small copies are averages of whole blocks, so that thin strokes do not break up when a large photograph
    is seen as a whole.
    """
    if max(image.width(), image.height()) <= PYRAMID_SIDE:
        return [image]
    import cv2  # only large pictures need it, and the window should open quickly

    source = image.convertToFormat(QImage.Format.Format_RGB32)
    levels = [source]
    pixels = np.frombuffer(source.constBits(), dtype=np.uint8)
    pixels = pixels.reshape(source.height(), source.bytesPerLine() // 4, 4)[:, : source.width()]
    for level in range(1, PYRAMID_LEVELS + 1):
        size = (max(source.width() >> level, 1), max(source.height() >> level, 1))
        pixels = np.ascontiguousarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA))
        levels.append(QImage(pixels.data, *size, size[0] * 4, QImage.Format.Format_RGB32).copy())
    return levels
