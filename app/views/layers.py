"""What lies over the picture: which layers are shown, and which score map."""

from typing import Final, Literal

from PySide6.QtCore import QObject, Signal, Slot

from app.domain.map_layers import LANGUAGE
from app.views.main_window import MainWindow
from app.views.panels.layers import OFF

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
        self._window, self._panel = window, window.layers
        self._hidden: frozenset[LayerName] = frozenset()
        self._last_map = LANGUAGE
        self._panel.map_changed.connect(self._map_changed)

    @property
    def shown(self) -> frozenset[str]:
        """The layers on the screen, by their commands; "map" among them when there is a score map."""
        name = self._panel.map_name
        if name == OFF:
            return LAYERS - self._hidden
        own = self._panel.own_maps
        map_command = f"map.{own.index(name) + 1}" if name in own else "map.language"
        return (LAYERS - self._hidden) | {"map", map_command}

    def toggle(self, layer: LayerName) -> None:
        """Hide what is shown, show what is hidden."""
        self._hidden ^= {layer}
        self._window.canvas.set_layer_visible(layer, layer not in self._hidden)
        self.changed.emit()

    def solo(self, layer: LayerName) -> None:
        """Show only this layer; when it is the only one already, show all."""
        alone = self.shown == {layer}
        if alone != ("map" in self.shown):
            self.toggle_map()
        self._show_only(LAYERS if alone else frozenset((layer,)))

    def solo_map(self, name: str | None = None) -> None:
        """Show only a score map, without a name the last one; when it is the only layer, show all."""
        wanted = self._last_map if name is None else name
        alone = self._hidden == LAYERS and self._panel.map_name == wanted
        self._panel.set_map(wanted)
        self._show_only(LAYERS if alone else frozenset())

    def reveal(self, layer: LayerName) -> None:
        """Show a layer, because something new is in it."""
        if layer in self._hidden:
            self.toggle(layer)

    @Slot()
    def reveal_regions(self) -> None:
        self.reveal("regions")

    def toggle_map(self) -> None:
        """Take the score map away, or show the last one again."""
        self._panel.set_map(OFF if "map" in self.shown else self._last_map)

    def toggle_map_named(self, name: str) -> None:
        """Show this score map, or take it away when it is shown."""
        self._panel.set_map(OFF if self._panel.map_name == name else name)

    def own_map(self, at: int) -> str | None:
        """The name of the head's map number `at`, counted from 1, if the open page has so many."""
        own = self._panel.own_maps
        return own[at - 1] if at <= len(own) else None

    def next_map(self) -> None:
        """Show the score map after the one that is shown."""
        names, at = self._panel.map_names, self._panel.map_name
        self._panel.set_map(names[(names.index(at) + 1) % len(names)] if at in names else self._last_map)

    def _show_only(self, wanted: frozenset[LayerName]) -> None:
        for layer in LAYERS:
            if (layer in wanted) != (layer not in self._hidden):
                self.toggle(layer)

    @Slot(str)
    def _map_changed(self, name: str) -> None:
        if name != OFF:
            self._last_map = name
        self.changed.emit()
