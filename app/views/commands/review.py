"""Review: right or not right."""

from typing import Final

from PySide6.QtCore import QObject

from app.domain.counted import counted
from app.domain.edits import SetReview
from app.domain.review import ReviewState
from app.views.action_spec import ActionSpec
from app.views.commands.desk import Desk


class ReviewCommands(QObject):
    """Right or not right.

    Args:
        desk: what all commands work with.
    """

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._desk = desk

    def approve(self) -> None:
        self._review("approved")

    def approve_and_next(self) -> None:
        self._review("approved")
        self._desk.walk.by(1)

    def reject(self) -> None:
        self._review("rejected")

    def unapprove(self) -> None:
        self._review("edited" if self._desk.open_page.page.regions else "unseen")

    def _review(self, review: ReviewState) -> None:
        self._desk.window.regions.commit()
        self._desk.open_page.apply(SetReview(review))
        left_out = self._desk.open_page.not_accepted if review == "approved" else 0
        if left_out:
            self._desk.tell(f"Approved without {counted(left_out, 'detection')} not accepted")


A, C = ActionSpec, ReviewCommands
ROWS: Final[tuple[ActionSpec, ...]] = (
    A("approve", "Approve and next", "Review", ("Ctrl+Return", "Ctrl+Enter"), "approve",
      "This image is right; go to the next", C.approve_and_next, "page"),
    A("approve_stay", "Approve", "Review", ("Ctrl+Shift+Return", "Ctrl+Shift+Enter"), "",
      "This image is right", C.approve, "page"),
    A("reject", "Reject", "Review", ("X",), "reject", "This image needs work", C.reject, "page"),
    A("unapprove", "Take approval back", "Review", ("U",), "", "Neither right nor rejected", C.unapprove,
      "page"),
)  # fmt: skip
