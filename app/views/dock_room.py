"""How high the detector's dock is: as high as what it shows, so that the regions above it have the rest."""

from typing import Final

from PySide6.QtCore import QEvent, QObject, Qt, QTimer, Slot
from PySide6.QtWidgets import QDockWidget, QMainWindow, QTabBar

from app.views.panels.detection import DetectionPanel

LEAST_REGIONS: Final = 290
"""Height of the dock of the regions that the detector never takes."""


class DockRoom(QObject):
    """Shares a column between the regions and the detector. A person may share it otherwise, which stays.

    Args:
        window: of both docks.
        regions: the dock above.
        detector: the dock below, perhaps one of several tabs.
        panel: what the detector's dock shows.
    """

    def __init__(
        self, window: QMainWindow, regions: QDockWidget, detector: QDockWidget, panel: DetectionPanel
    ) -> None:
        super().__init__(window)
        self._window, self._regions, self._detector, self._panel = window, regions, detector, panel
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self.fit)
        panel.height_changed.connect(self._panel_changed)
        window.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Another height of the window is the regions' gain or loss."""
        if event.type() == QEvent.Type.Resize and self._panel.height() <= self._panel.wanted_height + 2:
            self.fit_soon()
        return False

    def fit_soon(self) -> None:
        """Fit when what has just been shown knows its height."""
        self._timer.start()

    @Slot()
    def fit(self) -> None:
        """Give the detector the height that it needs and the regions all the rest, but keep some for them."""
        regions, detector = self._regions, self._detector
        if not (regions.isVisible() and detector.isVisible()):
            return
        room = regions.height() + detector.height()
        heading = detector.height() - self._panel.height()
        wanted = min(self._panel.wanted_height + heading + self._tabs_height(), room - LEAST_REGIONS)
        self._window.resizeDocks([regions, detector], [room - wanted, wanted], Qt.Orientation.Vertical)

    def _tabs_height(self) -> int:
        """Of the tabs under the detector, which belong to its place in the column."""
        if not self._window.tabifiedDockWidgets(self._detector):
            return 0
        bars = self._window.findChildren(QTabBar, options=Qt.FindChildOption.FindDirectChildrenOnly)
        title = self._detector.windowTitle()
        own = [bar for bar in bars if title in [bar.tabText(at) for at in range(bar.count())]]
        return sum(bar.height() for bar in own if bar.isVisible())

    @Slot(int, int)
    def _panel_changed(self, before: int, _: int) -> None:
        """Follow, unless somebody has given the panel more room than it needed."""
        if self._panel.height() <= before + 2:
            self.fit_soon()
