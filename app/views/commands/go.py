"""Go: from image to image."""

from typing import Final

from PySide6.QtCore import QObject

from app.views.action_spec import ActionSpec
from app.views.commands.desk import Desk


class GoCommands(QObject):
    """From image to image.

    Args:
        desk: what all commands work with.
    """

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._desk = desk

    def next_page(self) -> None:
        self._desk.walk.by(1)

    def previous_page(self) -> None:
        self._desk.walk.by(-1)

    def first_page(self) -> None:
        self._desk.walk.to_row(0)

    def last_page(self) -> None:
        self._desk.walk.to_last()

    def next_unreviewed(self) -> None:
        self._desk.walk.to_unreviewed(1)

    def previous_unreviewed(self) -> None:
        self._desk.walk.to_unreviewed(-1)

    def go_to(self) -> None:
        self._desk.dialog_wanted.emit("go_to")

    def focus_filter(self) -> None:
        self._desk.window.show_page_filter()


A, C = ActionSpec, GoCommands
ROWS: Final[tuple[ActionSpec, ...]] = (
    A("next", "Next image", "Go", ("D", "PgDown"), "next", "Go to the next image", C.next_page, "folder"),
    A("previous", "Previous image", "Go", ("A", "PgUp"), "previous", "Go to the image before",
      C.previous_page, "folder"),
    A("first", "First image", "Go", ("Home",), "", "Go to the first image", C.first_page, "folder"),
    A("last", "Last image", "Go", ("End",), "", "Go to the last image", C.last_page, "folder"),
    A("next_open", "Next image to review", "Go", ("Shift+D",), "review",
      "Go to the next image not yet approved", C.next_unreviewed, "folder", rule=True),
    A("previous_open", "Previous image to review", "Go", ("Shift+A",), "",
      "Go back to an image not yet approved", C.previous_unreviewed, "folder"),
    A("go_to", "Go to image...", "Go", ("Ctrl+G",), "", "Go to an image by its number or a part of its name",
      C.go_to, "folder", rule=True),
    A("filter", "Filter images", "Go", ("Ctrl+L",), "filter",
      "Show only images with a name, state, text, score, count or size", C.focus_filter, "folder"),
)  # fmt: skip
