"""The parts of the dialog "Fine-tune": the pages, what is learnt and how, and where it runs."""

import shlex
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDoubleSpinBox,
    QFileDialog,
    QFormLayout,
    QGroupBox,
    QHBoxLayout,
    QLineEdit,
    QPushButton,
    QSpinBox,
    QWidget,
)  # fmt: skip

from app.domain.finetune import Draw
from app.i18n.translation import tr_lines
from app.views.plain_label import plain_label

Scope = tuple[str, Callable[[], Sequence[str]]]
FREEZE: Final[tuple[tuple[str, tuple[str, ...]], ...]] = (
    ("The image encoder (usual)", ("encoder",)),
    ("The image encoder and the neck", ("encoder", "neck")),
    ("Everything but the head", ("encoder", "neck", "language")),
    ("Nothing", ()),
)
HEADS: Final = (
    ("As the checkpoint has it", ""),
    ("DB, from nothing", "db"),
    ("PAN, from nothing", "pan"),
    ("FCE, from nothing", "fce"),
)
DEVICES: Final = (("The fastest there is", "auto"), ("Processor", "cpu"), ("GPU", "cuda"))
PRECISIONS: Final = (("bfloat16 (usual)", "bf16"), ("float32, slower and exact", "no"), ("float16", "fp16"))
STRENGTHS: Final = (("Usual", 1.0), ("Weak", 0.5), ("Strong", 1.5), ("None", 0.0))
SHARES: Final = (
    ("Half: usual", 0.5),
    ("A quarter: pages of another kind", 0.25),
    ("Nothing: what it knew may fade", 0.0),
)
LENGTHS: Final = (("epochs", "epochs"), ("minutes", "minutes"))
PLACES: Final = (("On this computer", "here"), ("On another computer, by a command", "there"))
SHOWN_PAIRS: Final = 6


class PagesGroup(QGroupBox):
    """Which pages.

    Attributes:
        changed: other pages are meant.
    """

    changed = Signal()

    def __init__(self, scopes: Sequence[Scope]) -> None:
        super().__init__("Pages")
        self._scopes = scopes
        self.scope = choice_box("Pages", [(text, text) for text, _ in scopes])
        self.fraction = _spin("Share of these pages", 1, 100)
        self.validation = _spin("Kept to judge by", 0, 20)
        self.validation.setMaximum(80)
        self.apart = QCheckBox("Pages that look alike stay on one side")
        self.apart.setChecked(True)
        self.report = plain_label()
        form = _form(self)
        form.addRow("Take", self.scope)
        form.addRow("Share of these pages", self.fraction)
        form.addRow("Kept to judge by", self.validation)
        form.addRow("", self.apart)
        form.addRow("", self.report)
        for spin in (self.fraction, self.validation):
            spin.valueChanged.connect(self.changed)
        self.scope.currentIndexChanged.connect(self.changed)
        self.apart.toggled.connect(self.changed)

    @property
    def keys(self) -> Sequence[str]:
        """The pages to choose from."""
        return self._scopes[self.scope.currentIndex()][1]()

    def values(self) -> dict[str, Any]:
        """What is chosen, by the names of a wish."""
        return {
            "fraction": self.fraction.value() / 100,
            "validation": self.validation.value() / 100,
            "apart": self.apart.isChecked(),
        }

    def show_draw(self, draw: Draw) -> None:
        """Say which pages are taken."""
        self.report.setText(tr_lines(draw_words(draw, apart=self.apart.isChecked())))


class LearningGroup(QGroupBox):
    """From what, how long, and what stays as it is.

    Attributes:
        changed: another run is meant.
    """

    changed = Signal()

    def __init__(self, name: str, checkpoints: Sequence[tuple[str, str]], start: str) -> None:
        super().__init__("Learning")
        self.name = QLineEdit(name)
        self.name.setAccessibleName("Name of the new checkpoint")
        self.start = choice_box("Starting checkpoint", checkpoints)
        self.start.setCurrentIndex(max(0, self.start.findData(start)))
        self.choose_start = QPushButton("Choose...")
        self.head = choice_box("Head", HEADS)
        self.head.setToolTip("Another head begins from nothing: it wants many pages and hours")
        self.freeze = choice_box("Keeps its weights", FREEZE)
        self.start_share = choice_box("Kept of the start", SHARES)
        self.start_share.setToolTip(
            "The new checkpoint lies between the starting one and what was learnt; another head keeps nothing"
        )
        self.length = QDoubleSpinBox()
        self.length.setAccessibleName("Length")
        self.length.setRange(0.1, 10_000)
        self.length.setDecimals(1)
        self.length.setValue(24)
        self.unit = choice_box("Unit of the length", LENGTHS)
        self.strength = choice_box("Changes to the pictures", STRENGTHS)
        self.replay = QLineEdit()
        self.replay.setAccessibleName("Folder of what was learnt before")
        self.replay.setPlaceholderText("none: what was learnt before may fade")
        self.choose_replay = QPushButton("Choose...")
        form = _form(self)
        form.addRow("Name", self.name)
        form.addRow("Starting checkpoint", _row(self.start, self.choose_start))
        form.addRow("Head", self.head)
        form.addRow("Keeps its weights", self.freeze)
        form.addRow("Kept of the start", self.start_share)
        form.addRow("Length", _row(self.length, self.unit))
        form.addRow("Changes to the pictures", self.strength)
        form.addRow("Learnt before", _row(self.replay, self.choose_replay))
        for box in (self.start, self.head, self.freeze, self.start_share, self.unit, self.strength):
            box.currentIndexChanged.connect(self.changed)
        self.length.valueChanged.connect(self.changed)
        self.replay.textChanged.connect(self.changed)
        self.choose_start.clicked.connect(self._choose_start)
        self.choose_replay.clicked.connect(self._choose_replay)

    def values(self) -> dict[str, Any]:
        """What is chosen, by the names of a wish."""
        minutes = self.unit.currentData() == "minutes"
        return {
            "name": self.name.text().strip() or "finetuned",
            "start": str(self.start.currentData()),
            "head": self.head.currentData(),
            "freeze": FREEZE[self.freeze.currentIndex()][1],
            "start_share": SHARES[self.start_share.currentIndex()][1],
            "epochs": self.length.value(),
            "minutes": self.length.value() if minutes else 0.0,
            "strength": STRENGTHS[self.strength.currentIndex()][1],
            "replay": self.replay.text().strip(),
        }

    @Slot()
    def _choose_start(self) -> None:
        file, _ = QFileDialog.getOpenFileName(
            self, "Choose a checkpoint", str(Path.home()), "Checkpoints (*.safetensors)"
        )
        if file:
            self.start.addItem(Path(file).name, file)
            self.start.setCurrentIndex(self.start.count() - 1)

    @Slot()
    def _choose_replay(self) -> None:
        folder = QFileDialog.getExistingDirectory(self, "Folder of what was learnt before", str(Path.home()))
        if folder:
            self.replay.setText(folder)


class PlaceGroup(QGroupBox):
    """Where it runs.

    Attributes:
        changed: another place is meant.
    """

    changed = Signal()

    def __init__(self, launcher: str, there: str) -> None:
        super().__init__("Where it runs")
        self.place = choice_box("Where it runs", PLACES)
        self.device = choice_box("Device", DEVICES)
        self.precision = choice_box("Precision", PRECISIONS)
        self.launcher = QLineEdit(launcher)
        self.launcher.setAccessibleName("Command for the other computer")
        self.launcher.setPlaceholderText("ssh host tcm train --config {config} --out {run} {resume}")
        self.there = QLineEdit(there)
        self.there.setAccessibleName("The folder's path there")
        self.there.setPlaceholderText("the same as here")
        form = _form(self)
        form.addRow("Place", self.place)
        form.addRow("Device", self.device)
        form.addRow("Precision", self.precision)
        form.addRow("Command", self.launcher)
        form.addRow("The folder's path there", self.there)
        for box in (self.place, self.device, self.precision):
            box.currentIndexChanged.connect(self._changed)
        self._changed()

    @property
    def away(self) -> bool:
        """Whether it is another computer."""
        return bool(self.place.currentData() == "there")

    def values(self) -> dict[str, Any]:
        """What is chosen, by the names of a wish.

        Raises:
            ValueError: the command has a quote that is not closed.
        """
        return {
            "device": self.device.currentData(),
            "precision": self.precision.currentData(),
            "launcher": tuple(shlex.split(self.launcher.text())) if self.away else (),
            "there": self.there.text().strip() if self.away else "",
        }

    @Slot()
    def _changed(self) -> None:
        self.launcher.setEnabled(self.away)
        self.there.setEnabled(self.away)
        self.changed.emit()


def draw_words(draw: Draw, *, apart: bool) -> str:
    """Which pages are taken, and what looks alike, line by line."""
    total = len(draw.learnt) + len(draw.validation)
    lines = [f"{total} pages: {len(draw.learnt)} to learn from, {len(draw.validation)} to judge by."]
    if draw.leaks:
        lines.append(
            f"Pairs that look alike and lie on both sides, so the figures will be too good: {len(draw.leaks)}"
        )
    elif draw.alike and apart:
        lines.append(f"Pairs that look alike, each on one side: {len(draw.alike)}")
    elif not draw.alike:
        lines.append("No two of them look alike.")
    shown = draw.leaks or draw.alike
    lines += [f"{pair.first} - {pair.second}" for pair in shown[:SHOWN_PAIRS]]
    if len(shown) > SHOWN_PAIRS:
        lines.append(f"... and {len(shown) - SHOWN_PAIRS} more")
    if not draw.validation:
        lines.append("Nothing is kept to judge by: the last weights count as the best.")
    return "\n".join(lines)


def choice_box(name: str, rows: Sequence[tuple[str, Any]]) -> QComboBox:
    """A box of (text, value) rows."""
    box = QComboBox()
    box.setAccessibleName(name)
    for text, value in rows:
        box.addItem(text, value)
    return box


def _spin(name: str, least: int, value: int) -> QSpinBox:
    spin = QSpinBox()
    spin.setAccessibleName(name)
    spin.setRange(least, 100)
    spin.setValue(value)
    spin.setSuffix(" %")
    return spin


def _form(group: QGroupBox) -> QFormLayout:
    form = QFormLayout(group)
    form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
    form.setLabelAlignment(Qt.AlignmentFlag.AlignLeft)
    return form


def _row(*widgets: QWidget) -> QWidget:
    row = QWidget()
    line = QHBoxLayout(row)
    line.setContentsMargins(0, 0, 0, 0)
    line.addWidget(widgets[0], 1)
    for widget in widgets[1:]:
        line.addWidget(widget)
    return row
