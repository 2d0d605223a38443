"""The pictures of the prompt playground: the map of the checkpoint's own words beside that of others."""

from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QRectF
from PySide6.QtGui import QImage, QPalette
from PySide6.QtWidgets import QVBoxLayout, QWidget

from app.domain.compare import shapes_of_detections, shapes_of_regions
from app.domain.prompts import difference, stretched
from app.domain.region import Region
from app.services.prompts import PromptMap
from app.views.canvas.score_overlay import DIFFERENCE
from app.views.compare.area import PaneArea
from app.views.compare.canvas import Look, PaneCanvas
from app.views.plain_label import plain_label
from tcm_core.decode.maps import Plane

Right = Literal["map", "difference"]
RIGHTS: Final[tuple[tuple[str, Right], ...]] = (("Its map", "map"), ("Difference", "difference"))


class PromptPane:
    """A heading and a canvas."""

    def __init__(self, area: QWidget) -> None:
        self.canvas = PaneCanvas(area)
        self.header = QWidget(area)
        self.header.setAutoFillBackground(True)
        self.title = plain_label("heading", wraps=False)
        column = QVBoxLayout(self.header)
        column.setContentsMargins(8, 6, 8, 6)
        column.addWidget(self.title)

    def mark(self, *, marked: bool) -> None:
        """Let the heading stand out: its picture is the one that is seen."""
        role = QPalette.ColorRole.Midlight if marked else QPalette.ColorRole.Window
        self.header.setBackgroundRole(role)


class PromptPictures(PaneArea):
    """Two linked pictures of one page, each with a map."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.panes = [PromptPane(self), PromptPane(self)]
        for pane in self.panes:
            pane.canvas.looked.connect(self._looked)
        self._maps: tuple[PromptMap | None, PromptMap | None] = (None, None)
        self._rect: QRectF | None = None
        self._levels = (0.0, 1.0)
        self._right: Right = "map"
        self._style = ("inferno", 0.6)
        self._labels: tuple[Region, ...] = ()
        self.set_panes(self.panes)
        self.set_style(*self._style)

    @property
    def planes(self) -> tuple[Plane | None, Plane | None]:
        """What the two pictures show now, under the levels."""
        return self._plane(0), self._plane(1)

    def show_image(self, image: QImage | None) -> None:
        """Show a photograph and fit it."""
        for pane in self.panes:
            pane.canvas.show_image(image)
        self._draw()

    def show_maps(self, own: PromptMap | None, other: PromptMap | None, rect: QRectF | None) -> None:
        """Show the map of the own words on the left, that of others on the right.

        Args:
            own: None: there is none yet.
            other: likewise.
            rect: the image rectangle that the maps cover.
        """
        self._maps, self._rect = (own, other), rect
        self._draw()

    def show_labels(self, regions: tuple[Region, ...]) -> None:
        """Outline the page's labels where no detections are shown; (): nothing."""
        self._labels = regions
        self._draw()

    def set_titles(self, own: str, other: str) -> None:
        """Say over the pictures what they show."""
        self.panes[0].title.setText(own)
        self.panes[1].title.setText(other)

    def set_levels(self, low: float, high: float) -> None:
        """Show what lies between two levels."""
        self._levels = (low, high)
        self._draw()

    def set_right(self, right: Right) -> None:
        """Show on the right the map of the other words, or what differs."""
        self._right = right
        self.set_style(*self._style)
        self._draw()

    def set_style(self, colour_map: str, opacity: float) -> None:
        """Colours and opacity of the maps."""
        self._style = (colour_map, opacity)
        self.panes[0].canvas.stage.score.set_style(colour_map, opacity)
        differs = self._right == "difference"
        self.panes[1].canvas.stage.score.set_style(DIFFERENCE if differs else colour_map, opacity)

    def _draw(self) -> None:
        for at, pane in enumerate(self.panes):
            found = self._maps[at]
            pane.canvas.show_map(self._plane(at), self._rect)
            if found is not None and found.detections is not None:
                pane.canvas.show_shapes(shapes_of_detections(found.detections))
            else:
                pane.canvas.show_shapes(shapes_of_regions(self._labels))

    def _plane(self, at: int) -> NDArray[np.uint8] | None:
        found, own = self._maps[at], self._maps[0]
        if found is None:
            return None
        if at == 1 and self._right == "difference":
            return None if own is None else difference(found.plane, own.plane, *self._levels)
        return stretched(found.plane, *self._levels)

    def _looked(self, look: Look) -> None:
        for pane in self.panes:
            if pane.canvas is not self.sender():
                pane.canvas.follow(look)
