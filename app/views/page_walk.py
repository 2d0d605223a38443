"""From image to image of the list, in the order and with the filter that the list shows."""

from app.services.workspace import Workspace
from app.views.main_window import MainWindow
from app.views.open_page import OpenPage


class PageWalk:
    """Steps of the open image through the list; where there is nothing to go to, it says so."""

    def __init__(self, workspace: Workspace, window: MainWindow, open_page: OpenPage) -> None:
        self._workspace, self._window, self._open_page = workspace, window, open_page

    def by(self, step: int) -> None:
        """So many images on, or back."""
        self.to_row(self._row() + step)

    def to_row(self, row: int) -> None:
        """To a row of the list, counted from 0."""
        keys = self._window.listed_keys()
        if 0 <= row < len(keys):
            self._open_page.go_to(keys[row])
        elif keys:
            self._window.status.tell("This is the last image" if row > 0 else "This is the first image")

    def to_last(self) -> None:
        """To the end of the list."""
        self.to_row(len(self._window.listed_keys()) - 1)

    def to_unreviewed(self, step: int) -> None:
        """To the nearest image that is not approved: further on for 1, further back for -1."""
        keys, row = self._window.listed_keys(), self._row()
        rest = keys[row + 1 :] if step > 0 else keys[: max(row, 0)][::-1]
        for key in rest:
            if self._workspace.summary(key).review != "approved":
                self._open_page.go_to(key)
                return
        self._window.status.tell("Every image in that direction is approved")

    def _row(self) -> int:
        key = self._open_page.key
        row = None if key is None else self._window.page_model.row_of(key)
        return -1 if row is None else row
