"""Detector settings as a checkpoint's own values: in its file, or beside it where that must not change."""

from typing import Final

from PySide6.QtCore import QObject, Qt, QThreadPool, Signal, Slot

from app.workers.messages import problem_of
from tcm_core.checkpoint_decode import why_not_written, write_decode
from tcm_core.checkpoint_file import resolve_checkpoint
from tcm_core.config.decode import DecodeSettings
from tcm_core.errors import TcmError

_REMEDY: Final = "The checkpoint is as it was. Mend what the message names and try again."


class WriteBack(QObject):
    """Writes into checkpoint files, in a thread, as they may be large.

    Attributes:
        written: the checkpoint's file has the settings: the checkpoint as it was named.
        refused: the file must not change: checkpoint, the settings, and why.
        failed: a Problem.
    """

    written = Signal(str)
    refused = Signal(str, object, str)
    failed = Signal(object)
    _ended = Signal(str, object, object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._pool = QThreadPool(self)
        self._pool.setMaxThreadCount(1)  # one file, one writer
        self._ended.connect(self._on_ended, Qt.ConnectionType.QueuedConnection)

    def write(self, checkpoint: str, settings: DecodeSettings) -> None:
        """Put settings into a checkpoint's file; `written`, `refused` or `failed` follows.

        Args:
            checkpoint: a shipped name or the path of a file.
            settings: of its head.
        """

        def work() -> None:
            came: object
            try:
                path = resolve_checkpoint(checkpoint)
                came = why_not_written(path)
                if came is None:
                    write_decode(path, settings)
            except Exception as error:  # noqa: BLE001 the edge of a thread: reported
                came = error
            self._ended.emit(checkpoint, settings, came)

        self._pool.start(work)

    def shutdown(self) -> None:
        """Wait for a file that is being written."""
        self._pool.waitForDone()

    @Slot(str, object, object)
    def _on_ended(self, checkpoint: str, settings: DecodeSettings, came: str | Exception | None) -> None:
        if came is None:
            self.written.emit(checkpoint)
        elif isinstance(came, str):
            self.refused.emit(checkpoint, settings, came)
        else:
            what = str(came) if isinstance(came, TcmError | OSError) else f"{type(came).__name__}: {came}"
            self.failed.emit(problem_of(came, what=what, where=checkpoint, remedy=_REMEDY))
