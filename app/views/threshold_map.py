"""DBNet's threshold map: made when it is looked at, because finding text does not need it."""

from PySide6.QtCore import QObject, Signal, Slot

from app.domain.map_layers import THRESHOLD, lacks_threshold
from app.services.detection import DetectionService
from app.views.main_window import MainWindow
from app.views.open_page import OpenPage


class ThresholdMap(QObject):
    """Detects the open page once more, with all maps, when the threshold map is shown and is not kept.

    Attributes:
        told: why there is none, in words.
    """

    told = Signal(str)

    def __init__(self, detection: DetectionService, window: MainWindow, open_page: OpenPage) -> None:
        super().__init__(window)
        self._detection, self._window, self._open_page = detection, window, open_page
        self._asked: tuple[str, str] | None = None  # page and checkpoint that were asked for it last
        window.layers.map_changed.connect(self._look)
        open_page.changed.connect(self._look)

    @Slot()
    def _look(self) -> None:
        key, kept, ready = self._open_page.key, self._window.canvas.maps, self._detection.checkpoint
        if self._window.layers.map_name != THRESHOLD or key is None or kept is None or ready is None:
            return
        if not lacks_threshold(kept) or self._detection.is_pending(key):
            return
        if self._asked == (key, ready.sha256):
            self.told.emit("This checkpoint gives no threshold map: an exported file, or it failed")
            return
        self._asked = key, ready.sha256
        self._detection.detect_page(key, whole=True)
