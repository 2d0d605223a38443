"""The guides of a canvas: cross-hair, magnifier, mini-map, rulers. All are off until they are wanted."""

from collections.abc import Callable
from typing import Final, Literal

from PySide6.QtCore import QObject, QPointF, QRectF, Slot
from PySide6.QtGui import QPixmap, QPolygonF
from PySide6.QtWidgets import QWidget

from app.views.canvas.magnifier import Magnifier
from app.views.canvas.mini_map import MiniMap
from app.views.canvas.outline import to_qpolygon
from app.views.canvas.rulers import Ruler
from app.views.canvas.sight import Guide, Sight
from app.views.canvas.stage import Stage

GuideName = Literal["cross_hair", "magnifier", "mini_map", "rulers"]
GUIDE_NAMES: Final[tuple[GuideName, ...]] = ("cross_hair", "magnifier", "mini_map", "rulers")
Camera = Callable[[], tuple[QRectF, float]]  # what is visible, image pixels; widget pixels for an image pixel


class Guides(QObject):
    """Shows the wanted guides and tells them what is seen; what is off costs nothing.

    Args:
        canvas: that they lie over.
        stage: its layers.
        camera: where it looks.
    """

    def __init__(self, canvas: QWidget, stage: Stage, camera: Camera) -> None:
        super().__init__(canvas)
        self._canvas, self._stage, self._camera = canvas, stage, camera
        self._mouse: QPointF | None = None
        self._on: frozenset[GuideName] = frozenset()
        self.magnifier, self.mini_map = Magnifier(canvas), MiniMap(canvas)
        self.rulers = Ruler(canvas, "across"), Ruler(canvas, "down")
        self._widgets: dict[GuideName, tuple[Guide, ...]] = {
            "magnifier": (self.magnifier,),
            "mini_map": (self.mini_map,),
            "rulers": self.rulers,
        }

    @property
    def on(self) -> frozenset[GuideName]:
        """The guides that are wanted."""
        return self._on

    def set_on(self, name: GuideName, on: bool) -> None:
        """Show a guide, or take it away."""
        self._on = self._on | {name} if on else self._on - {name}
        if name == "cross_hair":
            self._stage.cross_hair.set_visible(on)
        self.canvas_resized()
        self.look_again()

    def canvas_resized(self) -> None:
        """Lay the guides where they belong."""
        for name in self._on & self._widgets.keys():
            for guide in self._widgets[name]:
                guide.lie_in(self._canvas.width(), self._canvas.height())

    def mouse_moved(self, place: QPointF | None) -> None:
        """The mouse is at another image point, or has left."""
        self._mouse = place
        if self._on:
            self.look_again()

    @Slot()
    def look_again(self) -> None:
        """Show what is seen now."""
        visible, scale = self._camera()
        if "cross_hair" in self._on:
            mouse = self._mouse
            self._stage.cross_hair.move_to(None if mouse is None else (mouse.x(), mouse.y()), scale)
        image = self._stage.image_rect
        there = not image.isEmpty()
        wanted: dict[GuideName, bool] = {
            "magnifier": there and self._mouse is not None,
            "mini_map": there and not visible.contains(image),
            "rulers": there,
        }
        sight: Sight | None = None
        for name, guides in self._widgets.items():
            shown = name in self._on and wanted[name]
            for guide in guides:
                if shown:
                    sight = sight or self._sight(visible, scale)
                    guide.show_sight(sight)
                if guide.isHidden() == shown:
                    guide.setVisible(shown)

    def _sight(self, visible: QRectF, scale: float) -> Sight:
        photo = self._stage.photo.pixmap or QPixmap()
        return Sight(photo, self._stage.image_rect, visible, scale, self._mouse, self._near_mouse())

    def _near_mouse(self) -> tuple[QPolygonF, ...]:
        """The outlines that the magnifier shows."""
        if self._mouse is None or "magnifier" not in self._on or not self._stage.is_visible("regions"):
            return ()
        reach = self.magnifier.reach()
        x, y = self._mouse.x(), self._mouse.y()
        return tuple(to_qpolygon(one) for one in self._stage.outlines_near(x, y, reach))
