"""Pins of comments on the picture, of one size on the screen."""

from collections.abc import Sequence
from typing import Final

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QPainter, QPen
from PySide6.QtWidgets import QStyleOptionGraphicsItem, QWidget

from app.domain.comment import Comment
from app.views.canvas.cached_layer import CanvasLayer

RADIUS: Final = 10.0  # widget pixels
_OPEN: Final = QColor("#f2c200")
_RESOLVED: Final = QColor("#9aa4b4")
_CHOSEN: Final = QColor("#ffffff")
_DARK: Final = QColor("#14181f")


class CommentPins(CanvasLayer):
    """A numbered disc at the place of each comment; the number is its place in the list."""

    def __init__(self) -> None:
        super().__init__()
        self._pins: tuple[tuple[int, Comment], ...] = ()
        self._pending: tuple[float, float] | None = None
        self._chosen: int | None = None

    def show_pins(self, pins: Sequence[tuple[int, Comment]], chosen: int | None) -> None:
        """Show these comments with their numbers; `chosen` is the id of the one that stands out."""
        self._pins, self._chosen = tuple(pins), chosen
        self.update()

    def show_pending(self, place: tuple[float, float] | None) -> None:
        """Show where the comment that is being typed will be, image pixels; None: none is."""
        self._pending = place
        self.update()

    @property
    def pins(self) -> tuple[tuple[int, Comment], ...]:
        """What is shown."""
        return self._pins

    @property
    def pending(self) -> tuple[float, float] | None:
        """Where a comment is being typed."""
        return self._pending

    def at(self, place: tuple[float, float], scale: float) -> Comment | None:
        """The comment whose disc is at an image point, the newest first; `scale`: widget pixels for one."""
        reach = (RADIUS / scale) ** 2
        for _, comment in reversed(self._pins):
            if (comment.x - place[0]) ** 2 + (comment.y - place[1]) ** 2 <= reach:
                return comment
        return None

    def paint(
        self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None
    ) -> None:
        if not self._pins and self._pending is None:
            return
        transform = painter.worldTransform()
        painter.save()
        painter.resetTransform()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        font = QFont()
        font.setPixelSize(11)
        font.setBold(True)
        painter.setFont(font)
        for number, comment in self._pins:
            colour = _RESOLVED if comment.resolved else _OPEN
            _draw(
                painter,
                transform.map(QPointF(comment.x, comment.y)),
                str(number),
                colour,
                comment.id == self._chosen,
            )
        if self._pending is not None:
            _draw(painter, transform.map(QPointF(*self._pending)), "?", _OPEN, True)
        painter.restore()


def _draw(painter: QPainter, middle: QPointF, text: str, colour: QColor, chosen: bool) -> None:
    disc = QRectF(middle.x() - RADIUS, middle.y() - RADIUS, 2 * RADIUS, 2 * RADIUS)
    if chosen:
        painter.setPen(QPen(_DARK, 1))
        painter.setBrush(_CHOSEN)
        painter.drawEllipse(disc.adjusted(-3.5, -3.5, 3.5, 3.5))
    painter.setPen(QPen(_DARK, 1.5))
    painter.setBrush(colour)
    painter.drawEllipse(disc)
    painter.drawText(disc, Qt.AlignmentFlag.AlignCenter, text)
