"""Text tags over polygons: one size on the screen, never one over another, none on words that are smaller."""

from collections.abc import Sequence
from typing import Final, NamedTuple

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter

from app.views.canvas import style

LONGEST_TEXT: Final = 28  # characters; the rest becomes an ellipsis
SMALLEST_SHARE: Final = 0.55  # a polygon narrower than this share of its tag gets none
_GAP: Final = 4.0  # widget pixels between a polygon and its tag


class TagRequest(NamedTuple):
    """A text to put above a polygon."""

    owner: str
    text: str
    colour: QColor
    left: float  # of the polygon, image pixels
    top: float
    right: float


class Tag(NamedTuple):
    """A text with a place. The rectangle is in image pixels times the scale, so panning leaves it alone."""

    owner: str
    text: str
    colour: QColor
    rect: QRectF


class TagPainter:
    """Measures, places and draws tags with one font."""

    def __init__(self) -> None:
        font = QFont()
        font.setPixelSize(style.TAG_PIXELS)
        self._font = font
        self._metrics = QFontMetricsF(font)
        self._widths: dict[str, float] = {}

    def place(self, requests: Sequence[TagRequest], scale: float) -> list[Tag]:
        """The tags that find room; earlier requests win.

        Args:
            requests: in order of importance.
            scale: widget pixels for one image pixel.
        """
        height = self._metrics.height() + 2
        taken = _TakenRects(cell=max(height * 4, 1.0))
        placed = []
        for request in requests:
            shown = shortened(request.text)
            width = self._width(shown) + 2 * style.TAG_PADDING + 3
            if (request.right - request.left) * scale < width * SMALLEST_SHARE:
                continue
            rect = QRectF(request.left * scale, request.top * scale - height - _GAP, width, height)
            if taken.add(rect):
                placed.append(Tag(request.owner, shown, request.colour, rect))
        return placed

    def draw(self, painter: QPainter, tag: Tag, origin: QPointF) -> None:
        """Draw a tag; the painter is in widget pixels and `origin` is where image point (0, 0) lies."""
        rect = tag.rect.translated(round(origin.x()), round(origin.y()))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(style.TAG_BACKGROUND)
        painter.drawRoundedRect(rect, 3, 3)
        painter.setBrush(tag.colour)
        painter.drawRect(QRectF(rect.left() + 2, rect.top() + 3, 2, rect.height() - 6))
        painter.setPen(style.TAG_TEXT)
        painter.setFont(self._font)
        painter.drawText(
            rect.adjusted(style.TAG_PADDING + 3, 0, 0, 0),
            Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft,
            tag.text,
        )

    def _width(self, text: str) -> float:
        if text not in self._widths:
            if len(self._widths) > 20_000:
                self._widths.clear()
            self._widths[text] = self._metrics.horizontalAdvance(text)
        return self._widths[text]


def shortened(text: str) -> str:
    """The text, cut when it is too long for a tag."""
    return text if len(text) <= LONGEST_TEXT else text[: LONGEST_TEXT - 1] + "…"


class _TakenRects:
    """Rectangles in a grid of cells, to find an overlap without looking at all of them."""

    def __init__(self, cell: float) -> None:
        self._cell = cell
        self._cells: dict[tuple[int, int], list[QRectF]] = {}

    def add(self, rect: QRectF) -> bool:
        """Take the place, unless a part of it is taken."""
        keys = [
            (column, row)
            for column in range(int(rect.left() // self._cell), int(rect.right() // self._cell) + 1)
            for row in range(int(rect.top() // self._cell), int(rect.bottom() // self._cell) + 1)
        ]
        if any(rect.intersects(other) for key in keys for other in self._cells.get(key, ())):
            return False
        for key in keys:
            self._cells.setdefault(key, []).append(rect)
        return True
