"""Ghost outlines: what a score threshold a little lower would add, and what a higher one would take away."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from PySide6.QtCore import QObject, QTimer, Slot
from PySide6.QtGui import QColor

from app.services.detection import DetectionService
from app.services.prediction_store import PredictionSet
from app.views.canvas import style
from app.views.canvas.polygon_layer import PolygonEntry, PolygonLayer
from app.views.main_window import MainWindow
from app.views.open_page import OpenPage
from tcm_core.detection import Detection

STEP: Final = 0.05
SETTLE_MS: Final = 60
"""After so long without another step of the slider; the detections themselves follow every step."""
_HEIGHT: Final = 35  # over the detections, under the regions
COMING: Final = replace(
    style.DETECTED, line=QColor(255, 255, 255), fill=QColor(0, 0, 0, 0), dashes=(2.0, 4.0)
)
GOING: Final = replace(style.DETECTED, line=QColor(255, 70, 70), fill=QColor(0, 0, 0, 0), dashes=(2.0, 4.0))


class Ghosts(QObject):
    """Off until they are wanted; off they cost nothing."""

    def __init__(self, detection: DetectionService, window: MainWindow, open_page: OpenPage) -> None:
        super().__init__(window)
        self._window, self._open_page = window, open_page
        self.on = False
        self.coming: tuple[Detection, ...] = ()
        self.going: tuple[Detection, ...] = ()
        self._layer = PolygonLayer()
        window.canvas.stage.add(self._layer, _HEIGHT)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(SETTLE_MS)
        self._timer.timeout.connect(self._show)
        open_page.changed.connect(self._soon)
        detection.settings_changed.connect(self._soon)

    def set_on(self, on: bool) -> None:
        """Show the ghosts from now on, or no more."""
        self.on = on
        self._show()

    @Slot()
    def _soon(self) -> None:
        if self.on:
            self._timer.start()

    @Slot()
    def _show(self) -> None:
        found = self._open_page.predictions if self.on else None
        self.coming, self.going = ((), ()) if found is None else ghosts_of(found)
        self._layer.set_entries(
            [
                *(PolygonEntry(f"+{at}", one, one.polygon, COMING) for at, one in enumerate(self.coming)),
                *(PolygonEntry(f"-{at}", one, one.polygon, GOING) for at, one in enumerate(self.going)),
            ]
        )


def ghosts_of(found: PredictionSet) -> tuple[tuple[Detection, ...], tuple[Detection, ...]]:
    """What a score threshold lower by STEP adds, and what one that is higher by it takes away."""
    now = found.settings.score_threshold
    lower, higher = max(0.0, now - STEP), min(1.0, now + STEP)
    more = found.decoded_with(found.settings.model_copy(update={"score_threshold": lower})).detections
    fewer = found.decoded_with(found.settings.model_copy(update={"score_threshold": higher})).detections
    shown, stay = _outlines(found.detections), _outlines(fewer)
    return (
        tuple(one for one in more if one.polygon.tobytes() not in shown),
        tuple(one for one in found.detections if one.polygon.tobytes() not in stay),
    )


def _outlines(detections: Sequence[Detection]) -> set[bytes]:
    return {one.polygon.tobytes() for one in detections}
