"""What lies over the picture: which layers are shown, and which score map."""

from typing import Final, Literal

from PySide6.QtCore import QObject, Signal, Slot

from app.settings.schema import MapName
from app.views.main_window import MainWindow
from app.views.panels.detection import MAPS

LayerName = Literal["regions", "detections", "truth"]
LAYERS: Final[frozenset[LayerName]] = frozenset(("regions", "detections", "truth"))


class Layers(QObject):
    """Shows and hides layers of the canvas.

    Attributes:
        changed: other layers are shown than before.
    """

    changed = Signal()

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        self._hidden: frozenset[LayerName] = frozenset()
        self._last_map: MapName = "language"
        window.detection.map_changed.connect(self._map_changed)

    @property
    def shown(self) -> frozenset[str]:
        """The layers on the screen; "map" among them when there is a score map."""
        maps = frozenset(() if self._window.detection.map_name == "off" else ("map",))
        return (LAYERS - self._hidden) | maps

    def toggle(self, layer: LayerName) -> None:
        """Hide what is shown, show what is hidden."""
        self._hidden ^= {layer}
        self._window.canvas.set_layer_visible(layer, layer not in self._hidden)
        self.changed.emit()

    def solo(self, layer: LayerName | Literal["map"]) -> None:
        """Show only this layer; when it is the only one already, show all."""
        alone = self.shown == {layer}
        if (layer == "map" or alone) != ("map" in self.shown):
            self.toggle_map()
        for other in LAYERS:
            wanted = alone or other == layer
            if wanted != (other not in self._hidden):
                self.toggle(other)

    def reveal(self, layer: LayerName) -> None:
        """Show a layer, because something new is in it."""
        if layer in self._hidden:
            self.toggle(layer)

    @Slot()
    def reveal_regions(self) -> None:
        self.reveal("regions")

    def toggle_map(self) -> None:
        """Take the score map away, or show the last one again."""
        self._window.detection.set_map("off" if "map" in self.shown else self._last_map)

    def next_map(self) -> None:
        """Show the score map after the one that is shown."""
        names = [name for name, _ in MAPS if name != "off"]
        at = self._window.detection.map_name
        self._window.detection.set_map(
            names[(names.index(at) + 1) % len(names)] if at in names else self._last_map
        )

    @Slot(str)
    def _map_changed(self, name: MapName) -> None:
        if name != "off":
            self._last_map = name
        self.changed.emit()
