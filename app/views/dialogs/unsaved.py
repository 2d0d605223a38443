"""Asked when the program is to end and edits could not be saved. Nothing is lost without being told to."""

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QMessageBox, QWidget

from app.domain.letters import as_letters


class UnsavedDialog(QMessageBox):
    """Stay is the default.

    Attributes:
        try_again: save and end.
        leave: end and lose the edits.
        elsewhere: write the labels into another folder.
    """

    try_again = Signal()
    leave = Signal()
    elsewhere = Signal()

    def __init__(self, reason: str, parent: QWidget | None = None) -> None:
        """`reason`: why saving failed, in words."""
        super().__init__(parent)
        self.setWindowTitle("Edits are not saved")
        self.setIcon(QMessageBox.Icon.Warning)
        self.setText("The last edits are in memory only. They are lost if you leave now.")
        self.setInformativeText(as_letters(reason))
        self.stay_button = self.addButton("Stay", QMessageBox.ButtonRole.RejectRole)
        self.again_button = self.addButton("Try again and leave", QMessageBox.ButtonRole.AcceptRole)
        self.elsewhere_button = self.addButton("Save them elsewhere...", QMessageBox.ButtonRole.ActionRole)
        self.leave_button = self.addButton("Leave and lose them", QMessageBox.ButtonRole.DestructiveRole)
        self.setDefaultButton(self.stay_button)
        self.setEscapeButton(self.stay_button)
        self.finished.connect(self._answered)

    @Slot(int)
    def _answered(self, _: int) -> None:
        if self.clickedButton() is self.again_button:
            self.try_again.emit()
        elif self.clickedButton() is self.elsewhere_button:
            self.elsewhere.emit()
        elif self.clickedButton() is self.leave_button:
            self.leave.emit()
