"""Sight: what the guides over the canvas are told, and what they all are."""

from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPixmap, QPolygonF
from PySide6.QtWidgets import QWidget


@dataclass(frozen=True)
class Sight:
    """What is seen now.

    Attributes:
        photo: the photograph, or a null pixmap.
        image: its rectangle in image pixels.
        visible: the part of the plane that fills the canvas, image pixels.
        scale: widget pixels for one image pixel.
        mouse: image pixels, or None while the mouse is elsewhere.
        outlines: of the regions near the mouse, image pixels.
    """

    photo: QPixmap
    image: QRectF
    visible: QRectF
    scale: float
    mouse: QPointF | None
    outlines: tuple[QPolygonF, ...] = ()


class Guide(QWidget):
    """A small widget over the canvas that shows where one is; clicks go through it."""

    def __init__(self, canvas: QWidget, name: str) -> None:
        super().__init__(canvas)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setAccessibleName(name)
        self.sight: Sight | None = None
        self.hide()

    def show_sight(self, sight: Sight) -> None:
        """Show another sight."""
        self.sight = sight
        self.update()

    def lie_in(self, width: int, height: int) -> None:
        """Take the own place in a canvas of that size, widget pixels."""
        raise NotImplementedError
