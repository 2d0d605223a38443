"""How the canvas looks, as the settings say: fills, hidden detections, guides."""

from typing import Any, Final

from PySide6.QtCore import QObject, Signal, Slot

from app.settings.schema import ViewSettings
from app.views.canvas.guides import GUIDE_NAMES, GuideName
from app.views.canvas.view import StudioCanvas
from app.views.parts import Parts

FILL_STEP: Final = 0.1
USUAL_FILL: Final = ViewSettings().fill_opacity


class CanvasLook(QObject):
    """Changes the settings of the look, saves them, and makes the canvas follow.

    Attributes:
        failed: the settings file could not be written; the reason. The look holds until the end of the run.
    """

    failed = Signal(str)

    def __init__(self, parts: Parts, canvas: StudioCanvas) -> None:
        super().__init__(canvas)
        self._parts, self._canvas = parts, canvas

    @property
    def settings(self) -> ViewSettings:
        return self._parts.settings.settings.view

    @Slot()
    def apply(self) -> None:
        """Make the canvas look as the settings say."""
        settings = self.settings
        self._canvas.stage.set_fill(settings.fill_opacity)
        self._canvas.stage.set_palette(settings.palette)
        self._canvas.set_hide_accepted(settings.hide_accepted)
        values = settings.model_dump()
        for name in GUIDE_NAMES:
            self._canvas.guides.set_on(name, bool(values[name]))

    def checked(self) -> set[str]:
        """The names of what is switched on."""
        settings = self.settings
        on = {f"view.{name}" for name in self._canvas.guides.on}
        if settings.hide_accepted:
            on.add("view.hide_accepted")
        return on if settings.fill_opacity > 0 else on | {"view.outlines"}

    def toggle_guide(self, name: GuideName) -> None:
        """Show a guide, or take it away."""
        self._change(**{name: name not in self._canvas.guides.on})

    def toggle_hide_accepted(self) -> None:
        """Leave detections under regions out, or show them."""
        self._change(hide_accepted=not self.settings.hide_accepted)

    def toggle_outlines(self) -> None:
        """No fill at all, or the usual one."""
        self._change(fill_opacity=USUAL_FILL if self.settings.fill_opacity == 0 else 0.0)

    def change_fill(self, steps: int) -> None:
        """Fill more or less."""
        wanted = self.settings.fill_opacity + steps * FILL_STEP
        self._change(fill_opacity=round(min(max(wanted, 0.0), 1.0), 3))

    def _change(self, **changes: Any) -> None:
        settings = self._parts.settings.settings
        view = settings.view.model_copy(update=changes)
        try:
            self._parts.settings.save(settings.model_copy(update={"view": view}))
        except OSError as error:
            self.failed.emit(f"The settings could not be saved: {error.strerror}. They hold until you quit.")
        self.apply()
