"""Reference cycles are collected in the GUI thread only.

Python collects them in whatever thread allocates at the moment. A cycle that holds a widget or a timer would
then be destroyed by a worker, and Qt ends the program for it.
"""

import gc
from typing import Final

from PySide6.QtCore import QObject, QTimer, Slot

INTERVAL_MS: Final = 500


class GuiCollector(QObject):
    """Python's collector by a timer of this thread, at Python's own thresholds."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._timer = QTimer(self)
        self._timer.timeout.connect(self._look)

    def start(self) -> None:
        """From now on no other thread collects."""
        gc.disable()
        self._timer.start(INTERVAL_MS)

    def stop(self) -> None:
        """Collect what the program leaves and give the collector back to Python. In the GUI thread."""
        self._timer.stop()
        gc.unfreeze()
        gc.collect()
        gc.enable()

    @Slot()
    def _look(self) -> None:
        for generation in (2, 1, 0):
            if gc.get_count()[generation] > gc.get_threshold()[generation]:
                gc.collect(generation)
                return
