"""The layers over the picture: which are shown, which score map, and how the map looks."""

from collections.abc import Mapping, Sequence
from typing import Final

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QFormLayout,
    QHeaderView,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from app.domain.map_layers import LANGUAGE, map_title
from app.i18n.translation import tr
from app.settings.schema import ColourMapName
from app.views.panels.colour_bar import ColourBar
from app.views.panels.slider_spin import SliderSpin

OFF: Final = "off"
OWN_MAPS: Final = 8
"""So many maps of one head have a command of their own; Shift+J reaches any further ones."""
FIXED: Final = ("regions", "detections", "truth", "map.language")
"""The layers that are always listed, top first, by the commands that toggle them."""
COLOUR_MAPS: Final[tuple[ColourMapName, ...]] = (
    "inferno", "viridis", "magma", "plasma", "cividis", "turbo",
)  # fmt: skip


class LayerPanel(QWidget):
    """A list of the layers. A tick shows or hides one, a double click shows it alone, each by its command.

    Attributes:
        map_changed: the name of the score map that is shown now, "off" for none.
        map_style_changed: colour map and opacity in [0, 1].
        map_levels_changed: the scores of the first and of the last colour.
        left: something was chosen to its end; the picture wants the focus back.
    """

    map_changed = Signal(str)
    map_style_changed = Signal(str, float)
    map_levels_changed = Signal(float, float)
    left = Signal()

    def __init__(self, actions: Mapping[str, QAction], parent: QWidget | None = None) -> None:
        """`actions`: by name; of each layer the one that toggles it and "solo." before that name."""
        super().__init__(parent)
        self._actions = actions
        self._wanted = OFF
        self._own: tuple[str, ...] = ()
        self._checked: frozenset[str] = frozenset()
        self.list = QTreeWidget()
        self.list.setColumnCount(2)
        self.list.setHeaderHidden(True)
        self.list.setRootIsDecorated(False)
        self.list.setUniformRowHeights(True)
        self.list.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.list.setAccessibleName("Layers over the picture, the topmost first")
        self.list.setToolTip("A tick shows or hides a layer; a double click or Enter shows it alone")
        header = self.list.header()
        header.setStretchLastSection(False)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        header.setSectionResizeMode(1, QHeaderView.ResizeMode.ResizeToContents)
        self.colour_map = QComboBox()
        self.colour_map.setAccessibleName("Colour map")
        self.colour_map.addItems([name.capitalize() for name in COLOUR_MAPS])
        self.bar = ColourBar()
        self.opacity = SliderSpin("Opacity of the score map", 0.0, 1.0, 0.05)
        self._build()
        self._connect()
        self.set_own_maps(())

    def _build(self) -> None:
        form = QFormLayout()
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        form.setContentsMargins(10, 6, 10, 8)
        form.addRow("Colours", self.colour_map)
        form.addRow("Levels", self.bar)
        form.addRow("Opacity", self.opacity)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.list, 1)
        column.addLayout(form)

    def _connect(self) -> None:
        self.list.itemChanged.connect(self._ticked)
        self.list.itemActivated.connect(self._activated)
        self.colour_map.currentIndexChanged.connect(self._style_picked)
        self.colour_map.activated.connect(self.left)
        self.opacity.value_changed.connect(self._style_picked)
        self.opacity.left.connect(self.left)
        self.bar.levels_changed.connect(self.map_levels_changed)
        self.bar.left.connect(self.left)

    @property
    def map_name(self) -> str:
        """The score map that is shown, "off" for none; of one that this head lacks, the head's first."""
        if self._wanted in (OFF, LANGUAGE) or not self._own or self._wanted in self._own:
            return self._wanted
        return self._own[0]

    @property
    def wanted_map(self) -> str:
        """The score map that was chosen, which the head in use may not have."""
        return self._wanted

    @property
    def map_names(self) -> tuple[str, ...]:
        """All score maps of the open page, in the order of Shift+J."""
        return (LANGUAGE, *self._own)

    @property
    def own_maps(self) -> tuple[str, ...]:
        """The maps of the head that looked at the open page."""
        return self._own

    @property
    def colour_map_name(self) -> ColourMapName:
        return COLOUR_MAPS[self.colour_map.currentIndex()]

    def set_map(self, name: str) -> None:
        """Choose a map; announced when it is another one."""
        if name != self._wanted:
            self._wanted = name
            self.map_changed.emit(self.map_name)

    def set_own_maps(self, names: Sequence[str]) -> None:
        """List the maps that the open page has of its head."""
        if tuple(names) == self._own and self.list.topLevelItemCount():
            return
        self._own = tuple(names)
        self._list_layers()

    def set_map_style(self, colour_map: ColourMapName, opacity: float) -> None:
        """Show a style without announcing it."""
        self.colour_map.blockSignals(True)
        self.colour_map.setCurrentIndex(COLOUR_MAPS.index(colour_map))
        self.colour_map.blockSignals(False)
        self.bar.set_colour_map(colour_map)
        self.opacity.set_value(opacity)

    @Slot(object)
    def show_checked(self, checked: frozenset[str]) -> None:
        """Tick exactly the layers whose commands are checked."""
        self._checked = checked
        self._name_commands()
        self.list.blockSignals(True)
        for row in range(self.list.topLevelItemCount()):
            item = self.list.topLevelItem(row)
            assert item is not None
            action = self._action_of(item)
            item.setText(0, action.text())
            item.setText(1, action.shortcut().toString(QKeySequence.SequenceFormat.NativeText))
            item.setToolTip(0, action.toolTip())
            ticked = action.objectName() in checked
            item.setCheckState(0, Qt.CheckState.Checked if ticked else Qt.CheckState.Unchecked)
        self.list.blockSignals(False)

    def _list_layers(self) -> None:
        self.list.blockSignals(True)
        self.list.clear()
        for name in (*FIXED, *(f"map.{at}" for at in range(1, min(len(self._own), OWN_MAPS) + 1))):
            item = QTreeWidgetItem(self.list)
            item.setData(0, Qt.ItemDataRole.UserRole, name)
            item.setTextAlignment(1, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.list.blockSignals(False)
        self.show_checked(self._checked)

    def _name_commands(self) -> None:
        """The commands of the head's own maps are named as the maps are; those without one are not shown."""
        for at in range(OWN_MAPS):
            for prefix, shown in (("", "{}"), ("solo.", "{} alone")):
                action = self._actions[f"{prefix}map.{at + 1}"]
                action.setVisible(at < len(self._own))
                if at < len(self._own):
                    action.setText(tr(shown.format(tr(map_title(self._own[at])))))

    def _action_of(self, item: QTreeWidgetItem) -> QAction:
        return self._actions[str(item.data(0, Qt.ItemDataRole.UserRole))]

    @Slot(QTreeWidgetItem)
    def _ticked(self, item: QTreeWidgetItem) -> None:
        action = self._action_of(item)
        if action.isEnabled():
            action.trigger()
        self.show_checked(self._checked)

    @Slot(QTreeWidgetItem)
    def _activated(self, item: QTreeWidgetItem) -> None:
        action = self._actions[f"solo.{self._action_of(item).objectName()}"]
        if action.isEnabled():
            action.trigger()

    @Slot()
    def _style_picked(self) -> None:
        self.bar.set_colour_map(self.colour_map_name)
        self.map_style_changed.emit(self.colour_map_name, self.opacity.value)
