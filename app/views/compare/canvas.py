"""The picture of one pane: polygons to look at, to point at and to choose, never to change."""

import math
from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPointF, QRect, QRectF, Qt, QTimer, Signal
from PySide6.QtGui import QImage, QMouseEvent, QRegion
from PySide6.QtWidgets import QWidget

from app.domain.compare import Shape
from app.domain.hit_test import HitIndex
from app.domain.region import Region
from app.views.canvas import style
from app.views.canvas.active_layer import ActiveContent
from app.views.canvas.navigation import NavigationView
from app.views.canvas.polygon_layer import PolygonEntry
from app.views.canvas.stage import Stage
from app.views.canvas.tools.tool import DRAG_STARTS_AT
from app.views.compare import looks
from tcm_core.evaluate.result import ImageResult
from tcm_core.geometry.polygon import Points, bounds

REFINE_AFTER_MS: Final = 150
HIT_RADIUS: Final = 4.0  # widget pixels
REVEAL_MARGIN: Final = 60.0
NOTHING: Final = -1


class Look(NamedTuple):
    """Where a pane looks: the image point in its middle, and widget pixels for one image pixel."""

    x: float
    y: float
    scale: float
    fitted: bool


class PaneCanvas(NavigationView):
    """Shows one set of polygons over the photograph. Coordinates are image pixels unless said.

    Attributes:
        looked: a Look: a person moved the view.
        pointed: (x, y) under the mouse, or None.
        hovered: index of the polygon under the mouse, or NOTHING.
        chosen: index of the polygon that was clicked, or NOTHING.
        adopted: index of the polygon that was double-clicked.
    """

    looked = Signal(object)
    pointed = Signal(object)
    hovered = Signal(int)
    chosen = Signal(int)
    adopted = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        self.stage = Stage()
        super().__init__(self.stage.plane, style.BACKGROUND, parent)
        self.setAccessibleName("Picture of a pane")
        self.shapes: tuple[Shape, ...] = ()
        self._hits = HitIndex(())
        self._hovered = NOTHING
        self._led = False  # another pane moves this one
        self._pressed = False
        self.stage.cross_hair.set_visible(True)
        self._refine_timer = QTimer(self)
        self._refine_timer.setSingleShot(True)
        self._refine_timer.setInterval(REFINE_AFTER_MS)
        self._refine_timer.timeout.connect(self.stage.refine)
        self.start_following()

    # --- what is shown ---

    def show_image(self, image: QImage | None) -> None:
        """Show another photograph and fit it; None shows none."""
        self._led = True
        self.stage.show_image(image)
        self.set_image_size(self.stage.image_rect.width(), self.stage.image_rect.height())
        self._led = False

    def show_shapes(
        self, shapes: Sequence[Shape], truth: Sequence[Shape] = (), result: ImageResult | None = None
    ) -> None:
        """Show a set of polygons.

        Args:
            shapes: the set.
            truth: the labels that it was judged against.
            result: what was said of the polygons and of the labels; None: they are not judged.
        """
        self.shapes = tuple(shapes)
        self._hits = HitIndex([Region(str(at), shape.polygon) for at, shape in enumerate(self.shapes)])
        self._hovered = NOTHING
        verdicts = [None] * len(self.shapes) if result is None else result.det_verdicts
        self.stage.detections.set_entries(
            [
                PolygonEntry(str(at), shape, shape.polygon, looks.look_of(shape, verdict), shape.text)
                for at, (shape, verdict) in enumerate(zip(self.shapes, verdicts, strict=True))
            ]
        )
        missed = [] if result is None else zip(truth, result.gt_verdicts, strict=True)
        self.stage.truth.set_entries(
            [
                PolygonEntry(f"missed {at}", shape, shape.polygon, looks.MISSED)
                for at, (shape, verdict) in enumerate(missed)
                if verdict == "fn"
            ]
        )

    def show_map(self, values: NDArray[np.uint8] | None, rect: QRectF | None) -> None:
        """Show a (h, w) score map over the image rectangle that all of it covers, or none."""
        self.stage.show_map(values, rect)

    def show_part(self, part: QRect | None) -> None:
        """Be there in this rectangle of the widget only, for the eye and for the mouse; None: everywhere."""
        if part is None:
            self.clearMask()
        else:
            self.setMask(QRegion(part))
        self.stage.show_part(part)

    def light_up(self, index: int | None, tag: str = "") -> None:
        """Let the polygon shine that is under the mouse here or in another pane; None: none."""
        polygon = None if index is None else self.shapes[index].polygon
        self.stage.show_active(ActiveContent(hovered=polygon, hovered_tag=tag), self._camera.scale)

    def choose(self, own: int | None, others: Points | None) -> None:
        """Mark the chosen polygon, or in dashes where others have one that this set lacks."""
        entries = []
        if own is not None:
            shape = self.shapes[own]
            entries.append(PolygonEntry("chosen", shape, shape.polygon, looks.CHOSEN))
        elif others is not None:
            entries.append(PolygonEntry("absent", others, others, looks.ABSENT))
        self.stage.compared.set_entries(entries)

    def reveal_polygon(self, polygon: Points) -> None:
        """Move the view so that a polygon is in it; one that is seen in the whole image stays where it is."""
        self.reveal(*bounds(polygon), 0.0 if self.look.fitted else REVEAL_MARGIN)

    @property
    def look(self) -> Look:
        """Where this pane looks."""
        rect, scale = self.sight
        return Look(rect.center().x(), rect.center().y(), scale, self._camera.following_fit)

    def follow(self, look: Look) -> None:
        """Look where another pane does; nothing is told."""
        self._led = True
        if look.fitted:
            self.fit()
        else:
            self._camera.look_at(look.x, look.y, look.scale)
            self._follow(rescaled=True)
        self._led = False

    def show_pointer(self, place: tuple[float, float] | None) -> None:
        """Cross two lines where the mouse is in another pane."""
        self.stage.cross_hair.move_to(place, self._camera.scale)

    # --- mouse ---

    def camera_moved(self, *, rescaled: bool) -> None:
        if rescaled:
            self._refine_timer.start()
            self.stage.show_active(self.stage.active.content, self._camera.scale)
        if not self._led and self._ready:
            self.looked.emit(self.look)

    def left_pressed(self, event: QMouseEvent) -> None:
        self._pressed = True

    def mouse_moved(self, event: QMouseEvent) -> None:
        way = event.position() - self._press_at
        if self._pressed and math.hypot(way.x(), way.y()) >= DRAG_STARTS_AT:
            self._pressed = False
            self.start_pan()
            return
        self._hover(self._under(event.position()))
        self.pointed.emit(self.widget_to_image(event.position()))

    def left_released(self, event: QMouseEvent) -> None:
        if self._pressed:
            self._pressed = False
            self.chosen.emit(self._under(event.position()))

    def left_double_clicked(self, event: QMouseEvent) -> None:
        index = self._under(event.position())
        if index != NOTHING:
            self.adopted.emit(index)

    def right_clicked(self, event: QMouseEvent) -> None:
        self.chosen.emit(self._under(event.position()))

    def resting_cursor(self) -> Qt.CursorShape:
        if self._hovered != NOTHING:
            return Qt.CursorShape.PointingHandCursor
        return Qt.CursorShape.ArrowCursor

    def leaveEvent(self, event: QEvent) -> None:
        self._hover(NOTHING)
        self.pointed.emit(None)
        super().leaveEvent(event)

    def _hover(self, index: int) -> None:
        if index != self._hovered:
            self._hovered = index
            self.update_cursor()
            self.hovered.emit(index)

    def _under(self, place: QPointF) -> int:
        hit = self._hits.at(*self.widget_to_image(place), HIT_RADIUS / self._camera.scale)
        return NOTHING if hit is None else int(hit.region_id)
