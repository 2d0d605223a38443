"""Asked before the regions of an image make way for what the detector found."""

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QMessageBox, QWidget

from app.domain.counted import counted


class ResetDialog(QMessageBox):
    """Keeping the regions is the default.

    Attributes:
        reset_wanted: replace them.
    """

    reset_wanted = Signal()

    def __init__(self, regions: int, detections: int, parent: QWidget | None = None) -> None:
        """`regions` are on the image now, `detections` are shown."""
        super().__init__(parent)
        self.setWindowTitle("Reset to the detections")
        self.setIcon(QMessageBox.Icon.Question)
        self.setText(f"Replace {counted(regions, 'region')} by {counted(detections, 'detection')}?")
        self.setInformativeText(
            "Transcriptions and corrections of this image go with them. Undo brings them back."
        )
        self.keep_button = self.addButton("Keep the regions", QMessageBox.ButtonRole.RejectRole)
        self.replace_button = self.addButton("Replace", QMessageBox.ButtonRole.AcceptRole)
        self.setDefaultButton(self.keep_button)
        self.setEscapeButton(self.keep_button)
        self.finished.connect(self._answered)

    @Slot(int)
    def _answered(self, _: int) -> None:
        if self.clickedButton() is self.replace_button:
            self.reset_wanted.emit()
