"""Give commands other keys: conflicts are seen before they happen, presets and files make a start."""

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QFileDialog,
    QHBoxLayout,
    QHeaderView,
    QKeySequenceEdit,
    QLabel,
    QLineEdit,
    QPushButton,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from app.i18n.translation import tr
from app.settings.key_file import PRESETS, read_key_file, write_key_file
from app.settings.schema import KeySettings
from app.views.action_spec import ActionSpec
from app.views.keymap import (
    RESERVED,
    Keys,
    changed_keys,
    checked_keys,
    keys_in_use,
    native,
    owner_of,
    portable,
)
from app.views.plain_label import plain_label
from tcm_core.errors import TcmError

FILES = "Keys (*.json)"


class KeyEditor(QDialog):
    """A list of commands with their keys, and a field that takes the next key pressed.

    Attributes:
        keys_chosen: the KeySettings to use from now on.
    """

    keys_chosen = Signal(object)

    def __init__(
        self, specs: Sequence[ActionSpec], settings: KeySettings, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle("Change keys")
        self.resize(820, 680)
        self._specs = {spec.id: spec for spec in specs}
        self.settings = settings
        self._keys = keys_in_use(specs, settings)
        self.preset = QComboBox()
        self.preset.setAccessibleName("Keys of which program")
        for name, title in PRESETS:
            self.preset.addItem(title, name)
        self.search = QLineEdit()
        self.search.setPlaceholderText("Search for a command or a key")
        self.search.setAccessibleName("Search for a command or a key")
        self.search.setClearButtonEnabled(True)
        self.tree = QTreeWidget()
        self.tree.setAccessibleName("Commands with their keys")
        self.tree.setHeaderLabels(["Command", "Keys", "Keys of the preset"])
        self.tree.setRootIsDecorated(False)
        self.chosen = plain_label("heading", wraps=False)
        self.key = QKeySequenceEdit()
        self.key.setMaximumSequenceLength(1)
        self.key.setAccessibleName("Press the new key")
        self.message = plain_label()
        self.use_button = QPushButton("Use instead")
        self.add_button = QPushButton("Use too")
        self.take_button = QPushButton("Take it from there")
        self.none_button = QPushButton("No key")
        self.reset_button = QPushButton("As in the preset")
        self.import_button = QPushButton("Import...")
        self.export_button = QPushButton("Export...")
        self.reset_all_button = QPushButton("All as in the preset")
        self.close_button = QPushButton("Close")
        self._rows: dict[str, QTreeWidgetItem] = {}
        self._groups: dict[str, QTreeWidgetItem] = {}
        self._lay_out()
        self._fill()
        self._connect()
        self._show_keys()
        self.tree.setCurrentItem(next(iter(self._rows.values())))

    def choose(self, name: str) -> None:
        """Put the cursor on a command."""
        self.tree.setCurrentItem(self._rows[name])

    def import_from(self, file: Path) -> None:
        """Use the keys of a file, or say why not."""
        try:
            settings = checked_keys(list(self._specs.values()), read_key_file(file), file.name)
        except TcmError as error:
            self.message.setText(str(error))
            return
        self._use(settings)
        self.message.setText(tr(f"The keys of {file.name} are in use."))

    def export_to(self, file: Path) -> None:
        """Write the keys to a file, or say why not."""
        try:
            write_key_file(file, self.settings)
        except TcmError as error:
            self.message.setText(str(error))
        else:
            self.message.setText(tr(f"The keys were written to {file.name}."))

    def _lay_out(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(20, 18, 20, 16)
        column.setSpacing(10)
        column.addLayout(_row(QLabel("Keys as in"), self.preset, self.search, stretch=self.search))
        column.addWidget(self.tree, 1)
        column.addWidget(self.chosen)
        column.addLayout(
            _row(QLabel("New key"), self.key, self.use_button, self.add_button, self.take_button,
                 self.none_button, self.reset_button, stretch=self.key)
        )  # fmt: skip
        column.addWidget(self.message)
        gap = QWidget()
        column.addLayout(
            _row(self.import_button, self.export_button, self.reset_all_button, gap, self.close_button,
                 stretch=gap)
        )  # fmt: skip
        for button in self.findChildren(QPushButton):
            button.setAutoDefault(False)  # Enter in the key field must not press one of them

    def _fill(self) -> None:
        for spec in self._specs.values():
            if spec.menu not in self._groups:
                group = self._groups[spec.menu] = QTreeWidgetItem([tr(spec.menu)])
                group.setFlags(Qt.ItemFlag.ItemIsEnabled)
                font = group.font(0)
                font.setBold(True)
                group.setFont(0, font)
                self.tree.addTopLevelItem(group)
            row = QTreeWidgetItem([_name(spec), "", ""])
            row.setData(0, Qt.ItemDataRole.UserRole, spec.id)
            row.setToolTip(0, tr(spec.hint))
            self._groups[spec.menu].addChild(row)
            self._rows[spec.id] = row
        self.tree.expandAll()
        header = self.tree.header()
        for column in (0, 1):
            header.setSectionResizeMode(column, QHeaderView.ResizeMode.ResizeToContents)

    def _connect(self) -> None:
        self.preset.activated.connect(self._preset_chosen)
        self.search.textChanged.connect(self._filter)
        self.tree.currentItemChanged.connect(self._row_chosen)
        self.tree.itemActivated.connect(self._ask_for_key)
        self.key.keySequenceChanged.connect(self._check)
        self.use_button.clicked.connect(self._use_instead)
        self.add_button.clicked.connect(self._use_too)
        self.take_button.clicked.connect(self._take)
        self.none_button.clicked.connect(self._use_none)
        self.reset_button.clicked.connect(self._reset)
        self.reset_all_button.clicked.connect(self._reset_all)
        self.import_button.clicked.connect(self._import)
        self.export_button.clicked.connect(self._export)
        self.close_button.clicked.connect(self.accept)

    @property
    def _current(self) -> str:
        row = self.tree.currentItem()
        return str(row.data(0, Qt.ItemDataRole.UserRole) or "") if row is not None else ""

    @property
    def _pressed(self) -> str:
        return portable(self.key.keySequence().toString(QKeySequence.SequenceFormat.PortableText))

    def _owner(self) -> str:
        spec = self._specs[self._current]
        return owner_of(list(self._specs.values()), self._keys, self._pressed, spec.scope)

    def _show_keys(self) -> None:
        specs = list(self._specs.values())
        preset = keys_in_use(specs, KeySettings(preset=self.settings.preset))
        self.preset.setCurrentIndex([name for name, _ in PRESETS].index(self.settings.preset))
        for name, row in self._rows.items():
            row.setText(1, native(self._keys[name]))
            row.setText(2, native(preset[name]))
            font = row.font(1)
            font.setBold(self._keys[name] != preset[name])
            row.setFont(1, font)
        self.reset_all_button.setEnabled(bool(self.settings.changes))
        self._row_chosen()

    def _use(self, settings: KeySettings) -> None:
        self.settings = settings
        self._keys = keys_in_use(list(self._specs.values()), settings)
        self.key.clear()
        self._show_keys()
        self.keys_chosen.emit(settings)

    def _give(self, changes: dict[str, Keys]) -> None:
        self._use(changed_keys(list(self._specs.values()), self.settings, changes))

    @Slot()
    def _row_chosen(self) -> None:
        spec = self._specs.get(self._current)
        self.chosen.setText("" if spec is None else f"{_name(spec)}: {tr(spec.hint)}")
        self.key.setEnabled(spec is not None)
        self.none_button.setEnabled(spec is not None and bool(self._keys[spec.id]))
        self.reset_button.setEnabled(spec is not None and spec.id in self.settings.changes)
        self._check()

    @Slot()
    def _check(self) -> None:
        """Say what stands against the key in the field before it is used."""
        key, owner = self._pressed, ""
        text = ""
        if self._current and key in RESERVED:
            text = tr(f"{native([key])} cannot be used: it {RESERVED[key]}.")
        elif self._current and key:
            owner = self._owner()
            if owner == self._current:
                text = tr("It has this key already.")
            elif owner:
                spec = self._specs[owner]
                text = tr(f"{native([key])} belongs to {spec.text.removesuffix('...')} (menu {spec.menu}).")
        free = bool(self._current and key) and not text
        self.message.setText(text)
        self.use_button.setEnabled(free)
        self.add_button.setEnabled(free)
        self.take_button.setVisible(bool(owner) and owner != self._current)

    @Slot()
    def _use_instead(self) -> None:
        self._give({self._current: (self._pressed,)})

    @Slot()
    def _use_too(self) -> None:
        self._give({self._current: (*self._keys[self._current], self._pressed)})

    @Slot()
    def _take(self) -> None:
        """Take the key from every command that would hear it."""
        key = self._pressed
        changes: dict[str, Keys] = {}
        while owner := owner_of(
            list(self._specs.values()), {**self._keys, **changes}, key, self._specs[self._current].scope
        ):
            changes[owner] = tuple(other for other in self._keys[owner] if other != key)
        self._give({**changes, self._current: (*self._keys[self._current], key)})

    @Slot()
    def _use_none(self) -> None:
        self._give({self._current: ()})

    @Slot()
    def _reset(self) -> None:
        kept = {name: keys for name, keys in self.settings.changes.items() if name != self._current}
        self._use(KeySettings(preset=self.settings.preset, changes=kept))

    @Slot()
    def _reset_all(self) -> None:
        self._use(KeySettings(preset=self.settings.preset))

    @Slot(int)
    def _preset_chosen(self, row: int) -> None:
        self._use(KeySettings(preset=PRESETS[row][0]))

    @Slot()
    def _ask_for_key(self) -> None:
        self.key.setFocus(Qt.FocusReason.OtherFocusReason)

    @Slot(str)
    def _filter(self, text: str) -> None:
        wanted = text.casefold().strip()
        for row in self._rows.values():
            row.setHidden(not any(wanted in row.text(column).casefold() for column in range(2)))
        for menu, group in self._groups.items():
            names = [spec.id for spec in self._specs.values() if spec.menu == menu]
            group.setHidden(all(self._rows[name].isHidden() for name in names))

    @Slot()
    def _import(self) -> None:
        file, _ = QFileDialog.getOpenFileName(self, "Import keys", "", FILES)
        if file:
            self.import_from(Path(file))

    @Slot()
    def _export(self) -> None:
        file, _ = QFileDialog.getSaveFileName(self, "Export keys", "tcm-studio-keys.json", FILES)
        if file:
            self.export_to(Path(file))


def _row(*widgets: QWidget, stretch: QWidget) -> QHBoxLayout:
    row = QHBoxLayout()
    for widget in widgets:
        row.addWidget(widget, 1 if widget is stretch else 0)
    return row


def _name(spec: ActionSpec) -> str:
    """The command in the language in use, without the dots of those that ask something first."""
    return tr(spec.text.removesuffix("..."))
