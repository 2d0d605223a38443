"""The progress of a job in the status bar: how far, how long still, and the way to stop it."""

from PySide6.QtCore import Slot
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QHBoxLayout, QProgressBar, QWidget

from app.i18n.translation import tr
from app.views.panels.action_button import ActionButton
from app.views.plain_label import plain_label


class ProgressArea(QWidget):
    """Hidden while nothing runs."""

    def __init__(self, cancel: QAction, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setFixedWidth(150)
        self.bar.setAccessibleName("Progress of detection")
        self.label = plain_label(wraps=False)
        self.cancel_button = ActionButton(cancel)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(4, 0, 4, 0)
        layout.addWidget(self.bar)
        layout.addWidget(self.label)
        layout.addWidget(self.cancel_button)
        self.hide()

    def busy(self, text: str) -> None:
        """Something runs whose length is not known."""
        self.bar.setRange(0, 0)
        self.label.setText(tr(text))
        self.cancel_button.hide()
        self.show()

    @Slot(int, int, float, int)
    def advance(self, done: int, total: int, eta_s: float, failed: int) -> None:
        """`done` of `total` pages are through, `failed` of them without a result."""
        self.bar.setRange(0, max(1, total))
        self.bar.setValue(done)
        failures = f", {failed} failed" if failed else ""
        eta = f", {time_text(eta_s)} left" if done and done < total else ""
        self.label.setText(tr(f"{done} of {total}{failures}{eta}"))
        self.cancel_button.show()
        self.show()

    @Slot()
    def finish(self) -> None:
        """Nothing runs any more."""
        self.hide()


def time_text(seconds: float) -> str:
    """A duration as a person says it: "8 s", "3 min", "1 h 20 min"."""
    whole = max(0, round(seconds))
    if whole < 60:
        return f"{whole} s"
    minutes = round(whole / 60)
    if minutes < 60:
        return f"{minutes} min"
    return f"{minutes // 60} h {minutes % 60} min"
