"""Preferences: one control for each field of the settings that has a title, made from the schema."""

from collections.abc import Iterator
from typing import Final, NamedTuple, get_args

from pydantic.fields import FieldInfo
from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import (
    QDialog,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from app.settings.schema import Frozen, PageName, Settings
from app.views.dialogs.preferences_controls import Control, MarkControl, make_control

HELP_WIDTH: Final = 380


class Preference(NamedTuple):
    """A field that the dialog shows; `part` is its place in Settings, such as "view"."""

    part: str
    name: str
    page: PageName
    field: FieldInfo


def shown_preferences() -> Iterator[Preference]:
    """Every field of the schema that has a page in the dialog, in the schema's order."""
    for part, holder in Settings.model_fields.items():
        model = holder.annotation
        if not (isinstance(model, type) and issubclass(model, Frozen)):
            continue
        for name, field in model.model_fields.items():
            extra = field.json_schema_extra
            if isinstance(extra, dict) and extra.get("page") in get_args(PageName):
                page: PageName = extra["page"]  # type: ignore[assignment]
                yield Preference(part, name, page, field)


class PreferencesDialog(QDialog):
    """Every change holds at once.

    Attributes:
        chosen: the Settings to use from now on.
        controls: by part and name, such as ("view", "theme").
    """

    chosen = Signal(object)

    def __init__(self, settings: Settings, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Preferences")
        self.resize(620, 560)
        self.settings = settings
        self.controls: dict[tuple[str, str], Control] = {}
        self.tabs = QTabWidget()
        self.tabs.setAccessibleName("Pages of preferences")
        self.defaults_button = QPushButton("Use the defaults")
        self.defaults_button.setToolTip("Everything on all three pages as it was at the first start")
        self.close_button = QPushButton("Close")
        self.close_button.setDefault(True)
        for page in get_args(PageName):
            self._add_page(page)
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 14, 16, 14)
        column.addWidget(self.tabs, 1)
        row = QHBoxLayout()
        row.addWidget(self.defaults_button)
        row.addStretch(1)
        row.addWidget(self.close_button)
        column.addLayout(row)
        self.defaults_button.clicked.connect(self._use_defaults)
        self.close_button.clicked.connect(self.accept)

    def _add_page(self, page: PageName) -> None:
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setFrameShape(QScrollArea.Shape.NoFrame)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        inside = QWidget()
        form = QFormLayout(inside)
        form.setContentsMargins(14, 14, 14, 14)
        form.setVerticalSpacing(4)
        for preference in shown_preferences():
            if preference.page == page:
                self._add(form, preference)
        area.setWidget(inside)
        self.tabs.addTab(area, page)

    def _add(self, form: QFormLayout, preference: Preference) -> None:
        title, explanation = preference.field.title or "", preference.field.description or ""
        control = make_control(preference.field)
        control.setAccessibleName(title)
        control.setAccessibleDescription(explanation)
        control.setToolTip(explanation)
        control.show_setting(getattr(getattr(self.settings, preference.part), preference.name))
        control.edited.connect(self._changed)
        self.controls[preference.part, preference.name] = control
        note = QLabel(explanation)
        note.setProperty("role", "muted")
        note.setWordWrap(True)
        note.setMinimumWidth(HELP_WIDTH)
        note.setContentsMargins(0, 0, 0, 10)
        if isinstance(control, MarkControl):
            control.setText(title)
            form.addRow("", control)
        else:
            form.addRow(title, control)
        form.addRow("", note)

    @Slot()
    def _changed(self) -> None:
        values = self.settings.model_dump()
        for (part, name), control in self.controls.items():
            values[part][name] = control.setting()
        self._use(Settings.model_validate(values))

    @Slot()
    def _use_defaults(self) -> None:
        values, own = self.settings.model_dump(), Settings().model_dump()
        for part, name in self.controls:
            values[part][name] = own[part][name]
        settings = Settings.model_validate(values)
        for (part, name), control in self.controls.items():
            control.show_setting(values[part][name])
        self._use(settings)

    def _use(self, settings: Settings) -> None:
        if settings != self.settings:
            self.settings = settings
            self.chosen.emit(settings)
