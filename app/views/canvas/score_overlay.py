"""A score map over the photograph: colours by value, clear where there is no score."""

from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QRectF
from PySide6.QtGui import QColor, QImage, QPainter, QPainterPath
from PySide6.QtWidgets import QGraphicsItem, QStyleOptionGraphicsItem, QWidget

COLOUR_MAPS: Final = ("inferno", "viridis", "magma", "plasma", "cividis", "turbo")
DIFFERENCE: Final = "difference"
"""Colours of a map in which 128 is no difference: less is blue, more is orange."""
CLEAR_BELOW: Final = 0.04  # of the full score: fully transparent
OPAQUE_FROM: Final = 0.45  # of the full score: as opaque as the setting says


class ScoreOverlay(QGraphicsItem):
    """One uint8 map, placed by the image rectangle that it covers."""

    def __init__(self) -> None:
        super().__init__()
        self._style = (COLOUR_MAPS[0], 0.6)
        self._levels = (0.0, 1.0)
        self._values: NDArray[np.uint8] | None = None
        self._covered = QRectF()
        self._picture: QImage | None = None  # of the values in the colours, made when it is first painted
        self.setVisible(False)

    def show_map(self, values: NDArray[np.uint8] | None, rect: QRectF | None, clip: QRectF) -> bool:
        """Show a map, or nothing.

        Args:
            values: (h, w), 0 to 255; copied when it has to be cut.
            rect: the image rectangle that all of the map covers; may reach beyond the image.
            clip: the image; map pixels that lie wholly outside are not shown.

        Returns:
            Whether there is anything to see.
        """
        self.prepareGeometryChange()
        self._values, self._covered, self._picture = None, QRectF(), None
        if values is None or rect is None or values.size == 0 or rect.isEmpty():
            return False
        cut, covered = cut_to(values, rect, clip)
        if cut.size == 0:
            return False
        self._values, self._covered = np.ascontiguousarray(cut), covered
        self.update()
        return True

    def set_style(self, colour_map: str, opacity: float) -> None:
        """Choose the colours and how opaque a certain score is, 0 to 1."""
        style = (colour_map, min(max(opacity, 0.0), 1.0))
        if style != self._style:
            self._style, self._picture = style, None
            self.update()

    def set_levels(self, low: float, high: float) -> None:
        """Spread the colours between two scores, 0 to 1: below it is clear, above it has the last colour."""
        if (low, high) != self._levels:
            self._levels, self._picture = (low, high), None
            self.update()

    def boundingRect(self) -> QRectF:
        return self._covered

    def shape(self) -> QPainterPath:
        return QPainterPath()

    def paint(
        self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None
    ) -> None:
        if self._values is None:
            return
        if self._picture is None:
            self._picture = coloured(self._values, colour_table(*self._style, *self._levels))
        painter.drawImage(self._covered, self._picture)


def coloured(values: NDArray[np.uint8], colours: NDArray[np.uint8]) -> QImage:
    """The picture of a (h, w) map in colours (256, 4), in the format that Qt blends fastest."""
    height, width = values.shape
    indexed = QImage(values.data, width, height, values.strides[0], QImage.Format.Format_Indexed8)
    indexed.setColorTable([QColor(*colour).rgba() for colour in colours.tolist()])
    return indexed.convertToFormat(QImage.Format.Format_ARGB32_Premultiplied)


def cut_to(values: NDArray[np.uint8], rect: QRectF, clip: QRectF) -> tuple[NDArray[np.uint8], QRectF]:
    """The part of a map whose pixels touch `clip`, and the rectangle that this part covers."""
    height, width = values.shape
    step_x, step_y = rect.width() / width, rect.height() / height
    first_x = max(int(np.floor((clip.left() - rect.left()) / step_x + 1e-6)), 0)
    first_y = max(int(np.floor((clip.top() - rect.top()) / step_y + 1e-6)), 0)
    last_x = min(int(np.ceil((clip.right() - rect.left()) / step_x - 1e-6)), width)
    last_y = min(int(np.ceil((clip.bottom() - rect.top()) / step_y - 1e-6)), height)
    covered = QRectF(
        rect.left() + first_x * step_x,
        rect.top() + first_y * step_y,
        max(last_x - first_x, 0) * step_x,
        max(last_y - first_y, 0) * step_y,
    )
    return values[first_y : max(last_y, first_y), first_x : max(last_x, first_x)], covered


@lru_cache(maxsize=32)
def colour_table(colour_map: str, opacity: float, low: float = 0.0, high: float = 1.0) -> NDArray[np.uint8]:
    """(256, 4) red, green, blue, alpha for the scores 0 to 255; an unknown name gives the first map.

    Args:
        colour_map: one of COLOUR_MAPS.
        opacity: of a certain score.
        low: the score, 0 to 1, of the first colour; what is lower is clear.
        high: the score of the last colour; above `low`.
    """
    if colour_map == DIFFERENCE:
        return _difference_table(opacity)
    name = colour_map if colour_map in COLOUR_MAPS else COLOUR_MAPS[0]
    import cv2  # only where a map is shown, and the window should open quickly

    codes = {
        "inferno": cv2.COLORMAP_INFERNO,
        "viridis": cv2.COLORMAP_VIRIDIS,
        "magma": cv2.COLORMAP_MAGMA,
        "plasma": cv2.COLORMAP_PLASMA,
        "cividis": cv2.COLORMAP_CIVIDIS,
        "turbo": cv2.COLORMAP_TURBO,
    }
    score = np.clip((np.arange(256) / 255.0 - low) / max(high - low, 1e-6), 0.0, 1.0)
    row = np.rint(score * 255.0).astype(np.uint8).reshape(1, 256)
    colours = np.empty((256, 4), np.uint8)
    colours[:, :3] = cv2.applyColorMap(row, codes[name])[0, :, ::-1]  # from blue, green, red
    share = np.clip((score - CLEAR_BELOW) / (OPAQUE_FROM - CLEAR_BELOW), 0.0, 1.0)
    colours[:, 3] = np.round(255 * opacity * share)
    colours.setflags(write=False)
    return colours


def _difference_table(opacity: float) -> NDArray[np.uint8]:
    """Two hues that people with any colour vision tell apart, clear where nothing changes."""
    change = (np.arange(256) - 128) / 127.0
    colours = np.empty((256, 4), np.uint8)
    colours[:, :3] = np.where(change[:, None] < 0, (45, 125, 255), (255, 140, 0))
    colours[:, 3] = np.round(255 * opacity * np.clip(np.abs(change), 0.0, 1.0) ** 0.5)
    colours.setflags(write=False)
    return colours
