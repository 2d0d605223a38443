"""Fine-tune: which pages, from which checkpoint, how long and where, and what to expect of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from PySide6.QtCore import QTimer, Signal, Slot
from PySide6.QtWidgets import QDialog, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from app.domain.finetune import Draw, FinetuneWish
from app.i18n.translation import tr, tr_lines
from app.services.finetune import FinetuneService
from app.services.finetune_prepare import Estimate
from app.views.dialogs.finetune_groups import LearningGroup, PagesGroup, PlaceGroup, Scope
from app.views.plain_label import plain_label
from app.workers.messages import Problem

WAIT_MS: Final = 250


@dataclass(frozen=True)
class FinetuneDefaults:
    """What the dialog proposes.

    Attributes:
        name: of the run.
        checkpoints: (text, name or file) to start from.
        start: the one that is chosen.
        launcher: command for another computer, as it was typed last.
        there: the folder's path on that computer, likewise.
    """

    name: str
    checkpoints: Sequence[tuple[str, str]]
    start: str
    launcher: str = ""
    there: str = ""


class FinetuneDialog(QDialog):
    """Gathers a wish; says which pages it takes, which look alike, and how long it will take.

    Attributes:
        started: the name of the run that was begun.
    """

    started = Signal(str)

    def __init__(
        self,
        service: FinetuneService,
        scopes: Sequence[Scope],
        defaults: FinetuneDefaults,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle("Fine-tune")
        self.resize(980, 540)
        self._service = service
        self._draw: Draw | None = None
        self._closed = False
        self.pages = PagesGroup(scopes)
        self.learning = LearningGroup(defaults.name, defaults.checkpoints, defaults.start)
        self.place = PlaceGroup(defaults.launcher, defaults.there)
        self.estimate = plain_label()
        self.estimate_button = QPushButton("Estimate time and memory")
        self.close_button = QPushButton("Close")
        self.start_button = QPushButton("Start")
        self.start_button.setProperty("role", "primary")
        self.start_button.setDefault(True)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(WAIT_MS)
        self._build()
        self._connect()
        self._look()

    def wish(self) -> FinetuneWish:
        """What is chosen now.

        Raises:
            ValueError: the command has a quote that is not closed.
        """
        return FinetuneWish(**self.pages.values(), **self.learning.values(), **self.place.values())

    def _build(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(20, 18, 20, 16)
        column.setSpacing(10)
        groups = QHBoxLayout()
        groups.setSpacing(14)
        for side in ((self.pages, self.place), (self.learning,)):
            beneath = QVBoxLayout()
            for part in side:
                beneath.addWidget(part)
            beneath.addStretch(1)
            groups.addLayout(beneath, 1)
        column.addLayout(groups, 1)
        column.addWidget(self.estimate)
        buttons = QHBoxLayout()
        buttons.addWidget(self.estimate_button)
        buttons.addStretch(1)
        buttons.addWidget(self.close_button)
        buttons.addWidget(self.start_button)
        column.addLayout(buttons)

    def _connect(self) -> None:
        self.pages.changed.connect(self._look_soon)
        self.learning.changed.connect(self._estimate_is_old)
        self.place.changed.connect(self._estimate_is_old)
        self.estimate_button.clicked.connect(self._estimate)
        self.start_button.clicked.connect(self._start)
        self.close_button.clicked.connect(self.reject)
        self._timer.timeout.connect(self._look)
        self._service.looked.connect(self._looked)
        self._service.estimated.connect(self._estimated)

    @Slot()
    def _look_soon(self) -> None:
        self._draw = None
        self._estimate_is_old()
        self._timer.start()

    @Slot()
    def _look(self) -> None:
        keys = self.pages.keys
        self._draw = None
        self._show_ready()
        if not keys:
            self.pages.report.setText(tr("There are no such pages. Approve some, or choose others."))
            return
        self.pages.report.setText(tr("Looking for pages that look alike..."))
        wish = self._wish_or_words()
        if wish is not None:
            self._service.look_at_pages(keys, wish)

    @Slot(object)
    def _looked(self, found: Draw | Problem) -> None:
        if isinstance(found, Problem):
            self.pages.report.setText(f"{tr(found.what)} {tr(found.remedy)}")
            return
        self._draw = found
        self.pages.show_draw(found)
        self._show_ready()

    @Slot()
    def _estimate_is_old(self) -> None:
        self.estimate.setText("")
        self._show_ready()

    def _show_ready(self) -> None:
        ready = self._draw is not None and bool(self._draw.learnt)
        self.start_button.setEnabled(ready)
        self.estimate_button.setEnabled(ready and not self.place.away)

    def _wish_or_words(self) -> FinetuneWish | None:
        """The wish, or None and the reason on the dialog."""
        try:
            return self.wish()
        except ValueError as error:
            self.estimate.setText(tr(f"The command cannot be read: {error}"))
            return None

    @Slot()
    def _estimate(self) -> None:
        wish = self._wish_or_words()
        if wish is not None:
            self.estimate.setText(tr("Doing three steps to see how long it takes..."))
            self.estimate_button.setEnabled(False)
            self._service.start_estimate(self.pages.keys, wish)

    @Slot(object)
    def _estimated(self, found: Estimate | Problem) -> None:
        self._show_ready()
        if isinstance(found, Problem):
            self.estimate.setText(f"{tr(found.what)} {tr(found.remedy)}")
            return
        minutes = found.minutes
        length = f"{minutes:.0f} minutes" if minutes >= 2 else f"{minutes * 60:.0f} seconds"
        lines = f"About {length} for {found.steps} steps on {found.device}, with all validations."
        self.estimate.setText(tr_lines(f"{lines}\nMemory: {found.memory}."))

    @Slot()
    def _start(self) -> None:
        wish = self._wish_or_words()
        if wish is None:
            return
        if self.place.away and not wish.launcher:
            self.estimate.setText(tr("Give the command that starts the run on the other computer."))
            return
        name = self._service.start(self.pages.keys, wish)
        if name:
            self.accept()
            self.started.emit(name)

    def done(self, result: int) -> None:
        if self._closed:  # by two ways at once, such as a key and the window behind it
            return
        self._closed = True
        self._service.looked.disconnect(self._looked)
        self._service.estimated.disconnect(self._estimated)
        self._service.forget_question()
        super().done(result)
