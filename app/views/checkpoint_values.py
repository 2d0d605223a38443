"""A checkpoint's own values: those of its file, or a person's in their place; and how they become others."""

from PySide6.QtCore import QObject, Signal, Slot

from app.services.write_back import WriteBack
from app.views.parts import Parts
from app.views.preferences import Preferences
from tcm_core.config.decode import DecodeSettings


class CheckpointValues(QObject):
    """Makes the settings on the screen the checkpoint's own.

    Attributes:
        told: what came of it, in words.
        failed: a Problem.
    """

    told = Signal(str)
    failed = Signal(object)

    def __init__(self, parts: Parts, preferences: Preferences, parent: QObject) -> None:
        super().__init__(parent)
        self._parts, self._preferences = parts, preferences
        self._write = WriteBack(self)
        self._write.written.connect(self._written)
        self._write.refused.connect(self._refused)
        self._write.failed.connect(self.failed)

    def keep(self) -> None:
        """Put the settings that hold for all images into the checkpoint's file, or beside it."""
        ready, checkpoint = self._parts.detection.checkpoint, self._preferences.settings.detection.checkpoint
        if ready is None:
            self.told.emit("Wait for the checkpoint first")
            return
        self._write.write(checkpoint, self._parts.detection.settings)

    def forget(self) -> None:
        """Take away a person's own values of this checkpoint; its file's hold again."""
        detection = self._parts.detection
        if detection.checkpoint is None or detection.recommended == detection.checkpoint.decode:
            self.told.emit("The values of this checkpoint are those of its file")
            return
        self._preferences.set_own_default(detection.checkpoint.sha256, None)
        detection.set_settings(detection.checkpoint.decode)
        self.told.emit("The values in the checkpoint's file hold again")

    def shutdown(self) -> None:
        """Wait for a file that is being written."""
        self._write.shutdown()

    @Slot(str)
    def _written(self, checkpoint: str) -> None:
        detection = self._parts.detection
        if detection.checkpoint is not None:
            self._preferences.set_own_default(detection.checkpoint.sha256, None)
        if checkpoint == self._preferences.settings.detection.checkpoint:
            self._preferences.use_checkpoint(checkpoint)  # its card says the new values then
        self.told.emit("Written into the checkpoint's file: these are its own values now")

    @Slot(str, object, str)
    def _refused(self, checkpoint: str, settings: DecodeSettings, reason: str) -> None:
        ready = self._parts.detection.checkpoint
        if ready is None or checkpoint != self._preferences.settings.detection.checkpoint:
            return
        self._preferences.set_own_default(ready.sha256, settings)
        self.told.emit(f"Kept in your settings as the values of this checkpoint, because {reason}")
