"""The detector's panel: which checkpoint, and which of its findings are shown."""

from collections.abc import Sequence
from typing import Final, NamedTuple

from PySide6.QtCore import QEvent, QObject, QSize, Qt, Signal, Slot
from PySide6.QtGui import QAction
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QFormLayout,
    QFrame,
    QGridLayout,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)  # fmt: skip

from app.i18n.translation import tr
from app.views.panels.action_button import ActionButton
from app.views.panels.fold import Fold
from app.views.panels.slider_spin import SliderSpin
from app.views.plain_label import plain_label
from tcm_core.config.decode import DbDecode, DecodeSettings


class Control(NamedTuple):
    """A slider of one decode setting."""

    title: str
    name: str
    low: float
    high: float
    step: float
    tip: str


CONTROLS: Final[dict[str, Control]] = {
    "score_threshold": Control(
        "Score",
        "Score threshold",
        0.0,
        1.0,
        0.01,
        "Detections with a lower score are not shown. Keys: , and . (Shift: bigger steps)",
    ),
    "threshold": Control(
        "Binarisation",
        "Binarisation threshold",
        0.0,
        1.0,
        0.01,
        "Above this, a pixel of the probability map counts as text",
    ),
    "kernel_threshold": Control(
        "Kernel", "Kernel threshold", 0.0, 1.0, 0.01, "Above this, a pixel of a text is part of its core"
    ),
    "max_distance": Control(
        "Likeness",
        "Largest distance of similarity vectors",
        0.0,
        10.0,
        0.1,
        "A pixel joins a core when their similarity vectors are no further apart",
    ),
    "unclip_ratio": Control(
        "Unclip ratio",
        "Unclip ratio",
        0.0,
        5.0,
        0.05,
        "How far the found core of a text is grown to its outline",
    ),
    "min_side": Control(
        "Smallest side",
        "Smallest side",
        0.0,
        40.0,
        0.5,
        "Detections with a shorter side, in pixels of the network's input, are dropped",
    ),
    "min_area": Control(
        "Smallest area", "Smallest area", 1.0, 400.0, 1.0, "Detections of fewer pixels of the map are dropped"
    ),
    "alpha": Control(
        "Text power", "Power of the text map", 0.0, 4.0, 0.1, "Weight of the text map in the score"
    ),
    "beta": Control(
        "Centre power", "Power of the centre map", 0.0, 4.0, 0.1, "Weight of the centre map in the score"
    ),
    "nms_threshold": Control(
        "Overlap", "Largest overlap", 0.0, 1.0, 0.01, "Of two detections that overlap more, one stays"
    ),
}
"""The decode settings that can be moved, of whatever head; those of the head in use are shown."""


class DetectionPanel(QScrollArea):
    """Controls of the detector. It decides nothing: what is moved is announced.

    Attributes:
        settings_changed: the DecodeSettings now wanted; emitted for each tick of a slider.
        checkpoint_chosen: name or path.
        reset_wanted: the checkpoint's own settings are wanted back.
        own_wanted: whether the open image is to have settings of its own.
        apply_wanted: the settings are wanted on all images.
        keep_wanted: the settings are wanted as the checkpoint's own.
        left: something was chosen or typed to its end; the picture wants the focus back.
        height_changed: the height that was wanted before and the one wanted now.
    """

    settings_changed = Signal(object)
    checkpoint_chosen = Signal(str)
    reset_wanted = Signal()
    own_wanted = Signal(bool)
    apply_wanted = Signal()
    keep_wanted = Signal()
    left = Signal()
    height_changed = Signal(int, int)

    def __init__(self, actions: Sequence[QAction], parent: QWidget | None = None) -> None:
        """`actions`: the buttons in reading order; the first is the main one, the third may come and go."""
        super().__init__(parent)
        self._settings: DecodeSettings = DbDecode()
        self._height = 0
        self.checkpoint = QComboBox()
        self.checkpoint.setAccessibleName("Checkpoint")
        self.controls = {
            field: SliderSpin(control.name, control.low, control.high, control.step)
            for field, control in CONTROLS.items()
        }
        self.score = self.controls["score_threshold"]
        self.reset = QPushButton("Use the checkpoint's values")
        self.keep = QPushButton("Make them the checkpoint's values")
        self.keep.setToolTip("Write them into its file, or keep them as yours where it must not change")
        self.keep.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.own = QCheckBox("For this image only")
        self.own.setToolTip("What is moved here changes this image alone, and is kept with it")
        self.own.setFocusPolicy(Qt.FocusPolicy.TabFocus)  # the mouse leaves the keys to the picture
        self.summary, self.own_note, self.effect = (plain_label("muted") for _ in range(3))
        self.summary.setMinimumHeight(self.summary.fontMetrics().height())  # its line is there when empty
        self.own_note.setText("This image has settings of its own.")
        self.own_note.hide()
        self.apply = QPushButton("Apply to all images")
        self.apply.setToolTip("Read the kept score maps of all images by these settings")
        self.apply.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.set_effect("", can_apply=False)
        self._build(actions)
        self._connect()
        self.set_settings(self._settings)

    def _build(self, actions: Sequence[QAction]) -> None:
        content = QWidget()
        column = QVBoxLayout(content)
        column.setContentsMargins(10, 8, 10, 6)
        column.setSpacing(6)
        column.addWidget(self.checkpoint)
        grid = QGridLayout()
        grid.setSpacing(6)
        self.buttons = [
            ActionButton(action, primary=at == 0, fleeting=at > 1) for at, action in enumerate(actions)
        ]
        for at, button in enumerate(self.buttons):
            grid.addWidget(button, at // 2, at % 2)
        column.addLayout(grid)
        column.addWidget(self.summary)
        top, self._form = _form(), _form()
        for field, control in CONTROLS.items():
            self.controls[field].setToolTip(control.tip)
            (top if field == "score_threshold" else self._form).addRow(control.title, self.controls[field])
        column.addLayout(top)
        for row in (self.own_note, self.effect, self.apply):
            column.addWidget(row)
        more = QWidget()
        inside = QVBoxLayout(more)
        inside.setContentsMargins(0, 0, 0, 0)
        inside.addWidget(self.own)
        inside.addLayout(self._form)
        inside.addWidget(self.reset)
        inside.addWidget(self.keep)
        self.more = Fold("What counts as text", more)
        column.addWidget(self.more)
        column.addStretch(1)
        self.setWidget(content)
        content.installEventFilter(self)
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)

    def _connect(self) -> None:
        for control in self.controls.values():
            control.value_changed.connect(self._moved)
        self.reset.clicked.connect(self.reset_wanted)
        self.own.clicked.connect(self.own_wanted)
        self.apply.clicked.connect(self.apply_wanted)
        self.keep.clicked.connect(self.keep_wanted)
        self.checkpoint.activated.connect(self._checkpoint_picked)
        for slider in self.controls.values():
            slider.left.connect(self.left)
        self.checkpoint.activated.connect(self.left)

    @property
    def settings(self) -> DecodeSettings:
        return self._settings

    @property
    def wanted_height(self) -> int:
        """The height that shows everything that is not folded."""
        content = self.widget()
        layout = None if content is None else content.layout()
        if layout is None:
            return 0
        return max(layout.totalHeightForWidth(self.viewport().width()), layout.totalMinimumSize().height())

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Something in the panel came, went, or needs another height."""
        if watched is self.widget() and event.type() == QEvent.Type.LayoutRequest:
            before, self._height = self._height, self.wanted_height
            if before != self._height:
                self.height_changed.emit(before, self._height)
        return bool(super().eventFilter(watched, event))

    def sizeHint(self) -> QSize:
        return QSize(super().sizeHint().width(), self.wanted_height)

    def set_settings(self, settings: DecodeSettings, *, own: bool = False) -> None:
        """Show settings without announcing them; `own`: they are of the open image alone."""
        self._settings = settings
        self.own.setChecked(own)
        self.own_note.setVisible(own)
        values = settings.model_dump()
        for field, slider in self.controls.items():
            if slider is not self.score:
                self._form.setRowVisible(slider, field in values)
            if field in values:
                slider.set_value(values[field])

    def set_checkpoints(self, entries: Sequence[tuple[str, str]], current: str) -> None:
        """List (text, name or path) pairs and mark the one in use; "" at the end asks for a file."""
        self.checkpoint.clear()
        for text, value in entries:
            self.checkpoint.addItem(text, value)
        self.checkpoint.addItem("Choose a file...", "")
        self.checkpoint.setCurrentIndex(max(0, self.checkpoint.findData(current)))

    def set_summary(self, text: str) -> None:
        """Say how many detections the open page has."""
        self.summary.setText(tr(text))

    def set_effect(self, text: str, *, can_apply: bool) -> None:
        """Say what the settings would change in all images; "" takes the line away."""
        self.effect.setText(tr(text))
        self.effect.setVisible(bool(text))
        self.apply.setVisible(can_apply)

    @Slot()
    def _moved(self) -> None:
        moved = {
            field: type(now)(round(self.controls[field].value, 4))
            for field, now in self._settings.model_dump().items()
            if field in self.controls
        }
        self._settings = self._settings.model_copy(update=moved)
        self.settings_changed.emit(self._settings)

    @Slot(int)
    def _checkpoint_picked(self, index: int) -> None:
        self.checkpoint_chosen.emit(str(self.checkpoint.itemData(index)))


def _form() -> QFormLayout:
    form = QFormLayout()
    form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
    form.setHorizontalSpacing(10)
    form.setVerticalSpacing(6)
    return form
