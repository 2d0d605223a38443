"""The detector's panel: which checkpoint, which of its findings are shown, the map over the picture."""

from collections.abc import Sequence
from typing import Final

from PySide6.QtCore import Signal, Slot
from PySide6.QtGui import QAction
from PySide6.QtWidgets import (
    QComboBox,
    QFormLayout,
    QFrame,
    QGridLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)  # fmt: skip

from app.settings.schema import ColourMapName, MapName
from app.views.panels.action_button import ActionButton
from app.views.panels.slider_spin import SliderSpin
from tcm_core.config.decode import DbDecode

MAPS: Final[tuple[tuple[MapName, str], ...]] = (
    ("off", "Off"),
    ("language", "Instance-language"),
    ("probability", "Probability"),
)
COLOUR_MAPS: Final[tuple[ColourMapName, ...]] = (
    "inferno", "viridis", "magma", "plasma", "cividis", "turbo",
)  # fmt: skip


class DetectionPanel(QScrollArea):
    """Controls of the detector. It decides nothing: what is moved is announced.

    Attributes:
        settings_changed: the DbDecode now wanted; emitted for each tick of a slider.
        map_changed: the map's name, "off" for none.
        map_style_changed: colour map and opacity in [0, 1].
        checkpoint_chosen: name or path.
        reset_wanted: the checkpoint's own settings are wanted back.
        left: something was chosen or typed to its end; the picture wants the focus back.
    """

    settings_changed = Signal(object)
    map_changed = Signal(str)
    map_style_changed = Signal(str, float)
    checkpoint_chosen = Signal(str)
    reset_wanted = Signal()
    left = Signal()

    def __init__(self, actions: Sequence[QAction], parent: QWidget | None = None) -> None:
        """`actions`: the buttons in reading order; the first is the panel's main one."""
        super().__init__(parent)
        self._settings = DbDecode()
        self.checkpoint = QComboBox()
        self.checkpoint.setAccessibleName("Checkpoint")
        self.score = SliderSpin("Score threshold", 0.0, 1.0, 0.01)
        self.threshold = SliderSpin("Binarisation threshold", 0.0, 1.0, 0.01)
        self.unclip = SliderSpin("Unclip ratio", 0.0, 5.0, 0.05)
        self.min_side = SliderSpin("Smallest side", 0.0, 40.0, 0.5)
        self.reset = QPushButton("Use the checkpoint's values")
        self.map = QComboBox()
        self.map.setAccessibleName("Score map")
        for _, text in MAPS:
            self.map.addItem(text)
        self.colour_map = QComboBox()
        self.colour_map.setAccessibleName("Colour map")
        self.colour_map.addItems([name.capitalize() for name in COLOUR_MAPS])
        self.opacity = SliderSpin("Opacity of the score map", 0.0, 1.0, 0.05)
        self.summary = QLabel()
        self.summary.setProperty("role", "muted")
        self.summary.setWordWrap(True)
        self._build(actions)
        self._connect()
        self.set_settings(self._settings)

    def _build(self, actions: Sequence[QAction]) -> None:
        content = QWidget()
        column = QVBoxLayout(content)
        column.setContentsMargins(10, 10, 10, 10)
        column.setSpacing(8)
        column.addWidget(self.checkpoint)
        grid = QGridLayout()
        grid.setSpacing(6)
        self.buttons = [ActionButton(action, primary=at == 0) for at, action in enumerate(actions)]
        for at, button in enumerate(self.buttons):
            grid.addWidget(button, at // 2, at % 2)
        column.addLayout(grid)
        column.addWidget(self.summary)
        column.addWidget(_line())
        column.addWidget(_heading("What counts as text"))
        form = _form()
        self.score.setToolTip(
            "Detections with a lower score are not shown. Keys: , and . (Shift: bigger steps)"
        )
        self.threshold.setToolTip("Above this, a pixel of the probability map counts as text")
        self.unclip.setToolTip("How far the found core of a text is grown to its outline")
        self.min_side.setToolTip(
            "Detections with a shorter side, in pixels of the network's input, are dropped"
        )
        form.addRow("Score", self.score)
        form.addRow("Binarisation", self.threshold)
        form.addRow("Unclip ratio", self.unclip)
        form.addRow("Smallest side", self.min_side)
        column.addLayout(form)
        column.addWidget(self.reset)
        column.addWidget(_line())
        column.addWidget(_heading("Score map over the picture"))
        form = _form()
        self.map.setToolTip("J switches it on and off, Shift+J shows the next one")
        form.addRow("Map", self.map)
        form.addRow("Colours", self.colour_map)
        form.addRow("Opacity", self.opacity)
        column.addLayout(form)
        column.addStretch(1)
        self.setWidget(content)
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)

    def _connect(self) -> None:
        for control in (self.score, self.threshold, self.unclip, self.min_side):
            control.value_changed.connect(self._moved)
        self.reset.clicked.connect(self.reset_wanted)
        self.map.currentIndexChanged.connect(self._map_picked)
        self.colour_map.currentIndexChanged.connect(self._style_picked)
        self.opacity.value_changed.connect(self._style_picked)
        self.checkpoint.activated.connect(self._checkpoint_picked)
        for slider in (self.score, self.threshold, self.unclip, self.min_side, self.opacity):
            slider.left.connect(self.left)
        for box in (self.map, self.colour_map, self.checkpoint):
            box.activated.connect(self.left)

    @property
    def settings(self) -> DbDecode:
        return self._settings

    @property
    def map_name(self) -> MapName:
        return MAPS[self.map.currentIndex()][0]

    @property
    def colour_map_name(self) -> ColourMapName:
        return COLOUR_MAPS[self.colour_map.currentIndex()]

    def set_settings(self, settings: DbDecode) -> None:
        """Show settings without announcing them."""
        self._settings = settings
        self.score.set_value(settings.score_threshold)
        self.threshold.set_value(settings.threshold)
        self.unclip.set_value(settings.unclip_ratio)
        self.min_side.set_value(settings.min_side)

    def set_map(self, name: MapName) -> None:
        """Choose a map; announced when it is another one."""
        self.map.setCurrentIndex([known for known, _ in MAPS].index(name))

    def set_map_style(self, colour_map: ColourMapName, opacity: float) -> None:
        """Show a style without announcing it."""
        self.colour_map.blockSignals(True)
        self.colour_map.setCurrentIndex(COLOUR_MAPS.index(colour_map))
        self.colour_map.blockSignals(False)
        self.opacity.set_value(opacity)

    def set_checkpoints(self, entries: Sequence[tuple[str, str]], current: str) -> None:
        """List (text, name or path) pairs and mark the one in use; "" at the end asks for a file."""
        self.checkpoint.clear()
        for text, value in entries:
            self.checkpoint.addItem(text, value)
        self.checkpoint.addItem("Choose a file...", "")
        self.checkpoint.setCurrentIndex(max(0, self.checkpoint.findData(current)))

    def set_summary(self, text: str) -> None:
        """Say how many detections the open page has."""
        self.summary.setText(text)

    @Slot()
    def _moved(self) -> None:
        self._settings = self._settings.model_copy(
            update={
                "score_threshold": round(self.score.value, 4),
                "threshold": round(self.threshold.value, 4),
                "unclip_ratio": round(self.unclip.value, 4),
                "min_side": round(self.min_side.value, 4),
            }
        )
        self.settings_changed.emit(self._settings)

    @Slot()
    def _map_picked(self) -> None:
        self.map_changed.emit(self.map_name)

    @Slot()
    def _style_picked(self) -> None:
        self.map_style_changed.emit(self.colour_map_name, self.opacity.value)

    @Slot(int)
    def _checkpoint_picked(self, index: int) -> None:
        self.checkpoint_chosen.emit(str(self.checkpoint.itemData(index)))


def _form() -> QFormLayout:
    form = QFormLayout()
    form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
    form.setHorizontalSpacing(10)
    form.setVerticalSpacing(6)
    return form


def _heading(text: str) -> QLabel:
    label = QLabel(text)
    label.setProperty("role", "heading")
    return label


def _line() -> QFrame:
    line = QFrame()
    line.setObjectName("line")
    return line
