"""View: how the picture is shown."""

from typing import Final

from PySide6.QtCore import QObject

from app.views.commands.command import ActionSpec
from app.views.commands.desk import Desk

ZOOM_STEP: Final = 1.25


class ViewCommands(QObject):
    """How the picture is shown.

    Args:
        desk: what all commands work with.
    """

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._desk = desk
        desk.add_checks(self.checked)

    def checked(self) -> set[str]:
        """The layers that are shown and the theme in use."""
        return {f"theme.{self._desk.parts.settings.settings.view.theme}", *self._desk.layers.shown}

    def fit(self) -> None:
        self._desk.window.canvas.fit()

    def actual_size(self) -> None:
        self._desk.window.canvas.actual_size()

    def zoom_in(self) -> None:
        self._desk.window.canvas.zoom_by(ZOOM_STEP)

    def zoom_out(self) -> None:
        self._desk.window.canvas.zoom_by(1 / ZOOM_STEP)

    def zoom_to_selection(self) -> None:
        self._desk.window.canvas.zoom_to_selection()

    def toggle_regions(self) -> None:
        self._desk.layers.toggle("regions")

    def toggle_detections(self) -> None:
        self._desk.layers.toggle("detections")

    def toggle_map(self) -> None:
        self._desk.layers.toggle_map()

    def next_map(self) -> None:
        self._desk.layers.next_map()

    def theme_system(self) -> None:
        self._desk.preferences.set_theme("system")

    def theme_light(self) -> None:
        self._desk.preferences.set_theme("light")

    def theme_dark(self) -> None:
        self._desk.preferences.set_theme("dark")


A, C = ActionSpec, ViewCommands
ROWS: Final[tuple[ActionSpec, ...]] = (
    A("fit", "Fit to window", "View", ("F",), "fit", "Show the whole image", C.fit, "page"),
    A("zoom_selection", "Zoom to selection", "View", ("Z",), "zoom_selection",
      "Show the selected regions large", C.zoom_to_selection, "selection"),
    A("actual", "Actual size", "View", ("Ctrl+0",), "actual", "One image pixel on one screen pixel",
      C.actual_size, "page"),
    A("zoom_in", "Zoom in", "View", ("Ctrl++", "Ctrl+="), "zoom_in", "Show it larger", C.zoom_in, "page"),
    A("zoom_out", "Zoom out", "View", ("Ctrl+-",), "zoom_out", "Show it smaller", C.zoom_out, "page"),
    A("regions", "Regions", "View", ("1", "Shift+H"), "regions", "Show or hide the regions (hold H to peek)",
      C.toggle_regions, "page", True, rule=True),
    A("detections", "Detections", "View", ("2",), "detections", "Show or hide what the detector found",
      C.toggle_detections, "page", True),
    A("map", "Score map", "View", ("J",), "map", "Lay the score map over the image, or take it away",
      C.toggle_map, "page", True),
    A("map.next", "Next score map", "View", ("Shift+J",), "", "Show the other score map", C.next_map, "page"),
    A("theme.system", "Theme of the desktop", "View", (), "", "Light or dark as the desktop is",
      C.theme_system, "", True, "theme", rule=True),
    A("theme.light", "Light theme", "View", (), "", "Always light", C.theme_light, "", True, "theme"),
    A("theme.dark", "Dark theme", "View", (), "", "Always dark", C.theme_dark, "", True, "theme"),
)  # fmt: skip
