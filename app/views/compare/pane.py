"""One pane: what it shows, under which settings, what is said of it, and its picture."""

from collections.abc import Sequence
from typing import Final

from PySide6.QtCore import QObject, QRectF, Signal, Slot
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import (
    QComboBox,
    QFormLayout,
    QHBoxLayout,
    QPushButton,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from app.domain.compare import Shape, iou_of
from app.domain.level_set import KeptMaps
from app.domain.map_layers import map_named
from app.i18n.translation import tr
from app.services.comparison import PaneSet, Source
from app.services.comparison_tables import VERDICT_WORDS
from app.views.compare.canvas import PaneCanvas
from app.views.panels.detection import CONTROLS
from app.views.panels.slider_spin import SliderSpin
from app.views.plain_label import plain_label
from tcm_core.config.decode import DecodeSettings
from tcm_core.evaluate.result import ImageResult

NO_MAP: Final = ""
SIDES: Final = (64, 4096)


class Pane(QObject):
    """A heading and a canvas, which the owner lays out.

    Attributes:
        source_picked: another Source is wanted.
        file_wanted: a checkpoint's file is to be chosen.
        settings_moved: other DecodeSettings are wanted; emitted for each tick of a slider.
        side_moved: the checkpoint is to see pictures of this short side, pixels.
        detect_wanted: the checkpoint is to look at the page.
        vote_wanted: this pane is the best on the page.
    """

    source_picked = Signal(object)
    file_wanted = Signal()
    settings_moved = Signal(object)
    side_moved = Signal(int)
    detect_wanted = Signal()
    vote_wanted = Signal()

    def __init__(self, number: int, parent: QWidget) -> None:
        super().__init__(parent)
        self.number = number
        self.source: Source | None = None
        self.content: PaneSet | None = None
        self.truth: tuple[Shape, ...] = ()
        self.result: ImageResult | None = None
        self._map_name = NO_MAP
        self._choices: list[Source] = []
        self.canvas = PaneCanvas(parent)
        self.header = QWidget(parent)
        self.header.setAutoFillBackground(True)
        self.picker = QComboBox()
        self.picker.setAccessibleName("What this pane shows")
        self.picker.setToolTip("Labels, ground truth, or what a checkpoint finds")
        self.vote = QPushButton("Best")
        self.vote.setCheckable(True)
        self.vote.setToolTip(f"This pane is the best on this image ({number})")
        self.detect = QPushButton("Detect")
        self.detect.setToolTip("Let this checkpoint look at the image")
        self.figures = plain_label("muted", wraps=False)
        self.score = SliderSpin("Score threshold", 0.0, 1.0, 0.01)
        self.score.setToolTip("Detections with a lower score are not shown")
        self.controls = {
            field: SliderSpin(one.name, one.low, one.high, one.step)
            for field, one in CONTROLS.items()
            if field != "score_threshold"
        }
        self.side = QSpinBox()
        self.side.setRange(*SIDES)
        self.side.setSingleStep(32)
        self.side.setSuffix(" px")
        self.side.setKeyboardTracking(False)
        self.side.setAccessibleName("Input side")
        self.side.setToolTip("The short side of the picture that the network sees; Enter looks anew")
        self.more = QWidget()
        self._build()
        self.picker.activated.connect(self._picked)
        self.vote.clicked.connect(self.vote_wanted)
        self.detect.clicked.connect(self.detect_wanted)
        for slider in (self.score, *self.controls.values()):
            slider.value_changed.connect(self._moved)
            slider.left.connect(self.canvas.setFocus)

    def _build(self) -> None:
        column = QVBoxLayout(self.header)
        column.setContentsMargins(8, 6, 8, 6)
        column.setSpacing(4)
        top = QHBoxLayout()
        top.addWidget(self.picker, 1)
        top.addWidget(self.detect)
        top.addWidget(self.vote)
        column.addLayout(top)
        below = QHBoxLayout()
        below.addWidget(self.figures, 1)
        below.addWidget(self.score, 1)
        column.addLayout(below)
        self._form = QFormLayout(self.more)
        self._form.setContentsMargins(0, 0, 0, 0)
        for field, slider in self.controls.items():
            slider.setToolTip(CONTROLS[field].tip)
            self._form.addRow(CONTROLS[field].title, slider)
        self._form.addRow("Input side", self.side)
        self.side.editingFinished.connect(self._side_typed)
        self.more.hide()
        column.addWidget(self.more)

    @property
    def shapes(self) -> tuple[Shape, ...]:
        """The polygons that are shown."""
        return () if self.content is None else self.content.shapes

    @property
    def settings(self) -> DecodeSettings | None:
        """How the detections that are shown were decoded; None for labels."""
        return None if self.content is None else self.content.settings

    def set_choices(self, choices: Sequence[Source], source: Source) -> None:
        """List what can be shown and mark what is."""
        self.source, self._choices = source, list(choices)
        self.picker.clear()
        for choice in choices:
            title = tr(choice.title) if choice.kind != "checkpoint" else choice.title
            self.picker.addItem(title)
        identities = [choice.identity for choice in choices]
        at = identities.index(source.identity) if source.identity in identities else -1
        if at < 0:
            self._choices.append(source)
            self.picker.addItem(source.title)
        at = at if at >= 0 else self.picker.count() - 1
        if source.scale != 1.0:
            self.picker.setItemText(at, source.name)
        self.picker.addItem(tr("Another checkpoint..."))
        self.picker.setCurrentIndex(at)

    def show_side(self, side: int | None) -> None:
        """Show which short side the checkpoint sees, pixels; None: it has none that could be chosen."""
        self._form.setRowVisible(self.side, side is not None)
        if side is not None:
            self.side.blockSignals(True)
            self.side.setValue(side)
            self.side.blockSignals(False)

    def show_content(
        self,
        content: PaneSet | None,
        truth: Sequence[Shape],
        result: ImageResult | None,
        note: str,
        *,
        awaited: bool = False,
    ) -> None:
        """Show what the source has on the page.

        Args:
            content: None: nothing is known.
            truth: what it was judged against.
            result: the verdicts; None: not judged.
            note: what is said in place of figures while there is nothing.
            awaited: the source's checkpoint is looking at the page.
        """
        self.content, self.truth, self.result = content, tuple(truth), result
        self.canvas.show_shapes(self.shapes, truth, result)
        settings = self.settings
        self.score.setVisible(settings is not None)
        if settings is not None:
            values = settings.model_dump()
            self.score.set_value(values["score_threshold"])
            decodable = content is not None and content.maps is not None
            for field, slider in self.controls.items():
                self._form.setRowVisible(slider, field in values)
                slider.setEnabled(decodable)
                if field in values:
                    slider.set_value(values[field])
        can_ask = self.source is not None and self.source.kind == "checkpoint" and bool(self.source.file)
        self.detect.setVisible(content is None and can_ask and not awaited)
        self.figures.setText(tr(note) if content is None else self._words())
        self._show_map()

    def set_map(self, name: str) -> None:
        """Show a map of the detector over the picture, by its name in map_layers, or NO_MAP."""
        self._map_name = name
        self._show_map()

    def set_more(self, shown: bool) -> None:
        """Show all settings of the head, or only its score threshold."""
        self.more.setVisible(shown)

    def mark(self, *, marked: bool) -> None:
        """Let the heading stand out: its picture is the one that is seen."""
        role = QPalette.ColorRole.Midlight if marked else QPalette.ColorRole.Window
        self.header.setBackgroundRole(role)

    def set_vote(self, voted: bool) -> None:
        """Mark the pane as the page's best, or not."""
        self.vote.setChecked(voted)

    def tag_of(self, index: int) -> str:
        """What is said of a polygon under the mouse: verdict, overlap and score."""
        shape, parts = self.shapes[index], []
        if self.result is not None:
            parts.append(tr(VERDICT_WORDS[self.result.det_verdicts[index]]))
            overlap = iou_of(self.result, index)
            if overlap is not None:
                parts.append(f"IoU {overlap:.2f}")
        if shape.score is not None:
            parts.append(f"{shape.score:.2f}")
        if shape.text:
            parts.append(shape.text)
        return " · ".join(parts)

    def _words(self) -> str:
        parts = [tr(f"{len(self.shapes)} polygons")]
        if self.result is not None:
            result = self.result
            parts = [f"P {result.precision:.2f}  R {result.recall:.2f}  F {result.hmean:.2f}", *parts]
        if self.content is not None and self.content.seconds is not None:
            parts.append(f"{self.content.seconds:.2f} s")
        return "  ·  ".join(parts)

    def _show_map(self) -> None:
        content = self.content
        if self._map_name == NO_MAP or content is None or content.maps is None or content.settings is None:
            self.canvas.show_map(None, None)
            return
        kept = KeptMaps(content.maps, content.settings)
        self.canvas.show_map(map_named(kept, self._map_name), QRectF(*content.maps.image_rect()))

    @Slot()
    def _side_typed(self) -> None:
        self.side_moved.emit(self.side.value())

    @Slot(int)
    def _picked(self, row: int) -> None:
        if row < len(self._choices):
            self.source_picked.emit(self._choices[row])
        else:
            if self.source is not None:
                self.set_choices(self._choices, self.source)
            self.file_wanted.emit()
        self.canvas.setFocus()

    @Slot()
    def _moved(self) -> None:
        settings = self.settings
        if settings is None:
            return
        moved: dict[str, float] = {"score_threshold": round(self.score.value, 4)}
        for field, now in settings.model_dump().items():
            if field in self.controls:
                moved[field] = type(now)(round(self.controls[field].value, 4))
        self.settings_moved.emit(settings.model_copy(update=moved))
