"""Ignoring small blurred regions at once: two limits, how many they take in, and one key to agree."""

from collections.abc import Mapping, Sequence

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QDoubleSpinBox, QFormLayout, QLabel, QWidget

from app.domain.legibility import IllegibleBelow, Legibility, suggested
from app.domain.region import Region


class IllegibleDialog(QDialog):
    """Enter ignores what is selected on the picture behind it, Esc leaves everything as it is.

    Attributes:
        preview_changed: frozenset of the ids that would be ignored.
        ignore_wanted: likewise, when it is agreed upon.
    """

    preview_changed = Signal(object)
    ignore_wanted = Signal(object)

    def __init__(
        self,
        regions: Sequence[Region],
        measured: Mapping[str, Legibility],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle("Ignore small blurred regions")
        self._regions, self._measured = regions, dict(measured)
        self._found: frozenset[str] = frozenset()
        usual = IllegibleBelow()
        self.height_limit = _limit(usual.height, 0, 200, 1, " px")
        self.height_limit.setAccessibleName("Text lower than")
        self.sharpness_limit = _limit(usual.sharpness, 0, 100_000, 100, "")
        self.sharpness_limit.setAccessibleName("Sharpness below")
        self.count = QLabel()
        self.count.setProperty("role", "heading")
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        self.ignore_button = self.buttons.addButton("Ignore", QDialogButtonBox.ButtonRole.AcceptRole)
        self.ignore_button.setDefault(True)
        form = QFormLayout(self)
        form.addRow("Text lower than", self.height_limit)
        form.addRow("and sharpness below", self.sharpness_limit)
        form.addRow(self.count)
        note = QLabel("Sharpness is the variance of the Laplacian. Regions with a text are left alone.")
        note.setProperty("role", "muted")
        form.addRow(note)
        form.addRow(self.buttons)
        self.buttons.accepted.connect(self._finish)
        self.buttons.rejected.connect(self.reject)
        self.height_limit.valueChanged.connect(self.update_preview)
        self.sharpness_limit.valueChanged.connect(self.update_preview)

    @Slot()
    def update_preview(self) -> None:
        """Count and show what the limits take in."""
        below = IllegibleBelow(self.height_limit.value(), self.sharpness_limit.value())
        self._found = suggested(self._regions, self._measured, below)
        total = len(self._regions)
        self.count.setText(f"{len(self._found)} of {total} regions; they are selected on the picture")
        self.ignore_button.setEnabled(bool(self._found))
        self.preview_changed.emit(self._found)

    @Slot()
    def _finish(self) -> None:
        self.accept()
        self.ignore_wanted.emit(self._found)


def _limit(value: float, low: float, high: float, step: float, unit: str) -> QDoubleSpinBox:
    box = QDoubleSpinBox()
    box.setRange(low, high)
    box.setDecimals(0)
    box.setSingleStep(step)
    box.setSuffix(unit)
    box.setValue(value)
    return box
