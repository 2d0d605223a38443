"""What is asked before checkpoints are changed: a name, tags, and whether one may go for good."""

from collections.abc import Callable

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QInputDialog, QMessageBox, QWidget

from app.domain.checkpoint import CheckpointEntry, size_words
from app.domain.letters import as_letters
from app.i18n.translation import tr
from app.services.prediction_store import Traces


class DeleteCheckpointDialog(QMessageBox):
    """Keeping it is the default.

    Attributes:
        delete_wanted: it may go.
    """

    delete_wanted = Signal()

    def __init__(self, entry: CheckpointEntry, traces: Traces, parent: QWidget | None = None) -> None:
        """`traces`: what it has left in the open project."""
        super().__init__(parent)
        self.setWindowTitle(tr("Delete a checkpoint"))
        self.setIcon(QMessageBox.Icon.Question)
        self.setText(as_letters(tr(f"Delete {entry.name} for good?")))
        freed = size_words(entry.size + traces.bytes)
        pages = len(traces.keys)
        self.setInformativeText(
            tr(
                f"With it go its detections on {pages} images of this folder and {traces.maps} kept maps. "
                f"Your regions stay. {freed} become free."
            )
        )
        self.keep_button = self.addButton(tr("Keep it"), QMessageBox.ButtonRole.RejectRole)
        self.delete_button = self.addButton(tr("Delete"), QMessageBox.ButtonRole.DestructiveRole)
        self.setDefaultButton(self.keep_button)
        self.setEscapeButton(self.keep_button)
        self.finished.connect(self._answered)

    @Slot(int)
    def _answered(self, _: int) -> None:
        if self.clickedButton() is self.delete_button:
            self.delete_wanted.emit()


def ask_for_line(parent: QWidget, title: str, label: str, text: str, use: Callable[[str], None]) -> None:
    """Ask for a line of text beside the work; `use` gets it, nobody when it is cancelled."""
    dialog = QInputDialog(parent)
    dialog.setWindowTitle(tr(title))
    dialog.setLabelText(as_letters(tr(label)))
    dialog.setTextValue(text)
    dialog.resize(460, dialog.height())
    dialog.textValueSelected.connect(use)
    dialog.finished.connect(dialog.deleteLater)
    dialog.open()
