"""The prompt playground: words are typed, and the score map of the open page changes."""

from collections.abc import Mapping
from functools import partial
from typing import Final

from PySide6.QtCore import QRectF, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QCloseEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QCheckBox,
    QComboBox,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QLineEdit,
    QPushButton,
    QTableWidget,
    QTableWidgetItem,
    QToolButton,
    QVBoxLayout,
    QWidget,
)  # fmt: skip

from app.domain.letters import as_letters
from app.domain.prompts import MapFigures
from app.i18n.translation import tr
from app.services.prompts import PromptMap, PromptMaps
from app.storage.prompt_presets import WORDS_LIMIT
from app.views.compare.area import MODES, Mode
from app.views.dialogs.prompts_pictures import RIGHTS, PromptPictures
from app.views.panels.slider_spin import SliderSpin
from app.views.plain_label import plain_label

TYPED_MS: Final = 350
"""A map is asked for when nothing was typed for so long."""
COLUMNS: Final = ("Words", "Mass", "Inside labels", "Average precision", "Texts found")
MODE_TEXTS: Final[dict[Mode, str]] = {"beside": "Beside", "swipe": "Swipe", "blink": "Blink"}
NO_WORDS: Final = "(no words)"
_WORDS: Final = Qt.ItemDataRole.UserRole


class PromptWindow(QWidget):
    """Shows what it is given; what is wanted is announced.

    Attributes:
        words_wanted: maps of the listed words and of those being typed are wanted.
        use_wanted: detection is to use these words.
        save_wanted: a checkpoint with these words is wanted.
        keep_wanted: these words are to become a preset.
        preset_dropped: the name of a preset that is to be forgotten.
        closed: the playground is over.
    """

    words_wanted = Signal()
    use_wanted = Signal(str)
    save_wanted = Signal(str)
    keep_wanted = Signal(str)
    preset_dropped = Signal(str)
    closed = Signal()

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent, Qt.WindowType.Window)
        self.setObjectName("prompts")
        self.setWindowTitle("Prompt playground")
        self.resize(1240, 820)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(TYPED_MS)
        self._listed: list[str] = []
        self._maps: PromptMaps | None = None
        self._figures: Mapping[str, MapFigures] = {}
        self.known, self.told = plain_label("muted"), plain_label()
        self.weights_button = QPushButton("CLIP weights...")
        self.weights_button.setToolTip("Open the list of CLIP weights, to pull those of this text tower")
        self.weights_button.hide()
        self.pictures = PromptPictures()
        self.table = _table()
        column = QVBoxLayout(self)
        column.addLayout(self._words_row())
        known = QHBoxLayout()
        known.addWidget(self.known, 1)
        known.addWidget(self.weights_button)
        column.addLayout(known)
        column.addLayout(self._view_row())
        column.addWidget(self.pictures, 1)
        column.addWidget(self.table)
        column.addLayout(self._foot_row())
        self._connect()

    def _words_row(self) -> QHBoxLayout:
        self.words = QLineEdit()
        self.words.setMaxLength(WORDS_LIMIT)
        self.words.setAccessibleName("Words of the prompt")
        self.words.setPlaceholderText("Words that say what is looked for; empty: the learned vectors only")
        self.list_button = QPushButton("List")
        self.list_button.setToolTip("Keep these words in the list below, to compare them with others")
        self.presets = QComboBox()
        self.presets.setAccessibleName("Preset")
        self.presets.setToolTip("Words that you have kept")
        self.keep_button = QPushButton("Keep as preset...")
        self.forget_button = QPushButton("Forget")
        self.forget_button.setToolTip("Forget the preset")
        row = QHBoxLayout()
        for widget in (self.words, self.list_button, self.presets, self.keep_button, self.forget_button):
            row.addWidget(widget, 1 if widget is self.words else 0)
        return row

    def _view_row(self) -> QHBoxLayout:
        row = QHBoxLayout()
        self.modes: dict[Mode, QToolButton] = {}
        for mode in MODES:
            button = self.modes[mode] = QToolButton()
            button.setText(MODE_TEXTS[mode])
            button.setCheckable(True)
            button.setChecked(mode == "beside")
            button.clicked.connect(partial(self._set_mode, mode))
            row.addWidget(button)
        self.right = QComboBox()
        self.right.setAccessibleName("Right picture")
        for title, name in RIGHTS:
            self.right.addItem(title, name)
        self.low = SliderSpin("Low level", 0.0, 1.0, 0.01)
        self.low.slider.setToolTip("What is lower is not shown")
        self.high = SliderSpin("High level", 0.0, 1.0, 0.01)
        self.high.slider.setToolTip("What is higher is shown at full strength")
        self.high.set_value(1.0)
        self.detections = QCheckBox("What is found")
        self.detections.setToolTip("Run neck and head too, and outline what is found with these words")
        row.addWidget(self.right)
        row.addWidget(QLabel("Levels"))
        row.addWidget(self.low, 1)
        row.addWidget(self.high, 1)
        row.addWidget(self.detections)
        return row

    def _foot_row(self) -> QHBoxLayout:
        self.remove_button = QPushButton("Remove")
        self.remove_button.setToolTip("Take these words out of the list")
        self.save_button = QPushButton("Save as checkpoint...")
        self.use_button = QPushButton("Use for detection")
        self.use_button.setToolTip("Find text with these words from now on; detections are kept apart")
        row = QHBoxLayout()
        row.addWidget(self.told, 1)
        for button in (self.remove_button, self.save_button, self.use_button):
            row.addWidget(button)
        return row

    def _connect(self) -> None:
        self.words.textEdited.connect(self._typed)
        self.words.returnPressed.connect(self._list_words)
        self.list_button.clicked.connect(self._list_words)
        self.presets.activated.connect(self._preset_picked)
        self.keep_button.clicked.connect(lambda: self.keep_wanted.emit(self.current))
        self.forget_button.clicked.connect(self._forget)
        self.right.activated.connect(lambda: self.pictures.set_right(self.right.currentData()))
        self.low.value_changed.connect(self._levels)
        self.high.value_changed.connect(self._levels)
        self.detections.toggled.connect(self.words_wanted)
        self.table.cellClicked.connect(self._row_picked)
        self.use_button.clicked.connect(lambda: self.use_wanted.emit(self.current))
        self.save_button.clicked.connect(lambda: self.save_wanted.emit(self.current))
        self.remove_button.clicked.connect(self._remove)
        self._timer.timeout.connect(self.words_wanted)

    @property
    def current(self) -> str:
        """The words in the line."""
        return " ".join(self.words.text().split())

    @property
    def wanted(self) -> tuple[str, ...]:
        """The listed words, and those in the line."""
        return tuple(dict.fromkeys((*self._listed, self.current)))

    def begin(self, own_words: str) -> None:
        """Begin anew with the words of a checkpoint."""
        self._listed, self._maps, self._figures = [], None, {}
        self.words.setText(own_words)
        self.show_state()

    def show_presets(self, presets: Mapping[str, str]) -> None:
        """List the kept words."""
        self.presets.clear()
        self.presets.addItem(tr("Presets"), None)
        for name, words in presets.items():
            self.presets.addItem(name, words)
        self.forget_button.setEnabled(False)

    def show_maps(self, maps: PromptMaps, figures: Mapping[str, MapFigures]) -> None:
        """Show what came of the words."""
        self._maps, self._figures = maps, figures
        self.known.setText(tr(_known_words(maps)))
        self.weights_button.setVisible(bool(maps.known and maps.clip))
        self.tell("")
        self.show_state()

    def show_no_maps(self, why: str) -> None:
        """Say why there is nothing to show."""
        self._maps, self._figures = None, {}
        self.known.clear()
        self.weights_button.hide()
        self.show_state()
        self.tell(why, bad=True)

    def tell(self, text: str, *, bad: bool = False) -> None:
        """Say something."""
        self.told.setText(tr(text))
        self.told.setProperty("state", "bad" if bad else "")
        self.told.style().polish(self.told)

    def show_state(self) -> None:
        """Draw pictures and table anew."""
        maps, words = self._maps, self.current
        own = None if maps is None else maps.maps.get(maps.own_words)
        other = None if maps is None else maps.maps.get(words)
        rect = None
        if maps is not None and own is not None:
            frame = maps.frame
            scale_x, scale_y = frame.scale[0]
            rect = QRectF(0, 0, frame.network_size[1] / scale_x, frame.network_size[0] / scale_y)
        self.pictures.show_maps(own, other, rect)
        own_title = "" if maps is None else maps.own_words or tr(NO_WORDS)
        self.pictures.set_titles(own_title, words or tr(NO_WORDS))
        self._fill_table()
        if maps is not None and words in maps.refused:
            self.tell(maps.refused[words], bad=True)
        elif own is not None and other is not None and other is not own:
            same = (own.plane == other.plane).all()
            self.tell(
                "These words give the very same map: this checkpoint does not mind them" if same else ""
            )
        usable = other is not None and maps is not None and words != maps.own_words
        self.use_button.setEnabled(usable)
        self.save_button.setEnabled(usable)
        self.keep_button.setEnabled(bool(words))
        self.remove_button.setEnabled(words in self._listed)

    def closeEvent(self, event: QCloseEvent) -> None:
        super().closeEvent(event)
        self._timer.stop()
        self._set_mode("beside")
        self.closed.emit()

    def _fill_table(self) -> None:
        maps = self._maps
        own = () if maps is None else (maps.own_words,)
        rows = tuple(dict.fromkeys((*own, *self.wanted)))
        self.table.setRowCount(len(rows))
        for row, words in enumerate(rows):
            found = None if maps is None else maps.maps.get(words)
            refused = "" if maps is None else maps.refused.get(words, "")
            texts = _row(words, self._figures.get(words), found)
            for column, text in enumerate(texts):
                item = QTableWidgetItem(text)
                item.setData(_WORDS, words)
                item.setToolTip(as_letters(refused))
                self.table.setItem(row, column, item)
            if words == self.current:
                self.table.setCurrentCell(row, 0)

    @Slot()
    def _typed(self) -> None:
        self._timer.start()

    @Slot()
    def _list_words(self) -> None:
        if self.current not in self._listed:
            self._listed.append(self.current)
        self._timer.stop()
        self.words_wanted.emit()

    @Slot(int, int)
    def _row_picked(self, row: int, _: int) -> None:
        item = self.table.item(row, 0)
        if item is not None:
            self._use_words(str(item.data(_WORDS)))

    @Slot(int)
    def _preset_picked(self, row: int) -> None:
        words = self.presets.itemData(row)
        self.forget_button.setEnabled(words is not None)
        if words is not None:
            self._use_words(str(words))

    def _use_words(self, words: str) -> None:
        self.words.setText(words)
        self._timer.stop()
        if self._maps is not None and words in self._maps.maps:
            self.tell("")
            self.show_state()
        else:
            self.words_wanted.emit()

    @Slot()
    def _forget(self) -> None:
        if self.presets.currentData() is not None:
            self.preset_dropped.emit(self.presets.currentText())

    @Slot()
    def _remove(self) -> None:
        if self.current in self._listed:
            self._listed.remove(self.current)
        self._use_words("" if self._maps is None else self._maps.own_words)

    @Slot()
    def _levels(self) -> None:
        if self.low.value > self.high.value:
            moved = self.sender()
            (self.high if moved is self.low else self.low).set_value(
                self.low.value if moved is self.low else self.high.value
            )
        self.pictures.set_levels(self.low.value, self.high.value)

    def _set_mode(self, mode: Mode) -> None:
        for name, button in self.modes.items():
            button.setChecked(name == mode)
        self.pictures.set_mode(mode)


def _known_words(maps: PromptMaps) -> str:
    """Which words can be used, and what to do for others."""
    words = ", ".join(maps.known)
    if not maps.known:
        return f"This text tower knows every word: {maps.origin}."
    if maps.clip:
        return (
            f"This checkpoint holds the words of its own prompt only: {words}. "
            f"Pull the CLIP weights of {maps.clip} that it was made of, and every word can be used."
        )
    return (
        f"This text tower has learnt the words of its own prompt only: {words}. For other words take a "
        "checkpoint with CLIP's text tower."
    )


def _row(words: str, figures: MapFigures | None, found: PromptMap | None) -> tuple[str, ...]:
    if figures is None:
        return words or tr(NO_WORDS), "", "", "", ""
    inside = "-" if figures.inside is None else f"{figures.inside:.1%}"
    precision = "-" if figures.average_precision is None else f"{figures.average_precision:.4f}"
    texts = "" if found is None or found.detections is None else str(len(found.detections))
    return words or tr(NO_WORDS), f"{figures.mass:.4f}", inside, precision, texts


def _table() -> QTableWidget:
    table = QTableWidget(0, len(COLUMNS))
    table.setAccessibleName("Prompts that are compared")
    table.setHorizontalHeaderLabels([tr(column) for column in COLUMNS])
    table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
    table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
    table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
    table.verticalHeader().hide()
    table.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
    table.horizontalHeader().setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
    table.setMaximumHeight(150)
    return table
