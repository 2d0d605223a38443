"""The controls of the preferences dialog: a choice, a mark, a number, a share."""

from collections.abc import Mapping, Sequence
from typing import Final, get_args

from annotated_types import Ge, Le
from pydantic.fields import FieldInfo
from PySide6.QtCore import QSignalBlocker, Signal
from PySide6.QtWidgets import QCheckBox, QComboBox, QSpinBox, QWidget

CHOICES: Final[Mapping[str, str]] = {
    "system": "As the desktop",
    "light": "Light",
    "dark": "Dark",
    "en": "English",
    "zh_TW": "繁體中文",
    "zh_CN": "简体中文",
    "usual": "Usual",
    "safe": "Safe for colour blindness",
    "zoom": "Zooms",
    "scroll": "Scrolls",
    "auto": "Automatic",
    "cpu": "Processor",
    "cuda": "Graphics card (CUDA)",
    "inferno": "Inferno",
    "viridis": "Viridis",
    "magma": "Magma",
    "plasma": "Plasma",
    "cividis": "Cividis",
    "turbo": "Turbo",
}
"""What the dialog calls the values of a choice."""


class ChoiceControl(QComboBox):
    """One of a few values."""

    edited = Signal()

    def __init__(self, values: Sequence[str], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        for value in values:
            self.addItem(CHOICES[value], value)
        self.activated.connect(self.edited)

    def setting(self) -> object:
        return self.currentData()

    def show_setting(self, value: object) -> None:
        self.setCurrentIndex(self.findData(value))


class MarkControl(QCheckBox):
    """On or off."""

    edited = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.toggled.connect(self.edited)

    def setting(self) -> object:
        return self.isChecked()

    def show_setting(self, value: object) -> None:
        with QSignalBlocker(self):
            self.setChecked(bool(value))


class NumberControl(QSpinBox):
    """A whole number; `shown_times` the setting, which is a share when that is 100."""

    edited = Signal()

    def __init__(
        self, least: float, most: float, shown_times: int = 1, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._times = shown_times
        self.setRange(round(least * shown_times), round(most * shown_times))
        self.setSingleStep(5 if shown_times > 1 else max(1, round((most - least) / 1000) * 10))
        self.setSuffix(" %" if shown_times > 1 else "")
        self.setKeyboardTracking(False)  # half of a number is none
        self.valueChanged.connect(self.edited)

    def setting(self) -> object:
        return self.value() if self._times == 1 else self.value() / self._times

    def show_setting(self, value: object) -> None:
        assert isinstance(value, int | float)
        with QSignalBlocker(self):
            self.setValue(round(value * self._times))


Control = ChoiceControl | MarkControl | NumberControl


def make_control(field: FieldInfo) -> Control:
    """The control for a field's type.

    Raises:
        TypeError: there is none for it; a mistake in the schema.
    """
    if values := get_args(field.annotation):
        return ChoiceControl(values)
    if field.annotation is bool:
        return MarkControl()
    if field.annotation in (int, float):
        least = next(float(limit.ge) for limit in field.metadata if isinstance(limit, Ge))  # type: ignore[arg-type]
        most = next(float(limit.le) for limit in field.metadata if isinstance(limit, Le))  # type: ignore[arg-type]
        return NumberControl(least, most, 1 if field.annotation is int else 100)
    raise TypeError(f"no control for {field.annotation}")
