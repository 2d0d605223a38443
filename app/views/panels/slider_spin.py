"""A number set by a slider or typed into a box beside it."""

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QDoubleSpinBox, QHBoxLayout, QSlider, QWidget


class SliderSpin(QWidget):
    """A value in [low, high] in steps; the slider and the box always show the same.

    Attributes:
        value_changed: the new value; emitted for each tick of a drag, not for `set_value`.
        left: a number was typed and ended with Enter; the picture wants the focus back.
    """

    value_changed = Signal(float)
    left = Signal()

    def __init__(
        self, name: str, low: float, high: float, step: float, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._low, self._step = low, step
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setRange(0, round((high - low) / step))
        self.slider.setPageStep(5)
        self.slider.setAccessibleName(name)
        self.slider.setFocusPolicy(Qt.FocusPolicy.TabFocus)  # the mouse leaves the keys to the picture
        self.box = QDoubleSpinBox()
        self.box.setDecimals(2 if step < 0.1 else 1)
        self.box.setRange(low, high)
        self.box.setSingleStep(step)
        self.box.setKeyboardTracking(False)
        self.box.setAccessibleName(name)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.slider, 1)
        layout.addWidget(self.box)
        self.slider.valueChanged.connect(self._slid)
        self.box.valueChanged.connect(self._typed)
        self.box.lineEdit().returnPressed.connect(self.left)

    @property
    def value(self) -> float:
        return self.box.value()

    def set_value(self, value: float) -> None:
        """Show a value without announcing it."""
        for widget in (self.slider, self.box):
            widget.blockSignals(True)
        self.box.setValue(value)
        self.slider.setValue(round((value - self._low) / self._step))
        for widget in (self.slider, self.box):
            widget.blockSignals(False)

    def step_by(self, steps: int) -> None:
        """Move by whole steps as a person would; announced."""
        self.box.setValue(self.box.value() + steps * self._step)

    @Slot(int)
    def _slid(self, position: int) -> None:
        self.set_value(self._low + position * self._step)
        self.value_changed.emit(self.box.value())

    @Slot(float)
    def _typed(self, value: float) -> None:
        self.set_value(value)
        self.value_changed.emit(self.box.value())
