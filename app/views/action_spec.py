"""ActionSpec: one command as a row, and what may have to be there for it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Literal

Menu = Literal[
    "File", "Edit", "Shape", "Go", "Tools", "View", "Layers", "Detect", "Review", "Queue", "Train", "Help",
]  # fmt: skip
Scope = Literal["window", "canvas"]
Need = Literal[
    "", "folder", "page", "regions", "selection", "detections", "undo", "redo", "running", "failed",
    "earlier",
]  # fmt: skip

WHY_DISABLED: Final[dict[Need, str]] = {
    "": "",
    "folder": "Open a folder first",
    "page": "Open an image first",
    "regions": "There is no region on this image",
    "selection": "Select a region first",
    "detections": "Detect the text of this image first",
    "undo": "There is nothing to take back",
    "redo": "There is nothing to do again",
    "running": "Nothing is running",
    "failed": "No image has failed",
    "earlier": "Choose an earlier state in the history first",
}


@dataclass(frozen=True)
class ActionSpec:
    """One command.

    Attributes:
        id: its name in the window's layout tables.
        text: as in the menu; short, a verb first.
        keys: default keys, the first is shown in the menu.
        run: what does it, given the menu's commands.
        needs: what must be there for it to be enabled.
        group: of several commands with the same group one is checked.
        scope: "canvas" keys work only while the picture has the focus, because elsewhere they mean something.
        rule: a line goes before it in the menu.
    """

    id: str
    text: str
    menu: Menu
    keys: tuple[str, ...]
    icon: str
    hint: str
    run: Callable[[Any], None]
    needs: Need = ""
    checkable: bool = False
    group: str = ""
    scope: Scope = "window"
    rule: bool = False
