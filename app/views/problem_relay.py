"""Brings an error from whatever thread it happened in to the GUI thread."""

from types import TracebackType

from PySide6.QtCore import QObject, Signal

from app.views.problem_text import unforeseen_problem


class ProblemRelay(QObject):
    """Lives in the GUI thread; `tell` may be called in any.

    Attributes:
        problem: the Problem; a slot of a QObject of the GUI thread is called there.
    """

    problem = Signal(object)

    def tell(self, kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        """Hand over an error that nobody caught."""
        self.problem.emit(unforeseen_problem(kind, error, trace))
