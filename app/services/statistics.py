"""Counts all pages of the open project little by little, in the pauses of the GUI thread."""

import time
from typing import Final

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from app.domain.statistics import Tally, speeds
from app.storage.errors import StorageError
from app.storage.survey import Survey

SLICE_S: Final = 0.012
PORTION: Final = 20


class StatisticsCount(QObject):
    """One count of one project. A slice is so short that nobody notices it.

    Attributes:
        advanced: the Tally so far, whenever it has grown.
        finished: the Tally and the list of Speed.
        failed: the reason in words; what was counted before stands.
    """

    advanced = Signal(object)
    finished = Signal(object, object)
    failed = Signal(str)

    def __init__(self, survey: Survey, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._survey = survey
        self._after: int | None = 0
        self.tally = Tally()
        self.broken: list[str] = []
        self._timer = QTimer(self)
        self._timer.setInterval(0)
        self._timer.timeout.connect(self._go_on)

    def start(self) -> None:
        """Begin; the signals come later."""
        self._timer.start()

    def stop(self) -> None:
        """Count no more."""
        self._timer.stop()

    @Slot()
    def _go_on(self) -> None:
        end = time.perf_counter() + SLICE_S
        try:
            while self._after is not None and time.perf_counter() < end:
                portion = self._survey.pages(self._after, PORTION)
                for key, page in portion.pages:
                    self.tally.add(key, page)
                self.broken += portion.broken
                self._after = portion.last_id
            if self._after is None:
                self.stop()
                offset = -(time.altzone if time.localtime().tm_isdst > 0 else time.timezone)
                self.finished.emit(self.tally, speeds(self._survey.edit_times(), offset))
            else:
                self.advanced.emit(self.tally)
        except StorageError as error:
            self.stop()
            self.failed.emit(str(error))
