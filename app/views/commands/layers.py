"""Layers: what lies over the picture, shown, hidden, or shown alone."""

from collections.abc import Callable
from functools import partial
from typing import Final

from PySide6.QtCore import QObject

from app.domain.map_layers import LANGUAGE
from app.views.action_spec import ActionSpec
from app.views.commands.desk import Desk
from app.views.panels.layers import OWN_MAPS
from app.views.threshold_map import ThresholdMap

KEYED_MAPS: Final = {1: "6", 2: "7", 3: "8", 4: "9", 5: "Ctrl+6", 6: "Ctrl+7", 7: "Ctrl+8", 8: "Ctrl+9"}
"""The keys of the head's own maps."""


class LayerCommands(QObject):
    """What lies over the picture.

    Args:
        desk: what all commands work with.
    """

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._desk, self._layers = desk, desk.layers
        self._threshold = ThresholdMap(desk.parts.detection, desk.window, desk.open_page)
        self._threshold.told.connect(desk.tell)
        desk.add_checks(self.checked)
        desk.checks_changed.connect(desk.window.layers.show_checked)

    def checked(self) -> set[str]:
        """The layers that are shown."""
        return set(self._layers.shown)

    def show_panel(self) -> None:
        self._desk.window.show_layers_panel()

    def toggle_regions(self) -> None:
        self._layers.toggle("regions")

    def toggle_detections(self) -> None:
        self._layers.toggle("detections")

    def solo_regions(self) -> None:
        self._layers.solo("regions")

    def solo_detections(self) -> None:
        self._layers.solo("detections")

    def solo_truth(self) -> None:
        self._layers.solo("truth")

    def toggle_map(self) -> None:
        self._layers.toggle_map()

    def next_map(self) -> None:
        self._layers.next_map()

    def solo_map(self) -> None:
        self._layers.solo_map()

    def toggle_language(self) -> None:
        self._layers.toggle_map_named(LANGUAGE)

    def solo_language(self) -> None:
        self._layers.solo_map(LANGUAGE)

    def toggle_own(self, at: int) -> None:
        """Show or hide the head's map number `at`, counted from 1."""
        name = self._layers.own_map(at)
        if name is not None:
            self._layers.toggle_map_named(name)

    def solo_own(self, at: int) -> None:
        """Show only the head's map number `at`."""
        name = self._layers.own_map(at)
        if name is not None:
            self._layers.solo_map(name)


def _toggle(at: int) -> Callable[[LayerCommands], None]:
    return partial(LayerCommands.toggle_own, at=at)


def _solo(at: int) -> Callable[[LayerCommands], None]:
    return partial(LayerCommands.solo_own, at=at)


def _keys(at: int, alone: str = "") -> tuple[str, ...]:
    *held, digit = KEYED_MAPS[at].split("+")
    return ("+".join((*held, *((alone,) if alone else ()), digit)),)


A, C = ActionSpec, LayerCommands
ROWS: Final[tuple[ActionSpec, ...]] = (
    A("layers", "List of layers", "Layers", ("Ctrl+Shift+L",), "",
      "Every layer with its key: a tick shows it, a double click shows it alone", C.show_panel, "page"),
    A("regions", "Regions", "Layers", ("1", "Shift+H"), "regions",
      "Show or hide the regions (hold H to peek)", C.toggle_regions, "page", True, rule=True),
    A("detections", "Detections", "Layers", ("2",), "detections", "Show or hide what the detector found",
      C.toggle_detections, "page", True),
    A("map", "Score map", "Layers", ("J", "3"), "map", "Lay the score map over the image, or take it away",
      C.toggle_map, "page", True, rule=True),
    A("map.next", "Next score map", "Layers", ("Shift+J",), "", "Show the other score map", C.next_map,
      "page"),
    A("map.language", "Instance-language", "Layers", ("4",), "",
      "The score map of what the text prompt finds, or take it away", C.toggle_language, "page", True),
    *(A(f"map.{at}", f"Map {at} of the head", "Layers", _keys(at), "",
        "One of the maps of the head that looked at this image, or take it away", _toggle(at), "page", True)
      for at in range(1, OWN_MAPS + 1)),
    A("solo.regions", "Regions alone", "Layers", ("Alt+1",), "", "Show only the regions; again shows all",
      C.solo_regions, "page", rule=True),
    A("solo.detections", "Detections alone", "Layers", ("Alt+2",), "",
      "Show only what the detector found; again shows all", C.solo_detections, "page"),
    A("solo.map", "Score map alone", "Layers", ("Alt+3",), "", "Show only the score map; again shows all",
      C.solo_map, "page"),
    A("solo.map.language", "Instance-language alone", "Layers", ("Alt+4",), "",
      "Show only the score map of what the text prompt finds; again shows all", C.solo_language, "page"),
    A("solo.truth", "Ground truth alone", "Layers", ("Alt+5",), "",
      "Show only the ground truth; again shows all", C.solo_truth, "page"),
    *(A(f"solo.map.{at}", f"Map {at} of the head alone", "Layers", _keys(at, "Alt"), "",
        "Show only this map of the head; again shows all", _solo(at), "page")
      for at in range(1, OWN_MAPS + 1)),
)  # fmt: skip
