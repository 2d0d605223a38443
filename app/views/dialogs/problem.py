"""The one error dialog: what failed, where, what to do, and details to copy."""

from PySide6.QtCore import Slot
from PySide6.QtGui import QFontDatabase, QGuiApplication
from PySide6.QtWidgets import QDialog, QHBoxLayout, QPlainTextEdit, QPushButton, QVBoxLayout, QWidget

from app.i18n.translation import tr
from app.views.plain_label import plain_label
from app.views.problem_text import problem_text
from app.workers.messages import Problem

KEPT = 50  # a fault that repeats itself must not fill the memory


class ProblemDialog(QDialog):
    """Shows problems one after the other; a problem that arrives while it is open waits its turn."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Something did not work")
        self.setMinimumWidth(520)
        self._waiting: list[Problem] = []
        self._shown: Problem | None = None
        self.what = plain_label("heading", selectable=True)
        self.where = plain_label("muted", selectable=True)
        self.remedy = plain_label(selectable=True)
        self.details = QPlainTextEdit()
        self.details.setReadOnly(True)
        self.details.setAccessibleName("Details of the problem")
        self.details.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        self.details.setMinimumHeight(180)
        self.details_button = QPushButton("Details")
        self.details_button.setCheckable(True)
        self.copy_button = QPushButton("Copy")
        self.copy_button.setToolTip("Copy the problem with its details")
        self.close_button = QPushButton("Close")
        self.close_button.setDefault(True)
        self._build()
        self.details_button.toggled.connect(self.details.setVisible)
        self.copy_button.clicked.connect(self._copy)
        self.close_button.clicked.connect(self.accept)

    def _build(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(20, 18, 20, 16)
        column.setSpacing(10)
        for label in (self.what, self.where, self.remedy):
            column.addWidget(label)
        column.addWidget(self.details, 10)
        column.addStretch(1)
        row = QHBoxLayout()
        row.addWidget(self.details_button)
        row.addWidget(self.copy_button)
        row.addStretch(1)
        row.addWidget(self.close_button)
        column.addLayout(row)

    @property
    def shown(self) -> Problem | None:
        """The problem on the screen, or None while the dialog is closed."""
        return self._shown

    @property
    def waiting(self) -> tuple[Problem, ...]:
        """The problems that come after it."""
        return tuple(self._waiting)

    @Slot(object)
    def tell(self, problem: Problem) -> None:
        """Show a problem, now or after the ones before it; the same one is not said twice in a row."""
        last = self._waiting[-1] if self._waiting else self._shown
        if problem == last or len(self._waiting) >= KEPT:
            return
        self._waiting.append(problem)
        if self._shown is None:
            self._next()
        else:
            self._label_close()

    def done(self, result: int) -> None:
        """Go on to the next problem, or close."""
        self._shown = None
        if self._waiting:
            self._next()
        else:
            super().done(result)

    def _next(self) -> None:
        problem = self._shown = self._waiting.pop(0)
        self.what.setText(tr(problem.what))
        self.where.setText(problem.where)
        self.where.setVisible(bool(problem.where))
        self.remedy.setText(tr(problem.remedy))
        self.remedy.setVisible(bool(problem.remedy))
        self.details.setPlainText(problem.details)
        self.details.hide()
        self.details_button.setChecked(False)
        self.details_button.setVisible(bool(problem.details))
        self._label_close()
        self.close_button.setFocus()
        self.open()
        self._shrink()

    def _shrink(self) -> None:
        """No higher than the words need: what wraps is measured at the dialog's width, not at a guess."""
        layout = self.layout()
        assert layout is not None
        width = max(self.width(), self.minimumWidth())
        self.resize(width, layout.totalHeightForWidth(width))

    def _label_close(self) -> None:
        more = len(self._waiting)
        self.close_button.setText(tr(f"Next ({more} more)" if more else "Close"))

    @Slot()
    def _copy(self) -> None:
        if self._shown is not None:
            QGuiApplication.clipboard().setText(problem_text(self._shown))
