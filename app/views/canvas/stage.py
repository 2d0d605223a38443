"""The layers of the canvas in their order, and what they show."""

from collections.abc import Mapping, Sequence
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QRect, QRectF
from PySide6.QtGui import QImage, QPainter
from PySide6.QtWidgets import QGraphicsItem, QStyleOptionGraphicsItem, QWidget

from app.domain.region import Region
from app.settings.schema import PaletteName
from app.views.canvas import style
from app.views.canvas.active_layer import ActiveContent, ActiveLayer, hidden_regions
from app.views.canvas.cross_hair import CrossHair
from app.views.canvas.image_item import PhotoLayer
from app.views.canvas.polygon_layer import PolygonEntry, PolygonLayer
from app.views.canvas.score_overlay import ScoreOverlay
from tcm_core.detection import Detection
from tcm_core.geometry.polygon import Points

LayerName = Literal["regions", "detections", "truth", "map"]
LAYER_NAMES: Final[tuple[LayerName, ...]] = ("regions", "detections", "truth", "map")


class Plane(QGraphicsItem):
    """Carries the layers and shows nothing itself; its transform takes image pixels to widget pixels."""

    def __init__(self) -> None:
        super().__init__()
        self.setFlag(QGraphicsItem.GraphicsItemFlag.ItemHasNoContents)

    def boundingRect(self) -> QRectF:
        return QRectF()

    def paint(
        self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None
    ) -> None:
        """Never called: it has no contents."""


class Stage:
    """One plane with the photograph, score map, detections, regions and the active layer, bottom to top."""

    def __init__(self) -> None:
        self.plane = Plane()
        self.photo = PhotoLayer()
        self.score = ScoreOverlay()
        self.truth = PolygonLayer()
        self.detections = PolygonLayer()
        self.regions = PolygonLayer()
        self.compared = PolygonLayer()
        self._polygon_layers = (self.truth, self.detections, self.regions, self.compared)
        self.active = ActiveLayer()
        self.cross_hair = CrossHair()
        self.image_rect = QRectF()
        self._visible: dict[LayerName, bool] = dict.fromkeys(LAYER_NAMES, True)
        self._has_map = False
        self._fill = style.USUAL_FILL
        self._palette: PaletteName = "usual"
        self._shown_regions: Sequence[Region] = ()
        self._shown_detections: Mapping[int, Detection] = {}
        self._peeking = False
        layers = (
            (0, self.photo),
            (10, self.score),
            (20, self.truth),
            (30, self.detections),
            (40, self.regions),
            (45, self.compared),
            (50, self.active),
            (60, self.cross_hair.lines[0]),
            (60, self.cross_hair.lines[1]),
        )
        for height, item in layers:
            self.add(item, height)

    def add(self, layer: QGraphicsItem, height: int) -> None:
        """Put a layer over all of a smaller height."""
        layer.setParentItem(self.plane)
        layer.setZValue(height)

    def show_image(self, image: QImage | None) -> None:
        """Show another photograph, or none."""
        self.image_rect = QRectF() if image is None or image.isNull() else QRectF(image.rect())
        self.photo.set_image(image)

    def show_regions(self, regions: Sequence[Region]) -> None:
        """Show the regions of a page; a region object seen before costs nothing."""
        self.regions.set_entries(
            [
                PolygonEntry(
                    region.id,
                    region,
                    region.polygon,
                    style.filled(style.style_of(region, self._palette), self._fill),
                    region.text,
                )
                for region in regions
            ]
        )
        self._shown_regions = regions

    def show_detections(self, detections: Mapping[int, Detection]) -> None:
        """Show what a model proposes, by number; a detection object seen before costs nothing."""
        look = style.filled(style.detected_style(self._palette), self._fill)
        self.detections.set_entries(
            [
                PolygonEntry(str(id(detection)), detection, detection.polygon, look)
                for detection in detections.values()  # their numbers change when one of them goes
            ]
        )
        self._shown_detections = detections

    def show_truth(self, regions: Sequence[Region]) -> None:
        """Show the ground truth of a page, under everything that a person works on."""
        self.truth.set_entries(
            [PolygonEntry(region.id, region, region.polygon, style.TRUTH) for region in regions]
        )

    def show_compared(self, was: Sequence[Region], now: Sequence[Region]) -> None:
        """Show outlines of two states over each other: as they were in dashes, as they are in dots."""
        kinds = (("was", was, style.WAS), ("now", now, style.NOW))
        self.compared.set_entries(
            [
                PolygonEntry(f"{kind} {region.id}", region, region.polygon, look)
                for kind, regions, look in kinds
                for region in regions
            ]
        )

    def set_fill(self, opacity: float) -> None:
        """Fill regions and detections more or less, 0 to 1."""
        if opacity != self._fill:
            self._fill = self.active.fill = opacity
            self.show_regions(self._shown_regions)
            self.show_detections(self._shown_detections)
            self.active.update()

    def set_palette(self, palette: PaletteName) -> None:
        """Colour regions and detections in another way."""
        if palette != self._palette:
            self._palette = palette
            self.show_regions(self._shown_regions)
            self.show_detections(self._shown_detections)

    def show_map(self, values: NDArray[np.uint8] | None, rect: QRectF | None) -> None:
        """Show a score map over the image rectangle that it covers, or none."""
        self._has_map = self.score.show_map(values, rect, self.image_rect)
        self._apply_visibility()

    def show_active(self, content: ActiveContent, scale: float) -> None:
        """Show selection, handles and drafts, and take the selected regions out of the layer at rest."""
        self.regions.leave_out(hidden_regions(content))
        self.active.show_content(content, scale)

    def outlines_near(self, x: float, y: float, reach: float) -> list[Points]:
        """The regions near a place, image pixels, selected ones as they would become."""
        content = self.active.content
        moved = {region.id: content.polygon_of(region) for region in content.selected}
        return [*self.regions.near(x, y, reach), *moved.values()]

    def set_visible(self, layer: LayerName, visible: bool) -> None:
        """Show or hide a layer."""
        self._visible[layer] = visible
        self._apply_visibility()

    def is_visible(self, layer: LayerName) -> bool:
        """Whether a layer is switched on."""
        return self._visible[layer]

    def set_peek(self, hidden: bool) -> None:
        """Hide everything but the photograph for a moment."""
        self._peeking = hidden
        self._apply_visibility()

    def show_part(self, part: QRect | None) -> None:
        """Draw only this rectangle of the widget, the rest of it is not seen; None: all of it."""
        for layer in (self.photo, *self._polygon_layers):
            layer.show_part(part)

    def refine(self) -> None:
        """Replace rough drawings by full ones."""
        for layer in self._polygon_layers:
            layer.refine()

    @property
    def is_rough(self) -> bool:
        """Whether `refine` would improve anything."""
        return any(layer.is_rough for layer in self._polygon_layers)

    def _apply_visibility(self) -> None:
        shown: Mapping[LayerName, bool] = {
            name: visible and not self._peeking for name, visible in self._visible.items()
        }
        self.score.setVisible(shown["map"] and self._has_map)
        self.truth.setVisible(shown["truth"])
        self.detections.setVisible(shown["detections"])
        self.regions.setVisible(shown["regions"])
        self.compared.setVisible(shown["regions"])
        self.active.setVisible(shown["regions"])
