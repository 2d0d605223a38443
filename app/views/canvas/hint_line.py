"""What the status bar says about the canvas: what the mouse would do, or for a while an answer."""

from typing import Final

from PySide6.QtCore import QElapsedTimer, QObject, Signal

ANSWER_MS: Final = 2500  # how long an answer is not replaced by the hint for what is under the mouse


class HintLine(QObject):
    """Keeps what is said, and says only what is new.

    Attributes:
        changed: the text.
    """

    changed = Signal(str)

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._text = ""
        self._answered = QElapsedTimer()

    def forget_answer(self) -> None:
        """The last answer may be replaced."""
        self._answered.invalidate()

    def answer(self, text: str) -> None:
        """Say an answer, and leave it standing for a while."""
        self._answered.start()
        self._show(text)

    def say(self, text: str) -> None:
        """Say what the mouse would do now, unless an answer still stands."""
        if not self._answered.isValid() or self._answered.hasExpired(ANSWER_MS):
            self._show(text)

    def _show(self, text: str) -> None:
        if text != self._text:
            self._text = text
            self.changed.emit(text)
