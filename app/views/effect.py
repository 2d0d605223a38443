"""What the moved settings would change in all images, said in the panel of the detector."""

from PySide6.QtCore import QObject, Signal, Slot

from app.domain.counted import counted
from app.services.all_pages import Effect
from app.views.main_window import MainWindow
from app.views.parts import Parts


class EffectLine(QObject):
    """Shows what is counted, and lets it be applied.

    Attributes:
        told: what came of it, in words.
    """

    told = Signal(str)

    def __init__(self, parts: Parts, window: MainWindow) -> None:
        super().__init__(window)
        self._panel, self._all = window.detection, parts.detection.all_pages
        self._all.counted.connect(self._show)
        self._all.applied.connect(self._applied)
        self._panel.apply_wanted.connect(self.apply)

    @Slot()
    def apply(self) -> None:
        """Put what these settings find in place of what others found, on all images."""
        if self._all.applying:
            self.told.emit("The settings are being applied already")
        elif not self._all.apply():
            self.told.emit("Open a folder and wait for the checkpoint first")

    @Slot(object)
    def _show(self, effect: Effect) -> None:
        can_apply = effect.over and effect.stale > 0 and not self._all.applying
        self._panel.set_effect(words_of(effect), can_apply=can_apply)

    @Slot(int)
    def _applied(self, pages: int) -> None:
        self.told.emit(f"The settings hold for {pages} images now; the labels are as they were")


def words_of(effect: Effect) -> str:
    """The effect in a sentence; "" when there is nothing to say."""
    if not (effect.stale or effect.without_maps):
        return ""
    pages = counted(effect.pages, "image")
    text = (
        f"In all images: {pages} would change, {effect.appear} texts would appear, {effect.vanish} would go"
    )
    if effect.without_maps:
        text += f"; of {effect.without_maps} no maps are kept"
    return f"{text}." if effect.over else f"{text}; counting..."
