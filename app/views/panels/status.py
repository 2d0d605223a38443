"""The status bar: hint, cursor, zoom, page state, save state, checkpoint and device really in use."""

from typing import Literal

from PySide6.QtCore import Slot
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QLabel, QSizePolicy, QStatusBar, QWidget

from app.domain.review import ReviewState
from app.i18n.translation import tr
from app.views.panels.progress import ProgressArea
from app.views.plain_label import plain_label

ChipState = Literal["", "good", "warn", "bad"]
PASSING_MS = 6000
REVIEW_STATES: dict[ReviewState, ChipState] = {
    "unseen": "",
    "detected": "",
    "edited": "warn",
    "approved": "good",
    "rejected": "bad",
}


class StudioStatusBar(QStatusBar):
    """Everything here is read from the live parts, never from a setting."""

    def __init__(self, cancel: QAction, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setSizeGripEnabled(False)
        self.hint = plain_label("muted", wraps=False)
        self.hint.setIndent(8)
        self.hint.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)  # no reason to grow
        self.progress = ProgressArea(cancel)
        self.cursor_label = _chip("Cursor position in image pixels")
        self.zoom_label = _chip("Zoom")
        self.page_label = _chip("Review state of this image")
        self.save_label = _chip("Whether every edit is on disk")
        self.checkpoint_label = _chip("Checkpoint in use")
        self.device_label = _chip("Device in use")
        self.addWidget(self.hint, 1)
        for widget in (
            self.progress, self.cursor_label, self.zoom_label, self.page_label,
            self.save_label, self.checkpoint_label, self.device_label,
        ):  # fmt: skip
            self.addPermanentWidget(widget)
        self.set_no_page()
        self.set_model("no checkpoint yet", "", "")

    @Slot(str)
    def set_hint(self, text: str) -> None:
        """What the mouse and the keys do now."""
        self.hint.setText(tr(text))
        self.hint.setToolTip(tr(text))

    @Slot(float, float)
    def set_cursor(self, x: float, y: float) -> None:
        """The cursor's place, image pixels."""
        self.cursor_label.setText(f"{x:.0f}, {y:.0f}")
        self.cursor_label.show()

    @Slot(float)
    def set_zoom(self, factor: float) -> None:
        """Screen pixels per image pixel."""
        self.zoom_label.setText(f"{factor * 100:.0f} %")
        self.zoom_label.show()

    def set_no_page(self) -> None:
        """Nothing is open."""
        for label in (self.cursor_label, self.zoom_label, self.page_label, self.save_label):
            label.hide()

    def set_page(self, review: ReviewState, saved: bool) -> None:
        """The open page's review state, and whether all its edits are on disk."""
        _show(self.page_label, review, REVIEW_STATES[review])
        _show(self.save_label, "saved" if saved else "not saved", "good" if saved else "bad")

    def set_model(self, checkpoint: str, device: str, state: ChipState) -> None:
        """What the live model says about itself."""
        _show(self.checkpoint_label, checkpoint, state)
        _show(self.device_label, device, state)
        self.device_label.setVisible(bool(device))

    def tell(self, text: str) -> None:
        """Say something in passing."""
        self.showMessage(tr(text), PASSING_MS)


def _chip(name: str) -> QLabel:
    label = plain_label("chip", wraps=False)
    label.setToolTip(name)
    label.setAccessibleName(name)
    return label


def _show(label: QLabel, text: str, state: ChipState) -> None:
    label.setText(tr(text))
    label.setAccessibleDescription(tr(text))
    if label.property("state") != state:
        label.setProperty("state", state)
        label.style().unpolish(label)
        label.style().polish(label)
    label.show()
