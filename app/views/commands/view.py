"""View: how the picture is shown."""

from typing import Final

from PySide6.QtCore import QObject

from app.views.action_spec import ActionSpec
from app.views.canvas_look import CanvasLook
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
        self._look = CanvasLook(desk.parts, desk.window.canvas)
        self._look.failed.connect(desk.tell)
        desk.preferences.applied.connect(self._look.apply)
        desk.add_checks(self.checked)
        desk.add_checks(self._look.checked)

    def checked(self) -> set[str]:
        """The theme in use."""
        return {f"theme.{self._desk.parts.settings.settings.view.theme}"}

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

    def toggle_outlines(self) -> None:
        self._look.toggle_outlines()

    def fill_more(self) -> None:
        self._look.change_fill(1)

    def fill_less(self) -> None:
        self._look.change_fill(-1)

    def toggle_hide_accepted(self) -> None:
        self._look.toggle_hide_accepted()

    def toggle_cross_hair(self) -> None:
        self._look.toggle_guide("cross_hair")

    def toggle_magnifier(self) -> None:
        self._look.toggle_guide("magnifier")

    def toggle_mini_map(self) -> None:
        self._look.toggle_guide("mini_map")

    def toggle_rulers(self) -> None:
        self._look.toggle_guide("rulers")

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
    A("view.hide_accepted", "Hide accepted detections", "Layers", ("Shift+2",), "",
      "Leave out detections that a region covers", C.toggle_hide_accepted, "page", True),
    A("view.outlines", "Outlines only", "View", ("Shift+F",), "", "No fill inside regions, or the usual one",
      C.toggle_outlines, "page", True, rule=True),
    A("view.fill_more", "More fill", "View", ("Ctrl+Shift+F",), "", "Fill regions more", C.fill_more, "page"),
    A("view.fill_less", "Less fill", "View", ("Ctrl+Alt+F",), "", "Fill regions less", C.fill_less, "page"),
    A("view.cross_hair", "Cross-hair", "View", ("Shift+X",), "", "Two lines through the mouse",
      C.toggle_cross_hair, "page", True, rule=True),
    A("view.magnifier", "Magnifier", "View", ("Shift+Z",), "", "The pixels around the mouse, large",
      C.toggle_magnifier, "page", True),
    A("view.mini_map", "Mini-map", "View", ("Shift+N",), "",
      "The whole image small, and what part of it is seen", C.toggle_mini_map, "page", True),
    A("view.rulers", "Rulers", "View", ("Shift+R",), "", "Rulers in image pixels", C.toggle_rulers, "page",
      True),
    A("theme.system", "Theme of the desktop", "View", ("Ctrl+Alt+S",), "", "Light or dark as the desktop is",
      C.theme_system, "", True, "theme", rule=True),
    A("theme.light", "Light theme", "View", ("Ctrl+Alt+L",), "", "Always light",
      C.theme_light, "", True, "theme"),
    A("theme.dark", "Dark theme", "View", ("Ctrl+Alt+D",), "", "Always dark",
      C.theme_dark, "", True, "theme"),
)  # fmt: skip
