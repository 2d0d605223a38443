"""The history of the open page as a Qt model: one row a step, the newest first, the start last."""

import time
from collections.abc import Sequence
from typing import Any, Final

from PySide6.QtCore import QAbstractListModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from app.domain.letters import as_letters
from app.i18n.translation import tr
from app.storage.history import START, StepHead, finished_steps

AnyIndex = QModelIndex | QPersistentModelIndex
BEFORE_FIRST: Final = "Before the first edit"
_KINDS: Final = {"undo": "Undo: ", "redo": "Redo: "}


class HistoryModel(QAbstractListModel):
    """The steps of one page. Row 0 is the page as it is now."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._steps: Sequence[StepHead] = ()

    def show_steps(self, heads: Sequence[StepHead]) -> None:
        """Show a journal, the first step first; an empty one shows no row."""
        self.beginResetModel()
        start = [StepHead(START, "edit", BEFORE_FIRST, 0.0)] if heads else []
        self._steps = [*reversed(finished_steps(heads)), *start]
        self.endResetModel()

    def step(self, row: int) -> StepHead | None:
        """The step of a row."""
        return self._steps[row] if 0 <= row < len(self._steps) else None

    def rowCount(self, parent: AnyIndex = QModelIndex()) -> int:  # noqa: B008 Qt's signature
        return 0 if parent.isValid() else len(self._steps)

    def data(self, index: AnyIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        step = self.step(index.row())
        if step is None or role not in (
            Qt.ItemDataRole.DisplayRole,
            Qt.ItemDataRole.ToolTipRole,
            Qt.ItemDataRole.AccessibleTextRole,
        ):
            return None
        if step.revision == START:
            return tr(step.label)
        now = f"  {tr('(now)')}" if index.row() == 0 else ""
        text = f"{when(step)}  {tr(_KINDS.get(step.kind, '') + step.label)}{now}"
        return as_letters(text) if role == Qt.ItemDataRole.ToolTipRole else text


def when(step: StepHead) -> str:
    """When a step was done, in the clock of this computer; what is before all steps for the start."""
    if step.revision == START:
        return "the start"
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(step.at))
